"""Sources -> hypotheses: greedy, beam search and sampling over a step-by-step decoder.

Place: model -> **search** -> translator. Works on ids; knows nothing of text.
Axes: batch = sentences still being translated, beam = hypotheses of one sentence, rows =
batch * beam, vocab = target pieces.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch
from torch import Tensor

from seqcli.batches import SIZE_MULTIPLE
from seqcli.models.ensemble import JointReading
from seqcli.models.seq2seq import Reading
from seqcli.pieces import BOS_ID, EOS_ID, PAD_ID, UNK_ID

ENDLESS = 2**31  # pieces; more than any memory holds
NEVER_PRODUCED = (PAD_ID, UNK_ID, BOS_ID)


class Model(Protocol):
    """What a search needs: ``Seq2Seq`` and ``Ensemble`` have it."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""

    def read(self, src: Tensor, src_lengths: Tensor) -> Reading | JointReading:
        """Encode sources (batch, src_len)."""

    def step(self, prev_ids: Tensor, state: Any, memory: Any) -> tuple[Any, Any, Tensor | None]:
        """Feed one piece to each row; return what ``logits`` takes, the state, the weights."""

    def logits(self, readouts: Any) -> Tensor:
        """Return the scores of every piece, (rows, vocab)."""


@dataclass(frozen=True)
class Found:
    """A hypothesis of one source."""

    ids: tuple[int, ...]  # without BOS and EOS
    log_prob: float  # summed over the pieces, EOS included
    score: float  # what hypotheses are ranked by; higher is better
    truncated: bool  # cut at the most pieces before EOS came


def max_pieces_out(src_lengths: Tensor, *, ratio: float, constant: int) -> Tensor:
    """Return the most pieces, EOS not counted, of each translation, (batch,); at least 1.

    Args:
        src_lengths: Source pieces of each, EOS counted, (batch,).
        ratio: Pieces out for each piece in.
        constant: Pieces out beside those.
    """
    most = (src_lengths - 1).double() * ratio + constant
    return most.ceil().clamp(min=1, max=ENDLESS).long()


def next_log_probs(model: Model, readout: Any, *, temperature: float = 1.0) -> Tensor:
    """Return log-probabilities of the next piece, (rows, vocab) in fp32; some are never produced.

    Args:
        model: Has the output layer.
        readout: What its ``step`` gave, (rows, readout).
        temperature: Divides the logits.
    """
    logits = model.logits(readout).float() / temperature
    logits[:, list(NEVER_PRODUCED)] = -torch.inf
    return logits.log_softmax(dim=-1)


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


def extend_beams(beam_scores: Tensor, log_probs: Tensor, *, keep: int) -> tuple[Tensor, ...]:
    """Keep the best continuations of every sentence.

    Args:
        beam_scores: Summed log-probabilities so far, (batch, beam); -inf where there is none.
        log_probs: Of every next piece, (batch, beam, vocab).
        keep: Continuations to keep.

    Returns:
        Their scores, the beam each came from, and its next piece: three of (batch, keep), best
        first.
    """
    batch, beam, vocab = log_probs.shape
    totals = (beam_scores[:, :, None] + log_probs).view(batch, beam * vocab)
    scores, flat = totals.topk(min(keep, beam * vocab), dim=-1)
    return scores, flat // vocab, flat % vocab


# What a model whose scores are no numbers has to say.
NOTHING = Found(ids=(), log_prob=-math.inf, score=-math.inf, truncated=True)


@dataclass
class _Sentence:
    """What the search has of one source."""

    limit: int  # most pieces, EOS not counted
    finished: list[Found] = field(default_factory=list)
    unfinished: list[Found] = field(default_factory=list)

    def goes_on(self, prefixes: Tensor, beam_size: int) -> bool:
        """Tell whether the search goes on, from prefixes (batch, beam, pieces)."""
        return len(self.finished) < beam_size and prefixes.shape[2] < self.limit

    def best(self, n_best: int) -> list[Found]:
        """Return the n best; cut ones only where too few came to an end."""
        ended = {found.ids for found in self.finished}
        cut = [found for found in self.unfinished if found.ids not in ended]
        by_score = [
            *sorted(self.finished, key=lambda found: -found.score),
            *sorted(cut, key=lambda found: -found.score),
        ]
        return by_score[:n_best] or [NOTHING]


def beam_search(
    model: Model,
    reading: Reading | JointReading,
    *,
    limits: Sequence[int],
    beam_size: int,
    length_penalty: float,
    n_best: int = 1,
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

    Returns:
        For each source its hypotheses, best first; at least one.
    """
    sentences = [_Sentence(limit) for limit in limits]
    device = model.device
    alive = torch.arange(len(sentences), device=device)  # the sentences that the rows belong to
    state: Any = reading.state.select(alive.repeat_interleave(beam_size))
    memory: Any = reading.memory
    scores = torch.full((len(sentences), beam_size), -torch.inf, device=device)
    scores[:, 0] = 0.0  # all beams start alike: count one
    prefixes = torch.empty((len(sentences), beam_size, 0), dtype=torch.long, device=device)
    fed = torch.full((len(sentences) * beam_size,), BOS_ID, device=device)
    while len(alive):
        numbers = alive.tolist()
        readout, state, _ = model.step(fed, state, memory)
        log_probs = next_log_probs(model, readout).view(len(alive), beam_size, -1)
        candidates = extend_beams(scores, log_probs, keep=2 * beam_size)
        _collect(sentences, numbers, prefixes, candidates, beam_size, length_penalty)
        _cut(sentences, numbers, prefixes, scores, length_penalty)
        scores, origins, pieces = _continue(candidates, beam_size)
        going = [sentences[i].goes_on(prefixes, beam_size) for i in numbers]
        kept = torch.tensor(_rows_to_keep(going), dtype=torch.long, device=device)
        origins, pieces, scores = origins[kept], pieces[kept], scores[kept]
        prefixes = torch.cat([prefixes[kept[:, None], origins], pieces[:, :, None]], dim=2)
        state = state.select((kept[:, None] * beam_size + origins).view(-1))
        if memory is not None and len(kept) < len(alive):
            memory = memory.select(kept)
        alive, fed = alive[kept], pieces.reshape(-1)
    return [sentence.best(n_best) for sentence in sentences]


def _rows_to_keep(going: Sequence[bool]) -> list[int]:
    """Return the sentences that go on, and some that are done, so that shapes are few.

    Products are compiled anew for every new shape, so the number of sentences only shrinks to
    multiples of SIZE_MULTIPLE. Nothing more is noted of a sentence that is done.
    """
    kept = [row for row, goes_on in enumerate(going) if goes_on]
    done = [row for row, goes_on in enumerate(going) if not goes_on]
    return sorted(kept + done[: -len(kept) % SIZE_MULTIPLE])


def _continue(candidates: tuple[Tensor, ...], beam_size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the beam_size best candidates that go on: scores, origins, pieces (batch, beam)."""
    scores, origins, pieces = candidates
    scores = scores.masked_fill(pieces == EOS_ID, -torch.inf)
    missing = beam_size - scores.shape[1]
    if missing > 0:  # fewer continuations than beams
        scores = torch.nn.functional.pad(scores, (0, missing), value=-torch.inf)
        origins, pieces = (
            torch.nn.functional.pad(part, (0, missing)) for part in (origins, pieces)
        )
    scores, order = scores.topk(beam_size, dim=-1)
    return scores, origins.gather(1, order), pieces.gather(1, order)


def _collect(
    sentences: list[_Sentence],
    numbers: list[int],
    prefixes: Tensor,
    candidates: tuple[Tensor, ...],
    beam_size: int,
    length_penalty: float,
) -> None:
    """Note the candidates that end here with EOS."""
    scores, origins, pieces = candidates
    ends = (pieces == EOS_ID) & (scores > -torch.inf)
    ends[:, beam_size:] = False
    length = prefixes.shape[2]
    for row, rank in ends.nonzero().tolist():
        ids = tuple(prefixes[row, origins[row, rank]].tolist())
        log_prob = float(scores[row, rank])
        score = normalised(log_prob, length + 1, length_penalty)
        sentence = sentences[numbers[row]]
        if length <= sentence.limit and len(sentence.finished) < beam_size:
            sentence.finished.append(Found(ids, log_prob, score, truncated=False))


def _cut(
    sentences: list[_Sentence],
    numbers: list[int],
    prefixes: Tensor,
    beam_scores: Tensor,
    length_penalty: float,
) -> None:
    """Note the hypotheses of sentences that are at their limit as cut."""
    length = prefixes.shape[2]
    for row, number in enumerate(numbers):
        if sentences[number].limit != length:
            continue
        for prefix, log_prob in zip(prefixes[row].tolist(), beam_scores[row].tolist(), strict=True):
            if log_prob > -math.inf:
                score = normalised(log_prob, max(length, 1), length_penalty)
                sentences[number].unfinished.append(
                    Found(tuple(prefix), log_prob, score, truncated=True)
                )


def keep_likely(log_probs: Tensor, *, top_k: int | None, top_p: float | None) -> Tensor:
    """Return log_probs (rows, vocab) with -inf at pieces that may not be drawn; not renormalised.

    Source: top-k of Fan et al. 2018; top-p (nucleus) of Holtzman et al. 2020, section 3.1.

    Args:
        log_probs: (rows, vocab).
        top_k: Keep the k likeliest.
        top_p: Keep the fewest likeliest whose probabilities sum to at least p.
    """
    if top_k is not None and top_k < log_probs.shape[-1]:
        least = log_probs.topk(top_k, dim=-1).values[:, -1:]
        log_probs = log_probs.masked_fill(log_probs < least, -torch.inf)
    if top_p is not None:
        ordered, order = log_probs.softmax(dim=-1).sort(dim=-1, descending=True, stable=True)
        before = ordered.cumsum(dim=-1) - ordered
        is_out = torch.zeros_like(before, dtype=torch.bool).scatter(-1, order, before >= top_p)
        log_probs = log_probs.masked_fill(is_out, -torch.inf)
    return log_probs


def sample(
    model: Model,
    reading: Reading | JointReading,
    *,
    limits: Sequence[int],
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    length_penalty: float,
    generators: Sequence[torch.Generator],
) -> list[Found]:
    """Return one drawn hypothesis of each source.

    A source draws from a generator of its own, so its translation does not depend on which other
    sources are in the batch.

    Args:
        model: In evaluation mode.
        reading: The sources.
        limits: Most pieces of each translation, EOS not counted.
        temperature: Divides the logits.
        top_k: Draw from the k likeliest only.
        top_p: Draw from the fewest pieces that hold this probability.
        length_penalty: Exponent of the length in the score.
        generators: One for each source, on the CPU.
    """
    device = model.device
    uniform = [
        torch.rand(limit + 1, generator=generator)
        for limit, generator in zip(limits, generators, strict=True)
    ]
    state: Any = reading.state
    drawn = [_Draw(limit) for limit in limits]
    fed = torch.full((len(limits),), BOS_ID, device=device)
    for step in range(max(limits) + 1):
        readout, state, _ = model.step(fed, state, reading.memory)
        log_probs = next_log_probs(model, readout, temperature=temperature)
        likely = keep_likely(log_probs, top_k=top_k, top_p=top_p).softmax(dim=-1).cumsum(dim=-1)
        coins = torch.tensor([float(u[min(step, len(u) - 1)]) for u in uniform], device=device)
        fed = torch.searchsorted(likely, (coins * likely[:, -1])[:, None], right=True).squeeze(1)
        fed = fed.clamp(max=likely.shape[-1] - 1)
        chosen = log_probs.gather(1, fed[:, None]).squeeze(1)
        for draw, piece, log_prob in zip(drawn, fed.tolist(), chosen.tolist(), strict=True):
            draw.take(piece, log_prob)
        if all(draw.is_done for draw in drawn):
            break
    return [draw.found(length_penalty) for draw in drawn]


@dataclass
class _Draw:
    """A hypothesis that is being drawn."""

    limit: int  # most pieces, EOS not counted
    ids: list[int] = field(default_factory=list)
    log_prob: float = 0.0
    is_done: bool = False
    truncated: bool = False

    def take(self, piece: int, log_prob: float) -> None:
        """Add a piece, unless the hypothesis has ended or is at its limit."""
        if self.is_done:
            return
        self.is_done = self.truncated = piece != EOS_ID and len(self.ids) == self.limit
        if self.truncated:
            return
        self.log_prob += log_prob
        if piece == EOS_ID:
            self.is_done = True
        else:
            self.ids.append(piece)

    def found(self, length_penalty: float) -> Found:
        """Return it with its score."""
        length = len(self.ids) + (not self.truncated)
        score = normalised(self.log_prob, length, length_penalty)
        return Found(tuple(self.ids), self.log_prob, score, self.truncated)
