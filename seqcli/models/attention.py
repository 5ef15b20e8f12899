"""Decoder states and encoder states -> a context for each decoder state, and where it looked.

Place: recurrence -> **attention** -> readout of the decoder.
Axes: batch = sentences, queries = decoder states (time steps in training, beams in a search),
src_len = pieces of the source, hidden = units.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqcli.models.products import linear


@dataclass(frozen=True)
class Memory:
    """What attention reads: the encoder states, in the form that the scores need."""

    keys: Tensor  # (batch, src_len, hidden), projected once for each sentence
    values: Tensor  # (batch, src_len, hidden)
    can_attend: Tensor  # (batch, 1, src_len), True at real pieces

    def select(self, rows: Tensor) -> Memory:
        """Return the memory of some sentences; rows are indices, (rows,)."""
        return Memory(self.keys[rows], self.values[rows], self.can_attend[rows])


def make_can_attend(src_lengths: Tensor, src_len: int) -> Tensor:
    """Return a (batch, 1, src_len) mask, True where a decoder may look: real pieces, no padding."""
    positions = torch.arange(src_len, device=src_lengths.device)
    return (positions < src_lengths[:, None])[:, None, :]


class DotAttention(nn.Module):
    """score(h, s) = h · s.

    Source: Luong et al. 2015, section 3.1, equation 8, dot.
    """

    def __init__(self, hidden_size: int) -> None:
        """Make the attention of states of hidden_size units; it has no weights."""
        super().__init__()

    def project(self, values: Tensor) -> Tensor:
        """Return the keys of encoder states (batch, src_len, hidden)."""
        return values

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return the scores of queries (batch, queries, hidden), (batch, queries, src_len)."""
        # Scores are large, and softmax sees their differences: bf16 blurs the weights by a tenth.
        wide = torch.promote_types(queries.dtype, torch.float32)
        with torch.autocast(queries.device.type, enabled=False):
            return torch.bmm(queries.to(wide), keys.transpose(1, 2).to(wide))


class GeneralAttention(DotAttention):
    """score(h, s) = h · W s, with W = V / sqrt(hidden) and V what is learnt.

    A step of Adam moves every entry of a matrix by about the learning rate, and so a score by the
    sum of hidden * hidden such moves: learnt as it stands, W makes scores of hundreds within
    minutes, and attention hard before it has found its place.

    Source: Luong et al. 2015, section 3.1, equation 8, general; the scale is that of Vaswani et
    al. 2017, equation 1.
    """

    def __init__(self, hidden_size: int) -> None:
        """Make the attention of states of hidden_size units."""
        super().__init__(hidden_size)
        self.projection = nn.Linear(hidden_size, hidden_size, bias=False)  # V
        self.scale = hidden_size**-0.5

    def project(self, values: Tensor) -> Tensor:
        """Return W s for encoder states (batch, src_len, hidden)."""
        projected: Tensor = linear(values, self.projection.weight) * self.scale
        return projected


class AdditiveAttention(nn.Module):
    """score(h, s) = v · tanh(W h + U s).

    Source: Bahdanau et al. 2015, section A.1.2.
    """

    def __init__(self, hidden_size: int) -> None:
        """Make the attention of states of hidden_size units."""
        super().__init__()
        self.query_projection = nn.Linear(hidden_size, hidden_size)
        self.key_projection = nn.Linear(hidden_size, hidden_size, bias=False)
        self.score_weight = nn.Linear(hidden_size, 1, bias=False)

    def project(self, values: Tensor) -> Tensor:
        """Return U s for encoder states (batch, src_len, hidden)."""
        projected: Tensor = self.key_projection(values)
        return projected

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return the scores of queries (batch, queries, hidden), (batch, queries, src_len)."""
        sums = self.query_projection(queries)[:, :, None] + keys[:, None]
        scores: Tensor = self.score_weight(torch.tanh(sums)).squeeze(-1)
        return scores


ATTENTIONS: dict[str, Callable[[int], DotAttention | AdditiveAttention] | None] = {
    "none": None,
    "dot": DotAttention,
    "general": GeneralAttention,
    "additive": AdditiveAttention,
}


def attend(
    attention: DotAttention | AdditiveAttention, queries: Tensor, memory: Memory
) -> tuple[Tensor, Tensor]:
    """Return what the queries read from the memory.

    Args:
        attention: Gives the scores.
        queries: Decoder states, (batch, queries, hidden).
        memory: Encoder states of the same sentences.

    Returns:
        Contexts, (batch, queries, hidden), and weights, (batch, queries, src_len): zero at
        padding, summing to 1.
    """
    scores = attention.scores(queries, memory.keys)
    weights = scores.masked_fill(~memory.can_attend, -torch.inf).softmax(dim=-1)
    return torch.bmm(weights.to(memory.values.dtype), memory.values), weights
