"""What a search finds, how it is scored, and how it is put together from the steps of the search.

Place: search -> **Found** -> translator.
Axes: batch = sentences still being translated, beam = hypotheses of one sentence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seqcli.pieces import EOS_ID

Whole = npt.NDArray[np.int64]
ENDLESS = 2**31  # pieces; more than any memory holds


@dataclass(frozen=True)
class Found:
    """A hypothesis of one source."""

    ids: tuple[int, ...]  # without BOS and EOS
    log_prob: float  # summed over the pieces, EOS included
    score: float  # what hypotheses are ranked by; higher is better
    truncated: bool  # cut at the most pieces before EOS came


# What a model whose scores are no numbers has to say.
NOTHING = Found(ids=(), log_prob=-math.inf, score=-math.inf, truncated=True)


def max_pieces_out(src_lengths: Tensor, *, ratio: float, constant: int) -> Tensor:
    """Return the most pieces, EOS not counted, of each translation, (batch,); at least 1.

    Args:
        src_lengths: Source pieces of each, EOS counted, (batch,).
        ratio: Pieces out for each piece in.
        constant: Pieces out beside those.
    """
    most = (src_lengths - 1).double() * ratio + constant
    return most.ceil().clamp(min=1, max=ENDLESS).long()


def normalised(log_prob: float, length: int, length_penalty: float) -> float:
    """Return log p / length^a: the score of a hypothesis of length pieces, EOS counted.

    Source: Wu et al. 2016, equation 14, in the simpler form of Jean et al. 2015.
    """
    return log_prob / math.pow(length, length_penalty)


def rescored(found: Sequence[Found], length_penalty: float) -> list[Found]:
    """Return hypotheses as another length penalty scores and orders them; cut ones come last.

    Which hypotheses a search finds does not depend on the penalty, so of all that it found the best
    is the one that it would have returned first.
    """
    scored = [
        replace(
            one,
            score=normalised(
                one.log_prob, max(len(one.ids) + (not one.truncated), 1), length_penalty
            ),
        )
        for one in found
    ]
    return sorted(scored, key=lambda one: (one.truncated, -one.score))


@dataclass(frozen=True)
class _End:
    """Hypotheses that end at one step, each (hypotheses,)."""

    length: int
    cut: bool
    sentences: Tensor
    rows: Tensor
    beams: Tensor
    log_probs: Tensor


@dataclass(frozen=True)
class _Ends:
    """All of them, (hypotheses,) each."""

    sentences: Whole
    cuts: npt.NDArray[np.bool_]
    lengths: Whole
    log_probs: npt.NDArray[np.floating]
    scores: npt.NDArray[np.floating]
    rows: Whole
    beams: Whole

    def found(self, number: int, ids: tuple[int, ...]) -> Found:
        """Return one of them, whose pieces were read back."""
        return Found(
            ids=ids,
            log_prob=float(self.log_probs[number]),
            score=float(self.scores[number]),
            truncated=bool(self.cuts[number]),
        )


class Trace:
    """The steps of a search, from which hypotheses are read off backwards when it is over.

    A step keeps where each beam came from and the piece that it added; so nothing is copied while
    beams change places and sentences leave.
    """

    def __init__(self) -> None:
        """Start before the first step."""
        self._steps: list[tuple[Tensor, Tensor, Tensor]] = []
        self._ends: list[_End] = []

    def add(self, rows: Tensor, origins: Tensor, pieces: Tensor) -> None:
        """Note a step.

        Args:
            rows: Where each sentence was at the step before, (batch,).
            origins: The beam there that each beam goes on, (batch, beam).
            pieces: What it adds, (batch, beam).
        """
        self._steps.append((rows, origins, pieces))

    def end(
        self, sentences: Tensor, rows: Tensor, beams: Tensor, log_probs: Tensor, *, cut: bool
    ) -> None:
        """Note hypotheses that end with what was added so far, each (hypotheses,).

        Args:
            sentences: Which source each is of.
            rows: Where that is in the step that was added last.
            beams: Which of its beams.
            log_probs: Of each, EOS included unless it is cut.
            cut: Whether they are at their limit, and not at their end.
        """
        if len(rows):
            self._ends.append(_End(len(self._steps), cut, sentences, rows, beams, log_probs))

    def best(self, sentences: int, *, length_penalty: float, n_best: int) -> list[list[Found]]:
        """Return the hypotheses of each source, best first; cut ones only where too few ended."""
        found: list[list[Found]] = [[] for _ in range(sentences)]
        if self._ends:
            ends = self._join(length_penalty)
            chosen: list[list[int]] = [[] for _ in range(sentences)]
            for number in np.lexsort((-ends.scores, ends.cuts, ends.sentences)).tolist():
                of_sentence = chosen[ends.sentences[number]]
                # A cut hypothesis may also have come to its end, which stands before it.
                if len(of_sentence) < 2 * n_best:
                    of_sentence.append(number)
            ids = self._read_back(np.array(list(chain.from_iterable(chosen)), dtype=np.int64), ends)
            for numbers, into in zip(chosen, found, strict=True):
                distinct = {ids[number]: number for number in reversed(numbers)}
                best = [number for number in numbers if distinct[ids[number]] == number]
                into += [ends.found(number, ids[number]) for number in best[:n_best]]
        return [each or [NOTHING] for each in found]

    def _join(self, length_penalty: float) -> _Ends:
        sizes = [len(end.sentences) for end in self._ends]
        lengths = np.repeat([end.length for end in self._ends], sizes)
        cuts = np.repeat([end.cut for end in self._ends], sizes)
        of, rows, beams, log_probs = (
            torch.cat([getattr(end, part) for end in self._ends]).detach().cpu().numpy()
            for part in ("sentences", "rows", "beams", "log_probs")
        )
        counted = np.maximum(lengths + ~cuts, 1).astype(np.float64)
        scores = log_probs.astype(np.float64) / counted**length_penalty
        return _Ends(of, cuts, lengths, log_probs, scores, rows, beams)

    def _read_back(self, events: Whole, ended: _Ends) -> dict[int, tuple[int, ...]]:
        """Return the pieces of some ends, by their number."""
        ends, rows, beams = ended.lengths[events], ended.rows[events], ended.beams[events]
        longest = int(ends.max(initial=0))
        pieces = np.zeros((len(events), longest), dtype=np.int64)
        for number in reversed(range(longest)):
            before, origins, added = (part.cpu().numpy() for part in self._steps[number])
            here = ends > number
            row, beam = rows[here], beams[here]
            pieces[here, number] = added[row, beam]
            rows[here], beams[here] = before[row], origins[row, beam]
        read = zip(events.tolist(), pieces.tolist(), ends.tolist(), strict=True)
        return {event: tuple(ids[:end]) for event, ids, end in read}


class GreedyTrace:
    """The steps of a greedy search, from which hypotheses are read off when it is over.

    A sentence may stay after it has ended; what it says then is not read.
    """

    def __init__(self) -> None:
        """Start before the first step."""
        self._steps: list[tuple[Tensor, Tensor, Tensor]] = []

    def add(self, sentences: Tensor, pieces: Tensor, log_probs: Tensor) -> None:
        """Note a step of some sentences, (batch,) each.

        Args:
            sentences: Which.
            pieces: What each adds.
            log_probs: Of all that it has said, this piece included.
        """
        self._steps.append((sentences, pieces, log_probs))

    def best(
        self, limits: Sequence[int], *, prefix: Sequence[int], length_penalty: float
    ) -> list[list[Found]]:
        """Return the hypothesis of each source.

        Args:
            limits: Most pieces of each, EOS not counted.
            prefix: Pieces that each begins with, beside its limit.
            length_penalty: Exponent of the length in the score.
        """
        pieces = np.full((len(limits), len(self._steps)), EOS_ID, dtype=np.int64)
        log_probs = np.full(pieces.shape, -np.inf)
        for number, step in enumerate(self._steps):
            rows, said, so_far = (part.detach().cpu().numpy() for part in step)
            pieces[rows, number], log_probs[rows, number] = said, so_far
        is_end = (pieces == EOS_ID) & (log_probs > -np.inf)
        return [
            [
                _read_one(
                    pieces[row, : limit + 1],
                    log_probs[row, : limit + 1],
                    is_end[row, : limit + 1],
                    prefix=tuple(prefix),
                    length_penalty=length_penalty,
                )
            ]
            for row, limit in enumerate(limits)
        ]


def _read_one(
    pieces: Whole,
    log_probs: npt.NDArray[np.float64],
    is_end: npt.NDArray[np.bool_],
    *,
    prefix: tuple[int, ...],
    length_penalty: float,
) -> Found:
    """Return what one sentence said until its first end, or until its last step, where it is cut.

    Arrays are (steps,), one step more than it may have pieces.
    """
    ended = bool(is_end.any())
    length = int(is_end.argmax()) if ended else len(pieces) - 1
    log_prob = float(log_probs[length if ended else length - 1])
    if not log_prob > -math.inf:
        return NOTHING
    counted = max(len(prefix) + length + ended, 1)
    score = normalised(log_prob, counted, length_penalty)
    ids = prefix + tuple(pieces[:length].tolist())
    return Found(ids=ids, log_prob=log_prob, score=score, truncated=not ended)
