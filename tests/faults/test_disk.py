"""A disk that refuses: told in words, the last good state intact, and the training resumable."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
from tiny import tiny_settings

from seqcli.errors import SeqcliError
from seqcli.reporting import SilentReporter
from seqcli.training import train_model
from seqcli.training.checkpoint import has_state

SETTINGS: dict[str, Any] = {
    "max_steps": 9,
    "valid_every": 4,
    "save_every": 3,
    "log_every": 2,
    "dropout": 0.3,
    "keep_checkpoints": 1,
    "kernels": "torch",  # a disk that refuses when kernels are compiled is another matter
}
Trained = tuple[bytes, list[dict[str, Any]]]


def train(data_dir: Path, run_dir: Path) -> Trained:
    """Train, or go on; return the model, and the records without times."""
    go_on(data_dir, run_dir)
    return end_of(run_dir)


def go_on(data_dir: Path, run_dir: Path) -> None:
    train_model(
        tiny_settings(**SETTINGS), data_dir, run_dir, resume=has_state(run_dir),
        overwrite=not has_state(run_dir), report=SilentReporter(),
    )  # fmt: skip


def end_of(run_dir: Path) -> Trained:
    lines = [json.loads(x) for x in (run_dir / "metrics.jsonl").read_text("utf-8").splitlines()]
    timeless = [
        {k: v for k, v in line.items() if k not in ("seconds", "tgt_tokens_per_s")}
        for line in lines
    ]
    return (run_dir / "model.safetensors").read_bytes(), timeless


@pytest.fixture(scope="module")
def straight(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(tiny_data, tmp_path_factory.mktemp("disk") / "straight")


class Disk:
    """Counts the calls that write, and fails at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, fails_at: int, number: int) -> None:
        self.calls, self._fails_at, self._number = 0, fails_at, number
        for owner, name in (
            (os, "fsync"), (Path, "replace"), (Path, "open"), (Path, "write_bytes"),
            (Path, "mkdir"), (Path, "unlink"),
        ):  # fmt: skip
            monkeypatch.setattr(owner, name, self._wrap(getattr(owner, name)))
        real = safetensors.torch.save_file
        monkeypatch.setattr(safetensors.torch, "save_file", self._wrap(real, tensors=True))

    def _wrap(self, real: Callable[..., Any], *, tensors: bool = False) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            self.calls += 1
            if self.calls == self._fails_at:
                error = OSError(self._number, os.strerror(self._number))
                raise safetensors.SafetensorError(str(error)) if tensors else error
            return real(*arguments, **keywords)

        return call


def fail_and_resume(
    data_dir: Path, run_dir: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> Trained:
    """Let one call fail, then go on; return what came of it."""
    shutil.rmtree(run_dir, ignore_errors=True)
    with monkeypatch.context() as patch:
        Disk(patch, fails_at=at, number=(errno.ENOSPC, errno.EROFS, errno.EIO)[at % 3])
        refused = None
        try:
            go_on(data_dir, run_dir)
        except SeqcliError as error:
            refused = error
    if refused is not None:
        assert refused.exit_code in (1, 3, 4), (at, refused)
        if has_state(run_dir) and refused.exit_code == 1:
            assert f"to go on then: seqcli train {data_dir} {run_dir} --resume" in str(refused)
        go_on(data_dir, run_dir)
    return end_of(run_dir)


def count_calls(data_dir: Path, run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    with monkeypatch.context() as patch:
        disk = Disk(patch, fails_at=-1, number=0)
        go_on(data_dir, run_dir)
    return disk.calls


def test_a_disk_that_refuses_now_and_then_loses_nothing(
    tiny_data: Path, tmp_path: Path, straight: Trained, monkeypatch: pytest.MonkeyPatch
):
    calls = count_calls(tiny_data, tmp_path / "counted", monkeypatch)
    for at in range(calls // 6, calls, calls // 6):
        assert fail_and_resume(tiny_data, tmp_path / "run", monkeypatch, at) == straight, at


@pytest.fixture
def quick_dir(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory, where there is one: some hundred trainings write there."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="seqcli-disk-", dir=memory) as folder:
        yield Path(folder)


@pytest.mark.faults
def test_a_disk_that_refuses_at_any_call_loses_nothing(
    tiny_data: Path, quick_dir: Path, straight: Trained, monkeypatch: pytest.MonkeyPatch
):
    calls = count_calls(tiny_data, quick_dir / "counted", monkeypatch)
    assert calls > 100
    for at in range(1, calls + 1):
        assert fail_and_resume(tiny_data, quick_dir / "run", monkeypatch, at) == straight, at


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of file sizes to set")
def test_a_save_that_grows_too_large_leaves_the_state_before_it(
    tiny_data: Path, tmp_path: Path, straight: Trained
):
    import resource

    run_dir = tmp_path / "run"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, hard))  # a model fits in, a state does not
    try:
        with pytest.raises(SeqcliError, match="cannot be written") as caught:
            train(tiny_data, run_dir)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "safetensors" in str(caught.value)
    assert not list(run_dir.rglob(".seqcli-unfinished-*"))
    assert train(tiny_data, run_dir) == straight


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="needs a small file system of its own")
@pytest.mark.parametrize("kilobytes", [60, 100, 140, 180])
def test_a_disk_that_is_really_full_loses_nothing(
    tiny_data: Path, tmp_path: Path, straight: Trained, kilobytes: int
):
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(disk)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("may not mount")
    try:
        with pytest.raises(SeqcliError, match=r"free some space|cannot be written"):
            train(tiny_data, disk / "run")
        subprocess.run(["mount", "-o", "remount,size=10m", str(disk)], check=True)
        assert train(tiny_data, disk / "run") == straight
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(SeqcliError, match=r"read-only|Read-only"):
            train(tiny_data, disk / "run")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
