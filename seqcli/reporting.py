"""What a running verb tells its caller: small values, and the protocol of whoever shows them.

The verbs know nothing of terminals. They call a Reporter; console has one for people, and
``SilentReporter`` serves Python callers who want none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class TrainingPlan:
    """What is known before the first update."""

    run_dir: str
    parameters: int
    memory_bytes: int  # estimate of the peak: weights, optimizer state, activations of a batch
    train_pairs: int
    valid_pairs: int
    updates_per_epoch: int
    max_steps: int | None
    max_epochs: int | None
    max_minutes: float | None
    device: str
    precision: str  # of the products, and why
    kernels: str  # what computes the steps of the cells, and why
    threads: int
    resumed_from: int  # update at which an earlier run had stopped, 0 for a new run
    processes: int = 1  # that share out every batch
    costs: tuple[str, ...] = ()  # what was chosen that makes training slow, and why it does
    repeats: str = ""  # whether the same training gives the same weights, and what must be the same


@dataclass(frozen=True)
class UpdateReport:
    """The updates since the last report; its fields are a training line of metrics.jsonl."""

    update: int
    epoch: int
    loss: float  # nats per target token
    lr: float
    grad_norm: float  # mean, before clipping
    clipped: float  # share of the updates
    teacher_forcing: float  # probability of feeding the gold token
    tgt_tokens_per_s: float  # padding not counted
    seconds: float  # of training so far, earlier sessions included
    grad_norm_max: float  # the largest, before clipping
    skipped: int = 0  # updates whose loss or gradient was not finite


@dataclass(frozen=True)
class ValidationReport:
    """One validation; its numbers are a validation line of metrics.jsonl."""

    update: int
    loss: float  # nats per target token, teacher-forced
    bleu: float
    chrf: float
    best: bool
    sample_src: str
    sample_hyp: str
    sample_ref: str


@dataclass(frozen=True)
class TrainingResult:
    """How a training ended."""

    run_dir: str
    updates: int
    reason: str  # such as "max_epochs (30) reached"
    best_update: int
    metric: str
    best_score: float
    seconds: float
    rank: int = 0  # of the process among those of the training; 0 is the one that writes


class Reporter(Protocol):
    """Receives what a verb has to say while it works."""

    def note(self, text: str) -> None:
        """Take a line that a person wants to read."""

    def warn(self, text: str) -> None:
        """Take a line that a person should not miss."""

    def progress(self, task: str, done: float, total: float | None, eta: float | None) -> None:
        """Take the state of a task; total None means unknown, eta is in seconds."""

    def plan(self, plan: TrainingPlan) -> None:
        """Take what is known before the first update of a training."""

    def update(self, report: UpdateReport) -> None:
        """Take a training line."""

    def validation(self, report: ValidationReport) -> None:
        """Take a validation line."""


class SilentReporter:
    """A Reporter that shows nothing."""

    def note(self, text: str) -> None:
        """Show nothing."""

    def warn(self, text: str) -> None:
        """Show nothing."""

    def progress(self, task: str, done: float, total: float | None, eta: float | None) -> None:
        """Show nothing."""

    def plan(self, plan: TrainingPlan) -> None:
        """Show nothing."""

    def update(self, report: UpdateReport) -> None:
        """Show nothing."""

    def validation(self, report: ValidationReport) -> None:
        """Show nothing."""
