"""How well lines fit -> **where the two sides are shifted against each other**, and by how much.

The offset of the target is a hidden state that seldom changes; the likeliest course of it is found
by the Viterbi algorithm. One more state says that two lines have nothing to do with each other. A
change of state costs as many nats as make a change without reason very unlikely.

Source: Viterbi 1967, Error bounds for convolutional codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seqcli.corpus.checking.features import Features, Floats, join_features
from seqcli.corpus.checking.fit import Fit, learn_fit

_NEAR = 5  # lines around an offset that are tried too
_WHOLE = 60  # a difference of counts up to this: every offset between is tried
_FARTHEST = 20_000  # a larger difference of counts is not tried as an offset
_CHANGE = 20.0  # nats
_UNRELATED_CHANGE = 25.0
_FEW = 4000  # lines for a first look
_FIRST_WIDTH = 32
_ROUNDS = 2
_LOOK_BACK = 1000  # lines in which the end of agreement is sought


def offsets_to_try(src_count: int, tgt_count: int) -> tuple[int, ...]:
    """Return the offsets of the target that the counts make thinkable; the first is 0."""
    difference = tgt_count - src_count
    near = set(range(-_NEAR, _NEAR + 1))
    if abs(difference) <= _WHOLE:
        near |= set(range(min(0, difference) - _NEAR, max(0, difference) + _NEAR + 1))
    elif abs(difference) <= _FARTHEST:
        near |= set(range(difference - _NEAR, difference + _NEAR + 1))
    return (0, *sorted(near - {0}, key=lambda offset: (abs(offset), offset)))


@dataclass(frozen=True)
class Block:
    """Some lines that stand together, and the lines of the target around them."""

    src: Features
    tgt: dict[int, Features]  # by offset: as many lines as src has, or fewer at the end


def learn_from_blocks(blocks: Sequence[Block]) -> Fit | None:
    """Learn how lines fit when a part of the blocks is shifted.

    The offset at which all of them agree best is where it starts; then each block takes its own.

    Returns:
        None if there is too little text, or the sides agree at no offset.
    """
    offsets = list(blocks[0].tgt) if blocks else []
    few = blocks[:: max(1, sum(len(block.src) for block in blocks) // _FEW)]
    starts = [(_learn(few, [offset] * len(few), _FIRST_WIDTH), offset) for offset in offsets]
    fits = [(fit.quality, -place, fit) for place, (fit, _) in enumerate(starts) if fit is not None]
    if not fits:
        return None
    best: Fit | None = max(fits, key=lambda each: each[:2])[2]
    for _ in range(_ROUNDS):
        if best is None:
            break
        best = _learn(blocks, [_best_offset(best, block) for block in blocks])
    return best


def _learn(blocks: Sequence[Block], offsets: Sequence[int], *width: int) -> Fit | None:
    src, tgt = [], []
    for block, offset in zip(blocks, offsets, strict=True):
        partner = block.tgt[offset]
        src.append(block.src.part(0, len(partner)))
        tgt.append(partner)
    options = {"width": width[0]} if width else {}
    return learn_fit(join_features(src), join_features(tgt), **options)


def _best_offset(fit: Fit, block: Block) -> int:
    src = fit.place(block.src, 0)
    totals = {
        offset: float(fit.score(src[: len(tgt)], fit.place(tgt, 1)).sum())
        for offset, tgt in block.tgt.items()
    }
    return max(totals, key=lambda offset: (totals[offset], offset == 0))


@dataclass(frozen=True)
class Stretch:
    """Source lines that keep one offset."""

    start: int  # from 0
    end: int  # the line after the last
    offset: int | None  # of the target; None: the lines do not fit at any offset


class DriftFinder:
    """Follows the offset through a corpus; sees it in chunks, each side for itself."""

    def __init__(self, fit: Fit, offsets: Sequence[int], tgt_count: int) -> None:
        """Start before the first line."""
        self._fit = fit
        self._offsets = tuple(offsets)
        self._tgt_count = tgt_count
        self._tgt = fit.place(_nothing(), 1)  # points of target lines from _tgt_start on
        self._tgt_start = 0
        self._done = 0  # source lines seen
        self._totals = np.full(len(self._offsets) + 1, -_CHANGE)  # of each state; the last: None
        self._totals[0] = 0
        self._totals[-1] = -_UNRELATED_CHANGE
        self._origins: list[npt.NDArray[np.uint8]] = []  # of each line and state: the one before
        self._own = [np.zeros(0, np.float16)]  # nats of each line with its own target line

    def tgt_needed(self, src_lines: int) -> int:
        """Return how many target lines must have been seen before so many more source lines."""
        return min(self._tgt_count, self._done + src_lines + max(self._offsets))

    @property
    def tgt_seen(self) -> int:
        """How many target lines have been seen."""
        return self._tgt_start + len(self._tgt)

    def see_tgt(self, features: Features) -> None:
        """Take in the next target lines."""
        oldest = max(0, self._done + min(self._offsets) - self._tgt_start)
        self._tgt = np.concatenate([self._tgt[oldest:], self._fit.place(features, 1)])
        self._tgt_start += min(oldest, self.tgt_seen)

    def see_src(self, features: Features) -> None:
        """Take in the next source lines; the target lines that they need have been seen."""
        nats = self._score(self._fit.place(features, 0))
        costs = np.full(nats.shape[1], _CHANGE)
        costs[-1] = _UNRELATED_CHANGE
        origins = np.empty(nats.shape, dtype=np.uint8)
        stay = np.arange(nats.shape[1])
        totals = self._totals
        for line, gained in enumerate(nats):
            best = int(totals.argmax())
            # To leave the last state costs as much as to enter it.
            changed = totals[best] - (costs if best != len(stay) - 1 else costs[-1])
            is_change = changed > totals
            origins[line] = np.where(is_change, best, stay)
            totals = np.where(is_change, changed, totals) + gained
        self._totals = totals - totals.max()
        self._own.append(nats[:, 0].astype(np.float16))
        self._origins.append(origins)
        self._done += len(nats)

    def _score(self, src: Floats) -> Floats:
        """Return nats of each source line in each state; 0 where the target has no such line."""
        nats = np.zeros((len(src), len(self._offsets) + 1), dtype=np.float32)
        for state, offset in enumerate(self._offsets):
            first = self._done + offset  # target line of the first source line
            start = max(first, self._tgt_start, 0)
            end = min(first + len(src), self.tgt_seen)
            if start < end:
                rows = self._tgt[start - self._tgt_start : end - self._tgt_start]
                nats[start - first : end - first, state] = self._fit.score(
                    src[start - first : end - first], rows
                )
        return nats

    def stretches(self) -> list[Stretch]:
        """Return the likeliest course of the offset over all lines seen."""
        state = int(self._totals.argmax())
        found: list[Stretch] = []
        line = end = self._done
        for origins in reversed(self._origins):
            for row in origins[::-1]:
                line -= 1
                origin = int(row[state])
                if origin != state:
                    found.append(self._stretch(line, end, state))
                    state, end = origin, line
        found.append(self._stretch(0, end, state))
        return [stretch for stretch in reversed(found) if stretch.start < stretch.end]

    def agrees_until(self, line: int) -> int:
        """Return the line, at or before one, up to which lines fit their own target lines best."""
        own = np.concatenate(self._own)[max(0, line - _LOOK_BACK) : line].astype(np.float32)
        if not len(own):
            return line
        return line - len(own) + int(np.cumsum(own).argmax()) + 1

    def _stretch(self, start: int, end: int, state: int) -> Stretch:
        offset = self._offsets[state] if state < len(self._offsets) else None
        return Stretch(start, end, offset)


def _nothing() -> Features:
    from seqcli.corpus.checking.features import describe_lines

    return describe_lines([])
