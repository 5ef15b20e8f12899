"""What a training may spend, and how much of it is spent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Spent:
    """What a training has spent."""

    step: int  # updates made
    epochs: float  # done, with a fraction
    seconds: float  # of training, validations and earlier sessions included


@dataclass(frozen=True)
class Budget:
    """Limits of a training; None is no limit. The one that is used up first ends it."""

    max_steps: int | None
    max_epochs: int | None
    max_minutes: float | None

    @property
    def is_bounded(self) -> bool:
        """Whether there is a limit at all."""
        limits = (self.max_steps, self.max_epochs, self.max_minutes)
        return any(limit is not None for limit in limits)

    def progress(self, spent: Spent) -> float:
        """Return the share that is spent, 0 to 1: of the limit that is nearest."""
        return min(1.0, max(self._shares(spent).values(), default=0.0))

    def reached(self, spent: Spent) -> str | None:
        """Return which limit is used up, such as "max_epochs (30) reached", or None."""
        for limit, share in self._shares(spent).items():
            if share >= 1:
                return f"{limit} ({getattr(self, limit):g}) reached"
        return None

    def _shares(self, spent: Spent) -> dict[str, float]:
        shares = {}
        if self.max_steps is not None:
            shares["max_steps"] = spent.step / self.max_steps
        if self.max_epochs is not None:
            shares["max_epochs"] = spent.epochs / self.max_epochs
        if self.max_minutes is not None:
            shares["max_minutes"] = spent.seconds / (60 * self.max_minutes)
        return shares
