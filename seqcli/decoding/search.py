"""Sources -> the likeliest hypotheses: greedy search and beam search.

Place: model -> **search** -> translator. Works on ids; knows nothing of text. A search is tensor
operations on all sentences at once: nothing is done hypothesis by hypothesis before its end.
Axes: batch = sentences still being translated, beam = hypotheses of one sentence, rows =
batch * beam.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from seqcli.batches import SIZE_MULTIPLE
from seqcli.decoding.candidates import (
    AnyReading,
    Model,
    best_pieces,
    extend_beams,
    next_log_probs,
    repeats,
)
from seqcli.decoding.hypotheses import Found, GreedyTrace, Trace
from seqcli.pieces import BOS_ID, EOS_ID


def beam_search(
    model: Model,
    reading: AnyReading,
    *,
    limits: Sequence[int],
    beam_size: int,
    length_penalty: float,
    n_best: int = 1,
    no_repeat_ngram: int | None = None,
    prefix: Sequence[int] = (),
) -> list[list[Found]]:
    """Return the best hypotheses of each source; a beam of 1 is greedy search.

    A hypothesis is finished when EOS is among the beam_size best continuations of its sentence,
    and a sentence when beam_size hypotheses are finished, or at its limit.

    Args:
        model: In evaluation mode.
        reading: The sources.
        limits: Most pieces of each translation, EOS not counted.
        beam_size: Hypotheses kept at each step.
        length_penalty: Exponent of the length in the score.
        n_best: Hypotheses returned for each source, at the most.
        no_repeat_ngram: No hypothesis says so many pieces in a row twice; None for no such rule.
        prefix: Pieces that every hypothesis begins with, beside its limit.

    Returns:
        For each source its hypotheses, best first; at least one.
    """
    if beam_size == 1:
        return greedy_search(
            model,
            reading,
            limits=limits,
            length_penalty=length_penalty,
            no_repeat_ngram=no_repeat_ngram,
            prefix=prefix,
        )
    device, trace = model.device, Trace()
    sentences = torch.arange(len(limits), device=device)  # that the rows belong to
    limit = torch.tensor(limits, device=device) + len(prefix)
    finished = torch.zeros_like(sentences)
    begun, fed, began = _force(model, reading, prefix, trace, batch=len(limits))
    rows = sentences.repeat_interleave(beam_size)
    state, memory, fed = begun.select(rows), reading.memory, fed[rows]
    scores = torch.full((len(limits), beam_size), -torch.inf, device=device)
    scores[:, 0] = began  # all beams start alike: count one
    said = _Said(prefix, len(fed), no_repeat_ngram, device)
    length = len(prefix)
    while len(sentences):
        readout, state, _ = model.step(fed, state, memory)
        log_probs, pieces = (
            part.view(len(sentences), beam_size, -1)
            for part in best_pieces(model, readout, keep=2 * beam_size, banned=said.repeats())
        )
        candidates = extend_beams(scores, log_probs, pieces, keep=2 * beam_size)
        finished = finished + _note_ends(
            trace, candidates, sentences, finished, may_end=limit >= length, most=beam_size
        )
        _note_cuts(trace, scores, sentences, is_cut=limit == length)
        scores, origins, pieces = _continue(candidates, beam_size)
        kept = _rows_to_keep((finished < beam_size) & (limit > length))
        is_shorter = kept is not None
        if kept is None:
            kept = torch.arange(len(sentences), device=device)
        scores, origins, pieces = scores[kept], origins[kept], pieces[kept]
        trace.add(kept, origins, pieces)
        rows = (kept[:, None] * beam_size + origins).view(-1)
        state = state.select(rows)
        if memory is not None and is_shorter:
            memory = memory.select(kept)
        sentences, finished, limit = sentences[kept], finished[kept], limit[kept]
        fed, length = pieces.reshape(-1), length + 1
        said.add(rows, fed)
    return trace.best(len(limits), length_penalty=length_penalty, n_best=n_best)


def greedy_search(
    model: Model,
    reading: AnyReading,
    *,
    limits: Sequence[int],
    length_penalty: float,
    no_repeat_ngram: int | None = None,
    prefix: Sequence[int] = (),
) -> list[list[Found]]:
    """Return for each source the hypothesis that takes the likeliest piece at every step.

    Args:
        model: In evaluation mode.
        reading: The sources.
        limits: Most pieces of each translation, EOS not counted.
        length_penalty: Exponent of the length in the score.
        no_repeat_ngram: As for ``beam_search``.
        prefix: As for ``beam_search``.
    """
    device, trace = model.device, GreedyTrace()
    sentences = torch.arange(len(limits), device=device)
    said = _Said(prefix, len(limits), no_repeat_ngram, device)
    limit = torch.tensor(limits, device=device)
    is_done = torch.zeros_like(sentences).bool()
    state, fed, scores = _force(model, reading, prefix, None, batch=len(limits))
    memory: Any = reading.memory
    length, shortest = 0, min(limits, default=0)
    while len(sentences):
        readout, state, _ = model.step(fed, state, memory)
        log_probs, pieces = (
            part[:, 0] for part in best_pieces(model, readout, keep=1, banned=said.repeats())
        )
        scores = scores + log_probs
        trace.add(sentences, pieces, scores)
        is_done = is_done | (pieces == EOS_ID)
        if length >= shortest:
            is_done |= limit <= length
        kept = _rows_to_keep(~is_done)
        if kept is not None:
            state = state.select(kept)
            memory = None if memory is None else memory.select(kept)
            sentences, is_done, limit = sentences[kept], is_done[kept], limit[kept]
            pieces, scores = pieces[kept], scores[kept]
        fed, length = pieces, length + 1
        said.add(kept, fed)
    return trace.best(limits, prefix=prefix, length_penalty=length_penalty)


def _force(
    model: Model,
    reading: AnyReading,
    prefix: Sequence[int],
    trace: Trace | None,
    *,
    batch: int,
) -> tuple[Any, Tensor, Tensor]:
    """Let every hypothesis begin with some pieces, noted in the trace if there is one.

    Returns:
        The state before the last of them is fed, or BOS; what is to be fed, (batch,); and the
        log-probability of the pieces, (batch,).
    """
    state: Any = reading.state
    rows = torch.arange(batch, device=model.device)
    fed = torch.full_like(rows, BOS_ID)
    log_probs = torch.zeros(batch, device=model.device)
    for piece in prefix:
        readout, state, _ = model.step(fed, state, reading.memory)
        fed = torch.full_like(rows, piece)
        log_probs = log_probs + next_log_probs(model, readout)[:, piece]
        if trace is not None:
            trace.add(rows, torch.zeros_like(rows)[:, None], fed[:, None])
    return state, fed, log_probs


class _Said:
    """What each row has said so far, where that matters: under no_repeat_ngram."""

    def __init__(
        self, prefix: Sequence[int], rows: int, ngram: int | None, device: torch.device
    ) -> None:
        self._ngram = ngram
        begun = torch.tensor(list(prefix), dtype=torch.long, device=device)
        self._prefixes = begun.expand(rows, -1)

    def repeats(self) -> tuple[Tensor, Tensor] | None:
        """Return what may not follow, as ``candidates.repeats``; None if everything may."""
        return None if self._ngram is None else repeats(self._prefixes, self._ngram)

    def add(self, rows: Tensor | None, pieces: Tensor) -> None:
        """Go on with some rows, or with all, each with one more piece."""
        if self._ngram is not None:
            before = self._prefixes if rows is None else self._prefixes[rows]
            self._prefixes = torch.cat([before, pieces[:, None]], dim=1)


def _rows_to_keep(goes_on: Tensor) -> Tensor | None:
    """Return the sentences that go on, and some that are done, so that shapes are few.

    None stands for all of them.

    Products are compiled anew for every new shape, so the number of sentences only shrinks to
    multiples of SIZE_MULTIPLE. Nothing more is noted of a sentence that is done.

    Args:
        goes_on: (batch,).
    """
    going = int(goes_on.sum())
    wanted = -(-going // SIZE_MULTIPLE) * SIZE_MULTIPLE
    if wanted >= len(goes_on) and going:
        return None
    order = torch.argsort(goes_on.to(torch.uint8), descending=True, stable=True)
    return order[:wanted].sort().values


def _continue(
    candidates: tuple[Tensor, Tensor, Tensor], beam_size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the beam_size best candidates that go on: scores, origins, pieces (batch, beam)."""
    scores, origins, pieces = candidates
    scores = scores.masked_fill(pieces == EOS_ID, -torch.inf)
    missing = beam_size - scores.shape[1]
    if missing > 0:  # fewer continuations than beams
        scores = functional.pad(scores, (0, missing), value=-torch.inf)
        origins, pieces = (functional.pad(part, (0, missing)) for part in (origins, pieces))
    scores, order = scores.topk(beam_size, dim=-1)
    return scores, origins.gather(1, order), pieces.gather(1, order)


def _note_ends(
    trace: Trace,
    candidates: tuple[Tensor, Tensor, Tensor],
    sentences: Tensor,
    finished: Tensor,
    *,
    may_end: Tensor,
    most: int,
) -> Tensor:
    """Note the candidates that end here with EOS; return how many of each sentence, (batch,).

    Args:
        trace: Takes them.
        candidates: Scores, origins, pieces, (batch, keep).
        sentences: (batch,).
        finished: Hypotheses that each sentence has already, (batch,).
        may_end: Sentences that are not past their limit, (batch,).
        most: Hypotheses that a sentence may have, and the candidates that may end.
    """
    scores, origins, pieces = (part[:, :most] for part in candidates)
    ends = (pieces == EOS_ID) & (scores > -torch.inf) & may_end[:, None]
    ends &= ends.cumsum(dim=1) + finished[:, None] <= most
    rows, ranks = ends.nonzero(as_tuple=True)
    trace.end(sentences[rows], rows, origins[rows, ranks], scores[rows, ranks], cut=False)
    return ends.sum(dim=1)


def _note_cuts(trace: Trace, scores: Tensor, sentences: Tensor, *, is_cut: Tensor) -> None:
    """Note the hypotheses of sentences that are at their limit as cut.

    Args:
        trace: Takes them.
        scores: Of what they are so far, (batch, beam).
        sentences: (batch,).
        is_cut: (batch,).
    """
    rows, beams = (is_cut[:, None] & (scores > -torch.inf)).nonzero(as_tuple=True)
    trace.end(sentences[rows], rows, beams, scores[rows, beams], cut=True)
