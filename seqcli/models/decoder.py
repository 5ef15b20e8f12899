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

from seqcli.models.architecture import Architecture
from seqcli.models.attention import ATTENTIONS, AttentionKind, Memory, attend
from seqcli.models.cells import State
from seqcli.models.dropout import Dropout, times
from seqcli.models.encoder import Encoded
from seqcli.models.products import linear
from seqcli.models.recurrence import RecurrentLayer

Factors = tuple[Tensor | None, ...]  # of Dropout.draw: None where everything is kept


@dataclass(frozen=True)
class DecoderCoins:
    """Dropout that stays the same over all steps of a sentence, drawn before the first."""

    inputs: Factors  # of each layer's input, (batch, width)
    states: Factors  # of each layer's h before its products, (batch, hidden)
    readout: Tensor | None  # (batch, readout)


@dataclass(frozen=True)
class DecoderState:
    """All that a decoder carries from one piece to the next."""

    layers: tuple[State, ...]  # each tensor (rows, hidden)
    fed: Tensor | None  # the last readout, (rows, readout); None without input feeding
    coins: DecoderCoins | None = None  # in training only, where rows are sentences

    def select(self, rows: Tensor) -> DecoderState:
        """Return the state of some rows; rows are indices, (new_rows,)."""
        assert self.coins is None, "rows are chosen in a search, which has no dropout"
        layers = tuple(tuple(part[rows] for part in state) for state in self.layers)
        return DecoderState(layers, None if self.fed is None else self.fed[rows])


class Decoder(nn.Module):
    """Stacked recurrent layers, attention over the source, and a readout.

    The readout is h~ = tanh(W_c [h; context]) with h of the top layer, and with input feeding it is
    joined to the next input. Without attention it is tanh(W_c h). The query of attention is the
    state of the top layer; or that of the bottom layer, and then every layer above reads the
    context beside the state below it.

    Source: Luong et al. 2015, equation 5 and section 3.3; Chen et al. 2018 (RNMT+), section 3.1,
    for attention from the bottom layer; Wu et al. 2016, section 3.1, for residual connections.
    """

    def __init__(self, architecture: Architecture) -> None:
        """Make a decoder."""
        super().__init__()
        hidden_size, readout_size = architecture.hidden_size, architecture.readout_size
        make_attention = ATTENTIONS[architecture.attention]
        self.attention: AttentionKind | None = None
        if make_attention is not None:
            self.attention = make_attention(hidden_size, architecture.attention_heads)
        read_size = hidden_size * (1 if self.attention is None else 2)
        self.asks_from_bottom = self.attention is not None and (
            architecture.attention_layer == "bottom"
        )
        self.input_feeding = architecture.input_feeding
        input_size = architecture.emb_size + (readout_size if self.input_feeding else 0)
        upper_size = read_size if self.asks_from_bottom else hidden_size
        self.layers = nn.ModuleList(
            RecurrentLayer(architecture.cell, size, hidden_size, layer_norm=architecture.layer_norm)
            for size in [input_size] + [upper_size] * (architecture.layers - 1)
        )
        self.input_sizes = (input_size, *[hidden_size] * (architecture.layers - 1))
        self.residual = architecture.residual
        self.readout = nn.Linear(read_size, readout_size)
        self.readout_size = readout_size
        self.variational = architecture.variational_dropout
        self.dropout = Dropout(architecture.dropout)
        self.recurrent_dropout = Dropout(architecture.recurrent_dropout)

    def start(self, encoded: Encoded, src_lengths: Tensor) -> tuple[DecoderState, Memory | None]:
        """Return the state before the first piece, and what attention will read."""
        fed = memory = None
        if self.input_feeding:
            fed = encoded.outputs.new_zeros(encoded.outputs.shape[0], self.readout_size)
        if self.attention is not None:
            memory = self.attention.remember(encoded.outputs, src_lengths)
        return DecoderState(encoded.states, fed, self._draw_coins(encoded.outputs)), memory

    def _draw_coins(self, like: Tensor) -> DecoderCoins | None:
        """Draw the dropout that all steps of a sentence share."""
        if not self.training or (self.recurrent_dropout.is_idle and not self.variational):
            return None
        batch = like.shape[0]

        def draw(width: int) -> Tensor | None:
            return self.dropout.draw((batch, width), like) if self.variational else None

        return DecoderCoins(
            inputs=tuple(draw(size) for size in self.input_sizes),
            states=tuple(
                self.recurrent_dropout.draw((batch, like.shape[2]), like) for _ in self.layers
            ),
            readout=draw(self.readout_size),
        )

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
        outputs, context = embedded, None
        for number, layer in enumerate(self.layers):
            inputs, mask = self._drop_input(number, outputs, state.coins)
            if number > 0 and context is not None:
                inputs = torch.cat([inputs, context.transpose(0, 1)], dim=-1)
            layer_outputs, _ = layer(inputs, state.layers[number], mask=mask)
            outputs = self._add(number, outputs, layer_outputs)
            if number == 0 and self.asks_from_bottom:
                context, _ = self._ask(outputs.transpose(0, 1), memory)
        top = outputs.transpose(0, 1)
        if not self.asks_from_bottom:
            context, _ = self._ask(top, memory)
        return self._read(top, context, state.coins)

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
        outputs = embedded if state.fed is None else torch.cat([embedded, state.fed], dim=-1)
        rows = outputs.shape[0]
        batch = rows if memory is None else memory.values.shape[0]
        context = weights = None
        states = []
        for number, layer in enumerate(self.layers):
            assert isinstance(layer, RecurrentLayer)
            inputs, mask = self._drop_input(number, outputs, state.coins)
            if number > 0 and context is not None:
                inputs = torch.cat([inputs, context.flatten(0, 1)], dim=-1)
            new_state = layer.step(inputs, state.layers[number], mask)
            outputs = self._add(number, outputs, new_state[0])
            states.append(new_state)
            if number == 0 and self.asks_from_bottom:
                context, weights = self._ask(outputs.view(batch, rows // batch, -1), memory)
        top = outputs.view(batch, rows // batch, -1)
        if not self.asks_from_bottom:
            context, weights = self._ask(top, memory)
        readout = self._read(top, context, state.coins).reshape(rows, -1)
        if weights is not None:
            weights = weights.reshape(rows, -1)
        fed = readout if self.input_feeding else None
        return readout, DecoderState(tuple(states), fed, state.coins), weights

    def _drop_input(
        self, number: int, x: Tensor, coins: DecoderCoins | None
    ) -> tuple[Tensor, Tensor | None]:
        """Return a layer's input (..., batch, width) after dropout, and the factors of its h."""
        mask = None if coins is None else coins.states[number]
        if self.variational:
            return (x if coins is None else times(x, coins.inputs[number])), mask
        return self.dropout(x), mask

    def _add(self, number: int, inputs: Tensor, outputs: Tensor) -> Tensor:
        """Return a layer's outputs, with its inputs added if there is a residual connection."""
        return inputs + outputs if self.residual and number > 0 else outputs

    def _ask(self, queries: Tensor, memory: Memory | None) -> tuple[Tensor | None, Tensor | None]:
        """Return contexts and weights of states (batch, queries, hidden), if there is attention."""
        if self.attention is None:
            return None, None
        assert memory is not None
        return attend(self.attention, queries.to(self.readout.weight.dtype), memory)

    def _read(self, top: Tensor, context: Tensor | None, coins: DecoderCoins | None) -> Tensor:
        """Return the readouts of top states and contexts, (batch, queries, hidden) each."""
        read = top.to(self.readout.weight.dtype)
        if context is not None:
            read = torch.cat([read, context.to(read.dtype)], dim=-1)
        readout = torch.tanh(linear(read, self.readout.weight, self.readout.bias))
        if self.variational:
            factors = None if coins is None else coins.readout
            return readout if factors is None else readout * factors[:, None]
        dropped: Tensor = self.dropout(readout)
        return dropped
