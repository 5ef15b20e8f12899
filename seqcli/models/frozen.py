"""A trained model -> the same model laid out for a search, which reads its weights at every step.

Place: Seq2Seq -> **FrozenSeq2Seq** -> decoding/search.py. What does not change while a text is
translated is made once: the input products of all pieces, as a table, and the other weights as
their products read them best. The equations are those of decoder.py, whose ``step`` says the same.
Axes: batch = sentences, rows = hypotheses: batch sentences with the same number of beams each, side
by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from seqcli.models.attention import DotAttention, Memory, attend
from seqcli.models.kernels import compiled_for, steps_for
from seqcli.models.products import FixedProduct
from seqcli.models.recurrence import RecurrentLayer
from seqcli.models.runs import wide_dtype
from seqcli.models.seq2seq import Seq2Seq

# What a layer carries: h as its gates read it, h as products read it, and c of an LSTM.
LayerState = tuple[Tensor, ...]


@dataclass(frozen=True)
class FrozenState:
    """All that a decoder carries from one piece to the next."""

    layers: tuple[LayerState, ...]  # each tensor (rows, hidden)
    fed: Tensor | None  # the last readout, (rows, readout); None without input feeding

    def select(self, rows: Tensor) -> FrozenState:
        """Return the state of some rows; rows are indices, (new_rows,)."""
        layers = []
        for wide, narrow, *rest in self.layers:
            chosen = wide[rows]
            same = chosen if narrow is wide else narrow[rows]
            layers.append((chosen, same, *(part[rows] for part in rest)))
        return FrozenState(tuple(layers), None if self.fed is None else self.fed[rows])


@dataclass(frozen=True)
class FrozenMemory:
    """What attention reads, a row of units for every source piece."""

    keys: Tensor  # (batch, src_len, hidden), contiguous
    values: Tensor  # (batch, src_len, hidden), contiguous
    lengths: Tensor  # real pieces of each, (batch,)

    def select(self, rows: Tensor) -> FrozenMemory:
        """Return the memory of some sentences; rows are indices, (rows,)."""
        return FrozenMemory(self.keys[rows], self.values[rows], self.lengths[rows])


@dataclass(frozen=True)
class FrozenReading:
    """A read source, ready to be translated."""

    state: FrozenState
    memory: FrozenMemory | Memory | None


class _FrozenLayer:
    """One step of a recurrent layer, given its input product."""

    def __init__(self, layer: RecurrentLayer) -> None:
        """Lay out the recurrent weights."""
        self.cell, self.hidden = layer.cell, layer.hidden_size
        weight = layer.hidden_weight.detach()
        self.bias = None if layer.recurrent_bias is None else layer.recurrent_bias.detach()
        self.steps = steps_for(weight)
        split = 2 * self.hidden if self.cell == "gru" else len(weight)
        parts = weight.split([split, len(weight) - split])
        self.products = [FixedProduct(part) for part in parts if len(part)]

    def start(self, state: tuple[Tensor, ...]) -> LayerState:
        """Return the state of a layer of ``Decoder`` as this one carries it."""
        h, *rest = state
        wide = h.to(wide_dtype(h.dtype))
        narrow = wide if wide.dtype == h.dtype else h
        return (wide, narrow, *(part.to(wide.dtype) for part in rest))

    def step(self, x_part: Tensor, state: LayerState) -> LayerState:
        """Return the state after one step; x_part is its input product, (rows, gates * hidden)."""
        wide, narrow, *rest = state
        h_part = self.products[0](narrow)
        new_wide = torch.empty_like(wide)
        new_narrow = new_wide if narrow is wide else torch.empty_like(narrow)
        sizes = (self.hidden, None, x_part)
        if self.cell == "rnn":
            self.steps.rnn_forward(*sizes, h_part, wide, new_wide, new_narrow)
            return new_wide, new_narrow
        gates = wide.new_empty(x_part.shape)
        if self.cell == "lstm":
            c, new_c, tanh_c = rest[0], torch.empty_like(rest[0]), torch.empty_like(rest[0])
            states = (narrow, c, gates, tanh_c, new_narrow, new_c)
            self.steps.lstm_forward(*sizes, h_part, *states)
            if new_narrow is not new_wide:
                new_wide.copy_(new_narrow)
            return new_wide, new_narrow, new_c
        if self.cell == "gru-cudnn":
            news = (torch.empty_like(wide), new_wide, new_narrow)
            self.steps.gru_cudnn_forward(*sizes, h_part, self.bias, wide, gates, *news)
            return new_wide, new_narrow
        reset_h = torch.empty_like(narrow)
        self.steps.gru_gates_forward(*sizes, h_part, wide, None, gates, reset_h)
        h_part = self.products[1](reset_h)
        self.steps.gru_new_forward(*sizes, h_part, wide, gates, new_wide, new_narrow)
        return new_wide, new_narrow


class FrozenSeq2Seq:
    """A model in evaluation mode whose weights stay as they are; for searches only."""

    def __init__(self, model: Seq2Seq) -> None:
        """Lay out the weights of a model; use ``freeze``, which knows what can be laid out."""
        self._model, decoder = model, model.decoder
        self._attention = decoder.attention
        layers = [layer for layer in decoder.layers if isinstance(layer, RecurrentLayer)]
        self._layers = [_FrozenLayer(layer) for layer in layers]
        self._inputs = [FixedProduct(layer.input_weight, layer.bias) for layer in layers[1:]]
        embedding = model.tgt_embedding.weight * model.emb_scale  # (vocab, emb)
        of_piece, of_fed = layers[0].input_weight.split(
            [embedding.shape[1], layers[0].input_weight.shape[1] - embedding.shape[1]], dim=1
        )
        self._table = FixedProduct(of_piece, layers[0].bias)(embedding)  # (vocab, gates * hidden)
        self._of_fed = FixedProduct(of_fed.contiguous()) if decoder.input_feeding else None
        self._readout = FixedProduct(decoder.readout.weight, decoder.readout.bias, then_tanh=True)
        self._output = FixedProduct(model.output.weight, model.output.bias)
        self._fused = compiled_for(model.output.weight)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._model.device

    @property
    def has_attention(self) -> bool:
        """Whether the decoder looks at the source."""
        return self._model.has_attention

    def read(self, src: Tensor, src_lengths: Tensor) -> FrozenReading:
        """Encode sources, as ``Seq2Seq.read``."""
        reading = self._model.read(src, src_lengths)
        state = reading.state
        layers = zip(self._layers, state.layers, strict=True)
        frozen = FrozenState(tuple(layer.start(own) for layer, own in layers), state.fed)
        memory = reading.memory
        if memory is None or not self._attends_fused():
            return FrozenReading(frozen, memory)
        keys, values = (
            part.transpose(1, 2).flatten(2).contiguous() for part in (memory.keys, memory.values)
        )
        return FrozenReading(frozen, FrozenMemory(keys, values, src_lengths))

    def _attends_fused(self) -> bool:
        return self._fused is not None and isinstance(self._attention, DotAttention)

    def step(
        self, prev_ids: Tensor, state: FrozenState, memory: FrozenMemory | Memory | None
    ) -> tuple[Tensor, FrozenState, None]:
        """Feed one piece to each hypothesis, as ``Seq2Seq.step``, which tells the weights too.

        Returns:
            Readout, (rows, readout); the new state; None.
        """
        decoder = self._model.decoder
        x_part = self._table[prev_ids]
        if self._of_fed is not None:
            assert state.fed is not None
            x_part = x_part + self._of_fed(state.fed)
        states = [self._layers[0].step(x_part, state.layers[0])]
        outputs, context = states[0][0], None
        if decoder.asks_from_bottom:
            context = self._ask(outputs, memory)[:, outputs.shape[1] :]
        for product, layer, old in zip(
            self._inputs, self._layers[1:], state.layers[1:], strict=True
        ):
            read = outputs.to(x_part.dtype)
            inputs = read if context is None else torch.cat([read, context], dim=-1)
            states.append(layer.step(product(inputs), old))
            outputs = outputs + states[-1][0] if decoder.residual else states[-1][0]
        if context is None:
            asked = self._ask(outputs, memory)
        else:
            asked = torch.cat([outputs.to(context.dtype), context], dim=-1)
        readout = self._readout(asked)
        fed = readout if self._of_fed is not None else None
        return readout, FrozenState(tuple(states), fed), None

    def _ask(self, queries: Tensor, memory: FrozenMemory | Memory | None) -> Tensor:
        """Return queries (rows, hidden) and their contexts side by side, (rows, 2 * hidden)."""
        narrow = self._table.dtype
        if self._attention is None:
            return queries.to(narrow)
        if isinstance(memory, FrozenMemory):
            assert self._fused is not None
            keys, values, lengths = memory.keys, memory.values, memory.lengths
            return self._fused.attend(queries, keys, values, lengths, heads=self._attention.heads)
        assert memory is not None
        asking = queries.to(narrow)
        by_sentence = asking.view(len(memory.values), -1, asking.shape[1])
        context, _ = attend(self._attention, by_sentence, memory)
        return torch.cat([asking, context.reshape(asking.shape).to(narrow)], dim=-1)

    def logits(self, readouts: Tensor) -> Tensor:
        """Return the scores of every piece, (rows, vocab), of readouts (rows, readout)."""
        return self._output(readouts)


@torch.no_grad()
def freeze(model: Seq2Seq) -> FrozenSeq2Seq | Seq2Seq:
    """Return a model laid out for a search; or itself, if its cells have layer norms.

    Args:
        model: In evaluation mode, where and in the dtype that it shall compute in. Its weights
            must not be changed afterwards.
    """
    has_norm = any(
        isinstance(layer, RecurrentLayer) and layer.gain is not None
        for layer in model.decoder.layers
    )
    return model if has_norm else FrozenSeq2Seq(model)
