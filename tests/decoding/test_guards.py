from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.decoding.guards import MAX_PERIOD, MIN_PIECES, MIN_REPEATS, is_looped


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([], False),
        ([5], False),
        ([5] * 4, False),  # "ha ha ha ha"
        ([5] * 7, False),
        ([5] * 8, True),
        ([5, 6] * 3, False),
        ([5, 6] * 4, True),
        ([5, 6, 7] * 3 + [5, 6], False),
        ([5, 6, 7] * 4, True),
        ([1, 2, 3, 4] + [5, 6] * 4 + [7, 8, 9], True),  # in the middle
        ([5, 6] * 3 + [9] + [5, 6] * 3, False),  # interrupted
        ([5, 5, 6] * 4, True),
        (list(range(8)) * 4, True),
        (list(range(9)) * 4, False),  # a period too long to be a stammer
        (list(range(100)), False),
    ],
)
def test_a_loop_says_the_same_four_times_over_eight_pieces(ids: list[int], expected: bool):
    assert is_looped(ids) == expected


def looped_by_definition(ids: list[int]) -> bool:
    for period in range(1, MAX_PERIOD + 1):
        needed = max(MIN_REPEATS * period, MIN_PIECES)
        for start in range(len(ids) - needed + 1):
            part = ids[start : start + needed]
            if all(part[i] == part[i - period] for i in range(period, needed)):
                return True
    return False


@given(st.lists(st.integers(0, 2), max_size=24))
def test_a_loop_is_what_its_definition_says(ids: list[int]):
    assert is_looped(ids) == looped_by_definition(ids)
