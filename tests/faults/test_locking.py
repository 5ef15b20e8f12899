"""One training at a time in a run directory; a dead one locks nothing."""

from __future__ import annotations

import errno
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seqcli import locking
from seqcli.errors import SettingsError
from seqcli.files import LOCK
from seqcli.locking import locked


def test_a_second_training_is_refused_and_nothing_of_the_first_is_touched(
    run_cli: Callable[..., Any], tiny_data: Path, tiny_run: Path, tmp_path: Path
):
    run_dir = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    before = {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()}
    with locked(run_dir, what="a training"):
        for words in (["--resume"], ["--overwrite", "--hidden-size", "8", "--max-steps", "1"]):
            found = run_cli("train", tiny_data, run_dir, *words, "--threads", "1")
            assert found.code == 2
            assert f"seqcli: {run_dir}: in use by a training, process " in found.stderr
        assert run_cli("tune", run_dir, "--beams", "1", "--penalties", "1", "-q").code == 2
        other = run_cli("average", run_dir, run_dir.parent / "other")
        assert "has no checkpoints" in other.stderr  # it only reads
        assert run_cli("translate", "-m", run_dir, stdin="123\n").code == 0
        assert run_cli("eval", run_dir, "-q").code == 0
    assert {path: path.read_bytes() for path in before} == before
    assert not (run_dir / LOCK).exists()


def test_what_is_made_of_a_run_does_not_replace_one_that_is_trained(
    run_cli: Callable[..., Any], tiny_run: Path, tmp_path: Path
):
    run_dir = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    with locked(run_dir, what="a training"):
        found = run_cli("export", tiny_run, run_dir, "--overwrite", "--no-score")
    assert found.code == 2
    assert "in use by a training" in found.stderr


def test_the_lock_is_free_again_after_its_block_and_after_an_error(tmp_path: Path):
    with pytest.raises(ValueError, match="x"), locked(tmp_path, what="a test"):
        raise ValueError("x")
    with locked(tmp_path, what="a test") as warning:
        assert warning is None
        with pytest.raises(SettingsError, match="in use by a test, process"):
            locked(tmp_path, what="another").__enter__()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="kills")
def test_a_process_that_was_killed_leaves_no_lock(tmp_path: Path, process_environment):
    code = (
        "import sys, time; from pathlib import Path; from seqcli.locking import locked\n"
        "with locked(Path(sys.argv[1]), what='a training'):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env=process_environment,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(SettingsError, match=f"process {process.pid} on "):
        locked(tmp_path, what="a test").__enter__()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (tmp_path / LOCK).exists()
    with locked(tmp_path, what="a test"):
        pass


def test_a_file_that_a_dead_process_left_does_not_make_a_directory_full(
    run_cli: Callable[..., Any], tiny_data: Path, tmp_path: Path
):
    (tmp_path / LOCK).write_text("a training, process 1 on nowhere")
    words = ["--hidden-size", "8", "--emb-size", "8", "--max-steps", "1", "--threads", "1"]
    assert run_cli("train", tiny_data, tmp_path, *words).code == 0


def test_a_file_system_without_locks_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locking, "_lock", refuse)
    with locked(tmp_path, what="a training") as warning:
        assert warning == (
            f"{tmp_path}: its file system has no locks, so seqcli cannot tell whether another "
            "training uses it; see to it that none does"
        )
