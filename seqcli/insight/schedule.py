"""A schedule of teacher forcing -> the probability of feeding gold at every update.

Place: settings -> **ScheduleCurve** -> views.
"""

from __future__ import annotations

from dataclasses import dataclass

from seqcli.training.teacher_forcing import TeacherForcing

POINTS = 200  # of a curve


@dataclass(frozen=True)
class ScheduleCurve:
    """The probability of feeding gold over a training."""

    schedule: str
    start: float
    end: float
    warmup: int
    steps: int | None  # update at which end is reached
    updates: tuple[int, ...]
    probability: tuple[float, ...]

    @property
    def halfway(self) -> int | None:
        """The first shown update at which half of the way from start to end is done."""
        middle = (self.start + self.end) / 2
        falls = self.end <= self.start
        if self.start == self.end:
            return None
        for update, p in zip(self.updates, self.probability, strict=True):
            if (p <= middle) if falls else (p >= middle):
                return update
        return None


def trace_schedule(forcing: TeacherForcing, *, updates: int) -> ScheduleCurve:
    """Follow a schedule from update 1 to ``updates``, at evenly spaced ones.

    Args:
        forcing: The schedule.
        updates: The last update, at least 1.
    """
    shown = sorted({1 + round(i * (updates - 1) / (POINTS - 1)) for i in range(POINTS)})
    return ScheduleCurve(
        schedule=forcing.schedule,
        start=forcing.start,
        end=forcing.end,
        warmup=forcing.warmup,
        steps=forcing.steps,
        updates=tuple(shown),
        probability=tuple(forcing.probability(update) for update in shown),
    )
