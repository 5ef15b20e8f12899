"""Signs that a translation went wrong: it repeats itself, or it was cut."""

from __future__ import annotations

from collections.abc import Sequence

MAX_PERIOD = 8  # longest run of pieces whose repetition counts as a loop
MIN_REPEATS = 4  # a loop says the same at least this often
MIN_PIECES = 8  # and fills at least this many pieces: "ha ha ha ha" is no loop
RETRY_NGRAM = 3  # pieces that a second search may not say twice


def is_looped(ids: Sequence[int]) -> bool:
    """Tell whether a hypothesis says the same few pieces over and over, anywhere in it.

    Args:
        ids: Pieces of the hypothesis.
    """
    for period in range(1, min(MAX_PERIOD, len(ids) // MIN_REPEATS) + 1):
        needed = max(MIN_REPEATS * period, MIN_PIECES)
        run = period  # pieces at the end of ids[:end] that have this period
        for end in range(period, len(ids)):
            run = run + 1 if ids[end] == ids[end - period] else period
            if run >= needed:
                return True
    return False
