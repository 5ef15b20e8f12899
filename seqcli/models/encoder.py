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

from seqcli.models.architecture import Architecture
from seqcli.models.cells import State
from seqcli.models.dropout import Dropout, times
from seqcli.models.recurrence import RecurrentLayer, read_directions


@dataclass(frozen=True)
class Encoded:
    """A read source."""

    outputs: Tensor  # states of the top layer, (batch, src_len, hidden)
    states: tuple[State, ...]  # last state of each layer, its tensors (batch, hidden)


def real_steps(src_lengths: Tensor, src_len: int) -> Tensor | None:
    """Return where a step is no padding, (src_len, batch, 1), or None if there is none."""
    if int(src_lengths.min()) == src_len:
        return None
    positions = torch.arange(src_len, device=src_lengths.device)
    return (positions[:, None] < src_lengths)[:, :, None]


class Encoder(nn.Module):
    """Stacked recurrent layers over the source, in one direction or in both.

    Source: Sutskever et al. 2014 (stacked, one direction); Bahdanau et al. 2015 (both); residual
    connections as in Wu et al. 2016, section 3.1.
    """

    def __init__(self, architecture: Architecture) -> None:
        """Make an encoder; with two directions each has hidden_size / 2 units."""
        super().__init__()
        hidden_size = architecture.hidden_size
        directions = 2 if architecture.bidirectional else 1
        assert hidden_size % directions == 0
        sizes = [architecture.emb_size] + [hidden_size] * (architecture.layers - 1)
        self.layers = nn.ModuleList(
            nn.ModuleList(
                RecurrentLayer(
                    architecture.cell,
                    size,
                    hidden_size // directions,
                    layer_norm=architecture.layer_norm,
                )
                for _ in range(directions)
            )
            for size in sizes
        )
        self.residual = architecture.residual
        self.variational = architecture.variational_dropout
        self.dropout = Dropout(architecture.dropout)
        self.recurrent_dropout = Dropout(architecture.recurrent_dropout)
        self.context_dropout = Dropout(architecture.context_dropout)

    def forward(self, embedded: Tensor, src_lengths: Tensor) -> Encoded:
        """Read the source.

        Args:
            embedded: Embedded pieces, (src_len, batch, emb).
            src_lengths: Real pieces of each sentence, EOS included, (batch,); at least 1.
        """
        src_len, batch, _ = embedded.shape
        is_real = real_steps(src_lengths, src_len)
        outputs = embedded
        states: list[State] = []
        for number, directions in enumerate(self.layers):
            inputs = self._drop(self.dropout, outputs)
            layers = cast("list[RecurrentLayer]", list(directions.children()))
            units = (batch, layers[0].hidden_size)
            layer_outputs, last = read_directions(
                layers,
                inputs,
                states=[None] * len(layers),
                is_real=is_real,
                masks=[self.recurrent_dropout.draw(units, embedded) for _ in layers],
            )
            is_added = self.residual and number > 0
            outputs = outputs + layer_outputs if is_added else layer_outputs
            states.append(tuple(torch.cat(parts, dim=-1) for parts in zip(*last, strict=True)))
        outputs = self._drop(self.context_dropout, outputs)
        return Encoded(outputs.transpose(0, 1), tuple(states))

    def _drop(self, dropout: Dropout, x: Tensor) -> Tensor:
        """Apply dropout to a sequence, (src_len, batch, width)."""
        if self.variational:
            return times(x, dropout.draw((1, *x.shape[1:]), x))
        dropped: Tensor = dropout(x)
        return dropped
