"""Lines -> **numbers that tell what stands in them**, for any language, without a model of any.

Two things are made of a line. Its *words*, cut to their first letters, are bags of hashed ids: what
a translation says shows in them. Its *trigrams* of letters are hashed ids too: they show what
language it is in. Both are made for many lines at once, in numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

WORD_IDS = 1 << 15
TRIGRAM_IDS = 1 << 16
MOST_CHARS = 1000  # of a line that are looked at
_LINES_AT_ONCE = 512  # so that the weights of all their ids are not in memory together
_PREFIX = 4  # letters of a word that are kept: a rough stem
_SPACE, _LINE_FEED = 32, 10
_MIX = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)
# Scripts that put no spaces between words: each letter begins a word of two.
_UNSPACED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF),
             (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))  # fmt: skip
_HANGUL = (0xAC00, 0xD7A3)  # a letter of it is a syllable, so two are enough of a stem

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
_Codes = npt.NDArray[Any]


@dataclass(frozen=True)
class Bags:
    """Ids of many lines, one line after the other."""

    ids: Ids  # (ids,)
    starts: Ids  # (lines + 1,): where the ids of each line begin, and the end of the last

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.starts) - 1

    @property
    def sizes(self) -> Ids:
        """Ids of each line, (lines,)."""
        return np.diff(self.starts)

    def sums(self, weights: Floats) -> Floats:
        """Return the sum over each line's ids of their weights.

        Args:
            weights: Of every id there can be, (ids,) or (ids, width).

        Returns:
            (lines,) or (lines, width); 0 for a line without ids.
        """
        shape = (len(self), *weights.shape[1:])
        totals = np.zeros(shape, dtype=np.float32)
        for first in range(0, len(self), _LINES_AT_ONCE):
            starts = self.starts[first : first + _LINES_AT_ONCE + 1]
            filled = np.flatnonzero(np.diff(starts))
            if len(filled):
                rows = weights[self.ids[starts[0] : starts[-1]]]
                places = starts[filled] - starts[0]
                totals[first + filled] = np.add.reduceat(rows, places, axis=0)
        return totals

    def part(self, start: int, end: int) -> Bags:
        """Return the bags of the lines from start to before end."""
        starts = self.starts[start : end + 1]
        return Bags(self.ids[starts[0] : starts[-1]], starts - starts[0])


@dataclass(frozen=True)
class Features:
    """What is known of some lines of one side."""

    words: Bags
    trigrams: Bags
    surface: Floats  # (lines, SURFACE)
    is_blank: npt.NDArray[np.bool_]  # (lines,)

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.is_blank)

    def part(self, start: int, end: int) -> Features:
        """Return the features of the lines from start to before end."""
        return Features(
            words=self.words.part(start, end),
            trigrams=self.trigrams.part(start, end),
            surface=self.surface[start:end],
            is_blank=self.is_blank[start:end],
        )


def join_features(parts: Sequence[Features]) -> Features:
    """Return the features of the lines of all parts, of which there is at least one."""
    return Features(
        words=_join([part.words for part in parts]),
        trigrams=_join([part.trigrams for part in parts]),
        surface=np.concatenate([part.surface for part in parts]),
        is_blank=np.concatenate([part.is_blank for part in parts]),
    )


def _join(bags: Sequence[Bags]) -> Bags:
    sizes = np.concatenate([each.sizes for each in bags])
    ids = np.concatenate([each.ids for each in bags])
    return Bags(ids, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))


SURFACE = 9  # numbers of Features.surface
_COUNTED = ("?", "!", ",", ":", '"', "(", "-")  # full-width ones count as these
_FULL_WIDTH = str.maketrans("？！，、：“”„«»「」（。．–—", '?!,,:"""""""(..--')


def describe_lines(lines: Sequence[str]) -> Features:
    """Return the features of lines; a line has no line feed in it."""
    cut = [line[:MOST_CHARS] for line in lines]
    codes = _codes_of(cut)
    line_of = np.cumsum(codes == _LINE_FEED) - (codes == _LINE_FEED)
    return Features(
        words=_words(codes, line_of, len(lines)),
        trigrams=_trigrams(codes, line_of, len(lines)),
        surface=_surface(cut),
        is_blank=np.array([not line.strip() for line in cut], dtype=np.bool_),
    )


def _codes_of(lines: Sequence[str]) -> _Codes:
    text = "".join(f"{line.lower()}\n" for line in lines)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)


@cache
def _letters() -> npt.NDArray[np.bool_]:
    """Which of the first 65,536 characters are letters or digits; all others count as letters."""
    return np.array([chr(code).isalnum() for code in range(1 << 16)] + [True], dtype=np.bool_)


def _is_letter(codes: _Codes) -> npt.NDArray[np.bool_]:
    return _letters()[np.minimum(codes, 1 << 16)]


def _is_unspaced(codes: _Codes) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(codes), dtype=np.bool_)
    for first, last in _UNSPACED:
        found |= (codes >= first) & (codes <= last)
    return found


def _hash(columns: Sequence[_Codes], most: int) -> Ids:
    total = np.zeros(len(columns[0]), dtype=np.uint64)
    for column, factor in zip(columns, _MIX, strict=False):
        total = (total ^ column.astype(np.uint64)) * np.uint64(factor)
        total ^= total >> np.uint64(29)
    return (total % np.uint64(most)).astype(np.int64)


def _bags(ids: Ids, lines: Ids, count: int) -> Bags:
    sizes = np.bincount(lines, minlength=count)
    return Bags(ids, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))


def _words(codes: _Codes, line_of: Ids, count: int) -> Bags:
    is_word, unspaced = _is_letter(codes), _is_unspaced(codes)
    before = np.concatenate([[False], is_word[:-1]])
    changed = np.concatenate([[False], unspaced[1:] != unspaced[:-1]])
    is_start = is_word & (~before | unspaced | changed)
    starts = np.flatnonzero(is_start)
    first = codes[starts]
    # Letters of a word that follow its first one; an unspaced one is followed by its neighbour.
    longest = np.where((first >= _HANGUL[0]) & (first <= _HANGUL[1]) | unspaced[starts], 2, _PREFIX)
    columns, inside = [first], np.ones(len(starts), dtype=np.bool_)
    for step in range(1, _PREFIX):
        place = np.minimum(starts + step, len(codes) - 1)
        same = ~is_start[place] | (unspaced[starts] & unspaced[place])
        inside = inside & is_word[place] & same & (step < longest)
        columns.append(np.where(inside, codes[place], 0))
    return _bags(_hash(columns, WORD_IDS), line_of[starts], count)


def _trigrams(codes: _Codes, line_of: Ids, count: int) -> Bags:
    is_letter = _is_letter(codes) & ~((codes >= 48) & (codes <= 57))
    plain = np.where(is_letter, codes, _SPACE)
    before = np.concatenate([[_SPACE], plain[:-1]])
    middle = np.flatnonzero(is_letter)  # never the last, which is a line feed
    columns = [before[middle], plain[middle], plain[middle + 1]]
    return _bags(_hash(columns, TRIGRAM_IDS), line_of[middle], count)


def _surface(lines: Sequence[str]) -> Floats:
    rows = np.zeros((len(lines), SURFACE), dtype=np.float32)
    for number, line in enumerate(lines):
        plain = line if line.isascii() else line.translate(_FULL_WIDTH)
        rows[number, 0] = len(plain)
        rows[number, 1 : 1 + len(_COUNTED)] = [plain.count(mark) for mark in _COUNTED]
        rows[number, SURFACE - 1] = plain.rstrip()[-1:] in (".", "?", "!")
    rows[:, :-1] = np.log1p(rows[:, :-1])
    return rows
