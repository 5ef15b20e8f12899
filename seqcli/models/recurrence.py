"""The cells of cells.py over a whole sequence: this is where training speed lives.

Place: embeddings or a lower layer -> **hidden states of every step** -> attention, next layer.
The input products of all steps are one product, so are their weight gradients, and both directions
of a bidirectional layer go together and write side by side, where the next layer reads them. What
happens at a step is in runs.py. Products are computed in the dtype of the inputs; gates, states and
their gradients in fp32 at least.
Axes: length = time steps, batch = sentences, hidden = units. Tensors are time-major, so that a
step is one contiguous block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from seqcli.models.cell_runs import RUNS, LstmRun
from seqcli.models.cells import CELLS, State
from seqcli.models.layer_norm import normalize
from seqcli.models.products import linear
from seqcli.models.runs import Job, Run, wide_dtype


class _Recurrence(torch.autograd.Function):
    """All directions of a layer over a sequence."""

    @staticmethod
    def forward(
        ctx: Any,
        cell: str,
        is_real: Tensor | None,
        masks: Sequence[Tensor | None],
        x_part: Tensor,
        *tensors: Tensor | None,
    ) -> tuple[Tensor, ...]:
        """Return the outputs, (length, batch, directions * hidden), and all last states.

        ``tensors`` are, for each direction: weight, bias, gain, shift, and the state.
        """
        directions, each = len(masks), len(tensors) // len(masks)
        length, batch, width = x_part.shape
        weight = tensors[0]
        assert weight is not None
        gates, hidden = width // directions, weight.shape[1]
        states = x_part.new_empty(length + 2, batch, directions * hidden)
        runs = []
        for number, mask in enumerate(masks):
            job = Job(
                backwards=number == 1,
                is_real=is_real,
                mask=mask,
                length=length,
                batch=batch,
            )
            parts = (
                x_part[..., number * gates : (number + 1) * gates],
                states[..., number * hidden : (number + 1) * hidden],
            )
            make: Callable[..., Run] = RUNS[cell]
            runs.append(make(job, *parts, *tensors[number * each : (number + 1) * each]))
        for step in range(length):
            for run in runs:
                run.forward(step)
        last: list[Tensor] = []
        for run in runs:
            last.append(run.hs[run.last].clone())
            if isinstance(run, LstmRun):
                last.append(run.cs[run.last].to(x_part.dtype, copy=True))
        kept = [run.put_away() for run in runs]
        ctx.save_for_backward(*(tensor for tensors in kept for tensor in tensors.values()))
        ctx.runs = [(run, list(tensors)) for run, tensors in zip(runs, kept, strict=True)]
        return states[1:-1], *last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_out: Tensor, *last: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of everything given."""
        saved = iter(ctx.saved_tensors)
        for run, names in ctx.runs:
            run.take_back({name: next(saved) for name in names})
        runs: list[Run] = [run for run, _ in ctx.runs]
        if grad_out.stride(-1) != 1:
            grad_out = grad_out.contiguous()
        length, batch, _ = grad_out.shape
        width = runs[0].gates * runs[0].hidden
        x_part_grad = grad_out.new_empty(length, batch, len(runs) * width)
        each = len(last) // len(runs)
        for number, run in enumerate(runs):
            run.start_backward(
                grad_out[..., number * run.hidden : (number + 1) * run.hidden],
                x_part_grad[..., number * width : (number + 1) * width],
                *last[number * each : (number + 1) * each],
            )
        for step in reversed(range(length)):
            for run in runs:
                run.backward(step)
        grads = [grad for run in runs for grad in run.grads()]
        for run in runs:
            run.put_away()
        return None, None, None, x_part_grad, *grads


class RecurrentLayer(nn.Module):
    """One recurrent layer in one direction: the same weights at every step."""

    def __init__(
        self, cell: str, input_size: int, hidden_size: int, *, layer_norm: bool = False
    ) -> None:
        """Make the layer with the usual starting weights.

        Input weights are Glorot uniform, recurrent weights orthogonal gate by gate, biases zero
        but for the gate that weighs the old state, which keeps more of it at first: the LSTM's
        forget gate starts at 1 (Jozefowicz et al. 2015), the GRU's update gate as far towards the
        old state (Tallec & Ollivier 2018, section 2, has such a bias for both).

        Args:
            cell: A key of ``CELLS``.
            input_size: Width of x_t.
            hidden_size: Width of h_t.
            layer_norm: Whether the sums inside the gates are normalised (``layer_norm.py``); the
                bias is then added after that.
        """
        super().__init__()
        self.cell = cell
        self.kind = CELLS[cell]
        self.hidden_size = hidden_size
        gates = self.kind.gates
        self.input_weight = nn.Parameter(torch.empty(gates * hidden_size, input_size))
        self.hidden_weight = nn.Parameter(torch.empty(gates * hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.zeros(gates * hidden_size))
        self.recurrent_bias = (
            nn.Parameter(torch.zeros(hidden_size)) if self.kind.has_recurrent_bias else None
        )
        self.gain = nn.Parameter(torch.ones(gates * hidden_size)) if layer_norm else None
        with torch.no_grad():
            for weight in self.input_weight.chunk(gates):
                nn.init.xavier_uniform_(weight)
            for weight in self.hidden_weight.chunk(gates):
                nn.init.orthogonal_(weight)
            if self.kind.start_bias is not None:
                gate, bias = self.kind.start_bias
                self.bias.chunk(gates)[gate].fill_(bias)

    def zero_state(self, like: Tensor, batch: int) -> State:
        """Return the state before the first step: zeros, each (batch, hidden)."""
        zeros = like.new_zeros(batch, self.hidden_size)
        return (zeros,) * self.kind.states

    @property
    def input_bias(self) -> Tensor | None:
        """What the input product adds: the bias, unless that comes after a layer norm."""
        return self.bias if self.gain is None else None

    def _normalize(self, sums: Tensor, first: int) -> Tensor:
        """Normalise the sums of the gates from ``first`` on, (batch, some * hidden)."""
        assert self.gain is not None
        split = sums.view(len(sums), -1, self.hidden_size)
        some = slice(first, first + split.shape[1])
        shape = (self.kind.gates, self.hidden_size)
        normal = normalize(split, self.gain.view(shape)[some], self.bias.view(shape)[some])
        return normal.flatten(1)

    def step(self, x: Tensor, state: State, mask: Tensor | None = None) -> State:
        """Return the state after one step.

        Args:
            x: x_t, (batch, input).
            state: State before it.
            mask: Factors of h before its products, (batch, hidden).
        """
        x_part = linear(x.to(self.input_weight.dtype), self.input_weight, self.input_bias)
        return self.kind.step(
            x_part.to(wide_dtype(x_part.dtype)),
            state,
            self.hidden_weight,
            self.recurrent_bias,
            None if self.gain is None else self._normalize,
            mask,
        )

    def forward(
        self,
        x: Tensor,
        state: State | None = None,
        is_real: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Return the hidden states of every step and the state after the last.

        Args:
            x: The sequence, (length, batch, input).
            state: State before the first step; zeros if None.
            is_real: True where a step is no padding, (length, batch, 1); None if there is none.
                A padded step leaves the state as it was.
            mask: Factors of h before its products, the same at every step, (batch, hidden):
                recurrent dropout as in Gal & Ghahramani 2016, section 4.2. None for ones.

        Returns:
            Hidden states, (length, batch, hidden), and the last state.
        """
        outputs, (last,) = read_directions([self], x, states=[state], is_real=is_real, masks=[mask])
        return outputs, last


def read_directions(
    layers: Sequence[RecurrentLayer],
    x: Tensor,
    *,
    states: Sequence[State | None],
    is_real: Tensor | None = None,
    masks: Sequence[Tensor | None],
) -> tuple[Tensor, list[State]]:
    """Read a sequence from its first step to its last, and, with a second layer, from its last.

    Args:
        layers: One or two layers of the same cell and sizes; the second reads backwards.
        x: The sequence, (length, batch, input).
        states: State of each before it reads; zeros if None.
        is_real: As for ``RecurrentLayer.forward``.
        masks: As for ``RecurrentLayer.forward``, one of each layer.

    Returns:
        Hidden states, (length, batch, layers * hidden), and the last state of each layer.
    """
    first = layers[0]
    x = x.to(first.input_weight.dtype)
    weight: Tensor = first.input_weight
    bias = first.input_bias
    if len(layers) > 1:
        weight = torch.cat([layer.input_weight for layer in layers])
        if bias is not None:
            bias = torch.cat([layer.bias for layer in layers])
    x_part = linear(x, weight, bias)  # (length, batch, layers * gates * hidden)
    tensors: list[Tensor | None] = []
    for layer, state in zip(layers, states, strict=True):
        shift = None if layer.gain is None else layer.bias
        if state is None:
            state = layer.zero_state(x_part, x.shape[1])
        tensors += [layer.hidden_weight, layer.recurrent_bias, layer.gain, shift, *state]
    in_dtype = (None if tensor is None else tensor.to(x_part.dtype) for tensor in tensors)
    wide = wide_dtype(x_part.dtype)
    masks = [None if mask is None else mask.to(wide) for mask in masks]
    apply: Callable[..., Any] = _Recurrence.apply
    outputs, *last = apply(first.cell, is_real, masks, x_part, *in_dtype)
    each = first.kind.states
    return outputs, [tuple(last[i : i + each]) for i in range(0, len(last), each)]
