"""Recurrent layers and the encoder, laid out for a search: input products as a table of pieces.

Place: Seq2Seq -> **frozen layers** -> frozen.py. The equations are those of cells.py.
Axes: rows = hypotheses or sentences, gates = affine maps of a cell, hidden = units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from seqcli.models.encoder import real_steps
from seqcli.models.fixed_products import FixedProduct, ProductKind
from seqcli.models.kernels import compiled_for, steps_for
from seqcli.models.products import linear
from seqcli.models.recurrence import RecurrentLayer
from seqcli.models.runs import wide_dtype
from seqcli.models.seq2seq import Seq2Seq

# What a layer carries: h as its gates read it, h as products read it, and c of an LSTM.
LayerState = tuple[Tensor, ...]


class FrozenLayer:
    """One step of a recurrent layer, given its input product."""

    def __init__(self, layer: RecurrentLayer, kind: ProductKind) -> None:
        """Lay out the recurrent weights; h is within -1 and 1, whatever the cell."""
        self.cell, self.hidden = layer.cell, layer.hidden_size
        self.gates = len(layer.hidden_weight) // layer.hidden_size
        weight, bias = layer.hidden_weight.detach(), layer.recurrent_bias
        self.bias = None if bias is None else bias.detach().to(kind.dtype)
        self.steps = steps_for(weight.new_empty(0, dtype=kind.dtype))
        split = 2 * self.hidden if self.cell == "gru" else len(weight)
        parts = weight.split([split, len(weight) - split])
        self.products = [FixedProduct(part, None, kind) for part in parts if len(part)]
        packed = [product.packed_bytes() for product in self.products]
        self.packed = [(p.weights, p.zeros, p.scales) for p in packed if p is not None]

    def start(self, state: tuple[Tensor, ...]) -> LayerState:
        """Return the state of a layer, (h,) or (h, c), as this one carries it."""
        h, *rest = state
        wide = h.to(wide_dtype(h.dtype))
        narrow = wide if wide.dtype == h.dtype else h
        return (wide, narrow, *(part.to(wide.dtype) for part in rest))

    def run(
        self,
        x_part: Tensor,
        state: LayerState,
        is_real: Tensor | None = None,
        outputs: Tensor | None = None,
        *,
        backwards: bool = False,
    ) -> LayerState:
        """Return the state after some steps.

        Args:
            x_part: Input products, (steps, rows, gates * hidden).
            state: State before them.
            is_real: True where a step is no padding, (steps, rows, 1); None if there is none.
            outputs: Takes h of every step, (steps, rows, hidden), if given.
            backwards: Whether to begin at the end.
        """
        compiled = compiled_for(x_part) if self.packed else None
        if compiled is not None and compiled.runs_layers() and len(state[0]):
            wide, narrow, *rest = state
            new = (wide.clone(), narrow.clone(), *(part.clone() for part in rest))
            weights, bias = self.packed, self.bias
            compiled.run_layer(
                self.cell, new, x_part, is_real, weights, bias, outputs, backwards=backwards
            )
            return new
        for time in reversed(range(len(x_part))) if backwards else range(len(x_part)):
            state = self.step(x_part[time], state, None if is_real is None else is_real[time])
            if outputs is not None:
                outputs[time] = state[1]
        return state

    def step(self, x_part: Tensor, state: LayerState, is_real: Tensor | None = None) -> LayerState:
        """Return the state after one step.

        Args:
            x_part: Its input product, (rows, gates * hidden).
            state: State before it.
            is_real: True where the step is no padding, (rows, 1); None if there is none.
        """
        wide, narrow, *rest = state
        h_part = self.products[0](narrow)
        new_wide = torch.empty_like(wide)
        new_narrow = new_wide if narrow is wide else torch.empty_like(narrow)
        first = (self.hidden, is_real, x_part)
        if self.cell == "rnn":
            self.steps.rnn_forward(*first, h_part, wide, new_wide, new_narrow)
            return new_wide, new_narrow
        gates = wide.new_empty(x_part.shape)
        if self.cell == "lstm":
            c, new_c, tanh_c = rest[0], torch.empty_like(rest[0]), torch.empty_like(rest[0])
            states = (narrow, c, gates, tanh_c, new_narrow, new_c)
            self.steps.lstm_forward(*first, h_part, *states)
            if new_narrow is not new_wide:
                new_wide.copy_(new_narrow)
            return new_wide, new_narrow, new_c
        if self.cell == "gru-cudnn":
            news = (torch.empty_like(wide), new_wide, new_narrow)
            self.steps.gru_cudnn_forward(*first, h_part, self.bias, wide, gates, *news)
            return new_wide, new_narrow
        reset_h = torch.empty_like(narrow)
        self.steps.gru_gates_forward(*first, h_part, wide, None, gates, reset_h)
        h_part = self.products[1](reset_h)
        self.steps.gru_new_forward(*first, h_part, wide, gates, new_wide, new_narrow)
        return new_wide, new_narrow


def input_table(embedding: Tensor, layers: Sequence[RecurrentLayer], kind: ProductKind) -> Tensor:
    """Return the input products of every piece for some layers side by side.

    Args:
        embedding: (vocab, emb).
        layers: Their input weights begin with those of the embedding.
        kind: Has the dtype of the table.

    Returns:
        (vocab, layers * gates * hidden).
    """
    width = embedding.shape[1]
    sums = [linear(embedding, layer.input_weight[:, :width], layer.bias) for layer in layers]
    return torch.cat(sums, dim=-1).to(kind.dtype)


class FrozenEncoder:
    """``Encoder``, reading pieces by their table."""

    def __init__(self, model: Seq2Seq, kind: ProductKind) -> None:
        """Lay out the weights of a model's encoder."""
        encoder = model.encoder
        layers = [
            cast("list[RecurrentLayer]", list(directions.children()))
            for directions in encoder.layers
        ]
        self.residual = encoder.residual
        self.table = input_table(model.src_embedding.weight * model.emb_scale, layers[0], kind)
        above = kind.unbounded if self.residual else kind
        self.inputs = [
            FixedProduct(
                torch.cat([layer.input_weight for layer in directions]),
                torch.cat([layer.bias for layer in directions]),
                above,
            )
            for directions in layers[1:]
        ]
        self.layers = [[FrozenLayer(layer, kind) for layer in each] for each in layers]

    def __call__(self, src: Tensor, src_lengths: Tensor) -> tuple[Tensor, list[tuple[Tensor, ...]]]:
        """Read sources (batch, src_len).

        Returns:
            States of the top layer, (batch, src_len, hidden), and the last state of each layer,
            h or h and c, each (batch, hidden).
        """
        length = src.shape[1]
        is_real = real_steps(src_lengths, length)
        outputs = None
        last = []
        for number, directions in enumerate(self.layers):
            if outputs is None:
                x_part = self.table[src.t()]
            else:
                x_part = self.inputs[number - 1](outputs.flatten(0, 1)).unflatten(0, (length, -1))
            read, ends = self._read(directions, x_part, is_real)
            outputs = outputs + read if self.residual and outputs is not None else read
            last.append(ends)
        assert outputs is not None
        return outputs.transpose(0, 1).contiguous(), last

    def _read(
        self, directions: Sequence[FrozenLayer], x_part: Tensor, is_real: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the states of a layer, (length, batch, hidden), and the last of all directions."""
        length, batch, width = x_part.shape
        hidden, gates = directions[0].hidden, width // len(directions)
        outputs = x_part.new_empty(length, batch, hidden * len(directions))
        ends = []
        for number, layer in enumerate(directions):
            zeros = x_part.new_zeros(batch, hidden)
            state = layer.start((zeros, zeros) if layer.cell == "lstm" else (zeros,))
            state = layer.run(
                x_part[..., number * gates : (number + 1) * gates],
                state,
                is_real,
                outputs[..., number * hidden : (number + 1) * hidden],
                backwards=number > 0,
            )
            ends.append((state[1], *state[2:]))
        return outputs, tuple(torch.cat(parts, dim=-1) for parts in zip(*ends, strict=True))
