"""Sources -> hypotheses drawn at random from what the model says.

Place: model -> **sampling** -> translator. Works on ids; knows nothing of text.
Axes: batch = sentences, rows = hypotheses, vocab = target pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from seqcli.decoding.candidates import AnyReading, Model, next_log_probs, repeats
from seqcli.decoding.hypotheses import Found, normalised
from seqcli.pieces import BOS_ID, EOS_ID


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
    reading: AnyReading,
    *,
    limits: Sequence[int],
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    length_penalty: float,
    generators: Sequence[torch.Generator],
    no_repeat_ngram: int | None = None,
    prefix: Sequence[int] = (),
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
        no_repeat_ngram: No hypothesis says so many pieces in a row twice; None for no such rule.
        prefix: Pieces that every hypothesis begins with, beside its limit.
    """
    device = model.device
    limits = [limit + len(prefix) for limit in limits]
    uniform = [
        torch.rand(limit + 1, generator=generator)
        for limit, generator in zip(limits, generators, strict=True)
    ]
    state: Any = reading.state
    drawn = [_Draw(limit) for limit in limits]
    fed = torch.full((len(limits),), BOS_ID, device=device)
    said = torch.empty((len(limits), 0), dtype=torch.long, device=device)
    for step in range(max(limits) + 1):
        readout, state, _ = model.step(fed, state, reading.memory)
        banned = None if no_repeat_ngram is None else repeats(said, no_repeat_ngram)
        log_probs = next_log_probs(model, readout, temperature=temperature, banned=banned)
        likely = keep_likely(log_probs, top_k=top_k, top_p=top_p).softmax(dim=-1).cumsum(dim=-1)
        coins = torch.tensor([float(u[min(step, len(u) - 1)]) for u in uniform], device=device)
        fed = torch.searchsorted(likely, (coins * likely[:, -1])[:, None], right=True).squeeze(1)
        fed = fed.clamp(max=likely.shape[-1] - 1)
        if step < len(prefix):
            fed = torch.full_like(fed, prefix[step])
        said = said if no_repeat_ngram is None else torch.cat([said, fed[:, None]], dim=1)
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


def generators_of(seed: int, place: tuple[int, int], count: int) -> list[torch.Generator]:
    """Return count generators that depend on the seed and the place of a part only."""
    line, part = place
    first = (seed * 1_000_003 + line) * 1_000_003 + part * 1_000_000_007_003
    return [torch.Generator().manual_seed((first + number) % 2**63) for number in range(count)]
