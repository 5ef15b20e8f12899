"""Texts -> **64-bit keys** that equal texts share, and a set of keys in few bytes.

Two different texts of ten million share a key with a probability of 3 in a million.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import regex

Keys = npt.NDArray[np.uint64]

_NOT_LETTERS = regex.compile(r"[^\p{L}\p{M}]+")
_FIRST_MARK = "\u0300"  # before it no character modifies another
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 by the golden ratio: spreads neighbours
_MOST_FULL = 0.75
_FIRST_SLOTS = 1 << 12


def key_of(*texts: str) -> int:
    """Return the key of some texts together; never 0, which marks a free slot."""
    digest = blake2b("\t".join(texts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") or 1


def squeeze(text: str) -> str:
    """Return text without whitespace at its ends, and with one space for any inside."""
    return " ".join(text.split())


def normalise(text: str) -> str:
    """Return what near copies share: letters only, without case; all of it if it has no letter."""
    folded = text.casefold()
    if not folded or max(folded) < _FIRST_MARK:
        letters = "".join(filter(str.isalpha, folded))
    else:
        letters = _NOT_LETTERS.sub("", folded)
    return letters or squeeze(text)


class KeySet:
    """Keys seen so far, in 11 to 22 bytes each: a table of 64-bit slots, searched in batches."""

    def __init__(self) -> None:
        """Start with none."""
        self._slots = np.zeros(_FIRST_SLOTS, np.uint64)
        self._count = 0

    def __len__(self) -> int:
        """Return how many different keys were added."""
        return self._count

    def add(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Add keys, none of them 0.

        Args:
            keys: Any number, (keys,).

        Returns:
            Which of them were neither there nor earlier among these, (keys,).
        """
        while self._count + len(keys) > _MOST_FULL * len(self._slots):
            old, size = self._slots[self._slots != 0], len(self._slots)
            del self._slots  # before the larger one is there
            self._slots = np.zeros(2 * size, np.uint64)
            for start in range(0, len(old), 1 << 20):
                self._insert(old[start : start + (1 << 20)])
        is_new = np.zeros(len(keys), np.bool_)
        unique, firsts = np.unique(keys, return_index=True)
        is_new[firsts] = self._insert(unique)
        self._count += int(is_new.sum())
        return is_new

    def _insert(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Put keys that differ from each other into the table; tell which were not there."""
        mask = np.uint64(len(self._slots) - 1)
        is_new = np.zeros(len(keys), np.bool_)
        left = np.arange(len(keys))
        places = (keys * _FACTOR) >> np.uint64(64 - int(mask).bit_length())
        while len(left):
            wanted = keys[left]
            held = self._slots[places]
            free = held == 0
            self._slots[places[free]] = wanted[free]  # of several for one slot, one is written
            won = free & (self._slots[places] == wanted)
            is_new[left[won]] = True
            going_on = ~won & (held != wanted)
            left = left[going_on]
            places = (places[going_on] + np.uint64(1)) & mask
        return is_new
