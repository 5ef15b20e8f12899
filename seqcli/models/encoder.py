"""Source ids -> a state for every piece, and the states that start the decoder.

Place: batches -> **encoder** -> attention and decoder.
Axes: batch = sentences, src_len = source pieces with EOS, hidden = units of a layer (of both
directions together if bidirectional).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from seqcli.models.cells import State
from seqcli.models.dropout import Dropout
from seqcli.models.recurrence import RecurrentLayer, read_directions


@dataclass(frozen=True)
class Encoded:
    """A read source."""

    outputs: Tensor  # states of the top layer, (batch, src_len, hidden)
    states: tuple[State, ...]  # last state of each layer, its tensors (batch, hidden)


class Encoder(nn.Module):
    """Stacked recurrent layers over the source, in one direction or in both.

    Source: Sutskever et al. 2014 (stacked, one direction); Bahdanau et al. 2015 (both).
    """

    def __init__(
        self,
        *,
        cell: str,
        emb_size: int,
        hidden_size: int,
        layers: int,
        bidirectional: bool,
        dropout: float,
    ) -> None:
        """Make an encoder; with two directions each has hidden_size / 2 units."""
        super().__init__()
        directions = 2 if bidirectional else 1
        assert hidden_size % directions == 0
        sizes = [emb_size] + [hidden_size] * (layers - 1)
        self.layers = nn.ModuleList(
            nn.ModuleList(
                RecurrentLayer(cell, size, hidden_size // directions) for _ in range(directions)
            )
            for size in sizes
        )
        self.dropout = Dropout(dropout)

    def forward(self, embedded: Tensor, src_lengths: Tensor) -> Encoded:
        """Read the source.

        Args:
            embedded: Embedded pieces, (src_len, batch, emb).
            src_lengths: Real pieces of each sentence, EOS included, (batch,); at least 1.
        """
        src_len = embedded.shape[0]
        is_real: Tensor | None = None
        if int(src_lengths.min()) < src_len:
            positions = torch.arange(src_len, device=src_lengths.device)
            is_real = (positions[:, None] < src_lengths)[:, :, None]  # (src_len, batch, 1)
        outputs = self.dropout(embedded)
        states: list[State] = []
        for number, directions in enumerate(self.layers):
            if number > 0:
                outputs = self.dropout(outputs)
            layers = cast("list[RecurrentLayer]", list(directions.children()))
            nothing = [None] * len(layers)
            outputs, last = read_directions(
                layers, outputs, states=nothing, is_real=is_real, masks=nothing
            )
            states.append(tuple(torch.cat(parts, dim=-1) for parts in zip(*last, strict=True)))
        return Encoded(outputs.transpose(0, 1), tuple(states))
