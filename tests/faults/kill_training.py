"""Kill real trainings with SIGKILL at random moments, resume each, and compare how they end.

Usage: python tests/faults/kill_training.py --kills 200 --seed 1

This process imports everything once and then forks, so that a start costs nothing. Each child is a
training of its own, in the variants below; it is killed

- by the clock, at a moment drawn from the time that a training takes, or
- inside a write: at a call drawn from all calls of a training that make, sync, move or remove a
  file, just before it, just after it, or, of a file of tensors, with a part of it written.

Then it is resumed, killed again, and so on until it has come to its end, which is compared with
that of a training that nobody disturbed. Prints one JSON object; exits with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import mmap
import os
import random
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from safetensors.torch import load_file

from seqcli.api import preprocess
from seqcli.config import load_settings
from seqcli.files import LOCK, UNFINISHED
from seqcli.reporting import SilentReporter, TrainingPlan
from seqcli.training import train_model
from seqcli.training.checkpoint import has_state

COMMON: dict[str, Any] = {
    "hidden_size": 8,
    "emb_size": 8,
    "dropout": 0.3,
    "batch_tokens": 60,
    "max_epochs": None,
    "max_steps": 40,
    "warmup_steps": 5,
    "patience": None,
    "device": "cpu",
    "threads": 1,
    "max_length": 4,
    "log_every": 4,
    "valid_every": 9,
}
VARIANTS: dict[str, dict[str, Any]] = {
    "ema": {"cell": "lstm", "ema": 0.9, "save_every": 3, "precision": "fp32"},
    "plateau-checkpoints": {
        "lr_schedule": "plateau",
        "lr_patience": 1,
        "keep_checkpoints": 3,
        "keep_which": "best",
        "average": True,
        "subword_alpha": 0.3,
        "save_every": 7,
        "valid_every": 4,
    },
    "teacher-forcing-patience": {
        "teacher_forcing": "linear",
        "teacher_forcing_end": 0.3,
        "teacher_forcing_steps": 30,
        "patience": 4,
        "metric": "loss",
        "lr": 0.05,
        "lr_schedule": "constant",
        "valid_every": 3,
        "max_steps": 60,
        "optimizer": "adamw",
    },
    "two-threads": {"threads": 2, "grad_accum": 2, "save_every": 1, "r_drop": 1.0},
}
MEMORY = Path("/dev/shm")  # where files need not wait for a disk, which a SIGKILL does not touch
TIMES = ("seconds", "tgt_tokens_per_s")  # what may differ


@dataclass
class Found:
    """What the kills came to."""

    kills: int = 0
    by_clock: int = 0
    inside_writes: int = 0  # at a call, or by the clock with a half-written file left behind
    before_the_first_save: int = 0
    trainings: int = 0
    identical: int = 0
    most_lost: dict[str, int] = field(default_factory=dict)  # updates, by variant
    intervals: dict[str, int] = field(default_factory=dict)  # between saves, by variant
    differences: list[str] = field(default_factory=list)


class Board(SilentReporter):
    """Memory that a training shares with its parent: how far it has come, and where it began."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 16)

    def write(self, update: int, began: int) -> None:
        self._memory[:] = struct.pack("<qq", update, began)

    def read(self) -> tuple[int, int]:
        update, began = struct.unpack("<qq", self._memory[:])
        return update, began

    def plan(self, plan: TrainingPlan) -> None:
        self.write(plan.resumed_from, plan.resumed_from)

    def progress(self, task: str, done: float, total: float | None, eta: float | None) -> None:
        self.write(int(done), self.read()[1])


class Trap:
    """Counts the calls that touch files, and kills this very process at one of them."""

    def __init__(self, fatal: int, rng: random.Random) -> None:
        self.calls, self._fatal, self._rng = 0, fatal, rng

    def set(self) -> None:
        for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "unlink"), (os, "truncate")):
            setattr(owner, name, self._wrap(getattr(owner, name)))
        safetensors.torch.save_file = self._wrap(safetensors.torch.save_file, self._tear)

    def _wrap(self, real: Callable[..., Any], tear: Callable[[Any], None] | None = None) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            self.calls += 1
            is_fatal = self.calls == self._fatal
            if is_fatal and self._rng.random() < 0.5 and tear is None:
                os.kill(os.getpid(), signal.SIGKILL)
            result = real(*arguments, **keywords)
            if is_fatal:
                if tear is not None:
                    tear(arguments[1])
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    def _tear(self, path: Path) -> None:
        with Path(path).open("rb+") as file:
            file.truncate(self._rng.randrange(Path(path).stat().st_size + 1))


def make_data(folder: Path) -> Path:
    """Write a data directory of reversed digit strings, cut into pieces of several digits."""
    numbers = [str(number * 7919 % 90000 + 10000) for number in range(1, 111)]
    for name, part in (("train", numbers[:100]), ("valid", numbers[100:])):
        for suffix, lines in (("fw", part), ("bw", [line[::-1] for line in part])):
            (folder / f"{name}.{suffix}").write_text("".join(f"{n}\n" for n in lines), "utf-8")
    preprocess(
        folder / "data", train=folder / "train", valid=folder / "valid",
        src_lang="fw", tgt_lang="bw", vocab_size=60, byte_fallback=False,
    )  # fmt: skip
    return folder / "data"


def fork_training(
    data: Path, run: Path, variant: str, board: Board, *, trap: Trap | None = None, count: bool
) -> int:
    """Start a training in a process of its own; return its number."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        if trap is not None:
            trap.set()
        resume = has_state(run)
        settings = load_settings(keywords={**COMMON, **VARIANTS[variant]}, environ={})
        train_model(settings, data, run, resume=resume, overwrite=not resume, report=board)
        if count and trap is not None:
            board.write(trap.calls, 0)
        status = 0
    except BaseException as error:
        sys.stderr.write(f"{variant}: {type(error).__name__}: {error}\n")
    os._exit(status)


def wait_for(child: int) -> int:
    _, status = os.waitpid(child, 0)
    return status


def end_of(run: Path) -> dict[str, Any]:
    """Return all that must be the same at the end of a training."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]
    state = run / "last" / "state.safetensors"
    with safetensors.safe_open(state, framework="pt") as file:
        counters = json.loads(file.metadata()["counters"])
    counters = {k: v for k, v in counters.items() if k not in ("seconds", "records", "window")}
    manifest = json.loads((run / "manifest.json").read_text("utf-8"))
    tensors = [state, *sorted((run / "checkpoints").glob("*"))]
    return {
        "model": hashlib.sha256((run / "model.safetensors").read_bytes()).hexdigest(),
        "metrics": [{k: v for k, v in line.items() if k not in TIMES} for line in lines],
        "counters": counters,
        "tensors": {
            f"{path.name}:{name}": hashlib.sha256(value.numpy().tobytes()).hexdigest()
            for path in tensors
            for name, value in load_file(path).items()
        },
        "validation": {
            p.name: p.read_text("utf-8") for p in sorted((run / "validation").iterdir())
        },
        "manifest": {name: manifest.get(name) for name in ("status", "best", "updates")},
        "strange": [
            str(path.relative_to(run))
            for path in run.rglob("*")
            if path.name.startswith(UNFINISHED) or path.name == LOCK
        ],
    }


def differences(found: dict[str, Any], expected: dict[str, Any]) -> Iterator[str]:
    """Say what of an end is not as expected."""
    for name, value in expected.items():
        if found[name] == value:
            continue
        if isinstance(value, dict):
            keys = sorted(k for k in {*value, *found[name]} if value.get(k) != found[name].get(k))
            yield f"{name}: {', '.join(keys[:5])}"
        else:
            yield f"{name}: {str(found[name])[:200]} in the place of {str(value)[:200]}"


class Harness:
    """Straight trainings, and others that are killed."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self._folder, self._rng, self._board = folder, rng, Board()
        self._data = make_data(folder)
        self._straight: dict[str, tuple[dict[str, Any], float, int]] = {}
        self.found = Found()

    def straight(self, variant: str) -> tuple[dict[str, Any], float, int]:
        """Return how a training ends that nobody disturbs, how long it takes, and its calls."""
        if variant not in self._straight:
            run, before = self._folder / f"straight-{variant}", time.monotonic()
            trap = Trap(-1, self._rng)
            child = fork_training(self._data, run, variant, self._board, trap=trap, count=True)
            if wait_for(child):
                raise SystemExit(f"{variant}: the training that nobody disturbed has failed")
            seconds = time.monotonic() - before
            self._straight[variant] = end_of(run), seconds, self._board.read()[0]
            settings = {**COMMON, **VARIANTS[variant]}
            interval = settings.get("save_every") or settings["valid_every"]
            self.found.intervals[variant] = interval
        return self._straight[variant]

    def kill_until_done(self, variant: str, kills: int) -> None:
        """Kill a training at most so many times, and compare its end."""
        expected, seconds, calls = self.straight(variant)
        run, found = self._folder / "killed", self.found
        shutil.rmtree(run, ignore_errors=True)
        limit, reached = found.kills + kills, 0
        while True:
            trap, delay = None, None
            if found.kills < limit:
                if self._rng.random() < 0.5:
                    trap = Trap(self._rng.randint(1, calls // 2), self._rng)
                else:
                    delay = self._rng.uniform(0, seconds)
            self._board.write(-1, -1)
            child = fork_training(self._data, run, variant, self._board, trap=trap, count=False)
            if delay is not None:
                time.sleep(delay)
                os.kill(child, signal.SIGKILL)
            status = wait_for(child)
            update, began = self._board.read()
            if began >= 0 and reached > 0:
                lost = reached - began
                found.most_lost[variant] = max(lost, found.most_lost.get(variant, 0))
            reached = update if update >= 0 else reached
            if status == 0:
                break
            if not os.WIFSIGNALED(status):
                found.differences.append(f"{variant}: could not be resumed")
                return
            self._count(run, is_clock=delay is not None)
        found.trainings += 1
        problems = list(differences(end_of(run), expected))
        found.identical += not problems
        found.differences += [f"{variant}: {problem}" for problem in problems]

    def _count(self, run: Path, *, is_clock: bool) -> None:
        found = self.found
        found.kills += 1
        found.by_clock += is_clock
        found.inside_writes += not is_clock or any(run.rglob(f"{UNFINISHED}*"))
        found.before_the_first_save += not (run / "last" / "state.safetensors").exists()


def kill_trainings(folder: Path, *, kills: int, seed: int, variants: list[str]) -> Found:
    """Kill trainings so many times in all, about ten times each."""
    harness = Harness(folder, random.Random(seed))
    number = 0
    while harness.found.kills < kills and not harness.found.differences:
        left = kills - harness.found.kills
        harness.kill_until_done(variants[number % len(variants)], min(10, left))
        number += 1
        sys.stderr.write(f"{harness.found.kills} kills, {number} trainings\n")
    found = harness.found
    for variant, lost in found.most_lost.items():
        if lost > found.intervals[variant]:
            found.differences.append(f"{variant}: {lost} updates were lost")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    arguments = parser.parse_args()
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="seqcli-kills-", dir=place) as folder:
        before = time.monotonic()
        found = kill_trainings(
            Path(folder), kills=arguments.kills, seed=arguments.seed, variants=arguments.variants
        )
        print(json.dumps({**vars(found), "minutes": round((time.monotonic() - before) / 60, 1)}))
    sys.exit(1 if found.differences else 0)


if __name__ == "__main__":
    main()
