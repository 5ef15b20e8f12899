"""What a training may spend, and how much of it is spent."""

from __future__ import annotations

from dataclasses import dataclass


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

    def progress(self, *, step: int, epochs: float, seconds: float) -> float:
        """Return the share that is spent, 0 to 1: of the limit that is nearest.

        Args:
            step: Updates made.
            epochs: Epochs done, with a fraction.
            seconds: Of training so far, validations and earlier sessions included.
        """
        return min(1.0, max(self._shares(step, epochs, seconds).values(), default=0.0))

    def reached(self, *, step: int, epochs: float, seconds: float) -> str | None:
        """Return which limit is used up, such as "max_epochs (30) reached", or None."""
        for limit, share in self._shares(step, epochs, seconds).items():
            if share >= 1:
                return f"{limit} ({getattr(self, limit):g}) reached"
        return None

    def _shares(self, step: int, epochs: float, seconds: float) -> dict[str, float]:
        shares = {}
        if self.max_steps is not None:
            shares["max_steps"] = step / self.max_steps
        if self.max_epochs is not None:
            shares["max_epochs"] = epochs / self.max_epochs
        if self.max_minutes is not None:
            shares["max_minutes"] = seconds / (60 * self.max_minutes)
        return shares
