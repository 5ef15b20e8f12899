"""One pass over a corpus -> **what single pairs show**: blanks, copies, damage, hashes, lengths.

Of a pair stay 25 bytes: a hash and a length of each side, and one for its blanks.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import zip_longest

import numpy as np
import numpy.typing as npt

from seqcli.corpus.checking.findings import Found, found_in_pairs, runs_of
from seqcli.corpus.checking.marks import CONTROL, LINE_BREAK, MOJIBAKE, marks_of
from seqcli.corpus.checking.reading import Side
from seqcli.corpus.pairs import SentencePair, is_blank

_COPY_LETTERS = 12  # a shorter text that both sides share is a name
_RATIO_FLOOR = 8  # characters added to both lengths, so that short lines may differ more
_LEAST_FACTOR = 2.5  # by which a length ratio must be off
_DEVIATIONS = 6.0  # and how many standard deviations
_RUN = 3  # one-sided blanks in a row that are told as a run

Lines = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

_MARK_MESSAGES = {
    MOJIBAKE: "{count} lines ({share}) have text that was decoded with the wrong encoding or lost "
    "letters; get the text in its own encoding again, or repair it (ftfy), or drop the pairs",
    CONTROL: "{count} lines ({share}) have control characters; remove them",
    LINE_BREAK: "{count} lines ({share}) have a character, such as U+2028 or a lone carriage "
    "return, at which other programs end a line; seqcli does not; replace it by a space before "
    "another program shifts the sides",
}


def hash_of(line: str) -> int:
    """Return 64 bits that equal lines share; whitespace at the ends does not count."""
    return int.from_bytes(blake2b(line.strip().encode(), digest_size=8).digest(), "little")


class Pairwise:
    """Sees every pair once."""

    def __init__(self) -> None:
        """Start with none."""
        self.faults: list[str] = []  # the first messages of the reader
        self.fault_count = 0
        self.counts = [0, 0]  # lines of each side
        self._hashes = (array("Q"), array("Q"))
        self._lengths = (array("I"), array("I"))
        self._blanks = array("b")  # 0: none, 1: the source is blank, 2: the target, 3: both
        self._marked: dict[str, tuple[array[int], array[int]]] = defaultdict(
            lambda: (array("q"), array("q"))
        )
        self._copied = array("q")

    def read(self, sides: tuple[Side, Side], progress: Callable[[int], None]) -> None:
        """Read both sides to their ends.

        Raises:
            CorpusError: One cannot be read at all.
        """
        # Both columns of a TSV have the same faults; they are told once.
        notes = (self._note, None if sides[1].column else self._note)
        chunks = (side.iter_chunks(note) for side, note in zip(sides, notes, strict=True))
        for src, tgt in zip_longest(*chunks, fillvalue=[]):
            start = self.counts[0]
            for number, (side, lines) in enumerate(zip((0, 1), (src, tgt), strict=True)):
                self._see_marks(number, self.counts[side], lines)
                self.counts[side] += len(lines)
            for line, pair in enumerate(zip(src, tgt, strict=False), start=start):
                self._see_pair(line, SentencePair(*pair))
            progress(self.counts[0])

    def _note(self, message: str) -> None:
        self.fault_count += 1
        if len(self.faults) < 100:
            self.faults.append(message)

    def _see_marks(self, side: int, start: int, lines: list[str]) -> None:
        for number, line in enumerate(lines, start=start):
            for kind in marks_of(line):
                self._marked[kind][side].append(number)

    def _see_pair(self, line: int, pair: SentencePair) -> None:
        src, tgt = pair
        blanks = 0
        if is_blank(pair):
            blanks = is_blank(SentencePair(src, "x")) + 2 * is_blank(SentencePair("x", tgt))
        self._blanks.append(blanks)
        for side, text in enumerate(pair):
            self._hashes[side].append(hash_of(text))
            self._lengths[side].append(len(text))
        if not blanks and _is_copy(src, tgt):
            self._copied.append(line)

    @property
    def pairs(self) -> int:
        """Lines that both sides have."""
        return len(self._blanks)

    @property
    def hashes(self) -> tuple[Hashes, Hashes]:
        """Of both sides of the pairs, (pairs,) each."""
        return np.array(self._hashes[0], np.uint64), np.array(self._hashes[1], np.uint64)

    @property
    def has_text(self) -> npt.NDArray[np.bool_]:
        """Which pairs have text on both sides, (pairs,)."""
        blanks: npt.NDArray[np.int8] = np.array(self._blanks, np.int8)
        return np.equal(blanks, 0)

    def iter_findings(
        self, sides: tuple[Side, Side], fits: npt.NDArray[np.bool_], *, samples: int
    ) -> Iterator[Found]:
        """Yield what was found.

        Args:
            sides: Their names.
            fits: The pairs that are not in a shifted stretch, (pairs,).
            samples: Most places named for a finding.
        """
        yield from self._find_faults()
        yield from self._find_marks(samples)
        yield from self._find_blanks(sides, fits, samples)
        copied = np.array(self._copied, np.int64)
        yield from found_in_pairs(
            "copied", copied, "{count} pairs ({share}) have the source as their target; a model "
            "that learns to copy copies more; drop them if they are no names or titles",
            total=self.pairs, samples=samples,
        )  # fmt: skip
        yield from self._find_ratios(fits, samples)

    def _find_faults(self) -> Iterator[Found]:
        if self.fault_count:
            message = f"{self.fault_count:,} lines cannot be read as they are"
            yield Found("unreadable", self.fault_count, message, notes=self.faults[:20])

    def _find_marks(self, samples: int) -> Iterator[Found]:
        for kind, message in _MARK_MESSAGES.items():
            src, tgt = (np.array(lines, np.int64) for lines in self._marked[kind])
            if not len(src) + len(tgt):
                continue
            share = len(np.union1d(src, tgt)) / max(1, *self.counts)
            text = message.format(count=f"{len(src) + len(tgt):,}", share=f"{share:.1%}")
            first = ((int(n), side) for side, each in enumerate((src, tgt)) for n in each[:samples])
            chosen = sorted(first)[:samples]
            yield Found(
                kind, len(src) + len(tgt), text, share,
                [line if side == 0 else -1 for line, side in chosen],
                [line if side == 1 else -1 for line, side in chosen],
            )  # fmt: skip

    def _find_blanks(
        self, sides: tuple[Side, Side], fits: npt.NDArray[np.bool_], samples: int
    ) -> Iterator[Found]:
        blanks = np.array(self._blanks, np.int8)
        lines = np.flatnonzero(((blanks == 1) | (blanks == 2)) & fits)
        if not len(lines):
            return
        src_blank = int((blanks[lines] == 1).sum())
        runs = [(a, b) for side in (1, 2) for a, b in runs_of(lines[blanks[lines] == side])]
        longest = max(runs, key=lambda run: (run[1] - run[0], -run[0]))
        message = (
            f"{len(lines):,} pairs have text on one side only ({src_blank:,} without source, "
            f"{len(lines) - src_blank:,} without target); `seqcli preprocess` drops them"
        )
        if longest[1] - longest[0] + 1 >= _RUN:
            side = sides[blanks[longest[0]] - 1]
            message += (
                f"; the longest run is of {longest[1] - longest[0] + 1:,} lines, from "
                f"{side.place(longest[0])} on: see whether text was lost there"
            )
        by_length = sorted(runs, key=lambda run: (run[0] - run[1], run[0]))
        first = sorted(start for start, _ in by_length[:samples])
        yield Found("blank", len(lines), message, len(lines) / max(1, self.pairs), first, first)

    def _find_ratios(self, fits: npt.NDArray[np.bool_], samples: int) -> list[Found]:
        use = np.flatnonzero(self.has_text & fits)
        if len(use) < 2:
            return []
        lengths = [np.array(side, np.float64)[use] + _RATIO_FLOOR for side in self._lengths]
        ratio = np.log(lengths[1] / lengths[0])
        off = np.abs(ratio - np.median(ratio))
        spread = 1.4826 * np.median(off)
        outliers = use[off > max(np.log(_LEAST_FACTOR), _DEVIATIONS * spread)]
        typical = float(np.exp(np.median(ratio)))
        return found_in_pairs(
            "length-ratio", outliers, "{count} pairs ({share}) have a side that is much too long "
            f"for the other (a target has {typical:.2f} characters for one of its source here, as "
            "a rule); see whether they are translations of each other",
            total=self.pairs, samples=samples,
        )  # fmt: skip


def _is_copy(src: str, tgt: str) -> bool:
    if abs(len(src) - len(tgt)) > 2 or src.strip().casefold() != tgt.strip().casefold():
        return False
    return len(src.split()) > 1 and sum(map(str.isalpha, src)) >= _COPY_LETTERS
