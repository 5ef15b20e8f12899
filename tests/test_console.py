from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from seqcli import console
from seqcli.console import LiveReporter, PlainReporter, describe_seconds, report_to_console
from seqcli.reporting import Reporter, TrainingPlan, UpdateReport, ValidationReport

LONG = "corpora/" + "x" * 300

PLAN = TrainingPlan(
    run_dir=LONG,
    parameters=11_600_000,
    memory_bytes=3 * 2**29,
    train_pairs=29_000,
    valid_pairs=1014,
    updates_per_epoch=120,
    max_steps=None,
    max_epochs=30,
    max_minutes=20.0,
    device="cpu",
    precision="bf16, as asked for",
    kernels="compiled by cc",
    threads=2,
    resumed_from=0,
    costs=("input feeding",),
)
UPDATE = UpdateReport(
    update=1500,
    epoch=3,
    loss=2.5,
    lr=1.5e-3,
    grad_norm=0.75,
    clipped=0.1,
    teacher_forcing=1.0,
    tgt_tokens_per_s=7450.4,
    seconds=100.0,
    grad_norm_max=1.5,
)
VALIDATION = ValidationReport(
    update=1500,
    loss=2.25,
    bleu=21.3,
    chrf=45.1,
    best=True,
    sample_src="a [b] :smile:",
    sample_hyp="ein\x1b[31m",
    sample_ref="r",
)


def report_everything(reporter: Reporter) -> None:
    reporter.note("a note")
    reporter.warn("mind this")
    reporter.plan(PLAN)
    for done in (0, 50, 100):
        reporter.progress("update", done, 100, 65.0)
        reporter.update(UPDATE)
    reporter.validation(VALIDATION)


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each look at the clock be a second later."""
    clock: Iterator[int] = itertools.count(100)
    monkeypatch.setattr(console.progress.time, "monotonic", lambda: next(clock))


def test_plain_lines_are_never_wrapped_and_have_no_escapes(ticks, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "20")
    stream = io.StringIO()
    report_everything(PlainReporter(stream, quiet=False))
    assert stream.getvalue().splitlines() == [
        "a note",
        "warning: mind this",
        f"run: {LONG}",
        "parameters: 11,600,000",
        "memory: about 1.5 GiB",
        "pairs: 29,000 for training, 1,014 for validation",
        "updates per epoch: 120",
        "ends after: 30 epochs or 20 minutes",
        "device: cpu, 2 threads",
        "precision: bf16, as asked for",
        "kernels: compiled by cc",
        "slow: input feeding",
        "update: 0/100, 1:05 left",
        "update 1,500: epoch 3  loss 2.500  lr 1.50e-03  norm 0.75  clipped 10%  7,450 tok/s",
        "validation at update 1,500: loss 2.250, BLEU 21.30, chrF 45.10, the best so far",
        "  src: a [b] :smile:",
        "  hyp: ein\ufffd[31m",
        "  ref: r",
    ]


def test_plain_lines_of_one_kind_come_from_time_to_time(ticks):
    stream = io.StringIO()
    reporter = PlainReporter(stream, quiet=False)
    for done in range(60):
        reporter.progress("encoding", done, 60, 5)
    lines = stream.getvalue().splitlines()
    assert 2 <= len(lines) <= 60 / 5
    assert lines[0].startswith("encoding: ")
    assert lines[0].endswith("/60, 0:05 left")


def test_quiet_keeps_warnings_only(ticks):
    stream = io.StringIO()
    report_everything(PlainReporter(stream, quiet=True))
    assert stream.getvalue() == "warning: mind this\n"


def test_a_closed_stderr_is_no_reason_to_stop(capsys):
    report_everything(PlainReporter(None, quiet=False))
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "quiet", "kind"),
    [
        (Terminal(), {"TERM": "xterm"}, False, LiveReporter),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False, LiveReporter),
        (Terminal(), {"TERM": "dumb"}, False, PlainReporter),
        (Terminal(), {"TERM": "xterm"}, True, PlainReporter),
        (io.StringIO(), {"TERM": "xterm", "FORCE_COLOR": "1"}, False, PlainReporter),
    ],
)
def test_bars_are_for_terminals_only(monkeypatch, stream, environment, quiet, kind):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stderr", stream)
    with report_to_console(quiet=quiet) as reporter:
        assert type(reporter) is kind


def live_output(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    stream = Terminal()
    for name, value in {"TERM": "xterm", "COLUMNS": "120", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stderr", stream)
    with report_to_console(quiet=False) as reporter:
        report_everything(reporter)
    return stream.getvalue()


def test_a_terminal_shows_everything_and_gets_its_cursor_back(monkeypatch):
    text = live_output(monkeypatch)
    for words in ("a note", "11,600,000", "mind this", "7,450 tok/s", "a [b] :smile:", "1:05 left"):
        assert words in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert "ein\x1b[31m" not in text


def test_no_color_means_no_color(monkeypatch):
    colours: Any = [f"\x1b[{code}m" for code in (31, 32, 33, 34, 35, 36)]
    assert not [code for code in colours if code in live_output(monkeypatch, NO_COLOR="1")]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (42.4, "0:42"), (725, "12:05"), (3723, "1:02:03")]
)
def test_durations_read_like_a_clock(seconds, text):
    assert describe_seconds(seconds) == text
