"""A line and what was found for it, as the translator hands it on.

Place: search -> **Translation** -> stdout, files, Python callers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from seqcli.corpus.protection import Masked
from seqcli.decoding.splitting import join_parts
from seqcli.memory import Match


@dataclass(frozen=True)
class Hypothesis:
    """One translation of a line."""

    text: str
    score: float  # log-probability, normalised by length^length_penalty; higher is better
    pieces: tuple[str, ...]
    truncated: bool  # cut at the most pieces
    looped: bool  # says the same over and over, or did before it was searched for again
    is_split: bool = False  # the line was too long, and was translated in parts
    is_reassembled: bool = False  # translated around what is protected, as a mark was lost
    is_withheld: bool = False  # its text is a fallback, as it was not sure enough
    is_from_memory: bool = False  # its text is that of a match
    src_pieces: tuple[str, ...] = ()
    # Where the decoder looked for each piece, in src_pieces, -1 for the end; None if not asked for,
    # or if the model has no attention.
    alignment: tuple[int, ...] | None = None
    log_prob: float = 0.0  # summed over the pieces, the end included unless truncated
    confidence: float | None = None  # 0 to 1; None if the run was not calibrated

    @property
    def mean_log_prob(self) -> float:
        """Log-probability of a piece, the mean; what calibration goes by."""
        return self.log_prob / max(len(self.pieces) + (not self.truncated), 1)


@dataclass(frozen=True)
class Translation:
    """A line and its translations, best first."""

    src: str
    hyps: tuple[Hypothesis, ...]
    match: Match | None = None  # the best of the memory, if one was given and has one


@dataclass(frozen=True)
class Part:
    """A line, or a part of one that is too long."""

    line: int  # its number
    number: int  # among the parts of the line
    masked: Masked
    ids: list[int]

    @property
    def place(self) -> tuple[int, int]:
        """The numbers of line and part."""
        return self.line, self.number


@dataclass(frozen=True)
class Window:
    """Lines that are translated together."""

    lines: list[tuple[int, str]]  # with their numbers
    matches: dict[int, Match]  # of the memory, by number; a line whose match is used has no part
    batches: list[list[Part]]  # of like length
    found: Iterable[list[tuple[Hypothesis, ...]]]  # the hypotheses of each batch, when it is done


EMPTY = Hypothesis(text="", score=0.0, pieces=(), truncated=False, looped=False)


def remembered(src: str, match: Match) -> Translation:
    """Return a match as the translation of a line; the model says nothing of it, also no score."""
    hyp = replace(EMPTY, text=match.tgt, score=math.nan, is_from_memory=True)
    return Translation(src, (hyp,), match)


def join_hypotheses(found: list[tuple[Part, tuple[Hypothesis, ...]]]) -> tuple[Hypothesis, ...]:
    """Return the hypotheses of a line from those of its parts: the best of each together, ..."""
    if not found:
        return (EMPTY,)
    if len(found) == 1:
        return found[0][1]
    found = sorted(found, key=lambda one: one[0].number)
    texts = [part.masked.text for part, _ in found]
    most = max(len(hyps) for _, hyps in found)
    return tuple(
        _join_rank(texts, [hyps[min(rank, len(hyps) - 1)] for _, hyps in found])
        for rank in range(most)
    )


def _join_rank(texts: list[str], hyps: list[Hypothesis]) -> Hypothesis:
    """Return one hypothesis from one of each part; its score is the mean over the pieces."""
    sizes = [len(hyp.pieces) + (not hyp.truncated) for hyp in hyps]
    scores = [hyp.score for hyp in hyps]
    alignment: list[int] | None = []
    start = 0
    for hyp in hyps:
        if alignment is not None and hyp.alignment is not None:
            alignment += [place if place < 0 else start + place for place in hyp.alignment]
        else:
            alignment = None
        start += len(hyp.src_pieces)
    return Hypothesis(
        text=join_parts(texts, [hyp.text for hyp in hyps]),
        score=sum(score * size for score, size in zip(scores, sizes, strict=True))
        / max(sum(sizes), 1),
        pieces=tuple(piece for hyp in hyps for piece in hyp.pieces),
        truncated=any(hyp.truncated for hyp in hyps),
        looped=any(hyp.looped for hyp in hyps),
        is_split=True,
        is_reassembled=any(hyp.is_reassembled for hyp in hyps),
        log_prob=sum(hyp.log_prob for hyp in hyps),
        src_pieces=tuple(piece for hyp in hyps for piece in hyp.src_pieces),
        alignment=None if alignment is None else tuple(alignment),
    )
