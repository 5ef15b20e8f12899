"""What the updates since the last training line did, in sums: a part of the resume state.

Place: session -> **window** -> a line of metrics.jsonl. The sums are saved, so a training that was
killed in the middle of a window writes the same line as one that was not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from seqcli.reporting import UpdateReport


@dataclass(frozen=True)
class StepStats:
    """What one update did."""

    nll: float  # summed over the target tokens, in nats
    num_tokens: int  # target tokens, padding not counted
    grad_norm: float  # before clipping
    clipped: bool
    skipped: bool
    lr: float
    teacher_forcing: float


@dataclass
class Window:
    """Sums over the updates since the last training line, those that were skipped left out."""

    updates: int = 0
    skipped: int = 0
    nll: float = 0.0
    num_tokens: int = 0
    grad_norm: float = 0.0
    grad_norm_max: float = 0.0
    clipped: int = 0
    lr: float = 0.0  # of the last update
    teacher_forcing: float = 0.0  # of the last update
    seconds: float = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return self.updates + self.skipped == 0

    def add(self, stats: StepStats, seconds: float) -> None:
        """Take in an update, and how long it took."""
        self.seconds += seconds
        self.lr, self.teacher_forcing = stats.lr, stats.teacher_forcing
        if stats.skipped:
            self.skipped += 1
            return
        self.updates += 1
        self.nll += stats.nll
        self.num_tokens += stats.num_tokens
        self.grad_norm += stats.grad_norm
        self.grad_norm_max = max(self.grad_norm_max, stats.grad_norm)
        self.clipped += stats.clipped

    def describe(self, *, update: int, epoch: int, seconds: float) -> UpdateReport:
        """Return the training line that ends the window at an update; a mean of nothing is NaN."""
        counted = self.updates or math.nan
        return UpdateReport(
            update=update,
            epoch=epoch,
            loss=self.nll / (self.num_tokens or math.nan),
            lr=self.lr,
            grad_norm=self.grad_norm / counted,
            grad_norm_max=self.grad_norm_max if self.updates else math.nan,
            clipped=self.clipped / counted,
            teacher_forcing=self.teacher_forcing,
            tgt_tokens_per_s=self.num_tokens / self.seconds if self.seconds else math.nan,
            seconds=seconds,
            skipped=self.skipped,
        )
