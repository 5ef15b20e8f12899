"""The recurrent cells, one time step each, with the equations as the papers print them.

Place: **one step** -> recurrence.py runs the same equations over a whole sequence, faster.
A cell's input product does not depend on its state, so every step takes it ready made:
``x_part`` = W x_t + b, (batch, gates * hidden), the gates side by side in the order given. Products
are computed in the dtype of the weight, the rest in that of ``x_part``.
σ is the logistic function, ∘ the elementwise product. Two things can be added to every cell:
``normalize`` is applied to the sums that enter the nonlinearities (layer_norm.py), and ``mask``,
(batch, hidden), multiplies h before its products (recurrent dropout).
Axes: batch = sentences, hidden = units of the layer, gates = number of affine maps in the cell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

State = tuple[Tensor, ...]  # (h,) or (h, c), each (batch, hidden)
Normalize = Callable[[Tensor, int], Tensor]  # (sums of some gates, number of the first) -> the same


def _as_it_is(sums: Tensor, _first: int) -> Tensor:
    return sums


def _read(h: Tensor, weight: Tensor, mask: Tensor | None) -> Tensor:
    """Return h as a product with a weight reads it."""
    return (h if mask is None else h * mask).to(weight.dtype)


def rnn_step(
    x_part: Tensor,
    state: State,
    weight: Tensor,
    _bias: Tensor | None = None,
    normalize: Normalize | None = None,
    mask: Tensor | None = None,
) -> State:
    """Return h_t = tanh(W_x x_t + W_h h_{t-1} + b).

    Source: Elman 1990, Finding structure in time; as printed in Pascanu et al. 2013, equation 11,
    with the nonlinearity outside.

    Args:
        x_part: W_x x_t + b, (batch, hidden).
        state: (h_{t-1},), (batch, hidden).
        weight: W_h, (hidden, hidden).
        normalize: Of the sums; None leaves them.
        mask: Of h; None is ones.

    Returns:
        (h_t,).
    """
    (h,) = state
    normalize = normalize or _as_it_is
    return (torch.tanh(normalize(x_part + functional.linear(_read(h, weight, mask), weight), 0)),)


def lstm_step(
    x_part: Tensor,
    state: State,
    weight: Tensor,
    _bias: Tensor | None = None,
    normalize: Normalize | None = None,
    mask: Tensor | None = None,
) -> State:
    """Return c_t = f∘c_{t-1} + i∘g and h_t = o∘tanh(c_t).

    i, f, o = σ(·) and g = tanh(·), each of its own affine map of x_t and h_{t-1}.

    Source: Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000.

    Args:
        x_part: Input part of i, f, o, g, (batch, 4 * hidden).
        state: (h_{t-1}, c_{t-1}), each (batch, hidden).
        weight: Recurrent weights of i, f, o, g, (4 * hidden, hidden).
        normalize: Of the sums; None leaves them.
        mask: Of h; None is ones.

    Returns:
        (h_t, c_t).
    """
    h, c = state
    normalize = normalize or _as_it_is
    sums = normalize(x_part + functional.linear(_read(h, weight, mask), weight), 0)
    i, f, o, g = sums.chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def gru_step(
    x_part: Tensor,
    state: State,
    weight: Tensor,
    _bias: Tensor | None = None,
    normalize: Normalize | None = None,
    mask: Tensor | None = None,
) -> State:
    """Return h_t = (1-z)∘h_{t-1} + z∘n with n = tanh(W x + U(r∘h_{t-1}) + b).

    r = σ(W_r x + U_r h + b_r) acts **before** the recurrent product, and z = σ(W_z x + U_z h + b_z)
    weighs the **new** value.

    Source: Cho et al. 2014 (EMNLP), equations 5 to 8, with z as in Chung et al. 2014, equation 4.

    Args:
        x_part: Input part of r, z, n, (batch, 3 * hidden).
        state: (h_{t-1},), (batch, hidden).
        weight: U_r, U_z, U, (3 * hidden, hidden).
        normalize: Of the sums; None leaves them.
        mask: Of h; None is ones.

    Returns:
        (h_t,).
    """
    (h,) = state
    hidden = h.shape[-1]
    x_gates, x_new = x_part.split([2 * hidden, hidden], dim=-1)
    gate_weight, new_weight = weight.split([2 * hidden, hidden])
    normalize = normalize or _as_it_is
    sums = normalize(x_gates + functional.linear(_read(h, weight, mask), gate_weight), 0)
    r, z = torch.sigmoid(sums).chunk(2, dim=-1)
    reset_h = _read(r * h, weight, mask)
    n = torch.tanh(normalize(x_new + functional.linear(reset_h, new_weight), 2))
    return (h + z * (n - h),)


def gru_cudnn_step(
    x_part: Tensor,
    state: State,
    weight: Tensor,
    bias: Tensor | None,
    normalize: Normalize | None = None,
    mask: Tensor | None = None,
) -> State:
    """Return h_t = (1-z)∘n + z∘h_{t-1} with n = tanh(W x + b + r∘(U h_{t-1} + b_n)).

    The reset gate acts **after** the recurrent product, z weighs the **old** value, and the
    product has a bias of its own: what cuDNN, ``torch.nn.GRU`` and Keras compute.

    Source: Cho et al. 2014 (arXiv v1); PyTorch documentation of ``torch.nn.GRU``.

    Args:
        x_part: Input part of r, z, n, (batch, 3 * hidden).
        state: (h_{t-1},), (batch, hidden).
        weight: U_r, U_z, U, (3 * hidden, hidden).
        bias: b_n, (hidden).
        normalize: Of the sums; None leaves them.
        mask: Of h; None is ones.

    Returns:
        (h_t,).
    """
    assert bias is not None
    (h,) = state
    hidden = h.shape[-1]
    x_gates, x_new = x_part.split([2 * hidden, hidden], dim=-1)
    normalize = normalize or _as_it_is
    h_part = functional.linear(_read(h, weight, mask), weight)
    h_gates, h_new = h_part.split([2 * hidden, hidden], dim=-1)
    r, z = torch.sigmoid(normalize(x_gates + h_gates, 0)).chunk(2, dim=-1)
    n = torch.tanh(normalize(x_new + r * (h_new + bias), 2))
    return (n + z * (h - n),)


@dataclass(frozen=True)
class CellKind:
    """What a layer must know of its cell."""

    step: Callable[..., State]
    gates: int  # affine maps of (x_t, h_{t-1})
    states: int  # tensors in the state: h, or h and c
    has_recurrent_bias: bool  # a second bias, inside the reset product
    start_bias: tuple[int, float] | None  # a gate, and a bias with which states are kept at first


CELLS: dict[str, CellKind] = {
    "rnn": CellKind(rnn_step, gates=1, states=1, has_recurrent_bias=False, start_bias=None),
    "lstm": CellKind(lstm_step, gates=4, states=2, has_recurrent_bias=False, start_bias=(1, 1.0)),
    "gru": CellKind(gru_step, gates=3, states=1, has_recurrent_bias=False, start_bias=(1, -1.0)),
    "gru-cudnn": CellKind(
        gru_cudnn_step, gates=3, states=1, has_recurrent_bias=True, start_bias=(1, 1.0)
    ),
}
