"""What a model says after a prefix -> the pieces that a search goes on with.

Place: model -> **candidates** -> search, sampling.
Axes: batch = sentences, beam = hypotheses of one sentence, rows = batch * beam, vocab = target
pieces, keep = candidates.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from seqcli.models.ensemble import JointReading
from seqcli.models.frozen import FrozenReading, ShortReadout
from seqcli.models.kernels import compiled_for
from seqcli.models.seq2seq import Reading
from seqcli.pieces import NEVER_PRODUCED

FIRST_PRODUCED = max(NEVER_PRODUCED) + 1  # all ids from here on may be
BLOCK = 64  # pieces that are looked at together, if one of them could be among the best


AnyReading = Reading | JointReading | FrozenReading


class Model(Protocol):
    """What a search needs: ``Seq2Seq``, ``FrozenSeq2Seq`` and ``Ensemble`` have it."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""

    @property
    def has_attention(self) -> bool:
        """Whether it looks at the source."""

    def read(self, src: Tensor, src_lengths: Tensor) -> AnyReading:
        """Encode sources (batch, src_len)."""

    def step(self, prev_ids: Tensor, state: Any, memory: Any) -> tuple[Any, Any, Tensor | None]:
        """Feed one piece to each row; return what ``logits`` takes, the state, the weights."""

    def logits(self, readouts: Any) -> Tensor:
        """Return the scores of every piece, (rows, vocab)."""


def next_log_probs(
    model: Model,
    readout: Any,
    *,
    temperature: float = 1.0,
    banned: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Return log-probabilities of the next piece, (rows, vocab) in fp32; some are never produced.

    Args:
        model: Has the output layer.
        readout: What its ``step`` gave, (rows, readout).
        temperature: Divides the logits.
        banned: What ``repeats`` says: rows, and a piece that each may not produce.
    """
    logits = model.logits(readout).float() / temperature
    logits[:, list(NEVER_PRODUCED)] = -torch.inf
    if banned is not None:
        logits[banned] = -torch.inf
    return logits.log_softmax(dim=-1)


def repeats(prefixes: Tensor, ngram: int) -> tuple[Tensor, Tensor]:
    """Return the pieces that would make a prefix say an n-gram that it has said before.

    Source: Paulus et al. 2018, A deep reinforced model for abstractive summarization, section 2.5.

    Args:
        prefixes: Pieces so far, (rows, length).
        ngram: Pieces of an n-gram, at least 2.

    Returns:
        Rows, and a piece of each that may not follow, (repeats,) each.
    """
    starts = prefixes.shape[1] - ngram + 1  # of n-grams that are complete
    if starts < 1:
        nothing = prefixes.new_empty(0)
        return nothing, nothing
    before = prefixes.unfold(1, ngram - 1, 1)  # (rows, starts + 1, ngram - 1)
    is_again = (before[:, :starts] == before[:, starts:]).all(dim=-1)
    rows, places = is_again.nonzero(as_tuple=True)
    return rows, prefixes[rows, places + ngram - 1]


def best_pieces(
    model: Model, readout: Any, *, keep: int, banned: tuple[Tensor, Tensor] | None = None
) -> tuple[Tensor, Tensor]:
    """Return the log-probabilities of the likeliest pieces, and the pieces, (rows, keep) each.

    The same as the largest of ``next_log_probs``, without computing the others.

    Args:
        model: Has the output layer.
        readout: What its ``step`` gave.
        keep: How many.
        banned: What ``repeats`` says: rows, and a piece that each may not produce.
    """
    if isinstance(readout, ShortReadout) and banned is None:
        best = readout.best(keep)
        if best is not None:
            return best
    logits = model.logits(readout)
    if banned is not None:
        logits[banned] = -torch.inf
    log_probs, places = _likeliest(logits[:, FIRST_PRODUCED:], keep)
    return log_probs, places + FIRST_PRODUCED


def _likeliest(logits: Tensor, keep: int) -> tuple[Tensor, Tensor]:
    """Return the largest log-probabilities of each row and where they are, (rows, keep) each."""
    keep = min(keep, logits.shape[1])
    compiled = compiled_for(logits)
    if compiled is not None:
        return compiled.best_pieces(logits, keep)
    totals = logits.float().logsumexp(dim=-1, keepdim=True)
    values, places = _largest(logits, keep)
    return values.float() - totals, places


def _largest(x: Tensor, keep: int) -> tuple[Tensor, Tensor]:
    """Return the largest entries of each row and where they are, as ``torch.topk``.

    The largest are in the blocks whose own largest entries are the largest, so only those are
    searched: topk goes over a whole row at the speed of a sort.
    """
    rows, width = x.shape
    if keep == 1:
        values, places = x.max(dim=-1, keepdim=True)
        return values, places
    blocks = -(-width // BLOCK)
    if blocks <= 2 * keep:
        return x.topk(keep, dim=-1)
    padded = torch.nn.functional.pad(x, (0, blocks * BLOCK - width), value=-torch.inf)
    by_block = padded.view(rows, blocks, BLOCK)
    _, chosen = by_block.amax(dim=-1).topk(keep, dim=-1)
    within = by_block.gather(1, chosen[:, :, None].expand(-1, -1, BLOCK)).flatten(1)
    values, places = within.topk(keep, dim=-1)
    block = chosen.gather(1, places // BLOCK)
    return values, block * BLOCK + places % BLOCK


def extend_beams(
    beam_scores: Tensor, log_probs: Tensor, pieces: Tensor, *, keep: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Keep the best continuations of every sentence.

    Args:
        beam_scores: Summed log-probabilities so far, (batch, beam); -inf where there is none.
        log_probs: Of the likeliest next pieces, (batch, beam, some).
        pieces: Those pieces, (batch, beam, some).
        keep: Continuations to keep.

    Returns:
        Their scores, the beam each came from, and its next piece: three of (batch, keep), best
        first.
    """
    some = log_probs.shape[2]
    totals = (beam_scores[:, :, None] + log_probs).flatten(1)
    scores, places = totals.topk(min(keep, totals.shape[1]), dim=-1)
    return scores, places // some, pieces.flatten(1).gather(1, places)
