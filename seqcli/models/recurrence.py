"""The cells of cells.py over a whole sequence: this is where training speed lives.

Place: embeddings or a lower layer -> **hidden states of every step** -> attention, next layer.
Each cell has an autograd function with its backward pass written out. What that buys: the input
products of all steps are one product, so are the weight gradients of all steps, and a step keeps
only what its backward needs. Nothing here depends on the device. Products are computed in the dtype
of the inputs; gates, states and their gradients in fp32 at least.
Axes: length = time steps, batch = sentences, hidden = units. Tensors are time-major, so that a
step is one contiguous block.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from seqcli.models.cells import CELLS, State

sigmoid_backward_ = torch.ops.aten.sigmoid_backward.grad_input
tanh_backward_ = torch.ops.aten.tanh_backward.grad_input


def _wide(dtype: torch.dtype) -> torch.dtype:
    """Return the dtype of everything but products: bf16 has no digits left for 1 - σ near 1."""
    return torch.promote_types(dtype, torch.float32)


def _keep_padded(new: Tensor, old: Tensor, is_real: Tensor | None, step: int) -> None:
    """Give rows that are padding at this step their old state back."""
    if is_real is not None:
        torch.where(is_real[step], new, old, out=new)


def _split_grad(grad: Tensor, is_real: Tensor | None, step: int) -> tuple[Tensor, Tensor | None]:
    """Return the gradient that enters the cell, and the one that passes a padded row by."""
    if is_real is None:
        return grad, None
    zero = grad.new_zeros(())
    return torch.where(is_real[step], grad, zero), torch.where(is_real[step], zero, grad)


def _weight_grad(gate_grads: Tensor, inputs: Tensor) -> Tensor:
    """Return the sum over steps and sentences of gate_grad ⊗ input, (gates * hidden, hidden)."""
    return gate_grads.flatten(0, 1).t() @ inputs.flatten(0, 1)


def _buffer(length: int, first: Tensor, dtype: torch.dtype) -> Tensor:
    """Return room for the states before and after every step, (length + 1, batch, hidden)."""
    states = first.new_empty(length + 1, *first.shape, dtype=dtype)
    states[0] = first
    return states


class _Hidden:
    """The hidden states of a sequence: wide for the cell, and as products read them."""

    def __init__(self, x_part: Tensor, h: Tensor) -> None:
        self.wide = _buffer(x_part.shape[0], h, _wide(x_part.dtype))
        is_narrow = x_part.dtype != self.wide.dtype
        self.narrow = _buffer(x_part.shape[0], h, x_part.dtype) if is_narrow else self.wide

    def finish(self, step: int, is_real: Tensor | None) -> None:
        """Take the state that ``wide[step + 1]`` has now as the one after the step."""
        _keep_padded(self.wide[step + 1], self.wide[step], is_real, step)
        if self.narrow is not self.wide:
            self.narrow[step + 1] = self.wide[step + 1]


class _RnnSequence(torch.autograd.Function):
    """``cells.rnn_step`` at every step."""

    @staticmethod
    def forward(
        ctx: Any, x_part: Tensor, weight: Tensor, _bias: None, is_real: Tensor | None, h: Tensor
    ) -> tuple[Tensor, ...]:
        hs, weight_t = _Hidden(x_part, h), weight.t()
        for step in range(x_part.shape[0]):
            torch.add(x_part[step], hs.narrow[step] @ weight_t, out=hs.wide[step + 1]).tanh_()
            hs.finish(step, is_real)
        ctx.save_for_backward(weight, is_real, hs.wide, hs.narrow)
        return hs.narrow[1:], hs.narrow[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        weight, is_real, hs, narrow_hs = ctx.saved_tensors
        grad_out, grad_h = grads[0], grads[1].to(hs.dtype)
        gate_grads = torch.empty_like(narrow_hs[1:])
        for step in reversed(range(gate_grads.shape[0])):
            grad, passed = _split_grad(grad_h + grad_out[step], is_real, step)
            gate_grads[step] = torch.ops.aten.tanh_backward(grad, hs[step + 1])
            grad_h = (gate_grads[step] @ weight).to(hs.dtype)
            if passed is not None:
                grad_h += passed
        weight_grad = _weight_grad(gate_grads, narrow_hs[:-1])
        return gate_grads, weight_grad, None, None, grad_h.to(weight.dtype)


class _LstmSequence(torch.autograd.Function):
    """``cells.lstm_step`` at every step."""

    @staticmethod
    def forward(
        ctx: Any,
        x_part: Tensor,
        weight: Tensor,
        _bias: None,
        is_real: Tensor | None,
        h: Tensor,
        c: Tensor,
    ) -> tuple[Tensor, ...]:
        hidden, weight_t = h.shape[-1], weight.t()
        hs, gates = _Hidden(x_part, h), x_part.to(_wide(x_part.dtype), copy=True)
        cs = _buffer(x_part.shape[0], c, gates.dtype)
        tanh_cs = torch.empty_like(cs[1:])
        for step in range(x_part.shape[0]):
            gates[step] += hs.narrow[step] @ weight_t
            gates[step][:, : 3 * hidden].sigmoid_()
            gates[step][:, 3 * hidden :].tanh_()
            i, f, o, g = gates[step].chunk(4, dim=-1)
            torch.mul(f, cs[step], out=cs[step + 1]).addcmul_(i, g)
            torch.tanh(cs[step + 1], out=tanh_cs[step])
            torch.mul(o, tanh_cs[step], out=hs.wide[step + 1])
            _keep_padded(cs[step + 1], cs[step], is_real, step)
            hs.finish(step, is_real)
        ctx.save_for_backward(weight, is_real, hs.narrow, cs, gates, tanh_cs)
        return hs.narrow[1:], hs.narrow[-1].clone(), cs[-1].to(x_part.dtype, copy=True)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        weight, is_real, hs, cs, gates, tanh_cs = ctx.saved_tensors
        grad_out, grad_h, grad_c = grads[0], grads[1].to(gates.dtype), grads[2].to(gates.dtype)
        hidden = grad_h.shape[-1]
        gate_grads = gates.new_empty(gates.shape, dtype=weight.dtype)
        d_gates = torch.empty_like(gates[0])
        d_i, d_f, d_o, d_g = d_gates.chunk(4, dim=-1)
        for step in reversed(range(gates.shape[0])):
            grad, passed_h = _split_grad(grad_h + grad_out[step], is_real, step)
            grad_c, passed_c = _split_grad(grad_c, is_real, step)
            i, f, o, g = gates[step].chunk(4, dim=-1)
            torch.mul(grad, tanh_cs[step], out=d_o)
            grad_c = grad_c + torch.ops.aten.tanh_backward(grad * o, tanh_cs[step])
            torch.mul(grad_c, g, out=d_i)
            torch.mul(grad_c, cs[step], out=d_f)
            torch.mul(grad_c, i, out=d_g)
            sigmas, d_sigmas = gates[step][:, : 3 * hidden], d_gates[:, : 3 * hidden]
            sigmoid_backward_(d_sigmas, sigmas, grad_input=d_sigmas)
            tanh_backward_(d_g, g, grad_input=d_g)
            gate_grads[step] = d_gates
            grad_c = grad_c * f
            grad_h = (gate_grads[step] @ weight).to(gates.dtype)
            if passed_h is not None and passed_c is not None:
                grad_h += passed_h
                grad_c += passed_c
        weight_grad = _weight_grad(gate_grads, hs[:-1])
        start_grads = grad_h.to(weight.dtype), grad_c.to(weight.dtype)
        return gate_grads, weight_grad, None, None, *start_grads


class _GruSequence(torch.autograd.Function):
    """``cells.gru_step`` at every step."""

    @staticmethod
    def forward(
        ctx: Any, x_part: Tensor, weight: Tensor, _bias: None, is_real: Tensor | None, h: Tensor
    ) -> tuple[Tensor, ...]:
        hidden = h.shape[-1]
        hs, gates = _Hidden(x_part, h), x_part.to(_wide(x_part.dtype), copy=True)
        reset_hs = torch.empty_like(hs.narrow[1:])  # r∘h
        gate_weight_t, new_weight_t = weight[: 2 * hidden].t(), weight[2 * hidden :].t()
        for step in range(x_part.shape[0]):
            sigmas, n = gates[step][:, : 2 * hidden], gates[step][:, 2 * hidden :]
            sigmas.add_(hs.narrow[step] @ gate_weight_t).sigmoid_()
            r, z = sigmas.chunk(2, dim=-1)
            reset_hs[step] = r * hs.wide[step]
            n.add_(reset_hs[step] @ new_weight_t).tanh_()
            torch.lerp(hs.wide[step], n, z, out=hs.wide[step + 1])
            hs.finish(step, is_real)
        ctx.save_for_backward(weight, is_real, hs.wide, hs.narrow, gates, reset_hs)
        return hs.narrow[1:], hs.narrow[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        weight, is_real, hs, narrow_hs, gates, reset_hs = ctx.saved_tensors
        grad_out, grad_h = grads[0], grads[1].to(gates.dtype)
        hidden = grad_h.shape[-1]
        gate_weight, new_weight = weight[: 2 * hidden], weight[2 * hidden :]
        gate_grads = gates.new_empty(gates.shape, dtype=weight.dtype)
        d_gates = torch.empty_like(gates[0])
        (d_r, d_z, d_n), d_sigmas = d_gates.chunk(3, dim=-1), d_gates[:, : 2 * hidden]
        for step in reversed(range(gates.shape[0])):
            grad, passed = _split_grad(grad_h + grad_out[step], is_real, step)
            r, z, n = gates[step].chunk(3, dim=-1)
            torch.mul(grad, n - hs[step], out=d_z)
            tanh_backward_(grad * z, n, grad_input=d_n)
            gate_grads[step][:, 2 * hidden :] = d_n
            grad_reset_h = (gate_grads[step][:, 2 * hidden :] @ new_weight).to(gates.dtype)
            torch.mul(grad_reset_h, hs[step], out=d_r)
            sigmoid_backward_(d_sigmas, gates[step][:, : 2 * hidden], grad_input=d_sigmas)
            gate_grads[step][:, : 2 * hidden] = d_sigmas
            grad_h = torch.addcmul(grad, grad, z, value=-1).addcmul_(grad_reset_h, r)
            grad_h += gate_grads[step][:, : 2 * hidden] @ gate_weight
            if passed is not None:
                grad_h += passed
        weight_grad = torch.empty_like(weight)
        weight_grad[: 2 * hidden] = _weight_grad(gate_grads[..., : 2 * hidden], narrow_hs[:-1])
        weight_grad[2 * hidden :] = _weight_grad(gate_grads[..., 2 * hidden :], reset_hs)
        return gate_grads, weight_grad, None, None, grad_h.to(weight.dtype)


class _GruCudnnSequence(torch.autograd.Function):
    """``cells.gru_cudnn_step`` at every step."""

    @staticmethod
    def forward(
        ctx: Any, x_part: Tensor, weight: Tensor, bias: Tensor, is_real: Tensor | None, h: Tensor
    ) -> tuple[Tensor, ...]:
        hidden, weight_t = h.shape[-1], weight.t()
        hs, gates = _Hidden(x_part, h), x_part.to(_wide(x_part.dtype), copy=True)
        h_news = torch.empty_like(hs.wide[1:])  # U h + b_n
        for step in range(x_part.shape[0]):
            h_part = hs.narrow[step] @ weight_t
            torch.add(h_part[:, 2 * hidden :], bias, out=h_news[step])
            sigmas, n = gates[step][:, : 2 * hidden], gates[step][:, 2 * hidden :]
            sigmas.add_(h_part[:, : 2 * hidden]).sigmoid_()
            r, z = sigmas.chunk(2, dim=-1)
            n.addcmul_(r, h_news[step]).tanh_()
            torch.lerp(n, hs.wide[step], z, out=hs.wide[step + 1])
            hs.finish(step, is_real)
        ctx.save_for_backward(weight, is_real, hs.wide, hs.narrow, gates, h_news)
        return hs.narrow[1:], hs.narrow[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        weight, is_real, hs, narrow_hs, gates, h_news = ctx.saved_tensors
        grad_out, grad_h = grads[0], grads[1].to(gates.dtype)
        hidden = grad_h.shape[-1]
        gate_grads = gates.new_empty(gates.shape, dtype=weight.dtype)
        h_part_grads = torch.empty_like(gate_grads)
        d_gates = torch.empty_like(gates[0])
        (d_r, d_z, d_n), d_sigmas = d_gates.chunk(3, dim=-1), d_gates[:, : 2 * hidden]
        for step in reversed(range(gates.shape[0])):
            grad, passed = _split_grad(grad_h + grad_out[step], is_real, step)
            r, z, n = gates[step].chunk(3, dim=-1)
            torch.mul(grad, hs[step] - n, out=d_z)
            tanh_backward_(torch.addcmul(grad, grad, z, value=-1), n, grad_input=d_n)
            torch.mul(d_n, h_news[step], out=d_r)
            sigmoid_backward_(d_sigmas, gates[step][:, : 2 * hidden], grad_input=d_sigmas)
            gate_grads[step] = d_gates
            h_part_grads[step][:, : 2 * hidden] = d_sigmas
            h_part_grads[step][:, 2 * hidden :] = d_n * r
            grad_h = grad * z
            grad_h += h_part_grads[step] @ weight
            if passed is not None:
                grad_h += passed
        bias_grad = h_part_grads[..., 2 * hidden :].sum(dim=(0, 1), dtype=gates.dtype)
        weight_grad = _weight_grad(h_part_grads, narrow_hs[:-1])
        start_grad = grad_h.to(weight.dtype)
        return gate_grads, weight_grad, bias_grad.to(weight.dtype), None, start_grad


SEQUENCES: dict[str, type[torch.autograd.Function]] = {
    "rnn": _RnnSequence,
    "lstm": _LstmSequence,
    "gru": _GruSequence,
    "gru-cudnn": _GruCudnnSequence,
}


class RecurrentLayer(nn.Module):
    """One recurrent layer in one direction: the same weights at every step."""

    def __init__(self, cell: str, input_size: int, hidden_size: int) -> None:
        """Make the layer with the usual starting weights.

        Input weights are Glorot uniform, recurrent weights orthogonal gate by gate, biases zero
        but for the gate that weighs the old state, which keeps more of it at first: the LSTM's
        forget gate starts at 1 (Jozefowicz et al. 2015), the GRU's update gate as far towards the
        old state (Tallec & Ollivier 2018, section 2, has such a bias for both).

        Args:
            cell: A key of ``CELLS``.
            input_size: Width of x_t.
            hidden_size: Width of h_t.
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

    def step(self, x: Tensor, state: State) -> State:
        """Return the state after one step.

        Args:
            x: x_t, (batch, input).
            state: State before it.
        """
        x_part = functional.linear(x.to(self.input_weight.dtype), self.input_weight, self.bias)
        wide_part = x_part.to(_wide(x_part.dtype))
        return self.kind.step(wide_part, state, self.hidden_weight, self.recurrent_bias)

    def forward(
        self, x: Tensor, state: State | None = None, is_real: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Return the hidden states of every step and the state after the last.

        Args:
            x: The sequence, (length, batch, input).
            state: State before the first step; zeros if None.
            is_real: True where a step is no padding, (length, batch, 1); None if there is none.
                A padded step leaves the state as it was.

        Returns:
            Hidden states, (length, batch, hidden), and the last state.
        """
        # (length, batch, gates * hidden)
        x_part = functional.linear(x.to(self.input_weight.dtype), self.input_weight, self.bias)
        if state is None:
            state = self.zero_state(x_part, x.shape[1])
        bias = self.recurrent_bias
        outputs, *last = SEQUENCES[self.cell].apply(
            x_part,
            self.hidden_weight.to(x_part.dtype),
            None if bias is None else bias.to(x_part.dtype),
            is_real,
            *(part.to(x_part.dtype) for part in state),
        )
        return outputs, tuple(last)
