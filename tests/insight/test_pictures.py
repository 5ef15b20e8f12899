from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from seqcli.cli.inspect.output import plain_values
from seqcli.console import draw_lines
from seqcli.console.canvas import HEIGHT, LEAST_WIDTH
from seqcli.insight.drawing import write_picture
from seqcli.insight.report import HeatMap, Line, LinePanel, Report, ReportTable, show

NAMES = ("▁커피", "▁我想", "▁אני", "▁قهوة", "$x$", "_a", "<b>&amp;")
HEAT = HeatMap("attention", NAMES, NAMES[:2], ((1 / 7,) * 7, (1.0, *(0.0,) * 6)))
LINES = LinePanel(
    "norms <&>",
    "step",
    "norm",
    (
        Line("$a$", (1, 2, 3), (1e-12, 1.0, None), (1e-13, 0.5, 0.1), (1e-11, 2.0, 0.2)),
        Line(
            "_b", (1, 2, 3), (1.0, 0.0, float("inf")), is_dotted=True, is_marked=(True, True, True)
        ),
    ),
    is_log=True,
    marks="clipped",
)
REPORT = Report(
    "a title <&>", ("a finding",), (ReportTable("t", ("run", "n"), (("$x$", "<1>"),)),), (LINES,)
)
VALUES = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True))


@given(
    ys=st.lists(VALUES, min_size=1, max_size=9),
    width=st.integers(0, 150),
    is_log=st.booleans(),
    marked=st.booleans(),
)
def test_any_values_are_drawn_within_the_width(ys, width, is_log, marked):
    xs = tuple(float(x) for x in range(len(ys)))
    line = Line("a", xs, tuple(ys), is_marked=(marked,) * len(ys))
    rows = draw_lines(LinePanel("t", "x", "y", (line,), is_log=is_log, marks="m"), width)
    assert all(isinstance(row, Text) for row in rows)
    assert max(row.cell_len for row in rows[2:]) <= max(width, LEAST_WIDTH)


def test_a_line_goes_from_its_first_point_to_its_last_and_axes_have_round_numbers():
    rows = [row.plain for row in draw_lines(LinePanel("t", "update", "y", (
        Line("up", (0, 100), (3.0, 97.0)),
    )), 60)]  # fmt: skip
    plane = rows[2 : 2 + HEIGHT]
    assert [row.split("┤")[0].strip() for row in plane if "┤" in row] == [
        "100",
        "75",
        "50",
        "25",
        "0",
    ]
    assert plane[0].rstrip()[-1] not in "│┤"
    assert plane[-1].split("┤")[1][0] != " "
    assert re.split(r"\s+", rows[-2].strip()) == ["0", "20", "40", "60", "80", "100"]
    assert rows[-1].strip() == "update"


def test_lines_have_letters_so_that_they_differ_without_colours():
    xs = tuple(float(x) for x in range(20))
    lines = (
        Line("$a$", xs, (1.0,) * 20, is_marked=(True,) * 20),
        Line("_b", xs, (2.0,) * 20, is_dotted=True),
    )
    picture = "\n".join(r.plain for r in draw_lines(LinePanel("t", "x", "y", lines, marks="m"), 80))
    legend, plane = picture.split("┤", 1)
    assert "a $a$   b _b (dotted)   × m" in legend
    assert [plane.count(letter) for letter in "ab×"] == [3, 3, 17]


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "–"), (0.0, "0"), (0.25, "0.25"), (1.5e-7, "1.50e-07"), (12345.6, "12,346")],
)
def test_numbers_of_any_size_can_be_read(number, text):
    assert show(number) == text


@pytest.mark.parametrize("panels", [(LINES,), (LINES,) * 3, (HEAT,)])
@pytest.mark.parametrize("kind", ["svg", "png", "html"])
def test_every_report_can_be_drawn_into_every_kind_of_file(tmp_path, capfd, panels, kind):
    path = tmp_path / f"x.{kind}"
    report = Report(REPORT.title, REPORT.findings, REPORT.tables, panels)
    write_picture(report, path, numbers='{"a": "</script>"}', command="seqcli inspect")
    begins = {"svg": b"<?xml", "png": b"\x89PNG", "html": b"<!DOCTYPE html>"}[kind]
    assert path.read_bytes().startswith(begins)
    assert capfd.readouterr() == ("", "")


def texts_of(svg: str) -> set[str]:
    return {
        "".join(node.itertext()).strip()
        for node in ET.fromstring(svg).iter()
        if node.tag.endswith("}text")
    }


def test_text_of_every_script_stays_text_in_svg(tmp_path):
    path = tmp_path / "x.svg"
    missing = write_picture(Report("t", (), (), (HEAT,)), path, numbers="", command="")
    assert missing == []
    assert set(NAMES) <= texts_of(path.read_text("utf-8"))
    assert "sans-serif" in path.read_text("utf-8")


def test_the_same_report_gives_the_same_file(tmp_path):
    one, other = tmp_path / "1.svg", tmp_path / "2.svg"
    for path in (one, other):
        write_picture(REPORT, path, numbers="", command="")
    assert one.read_bytes() == other.read_bytes()


def test_a_page_needs_nothing_else_and_escapes_everything(tmp_path):
    path = tmp_path / "x.html"
    write_picture(REPORT, path, numbers='{"a": "</pre><script>"}', command="seqcli <x>")
    page = path.read_text("utf-8")
    assert not re.findall(r"(?:src|href)=\"(?!#)", page.replace("xlink:href", "href"))
    assert "url(http" not in page
    assert "<script" not in page
    assert "a title &lt;&amp;&gt;" in page
    assert "<td>&lt;1&gt;</td>" in page


def test_a_png_tells_which_letters_no_font_has(tmp_path):
    nowhere = "\U0001343d"  # a hieroglyph control that DejaVu lacks
    heat = HeatMap("t", ("a", nowhere), ("b",), ((0.5, 0.5),))
    missing = write_picture(
        Report("t", (), (), (heat,)), tmp_path / "x.png", numbers="", command=""
    )
    assert missing in ([nowhere], [])  # this machine may have such a font


@pytest.fixture
def inspect(run_cli):
    def run(*words: Any, **environment: str) -> Any:
        return run_cli("inspect", *words, **environment)

    return run


def test_without_matplotlib_it_is_said_what_to_install_before_anything_is_computed(
    inspect, monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    outcome = inspect("gradients", "--cells", "rnn", "-o", tmp_path / "x.svg")
    assert outcome.code == 2
    assert "pip install 'seqcli[plots]'" in outcome.stderr
    assert outcome.stdout == ""
    assert inspect("gradients", "--cells", "rnn", "--length", 3).code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("gradients",), "give runs, or fresh cells"),
        (("gradients", "runs/x", "--cells", "rnn"), "give runs, or fresh cells"),
        (("gradients", "--cells", "rnn,elman"), "--cells is 'elman'"),
        (("gradients", "--cells", "rnn", "--length", "1"), "--length is '1'"),
        (("gradients", "--cells", "rnn", "--length", "20,,50"), "--length is ''"),
        (("gradients", "--cells", "rnn", "--w-scale", "nan"), "--w-scale is 'nan'"),
        (("gradients", "--cells", "rnn", "--split", "test"), "--split is of runs"),
        (("gradients", "runs/x", "--w-scale", "2"), "--w-scale is of fresh cells"),
        (("schedule", "--teacher-forcing", "linear"), "needs teacher_forcing_steps"),
        (("schedule", "--updates", "0"), "--updates is '0'"),
        (("schedule", "-o", "x.pdf"), "must be one of .svg, .png, .html"),
        (("schedule", "-o", "no/such/x.svg"), "there is no directory no/such"),
        (("length", "runs/x", "--unit", "bytes"), "--unit is 'bytes'"),
        (("length", "runs/x", "--ends", "a"), "--ends is 'a'"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(inspect, words, message):
    outcome = inspect(*words)
    assert outcome.code == 2
    assert message in outcome.stderr
    assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize("view", ["training", "exposure", "length", "gradients"])
def test_what_is_no_run_is_refused_by_every_view(inspect, view, tmp_path):
    outcome = inspect(view, tmp_path)
    assert outcome.code == 4
    assert str(tmp_path) in outcome.stderr


@pytest.mark.parametrize("view", ["training", "exposure", "length", "gradients"])
def test_every_view_compares_runs_as_pictures_numbers_and_files(
    inspect, tiny_run: Path, tmp_path, view
):
    path = tmp_path / "x.html"
    drawn = inspect(view, tiny_run, tiny_run, "-o", path)
    assert drawn.code == 0, drawn.stderr
    assert "┤" in drawn.stdout
    assert path.read_text("utf-8").count("<svg") == 1
    printed = json.loads(inspect(view, tiny_run, "--json").stdout)
    assert printed["view"] == view
    assert [each["run_dir"] for each in printed["runs"]] == [str(tiny_run)]


def test_a_schedule_is_shown_with_the_probability_that_training_takes(inspect):
    from seqcli.training.teacher_forcing import TeacherForcing

    words = ("--teacher-forcing", "inverse-sigmoid", "--teacher-forcing-end", "0.1")
    outcome = inspect("schedule", *words, "--teacher-forcing-steps", 80, "--compare", "--json")
    chosen, *others = json.loads(outcome.stdout)["schedules"]
    forcing = TeacherForcing("inverse-sigmoid", start=1, end=0.1, warmup=0, steps=80)
    assert chosen["updates"] == list(range(1, 101))
    assert chosen["probability"] == [forcing.probability(update) for update in range(1, 101)]
    assert [each["schedule"] for each in others] == ["linear", "exponential"]
    drawn = inspect("schedule", *words, "--teacher-forcing-steps", 80)
    assert "half of the way is done at update" in drawn.stdout


def test_numbers_that_are_not_finite_are_null():
    line = Line("a", (0.0, float("nan")), (float("inf"), None))
    plain = plain_values({"lines": (line,), "n": 3})
    assert plain["n"] == 3
    assert (plain["lines"][0]["xs"], plain["lines"][0]["ys"]) == ([0.0, None], [None, None])


def test_narrow_terminals_and_pipes_get_a_picture_too(inspect):
    rows = inspect("schedule", COLUMNS="60").stdout.splitlines()
    assert max(len(row) for row in rows if "│" in row or "┤" in row) <= 60
