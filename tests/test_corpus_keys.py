"""A set of keys is a set, in few bytes; keys go by what texts share."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqcli.corpus.keys import KeySet, key_of, normalise, squeeze

BATCHES = st.lists(st.lists(st.integers(1, 40) | st.integers(1, 2**64 - 1), max_size=60))


@given(BATCHES)
def test_a_key_is_new_once(batches: list[list[int]]):
    keys, seen = KeySet(), set()
    for batch in batches:
        expected = []
        for key in batch:
            expected.append(key not in seen)
            seen.add(key)
        assert keys.add(np.array(batch, np.uint64)).tolist() == expected
    assert len(keys) == len(seen)


def test_a_set_grows_and_forgets_nothing():
    keys = KeySet()
    numbers = np.arange(1, 200_001, dtype=np.uint64)
    for start in range(0, len(numbers), 1500):
        assert keys.add(numbers[start : start + 1500]).all()
    assert not keys.add(numbers[::-1].copy()).any()
    assert keys.add(numbers + np.uint64(200_000)).all()
    assert keys._slots.nbytes <= 22 * len(keys)


def test_what_near_copies_share():
    assert normalise("The 3rd  Café!") == "therdcafé"
    assert normalise("Straße") == normalise("STRASSE")
    assert normalise("12 34.") == "12 34."  # numbers alone are no copies of each other
    assert normalise("हिन्दी") == "हिन्दी"  # marks are a part of letters
    assert squeeze("  a\t b ") == "a b"


def test_the_border_between_texts_counts():
    assert key_of("a", "b") == key_of("a", "b") != key_of("ab", "")
    assert 0 < key_of("") < 2**64
