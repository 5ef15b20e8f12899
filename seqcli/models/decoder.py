"""Previous target ids and a read source -> a readout for every position, from which ids follow.

Place: encoder -> **decoder** -> output layer (seq2seq.py) -> loss or search.
Two ways through the same weights: ``forward`` takes a whole gold prefix at once (teacher forcing),
``step`` takes one piece (free running, input feeding, search). They give the same readouts.
Axes: batch = sentences, tgt_len = target positions, rows = hypotheses: batch sentences with the
same number of beams each, side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqcli.models.attention import ATTENTIONS, Memory, attend, make_can_attend
from seqcli.models.cells import State
from seqcli.models.dropout import Dropout
from seqcli.models.encoder import Encoded
from seqcli.models.products import linear
from seqcli.models.recurrence import RecurrentLayer


@dataclass(frozen=True)
class DecoderState:
    """All that a decoder carries from one piece to the next."""

    layers: tuple[State, ...]  # each tensor (rows, hidden)
    fed: Tensor | None  # the last readout, (rows, readout); None without input feeding

    def select(self, rows: Tensor) -> DecoderState:
        """Return the state of some rows; rows are indices, (new_rows,)."""
        layers = tuple(tuple(part[rows] for part in state) for state in self.layers)
        return DecoderState(layers, None if self.fed is None else self.fed[rows])


class Decoder(nn.Module):
    """Stacked recurrent layers, attention over the source, and a readout.

    The readout is h~ = tanh(W_c [h; context]), and with input feeding it is joined to the next
    input. Without attention it is tanh(W_c h).

    Source: Luong et al. 2015, equation 5 and section 3.3.
    """

    def __init__(
        self,
        *,
        cell: str,
        emb_size: int,
        hidden_size: int,
        readout_size: int,
        layers: int,
        attention: str,
        input_feeding: bool,
        dropout: float,
    ) -> None:
        """Make a decoder.

        Args:
            cell: A key of ``CELLS``.
            emb_size: Width of a target embedding.
            hidden_size: Units of a layer, those of the encoder's outputs too.
            readout_size: Width of the readout.
            layers: Number of recurrent layers.
            attention: A key of ``ATTENTIONS``.
            input_feeding: Whether the last readout is part of the next input.
            dropout: Share of inputs, outputs between layers, and readouts zeroed in training.
        """
        super().__init__()
        input_size = emb_size + (readout_size if input_feeding else 0)
        sizes = [input_size] + [hidden_size] * (layers - 1)
        self.layers = nn.ModuleList(RecurrentLayer(cell, size, hidden_size) for size in sizes)
        make_attention = ATTENTIONS[attention]
        self.attention = None if make_attention is None else make_attention(hidden_size)
        read_size = hidden_size * (1 if self.attention is None else 2)
        self.readout = nn.Linear(read_size, readout_size)
        self.readout_size = readout_size
        self.input_feeding = input_feeding
        self.dropout = Dropout(dropout)

    def start(self, encoded: Encoded, src_lengths: Tensor) -> tuple[DecoderState, Memory | None]:
        """Return the state before the first piece, and what attention will read."""
        fed = None
        if self.input_feeding:
            fed = encoded.outputs.new_zeros(encoded.outputs.shape[0], self.readout_size)
        memory = None
        if self.attention is not None:
            memory = Memory(
                keys=self.attention.project(encoded.outputs),
                values=encoded.outputs,
                can_attend=make_can_attend(src_lengths, encoded.outputs.shape[1]),
            )
        return DecoderState(encoded.states, fed), memory

    def forward(self, embedded: Tensor, state: DecoderState, memory: Memory | None) -> Tensor:
        """Return the readouts of all positions, given the gold piece before each.

        Args:
            embedded: Embedded previous pieces, (tgt_len, batch, emb).
            state: State before the first.
            memory: What attention reads.

        Returns:
            Readouts, (batch, tgt_len, readout).
        """
        if self.input_feeding:
            readouts = []
            for embedded_step in embedded:
                readout, state, _ = self.step(embedded_step, state, memory)
                readouts.append(readout)
            return torch.stack(readouts, dim=1)
        outputs = embedded
        for layer, layer_state in zip(self.layers, state.layers, strict=True):
            outputs, _ = layer(self.dropout(outputs), layer_state)
        readouts_of_all, _ = self._read(outputs.transpose(0, 1), memory)
        return readouts_of_all

    def step(
        self, embedded: Tensor, state: DecoderState, memory: Memory | None
    ) -> tuple[Tensor, DecoderState, Tensor | None]:
        """Return the readout after one more piece.

        Args:
            embedded: The embedded previous piece, (rows, emb).
            state: State before it, of the same rows.
            memory: What attention reads, of batch sentences; rows is a multiple of batch.

        Returns:
            Readout, (rows, readout); the new state; attention weights, (rows, src_len), or None.
        """
        inputs = embedded if state.fed is None else torch.cat([embedded, state.fed], dim=-1)
        states = []
        for layer, layer_state in zip(self.layers, state.layers, strict=True):
            assert isinstance(layer, RecurrentLayer)
            new_state = layer.step(self.dropout(inputs), layer_state)
            inputs = new_state[0]
            states.append(new_state)
        rows = inputs.shape[0]
        batch = rows if memory is None else memory.values.shape[0]
        readout, weights = self._read(inputs.view(batch, rows // batch, -1), memory)
        readout = readout.reshape(rows, -1)
        if weights is not None:
            weights = weights.reshape(rows, -1)
        fed = readout if self.input_feeding else None
        return readout, DecoderState(tuple(states), fed), weights

    def _read(self, outputs: Tensor, memory: Memory | None) -> tuple[Tensor, Tensor | None]:
        """Return readouts of top states (batch, queries, hidden), and attention weights."""
        weights = None
        outputs = outputs.to(self.readout.weight.dtype)
        if self.attention is not None:
            assert memory is not None
            contexts, weights = attend(self.attention, outputs, memory)
            outputs = torch.cat([outputs, contexts.to(outputs.dtype)], dim=-1)
        readout = linear(outputs, self.readout.weight, self.readout.bias)
        return self.dropout(torch.tanh(readout)), weights
