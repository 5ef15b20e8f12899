from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seqcli.training.interruption import GRACE_SECONDS, Interruption

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no POSIX signals")


@pytest.fixture(autouse=True)
def _handlers_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@needs_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_a_later_one_does_what_it_always_did(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
):
    heard: list[int] = []
    signal.signal(number, lambda which, _: heard.append(which))
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with Interruption() as interruption:
        assert not interruption.is_asked
        signal.raise_signal(number)
        assert interruption.is_asked
        assert heard == []
        now += GRACE_SECONDS - 0.1
        signal.raise_signal(number)  # the key is held down
        assert heard == []
        now += 0.1
        signal.raise_signal(number)
        assert heard == [number]


@needs_signals
def test_handlers_are_as_before_afterwards():
    before = signal.getsignal(signal.SIGINT)
    with Interruption():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


@needs_signals
def test_a_signal_that_is_ignored_stays_ignored():
    """A job in the background of a script used to be stopped by the Ctrl-C of its foreground."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGINT)
        assert not interruption.is_asked


def test_outside_the_main_thread_nothing_is_caught():
    found: list[bool] = []

    def run() -> None:
        with Interruption() as interruption:
            found.append(interruption.is_asked)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [False]


def wait_for_update(run_dir: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the process has written a training line."""
    metrics, deadline = run_dir / "metrics.jsonl", time.monotonic() + 60
    while not (metrics.exists() and metrics.read_text()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


@needs_signals
@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_training_that_is_interrupted_saves_and_goes_on(
    number: signal.Signals, tiny_data: Path, run_dir: Path, process_environment, run_cli
):
    words = [
        "train", str(tiny_data), str(run_dir), "--threads", "1", "--patience", "off",
        "--hidden-size", "8", "--emb-size", "8", "--lr-schedule", "constant",
    ]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "seqcli", *words, "--max-epochs", "off", "--max-steps", "1000000",
         "--valid-every", "1000000", "--log-every", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=process_environment,
    )  # fmt: skip
    wait_for_update(run_dir, process)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert stdout == ""
    assert "Traceback" not in stderr
    assert f"seqcli train {tiny_data} {run_dir} --resume" in stderr
    lines = (run_dir / "metrics.jsonl").read_text().splitlines()
    stopped_at = json.loads(lines[-1])["update"]
    assert f"update {stopped_at}" in stderr
    resumed = run_cli(
        "train", tiny_data, run_dir, "--resume", "--max-steps", stopped_at + 2, "--log-every", "1"
    )
    assert resumed.code == 0, resumed.stderr
    lines = (run_dir / "metrics.jsonl").read_text().splitlines()
    updates = [json.loads(line)["update"] for line in lines if '"train"' in line]
    assert updates == list(range(1, stopped_at + 3))
