from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from seqcli.cli.arriving import iter_line_groups
from seqcli.cli.lines import format_json, format_lines
from seqcli.decoding.translation import Hypothesis, Translation
from seqcli.errors import CorpusError
from seqcli.rundir import load_settings_of, write_settings

ONE_THREAD = ["--threads", "1", "--precision", "fp32"]


def hypothesis(text: str, **signs: bool) -> Hypothesis:
    return Hypothesis(
        text=text, score=-1.5, pieces=(), **{"truncated": False, "looped": False, **signs}
    )


# --- what is written ------------------------------------------------------------------------------


def test_a_line_feed_in_a_translation_does_not_shift_the_lines():
    assert format_lines(Translation("x", (hypothesis("a\nb"),)), n_best=1) == "a b\n"


@pytest.mark.parametrize("found", [0, 1, 2, 3])
def test_n_best_is_always_n_lines(found):
    translation = Translation("x", tuple(hypothesis(str(rank)) for rank in range(found)))
    lines = format_lines(translation, n_best=2).split("\n")
    assert lines == [*["0", "1"][:found], *[""] * max(0, 2 - found), ""]


def test_json_has_the_line_its_number_score_and_flags():
    signs = {"truncated": True, "looped": True, "is_split": True}
    translation = Translation("ä\n", (hypothesis("b", **signs),))
    line = format_json(translation, 7, n_best=1)
    assert line.count("\n") == 1
    assert json.loads(line) == {
        "version": 1,
        "id": 7,
        "src": "ä\n",
        "src_tokens": [],
        "hyp": "b",
        "score": -1.5,
        "confidence": None,
        "tokens": [],
        "alignment": None,
        "flags": ["truncated", "looped", "split"],
    }


def test_json_has_all_hypotheses_when_they_were_asked_for():
    translation = Translation("x", (hypothesis("a"), hypothesis("b", looped=True)))
    record = json.loads(format_json(translation, 1, n_best=2))
    assert record["hyp"] == "a"
    assert [hyp["hyp"] for hyp in record["nbest"]] == ["a", "b"]
    assert record["nbest"][1]["flags"] == ["looped"]


# --- lines in, lines out --------------------------------------------------------------------------


def test_n_lines_in_are_n_lines_out_blank_and_unfinished_ones_included(run_cli, tiny_run):
    outcome = run_cli("translate", "-m", tiny_run, *ONE_THREAD, stdin="12\n\n  \n3\u20284\x0c5\n67")
    assert (outcome.code, outcome.stderr) == (0, "")
    lines = outcome.stdout.split("\n")
    assert len(lines) == 6
    assert lines[1] == lines[2] == lines[5] == ""


def test_a_dash_stands_for_the_streams(run_cli, tiny_run):
    words = ["translate", "-m", tiny_run, *ONE_THREAD]
    plain = run_cli(*words, stdin="12\n")
    assert run_cli(*words, "-", "-o", "-", stdin="12\n") == plain


def test_no_line_in_is_no_line_out(run_cli, tiny_run):
    outcome = run_cli("translate", "-m", tiny_run, *ONE_THREAD, stdin="")
    assert (outcome.code, outcome.stdout) == (0, "")


def test_file_pipe_input_flag_and_output_file_say_the_same(
    run_cli, run_process, tiny_run, tmp_path
):
    text = "".join(f"{number}\n" for number in range(100, 130))
    (tmp_path / "in").write_text(text)
    words = [
        "translate",
        "-m",
        tiny_run,
        *ONE_THREAD,
        "--sample",
        "--seed",
        "3",
        "--beam-size",
        "2",
    ]
    by_file = run_cli(*words, tmp_path / "in")
    by_flag = run_cli(*words, "-i", tmp_path / "in", "--batch-size", "7")
    by_pipe = run_process(*words, input=text.encode(), env={"LC_ALL": "C", "PYTHONUTF8": "0"})
    to_file = run_cli(*words, tmp_path / "in", "-o", tmp_path / "out", "--quiet")
    assert by_file.code == by_flag.code == by_pipe.code == to_file.code == 0
    assert to_file.stdout == ""
    written = (tmp_path / "out").read_bytes().decode("utf-8")
    for text in (by_flag.stdout, by_pipe.stdout, written):
        assert text.replace("\r", "") == by_file.stdout.replace("\r", "")


@pytest.mark.parametrize("flag", ["--output", "--alignments"])
@pytest.mark.parametrize("name", ["text", "a.po", "link", "hard", "m.tsv", "m.fw", "m.bw"])
def test_nothing_that_is_read_is_replaced(run_cli, tiny_run, tmp_path, flag: str, name: str):
    for other in ("text", "a.po", "m.tsv", "m.fw", "m.bw"):
        (tmp_path / other).write_text("12\n34\n")
    (tmp_path / "link").symlink_to("text")
    os.link(tmp_path / "text", tmp_path / "hard")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    source = tmp_path / ("a.po" if name == "a.po" else "text")
    memory = ("--memory", tmp_path / "m", "--memory", tmp_path / "m.tsv")
    words = ("-m", tiny_run, source, flag, tmp_path / name, "--format", "lines", *memory)
    outcome = run_cli("translate", *words, *ONE_THREAD)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert f"{flag} {tmp_path / name}: is" in outcome.stderr
    assert "read; write to another file, and replace it when" in outcome.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(sys.platform == "win32", reason="has no name for standard input")
def test_standard_input_that_is_a_file_is_not_replaced(run_process, tiny_run, tmp_path):
    path = tmp_path / "text"
    path.write_text("12\n34\n")
    with path.open() as stdin:
        words = ("translate", "-m", tiny_run, "-o", path, *ONE_THREAD)
        outcome = run_process(*words, stdin=stdin)
    assert outcome.code == 2
    assert "is the same file as /dev/stdin, which is read" in outcome.stderr
    assert path.read_text() == "12\n34\n"


def test_output_replaces_another_file_whole(run_cli, tiny_run, tmp_path):
    (tmp_path / "text").write_text("12\n34\n")
    (tmp_path / "out").write_text("older\n" * 9)
    words = ("translate", "-m", tiny_run, tmp_path / "text", *ONE_THREAD, "-o", tmp_path / "out")
    assert run_cli(*words).code == 0
    assert (tmp_path / "out").read_text("utf-8").count("\n") == 2
    outcome = run_cli(*words, "--alignments", tmp_path / ".." / tmp_path.name / "out")
    assert outcome.code == 2
    assert "is the file of --output too; give each its own" in outcome.stderr
    outcome = run_cli(*words, "--alignments", tmp_path)
    assert f"--alignments {tmp_path}: is a directory" in outcome.stderr


def test_a_device_is_written_and_not_replaced(run_cli, tiny_run):
    outcome = run_cli("translate", "-m", tiny_run, "-o", os.devnull, *ONE_THREAD, stdin="1\n")
    assert outcome.code == 0
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


BAD_LINES = {
    b"b\xffd": "byte 2 of the line (byte 8 of the file) is 0xff",
    b"b\0d": "byte 2 of the line (byte 8 of the file) is 0x00, which no text holds",
    b"b" * (1 << 20): "a line of more than 1,048,576 bytes",
}


@pytest.mark.parametrize("bad", BAD_LINES, ids=["bytes", "NUL", "long"])
def test_bad_bytes_are_told_after_the_lines_before_them(
    run_cli, run_process, tiny_run, tmp_path, bad
):
    data = b"12\n34\n" + bad + b"\n5\n"
    words = ("translate", "-m", tiny_run, *ONE_THREAD)
    outcome = run_process(*words, input=data)
    assert (outcome.code, outcome.stdout.count("\n")) == (3, 2)
    assert outcome.stderr.startswith(f"seqcli: standard input:3: {BAD_LINES[bad]}")
    (tmp_path / "in").write_bytes(data)
    outcome = run_cli(*words, tmp_path / "in", "--batch-size", "1")
    assert (outcome.code, outcome.stdout.count("\n")) == (3, 2)
    assert outcome.stderr.startswith(f"seqcli: {tmp_path / 'in'}:3: {BAD_LINES[bad]}")


@pytest.mark.parametrize("bad", [b"\xff", b"x\0"])
def test_bad_bytes_leave_no_output_file(run_cli, tiny_run, tmp_path, bad: bytes):
    (tmp_path / "in").write_bytes(b"12\n" + bad + b"\n")
    outcome = run_cli("translate", "-m", tiny_run, tmp_path / "in", "-o", tmp_path / "out")
    assert outcome.code == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["-m", "{tmp}"], 4, "{tmp}: not a run directory"),
        (["-m", "{run}", "{tmp}/none"], 3, "{tmp}/none: no such file"),
        (["-m", "{run}", "{tmp}"], 3, "{tmp}: this is a directory"),
        (["-m", "{run}", "-o", "{tmp}"], 2, "--output {tmp}: is a directory"),
        (
            ["-m", "{run}", "-o", "{tmp}/a/b"],
            2,
            "--output {tmp}/a/b: there is no directory {tmp}/a",
        ),
        (["-m", "{run}", "a", "-i", "b"], 2, "INPUT (a) and --input (b) are both given; keep one"),
        (
            ["-m", "{run}", "--n-best", "9"],
            2,
            "saved setting beam_size, --n-best: n_best (9) must not be above beam_size (2); raise "
            "beam_size too",
        ),
        (["-m", "{run}", "--beam-size", "0"], 2, "--beam-size is '0'; it must be a whole number"),
        (
            ["-m", "{run}", "--batch-size", "0"],
            2,
            "--batch-size is '0'; it must be a whole number, at least 1",
        ),
        (["-m", "{run}", "--batch-size", "x"], 2, "--batch-size is 'x'; it must be a whole number"),
        ([], 2, "missing option '--model' / '-m'"),
    ],
)
def test_what_cannot_be_translated_is_refused(run_cli, tiny_run, tmp_path, words, code, message):
    places = {"run": tiny_run, "tmp": tmp_path}
    outcome = run_cli("translate", *(word.format(**places) for word in words), stdin="")
    assert (outcome.code, outcome.stdout) == (code, "")
    assert outcome.stderr.startswith(f"seqcli: {message.format(**places)}")


def test_a_document_has_one_translation_whatever_the_run_says(run_cli, tiny_run, tmp_path):
    run = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    settings = load_settings_of(run)
    several = settings.decoding.model_copy(update={"n_best": 2, "beam_size": 2})
    write_settings(run, settings.model_copy(update={"decoding": several}))
    (tmp_path / "a.md").write_text("one\n", "utf-8")
    words = ("translate", "-m", run, tmp_path / "a.md", *ONE_THREAD)
    outcomes = [run_cli(*words, *more) for more in ((), ("--n-best", "1"))]
    assert [outcome.code for outcome in outcomes] == [0, 0]
    assert outcomes[0].stdout == outcomes[1].stdout


def test_a_fallback_needs_a_confidence_to_fall_below(run_cli, tiny_run):
    outcome = run_cli("translate", "-m", tiny_run, "a.txt", "--fallback", "x")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith("seqcli: --fallback: is printed below --min-confidence, ")


@pytest.mark.parametrize(
    "words",
    [["--n-best", "2"], ["--alignments", "-"], ["--fallback", "x", "--min-confidence", "0.5"]],
)
def test_flags_of_lines_are_refused_for_a_document(run_cli, tiny_run, words):
    outcome = run_cli("translate", "-m", tiny_run, "a.md", *words)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr == (
        f"seqcli: {words[0]}: is of lines, and INPUT is a document (markdown); leave it out, or "
        "give --format lines\n"
    )


# --- real streams ---------------------------------------------------------------------------------


def test_a_slow_pipe_gets_its_translation_before_the_next_line(process_environment, tiny_run):
    with subprocess.Popen(
        [sys.executable, "-m", "seqcli", "translate", "-m", str(tiny_run), *ONE_THREAD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=process_environment,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in (b"12\n", b"\n", b"34\n"):
            process.stdin.write(line)
            process.stdin.flush()
            assert process.stdout.readline().endswith(b"\n")
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def test_a_person_at_a_terminal_gets_each_translation_at_once(process_environment, tiny_run):
    person, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "seqcli", "translate", "-m", str(tiny_run), *ONE_THREAD],
        stdin=terminal,
        stdout=subprocess.PIPE,
        env=process_environment,
    ) as process:
        os.close(terminal)
        assert process.stdout is not None
        for line in (b"12\n", b"34\n"):
            os.write(person, line)
            assert process.stdout.readline().endswith(b"\n")
        os.write(person, b"\x04")
        assert process.wait(timeout=60) == 0
    os.close(person)


def test_ctrl_c_is_quiet(process_environment, tiny_run):
    with subprocess.Popen(
        [sys.executable, "-m", "seqcli", "translate", "-m", str(tiny_run), *ONE_THREAD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=process_environment,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"12\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.stderr.read() == b""


def shell(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
        env={**environment, "SEQ": f"{sys.executable} -m seqcli"},
    )


def test_a_reader_that_has_enough_ends_it_quietly(process_environment, tiny_run):
    command = f"seq 2000 | $SEQ translate -m {tiny_run} --threads 1 --batch-size 4 | head -1"
    result = shell(command, process_environment)
    assert (result.stdout.count("\n"), result.stderr) == (1, "")


@pytest.mark.parametrize(
    ("streams", "message"),
    [
        ("<&-", "seqcli: standard input is closed; give a file as INPUT, or pipe text in\n"),
        ("</dev/null >&-", "seqcli: standard output is closed; give a file with --output\n"),
    ],
)
def test_closed_streams_are_wrong_usage(process_environment, tiny_run, streams, message):
    result = shell(f"$SEQ translate -m {tiny_run} {streams}", process_environment)
    assert (result.returncode, result.stderr) == (2, message)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_once(process_environment, tiny_run):
    result = shell(f"echo 1 | $SEQ translate -m {tiny_run} > /dev/full", process_environment)
    assert result.returncode == 1
    assert result.stderr == "seqcli: no space left on the device; free some, or write elsewhere\n"


def test_a_pipe_gives_groups_no_larger_than_asked(monkeypatch):
    reading, writing = os.pipe()
    os.write(writing, b"".join(b"%d\n" % number for number in range(50)) + b"\xff")
    os.close(writing)
    with os.fdopen(reading) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        seen: list[str] = []

        def read_all() -> None:
            for group in iter_line_groups(None, most=7):
                lines = list(group)
                assert 1 <= len(lines) <= 7
                seen.extend(lines)

        with pytest.raises(CorpusError, match=r"^standard input:51: "):
            read_all()
    assert seen == [str(number) for number in range(50)]


# --- alignments, a prefix -------------------------------------------------------------------------


def test_alignments_have_a_line_for_each_line_and_agree_with_json(run_cli, tiny_run, tmp_path):
    text = "12 34\n\n56\n"
    words = ["translate", "-m", tiny_run, *ONE_THREAD, "--alignments", tmp_path / "a", "--json"]
    outcome = run_cli(*words, stdin=text)
    assert outcome.code == 0
    records = [json.loads(line) for line in outcome.stdout.splitlines()]
    lines = (tmp_path / "a").read_text().split("\n")
    assert len(lines) == len(records) + 1
    for line, record in zip(lines, records, strict=False):
        assert len(record["tokens"]) == len(record["alignment"] or [])
        most = len(record["src_tokens"])
        assert all(-1 <= place < most for place in record["alignment"] or [])
        assert re.fullmatch(r"(\d+-\d+( |$))*", line)
    assert records[1]["alignment"] is None
    assert lines[1] == ""


def test_alignments_go_to_standard_output_only_if_the_translations_do_not(
    run_cli, tiny_run, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    words = ["translate", "-m", tiny_run, *ONE_THREAD, "--alignments"]
    assert run_cli(*words, "a", "-o", "out", stdin="12 34\n\n").code == 0
    outcome = run_cli(*words, "-", "-o", "other", stdin="12 34\n\n")
    assert (outcome.code, outcome.stdout) == (0, Path("a").read_text("utf-8"))
    assert Path("other").read_bytes() == Path("out").read_bytes()
    for output in ([], ["-o", "-"]):
        outcome = run_cli(*words, "-", *output, stdin="12 34\n")
        assert (outcome.code, outcome.stdout) == (2, "")
        assert outcome.stderr == (
            "seqcli: --alignments -: standard output has the translations; send one of them to a "
            "file, with --output or with --alignments\n"
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "other", "out"]


def test_alignments_without_attention_are_refused_before_anything_is_written(
    run_cli, tiny_data, tmp_path
):
    from seqcli import train

    train(tiny_data, tmp_path / "run", attention="none", hidden_size=8, max_steps=1, threads=1)
    words = ["-m", tmp_path / "run", "--alignments", tmp_path / "a", *ONE_THREAD]
    outcome = run_cli("translate", *words, stdin="12\n")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith("seqcli: --alignments: the model was trained with --attention")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("search", [["--beam-size", "1"], ["--beam-size", "3"], ["--top-k", "3"]])
def test_every_translation_begins_with_the_prefix(run_cli, tiny_run, search):
    words = ["translate", "-m", tiny_run, *ONE_THREAD, *search, "--prefix", "87"]
    outcome = run_cli(*words, stdin="12\n\n345\n")
    assert outcome.code == 0
    lines = outcome.stdout.split("\n")
    assert [line.startswith("87") for line in lines] == [True, False, True, False]
