"""Decoder states and encoder states -> a context for each decoder state, and where it looked.

Place: recurrence -> **attention** -> readout of the decoder.
Axes: batch = sentences, queries = decoder states (time steps in training, beams in a search),
src_len = pieces of the source, hidden = units, heads = parts of a state that look by themselves,
size = hidden / heads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqcli.models.products import linear


@dataclass(frozen=True)
class Memory:
    """What attention reads: the encoder states, in the form that the scores need."""

    keys: Tensor  # (batch, heads, src_len, size), projected once for each sentence
    values: Tensor  # (batch, heads, src_len, size)
    can_attend: Tensor  # (batch, 1, src_len), True at real pieces

    def select(self, rows: Tensor) -> Memory:
        """Return the memory of some sentences; rows are indices, (rows,)."""
        return Memory(self.keys[rows], self.values[rows], self.can_attend[rows])


def make_can_attend(src_lengths: Tensor, src_len: int) -> Tensor:
    """Return a (batch, 1, src_len) mask, True where a decoder may look: real pieces, no padding."""
    positions = torch.arange(src_len, device=src_lengths.device)
    return (positions < src_lengths[:, None])[:, None, :]


class AttentionKind(nn.Module, ABC):
    """What the kinds of attention share: heads, and the values that they read.

    With several heads, each reads its own part of values that are projected first.

    Source: Vaswani et al. 2017, section 3.2.2, whose output projection is here that of the readout.
    """

    def __init__(self, hidden_size: int, heads: int = 1) -> None:
        """Make the attention of states of hidden_size units, a multiple of heads."""
        super().__init__()
        assert hidden_size % heads == 0
        self.heads = heads
        self.value_projection = (
            nn.Linear(hidden_size, hidden_size, bias=False) if heads > 1 else None
        )

    def remember(self, outputs: Tensor, src_lengths: Tensor) -> Memory:
        """Return the memory of encoder outputs.

        Args:
            outputs: (batch, src_len, hidden).
            src_lengths: Real pieces of each, (batch,).
        """
        return Memory(
            keys=self.split(self.project(outputs)),
            values=self.split(self.values(outputs)),
            can_attend=make_can_attend(src_lengths, outputs.shape[1]),
        )

    def values(self, outputs: Tensor) -> Tensor:
        """Return what is read of encoder outputs (batch, src_len, hidden), in the same shape."""
        if self.value_projection is None:
            return outputs
        projected: Tensor = linear(outputs, self.value_projection.weight)
        return projected

    def split(self, states: Tensor) -> Tensor:
        """Return states (batch, length, hidden) by head, (batch, heads, length, size)."""
        batch, length, hidden = states.shape
        return states.view(batch, length, self.heads, hidden // self.heads).transpose(1, 2)

    @abstractmethod
    def project(self, values: Tensor) -> Tensor:
        """Return the keys of encoder states (batch, src_len, hidden)."""

    @abstractmethod
    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return the scores of queries (batch, queries, hidden) at keys.

        Args:
            queries: Decoder states.
            keys: (batch, heads, src_len, size).

        Returns:
            (batch, heads, queries, src_len).
        """


class DotAttention(AttentionKind):
    """score(h, s) = h · s.

    Source: Luong et al. 2015, section 3.1, equation 8, dot.
    """

    def project(self, values: Tensor) -> Tensor:
        """Return the keys of encoder states (batch, src_len, hidden): the states."""
        return values

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return the scores, (batch, heads, queries, src_len)."""
        # Scores are large, and softmax sees their differences: bf16 blurs the weights by a tenth.
        wide = torch.promote_types(queries.dtype, torch.float32)
        with torch.autocast(queries.device.type, enabled=False):
            return self.split(queries.to(wide)) @ keys.transpose(-1, -2).to(wide)


class GeneralAttention(DotAttention):
    """score(h, s) = h · W s, with W = V / sqrt(size) and V what is learnt.

    A step of Adam moves every entry of a matrix by about the learning rate, and so a score by the
    sum of size * hidden such moves: learnt as it stands, W makes scores of hundreds within
    minutes, and attention hard before it has found its place.

    Source: Luong et al. 2015, section 3.1, equation 8, general; the scale is that of Vaswani et
    al. 2017, equation 1.
    """

    def __init__(self, hidden_size: int, heads: int = 1) -> None:
        """Make the attention of states of hidden_size units."""
        super().__init__(hidden_size, heads)
        self.projection = nn.Linear(hidden_size, hidden_size, bias=False)  # V
        self.scale = (hidden_size // heads) ** -0.5

    def project(self, values: Tensor) -> Tensor:
        """Return W s for encoder states (batch, src_len, hidden)."""
        projected: Tensor = linear(values, self.projection.weight) * self.scale
        return projected


class AdditiveAttention(AttentionKind):
    """score(h, s) = v · tanh(W h + U s), for each head with its own part of v, W and U.

    Source: Bahdanau et al. 2015, section A.1.2; with heads: Chen et al. 2018 (RNMT+), section 3.1.
    """

    def __init__(self, hidden_size: int, heads: int = 1) -> None:
        """Make the attention of states of hidden_size units."""
        super().__init__(hidden_size, heads)
        self.query_projection = nn.Linear(hidden_size, hidden_size)
        self.key_projection = nn.Linear(hidden_size, hidden_size, bias=False)
        self.score_weight = nn.Linear(hidden_size // heads, heads, bias=False)  # v of each head

    def project(self, values: Tensor) -> Tensor:
        """Return U s for encoder states (batch, src_len, hidden)."""
        projected: Tensor = self.key_projection(values)
        return projected

    def scores(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Return the scores, (batch, heads, queries, src_len)."""
        projected = self.split(self.query_projection(queries))
        sums = torch.tanh(projected[:, :, :, None] + keys[:, :, None])
        weight = self.score_weight.weight[:, None, :, None].to(sums.dtype)  # (heads, 1, size, 1)
        return (sums @ weight).squeeze(-1)


ATTENTIONS: dict[str, type[AttentionKind] | None] = {
    "none": None,
    "dot": DotAttention,
    "general": GeneralAttention,
    "additive": AdditiveAttention,
}


def attend(attention: AttentionKind, queries: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
    """Return what the queries read from the memory.

    Args:
        attention: Gives the scores.
        queries: Decoder states, (batch, queries, hidden).
        memory: Encoder states of the same sentences.

    Returns:
        Contexts, (batch, queries, hidden), and weights, (batch, queries, src_len), the mean over
        the heads: zero at padding, summing to 1.
    """
    scores = attention.scores(queries, memory.keys)
    weights = scores.masked_fill(~memory.can_attend[:, None], -torch.inf).softmax(dim=-1)
    contexts = weights.to(memory.values.dtype) @ memory.values
    if attention.heads == 1:
        return contexts[:, 0], weights[:, 0]
    return contexts.transpose(1, 2).flatten(2), weights.mean(dim=1)
