"""The records of a run -> what its training looked like, update by update.

Place: metrics.jsonl -> **TrainingCurves** -> views. Lines that cannot be read are counted, as the
last one of a training that is under way may be half written.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from seqcli.errors import CheckpointError
from seqcli.files import explaining
from seqcli.rundir import MODEL, has_model, load_settings_of
from seqcli.training.records import METRICS
from seqcli.weights import read_tensors

Values = tuple[float | None, ...]  # None where a line has no such number


@dataclass(frozen=True)
class TrainingCurves:
    """Training lines and validation lines of one run; see training/records.py for their fields."""

    run_dir: str
    cell: str
    attention: str
    seed: int
    weights: int | None  # numbers in the model; None if there is no model yet
    clip_norm: float | None
    updates: tuple[int, ...]
    loss: Values  # nats per target token
    lr: Values
    grad_norm: Values  # mean since the line before, before clipping
    grad_norm_max: Values  # largest since the line before
    clipped: Values  # share of the updates since the line before
    teacher_forcing: Values
    tgt_tokens_per_s: Values
    seconds: Values
    valid_updates: tuple[int, ...]
    valid_loss: Values
    bleu: Values
    chrf: Values
    unreadable_lines: int

    @property
    def best_bleu(self) -> float | None:
        """The highest BLEU of a validation."""
        return max((each for each in self.bleu if each is not None), default=None)

    @property
    def median_speed(self) -> float | None:
        """Target tokens a second, the median of the training lines."""
        speeds = [each for each in self.tgt_tokens_per_s if each is not None]
        return median(speeds) if speeds else None

    @property
    def clipped_share(self) -> float | None:
        """Share of all updates that were clipped."""
        shares = [each for each in self.clipped if each is not None]
        return sum(shares) / len(shares) if shares else None


def read_curves(run_dir: Path) -> TrainingCurves:
    """Read the records of a run, also of one that is being trained.

    Raises:
        CheckpointError: If there is no run, or it has no records yet.
    """
    settings = load_settings_of(run_dir)
    path = run_dir / METRICS
    if not path.exists():
        raise CheckpointError(
            f"{run_dir}: has no {METRICS}: it is a bundle, or an average, that was not trained "
            "itself; name the run that it was made from"
        )
    with explaining(path):
        text = path.read_text("utf-8", errors="replace")
    lines, unreadable = _parse(text)
    train = [line for line in lines if line.get("kind") == "train"]
    valid = [line for line in lines if line.get("kind") == "valid"]
    if not train and not valid:
        raise CheckpointError(
            f"{path}: has no line yet; the first comes after {settings.training.log_every} updates "
            "(--log-every)"
        )
    return TrainingCurves(
        run_dir=str(run_dir),
        cell=settings.model.cell,
        attention=settings.model.attention,
        seed=settings.training.seed,
        weights=_count_weights(run_dir),
        clip_norm=settings.training.clip_norm,
        updates=_updates(train),
        loss=_values(train, "loss"),
        lr=_values(train, "lr"),
        grad_norm=_values(train, "grad_norm"),
        grad_norm_max=_values(train, "grad_norm_max"),
        clipped=_values(train, "clipped"),
        teacher_forcing=_values(train, "teacher_forcing"),
        tgt_tokens_per_s=_values(train, "tgt_tokens_per_s"),
        seconds=_values(train, "seconds"),
        valid_updates=_updates(valid),
        valid_loss=_values(valid, "loss"),
        bleu=_values(valid, "bleu"),
        chrf=_values(valid, "chrf"),
        unreadable_lines=unreadable,
    )


def _count_weights(run_dir: Path) -> int | None:
    if not has_model(run_dir):
        return None
    return sum(tensor.numel() for tensor in read_tensors(run_dir / MODEL).values())


def _parse(text: str) -> tuple[list[dict[str, Any]], int]:
    """Return the lines that are objects with an update, and the number of all others."""
    lines, unreadable = [], 0
    for text_line in text.split("\n"):
        if not text_line.strip():
            continue
        try:
            line = json.loads(text_line)
        except (ValueError, RecursionError):
            line = None
        if isinstance(line, dict) and _number(line.get("update")) is not None:
            lines.append(line)
        else:
            unreadable += 1
    return lines, unreadable


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]


def _updates(lines: Sequence[dict[str, Any]]) -> tuple[int, ...]:
    return tuple(int(line["update"]) for line in lines)


def _values(lines: Sequence[dict[str, Any]], name: str) -> Values:
    return tuple(_number(line.get(name)) for line in lines)
