"""Ctrl-C and SIGTERM at any moment: exit code 130 and no traceback; in a training, saved."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no POSIX signals")

# Presses Ctrl-C when the program imports a module of that name.
PRESS = """
import os, signal, sys
class Press:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Press())
sys.argv = ["seqcli", *{words!r}]
from seqcli.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("module", "number", "words"),
    [
        ("typer", signal.SIGINT, ["--help"]),
        ("typer", signal.SIGTERM, ["--help"]),
        ("seqcli.cli.failures", signal.SIGINT, ["--help"]),
        ("pydantic", signal.SIGINT, ["config"]),
        ("seqcli.cli.config", signal.SIGTERM, ["config"]),
    ],
)
def test_a_signal_while_the_program_loads_is_quiet(
    module: str, number: int, words: list[str], process_environment: dict[str, str]
):
    """Ctrl-C in the first moments used to print a traceback."""
    code = PRESS.format(module=module, number=int(number), words=words)
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=process_environment,
        check=False,
    )
    assert (found.returncode, found.stdout) == (130, "")
    assert found.stderr == ""


def test_a_signal_that_is_ignored_stays_ignored(process_environment: dict[str, str]):
    code = PRESS.format(module="typer", number=int(signal.SIGINT), words=["--version"])
    found = subprocess.run(
        [sys.executable, "-c", f"import signal\nsignal.signal(2, signal.SIG_IGN)\n{code}"],
        capture_output=True,
        text=True,
        env=process_environment,
        check=False,
    )
    assert found.returncode == 0
    assert found.stdout.startswith("seqcli ")


def test_ctrl_c_while_pieces_are_learnt_ends_with_130(
    tmp_path: Path, process_environment: dict[str, str]
):
    """The library that learns pieces used to abort the process, which then ended with 134."""
    lines = [f"{n * 7919} {n * 104729} {n * 1299709}\n" for n in range(60_000)]
    for name in ("train.en", "train.de", "valid.en", "valid.de"):
        (tmp_path / name).write_text("".join(lines if name.startswith("train") else lines[:3]))
    words = ["--src-lang", "en", "--tgt-lang", "de", "--train", tmp_path / "train"]
    process = subprocess.Popen(
        [sys.executable, "-m", "seqcli", "preprocess", tmp_path / "data", *words,
         "--valid", tmp_path / "valid", "--vocab-size", "1000"],
        stderr=subprocess.PIPE,
        text=True,
        env=process_environment,
    )  # fmt: skip
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=3)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert "terminate" not in stderr
    assert not (tmp_path / "data").exists()
