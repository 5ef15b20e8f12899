"""The element-wise parts of a step, forward and backward, between the products of recurrence.py.

Place: products -> **steps** -> states, gradients of gates. Here with torch's own operations, on any
device and in any dtype; kernels.py has the same functions compiled, for a CPU. The equations are
those of cells.py. Every function writes into tensors that it is given:

``x_part``, ``h_part``: products of the input and of the last state, (batch, gates * hidden).
``h_prev``, ``h_next``, ``c_prev``, ``c_next``: states before and after the step, (batch, hidden).
``gates``: gates after their nonlinearities, (batch, gates * hidden); ``gate_grads``: the gradients
before them.
``is_real``: True where the step is no padding, (batch, 1), or None; padding leaves states alone.
``grad_out``: gradient by the step's output; ``product``: by the next step's products, or zero;
``carry``: what comes to h past all products, which is read and then written for the step before.
Products and outputs are in the dtype of the products; all else is in fp32 at least.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from seqcli.models.layer_norm import LayerNormRun

StepFunction = Callable[..., None]

sigmoid_backward_ = torch.ops.aten.sigmoid_backward.grad_input
tanh_backward_ = torch.ops.aten.tanh_backward.grad_input
tanh_backward = torch.ops.aten.tanh_backward


@dataclass(frozen=True)
class Steps:
    """One implementation of all functions."""

    rnn_forward: StepFunction
    rnn_backward: StepFunction
    lstm_forward: StepFunction
    lstm_backward: StepFunction
    gru_gates_forward: StepFunction
    gru_new_forward: StepFunction
    gru_new_backward: StepFunction
    gru_gates_backward: StepFunction
    gru_cudnn_forward: StepFunction
    gru_cudnn_backward: StepFunction


def _keep_padded(new: Tensor, old: Tensor, is_real: Tensor | None) -> None:
    """Give rows that are padding their old state back."""
    if is_real is not None:
        torch.where(is_real, new, old, out=new)


def _finish_h(h_next: Tensor, h_prev: Tensor, is_real: Tensor | None, h_narrow: Tensor) -> None:
    """Give padding its old state back, and write the state as products read it."""
    _keep_padded(h_next, h_prev, is_real)
    if h_narrow.dtype != h_next.dtype:
        h_narrow.copy_(h_next)


def _take_grad(
    is_real: Tensor | None, grad_out: Tensor, product: Tensor, carry: Tensor
) -> tuple[Tensor, Tensor | None]:
    """Return the gradient that enters the cell, and the one that passes a padded row by."""
    grad = carry + grad_out
    grad += product
    if is_real is None:
        return grad, None
    zero = grad.new_zeros(())
    return torch.where(is_real, grad, zero), torch.where(is_real, zero, grad)


def _set_carry(carry: Tensor, kept: Tensor | None, passed: Tensor | None) -> None:
    if kept is None:
        carry.zero_()
    else:
        carry.copy_(kept)
    if passed is not None:
        carry += passed


def rnn_forward(
    hidden: int,
    is_real: Tensor | None,
    x_part: Tensor,
    h_part: Tensor,
    h_prev: Tensor,
    h_next: Tensor,
    h_narrow: Tensor,
    norm: LayerNormRun | None = None,
) -> None:
    """Write the state after a step, wide and as products read it."""
    h_next.copy_(x_part).add_(h_part)
    if norm is not None:
        norm.forward_(h_next, 0)
    h_next.tanh_()
    _finish_h(h_next, h_prev, is_real, h_narrow)


def rnn_backward(
    hidden: int,
    is_real: Tensor | None,
    grad_out: Tensor,
    product: Tensor,
    carry: Tensor,
    h_next: Tensor,
    gate_grads: Tensor,
    norm: LayerNormRun | None = None,
) -> None:
    """Write the gradient by the sum inside tanh."""
    grad, passed = _take_grad(is_real, grad_out, product, carry)
    grad = tanh_backward(grad, h_next)
    if norm is not None:
        norm.backward_(grad, 0)
    gate_grads.copy_(grad)
    _set_carry(carry, None, passed)


def lstm_forward(
    hidden: int,
    is_real: Tensor | None,
    x_part: Tensor,
    h_part: Tensor,
    h_prev: Tensor,
    c_prev: Tensor,
    gates: Tensor,
    tanh_c: Tensor,
    h_next: Tensor,
    c_next: Tensor,
    norm: LayerNormRun | None = None,
) -> None:
    """Write the gates i, f, o, g and both states after a step."""
    gates.copy_(x_part).add_(h_part)
    if norm is not None:
        norm.forward_(gates, 0)
    gates[:, : 3 * hidden].sigmoid_()
    gates[:, 3 * hidden :].tanh_()
    i, f, o, g = gates.chunk(4, dim=-1)
    torch.mul(f, c_prev, out=c_next).addcmul_(i, g)
    torch.tanh(c_next, out=tanh_c)
    h_next.copy_(o * tanh_c)
    _keep_padded(c_next, c_prev, is_real)
    _keep_padded(h_next, h_prev, is_real)


def lstm_backward(
    hidden: int,
    is_real: Tensor | None,
    grad_out: Tensor,
    product: Tensor,
    carry: Tensor,
    grad_c: Tensor,
    gates: Tensor,
    tanh_c: Tensor,
    c_prev: Tensor,
    gate_grads: Tensor,
    norm: LayerNormRun | None = None,
) -> None:
    """Write the gradients by the sums inside the gates, and by c before the step."""
    grad, passed = _take_grad(is_real, grad_out, product, carry)
    passed_c = None
    if is_real is not None:
        zero = grad_c.new_zeros(())
        passed_c = torch.where(is_real, zero, grad_c)
        torch.where(is_real, grad_c, zero, out=grad_c)
    i, f, o, g = gates.chunk(4, dim=-1)
    d_gates = torch.empty_like(gates)
    d_i, d_f, d_o, d_g = d_gates.chunk(4, dim=-1)
    torch.mul(grad, tanh_c, out=d_o)
    grad_c += tanh_backward(grad * o, tanh_c)
    torch.mul(grad_c, g, out=d_i)
    torch.mul(grad_c, c_prev, out=d_f)
    torch.mul(grad_c, i, out=d_g)
    sigmas, d_sigmas = gates[:, : 3 * hidden], d_gates[:, : 3 * hidden]
    sigmoid_backward_(d_sigmas, sigmas, grad_input=d_sigmas)
    tanh_backward_(d_g, g, grad_input=d_g)
    if norm is not None:
        norm.backward_(d_gates, 0)
    gate_grads.copy_(d_gates)
    grad_c *= f
    if passed_c is not None:
        grad_c += passed_c
    _set_carry(carry, None, passed)


def gru_gates_forward(
    hidden: int,
    is_real: Tensor | None,
    x_part: Tensor,
    h_part: Tensor,
    h_prev: Tensor,
    mask: Tensor | None,
    gates: Tensor,
    reset_h: Tensor,
    norm: LayerNormRun | None = None,
) -> None:
    """Write the gates r and z, and r∘h, of which a product follows."""
    sigmas = gates[:, : 2 * hidden]
    sigmas.copy_(x_part[:, : 2 * hidden]).add_(h_part)
    if norm is not None:
        norm.forward_(sigmas, 0)
    sigmas.sigmoid_()
    reset = sigmas[:, :hidden] * h_prev
    reset_h.copy_(reset if mask is None else reset * mask)


def gru_new_forward(
    hidden: int,
    is_real: Tensor | None,
    x_part: Tensor,
    h_part: Tensor,
    h_prev: Tensor,
    gates: Tensor,
    h_next: Tensor,
    h_narrow: Tensor,
    norm: LayerNormRun | None = None,
) -> None:
    """Write the new value n, and the state after the step."""
    z, n = gates[:, hidden:].chunk(2, dim=-1)
    n.copy_(x_part[:, 2 * hidden :]).add_(h_part)
    if norm is not None:
        norm.forward_(n, 2)
    n.tanh_()
    torch.lerp(h_prev, n, z, out=h_next)
    _finish_h(h_next, h_prev, is_real, h_narrow)


def gru_new_backward(
    hidden: int,
    is_real: Tensor | None,
    grad_out: Tensor,
    product: Tensor,
    carry: Tensor,
    h_prev: Tensor,
    gates: Tensor,
    gate_grads: Tensor,
    norm: LayerNormRun | None = None,
) -> None:
    """Write the gradients by the sums inside z and n."""
    grad, passed = _take_grad(is_real, grad_out, product, carry)
    z, n = gates[:, hidden:].chunk(2, dim=-1)
    d_z = torch.ops.aten.sigmoid_backward(grad * (n - h_prev), z)
    d_n = tanh_backward(grad * z, n)
    if norm is not None:
        norm.backward_(d_z, 1)
        norm.backward_(d_n, 2)
    gate_grads[:, hidden : 2 * hidden] = d_z
    gate_grads[:, 2 * hidden :] = d_n
    _set_carry(carry, torch.addcmul(grad, grad, z, value=-1), passed)


def gru_gates_backward(
    hidden: int,
    is_real: Tensor | None,
    product: Tensor,
    carry: Tensor,
    h_prev: Tensor,
    mask: Tensor | None,
    gates: Tensor,
    gate_grads: Tensor,
    norm: LayerNormRun | None = None,
) -> None:
    """Write the gradient by the sum inside r; ``product`` is the gradient by r∘h."""
    r = gates[:, :hidden]
    grad = product.to(gates.dtype)
    if mask is not None:
        grad = grad * mask
    d_r = torch.ops.aten.sigmoid_backward(grad * h_prev, r)
    if norm is not None:
        norm.backward_(d_r, 0)
    gate_grads[:, :hidden] = d_r
    carry.addcmul_(grad, r)


def gru_cudnn_forward(
    hidden: int,
    is_real: Tensor | None,
    x_part: Tensor,
    h_part: Tensor,
    bias: Tensor,
    h_prev: Tensor,
    gates: Tensor,
    h_new: Tensor,
    h_next: Tensor,
    h_narrow: Tensor,
    norm: LayerNormRun | None = None,
) -> None:
    """Write the gates r, z, n, the affine map of h inside n, and the state after the step."""
    sigmas, n = gates[:, : 2 * hidden], gates[:, 2 * hidden :]
    gates.copy_(x_part)
    sigmas.add_(h_part[:, : 2 * hidden])
    if norm is not None:
        norm.forward_(sigmas, 0)
    sigmas.sigmoid_()
    r, z = sigmas.chunk(2, dim=-1)
    h_new.copy_(h_part[:, 2 * hidden :]).add_(bias)
    n.addcmul_(r, h_new)
    if norm is not None:
        norm.forward_(n, 2)
    n.tanh_()
    torch.lerp(n, h_prev, z, out=h_next)
    _finish_h(h_next, h_prev, is_real, h_narrow)


def gru_cudnn_backward(
    hidden: int,
    is_real: Tensor | None,
    grad_out: Tensor,
    product: Tensor,
    carry: Tensor,
    h_prev: Tensor,
    gates: Tensor,
    h_new: Tensor,
    gate_grads: Tensor,
    h_part_grads: Tensor,
    norm: LayerNormRun | None = None,
) -> None:
    """Write the gradients by the sums inside the gates, and by the product of h."""
    grad, passed = _take_grad(is_real, grad_out, product, carry)
    r, z, n = gates.chunk(3, dim=-1)
    d_n = tanh_backward(torch.addcmul(grad, grad, z, value=-1), n)
    if norm is not None:
        norm.backward_(d_n, 2)
    d_sigmas = torch.cat([d_n * h_new, grad * (h_prev - n)], dim=-1)
    sigmoid_backward_(d_sigmas, gates[:, : 2 * hidden], grad_input=d_sigmas)
    if norm is not None:
        norm.backward_(d_sigmas, 0)
    gate_grads[:, : 2 * hidden] = d_sigmas
    gate_grads[:, 2 * hidden :] = d_n
    h_part_grads[:, : 2 * hidden] = d_sigmas
    h_part_grads[:, 2 * hidden :] = d_n * r
    _set_carry(carry, grad * z, passed)


TORCH_STEPS = Steps(**{field.name: globals()[field.name] for field in fields(Steps)})
