"""A stream of anything -> **a random sample** of fixed size, in one pass."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import TypeVar

Item = TypeVar("Item")


def draw_sample(items: Iterable[Item], size: int, rng: random.Random) -> tuple[list[Item], int]:
    """Draw up to ``size`` items, each with the same chance.

    Source: Vitter 1985, Random sampling with a reservoir, algorithm R.

    Returns:
        The sample, in no meaningful order unless it is everything, and how many items there were.
    """
    drawn: list[Item] = []
    total = 0
    for item in items:
        total += 1
        if total <= size:
            drawn.append(item)
        elif (slot := int(rng.random() * total)) < size:
            drawn[slot] = item
    return drawn, total
