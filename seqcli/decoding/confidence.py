"""Scores of translations and how good they are -> what a score lets one expect.

Place: validation set -> **Calibration** -> translator. Confidence is the quality that a translation
with such a score had on the validation set: its chrF, from 0 to 1.

Source: isotonic regression by pooling adjacent violators (Ayer et al. 1955), as Zadrozny & Elkan
2002 calibrate classifiers with.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LEAST = 10  # translations from which something can be learnt
PER_BIN = 20  # translations that are averaged first, so that a single one does not make a step


@dataclass(frozen=True)
class Calibration:
    """A rising line through points; flat beyond the first and the last."""

    scores: tuple[float, ...]  # mean log-probability of a piece, rising
    qualities: tuple[float, ...]  # 0 to 1, never falling

    def confidence(self, score: float) -> float:
        """Return the quality to expect, 0 to 1, of a mean log-probability of a piece."""
        if not score > -float("inf"):
            return 0.0
        after = bisect_right(self.scores, score)
        if after == 0:
            return self.qualities[0]
        if after == len(self.scores):
            return self.qualities[-1]
        left, right = self.scores[after - 1], self.scores[after]
        low, high = self.qualities[after - 1], self.qualities[after]
        return low + (high - low) * (score - left) / (right - left)

    def dump(self) -> dict[str, list[float]]:
        """Return it as JSON has it."""
        return {
            "scores": [round(score, 6) for score in self.scores],
            "qualities": [round(quality, 6) for quality in self.qualities],
        }

    @classmethod
    def load(cls, values: object) -> Calibration | None:
        """Return what ``dump`` gave; None if it is something else."""
        if not isinstance(values, Mapping):
            return None
        parts: list[Any] = [values.get("scores"), values.get("qualities")]
        for part in parts:
            is_numbers = (
                isinstance(part, list)
                and part
                and all(isinstance(n, int | float) and abs(n) < 1e30 for n in part)  # no NaN
            )
            if not is_numbers or list(part) != sorted(part):
                return None
        scores, qualities = (tuple(map(float, part)) for part in parts)
        is_sound = len(scores) == len(qualities) == len(set(scores)) and qualities[0] >= 0
        return cls(scores, qualities) if is_sound and qualities[-1] <= 1 else None


def calibrate(scores: Sequence[float], qualities: Sequence[float]) -> Calibration | None:
    """Return the calibration that fits best, or None if there is too little to learn from.

    Args:
        scores: Mean log-probability of a piece of each translation.
        qualities: Of the same translations, 0 to 1.
    """
    pairs = sorted(
        (score, quality)
        for score, quality in zip(scores, qualities, strict=True)
        if score > -float("inf")
    )
    if len(pairs) < LEAST:
        return None
    size = max(1, min(PER_BIN, len(pairs) // 5))
    blocks: list[tuple[float, float, int]] = []  # sums of scores and qualities, and how many
    for start in range(0, len(pairs), size):
        part = pairs[start : start + size]
        blocks.append((sum(s for s, _ in part), sum(q for _, q in part), len(part)))
        while len(blocks) > 1 and not _rises(blocks[-2], blocks[-1]):
            (s, q, n), (s2, q2, n2) = blocks[-2:]
            blocks[-2:] = [(s + s2, q + q2, n + n2)]
    points = sorted({round(s / n, 6): q / n for s, q, n in blocks}.items())
    return Calibration(tuple(s for s, _ in points), tuple(round(q, 6) for _, q in points))


def _rises(left: tuple[float, float, int], right: tuple[float, float, int]) -> bool:
    return left[1] / left[2] < right[1] / right[2] and left[0] / left[2] < right[0] / right[2]
