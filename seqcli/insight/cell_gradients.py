"""A fresh cell and random input -> what is left of a gradient at every step of its way back.

Place: models/cells.py, one step at a time -> **CellGradients** -> views.
The loss is v·h_T with a random v of length 1 for each sentence, so |dL/dh_T| is 1 and everything
before it is the share that has come through.
Axes: length = time steps, batch = sentences, hidden = units, state = hidden times the tensors of a
state.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from seqcli.insight.backward import (
    GATES,
    Course,
    Verdict,
    course_of,
    judge,
    norms_of,
    spectral_radii,
    watch,
)
from seqcli.insight.descent import Descent, descend
from seqcli.models.cells import CellKind, State
from seqcli.models.recurrence import RecurrentLayer
from seqcli.training.optimization import clip_gradients

JACOBIAN_SENTENCES = 4  # of the batch: each of their steps has singular values to be found


@dataclass(frozen=True)
class CellGradients:
    """What a gradient meets on its way back through a cell with random weights; t = 1 to T."""

    cell: str
    length: int
    hidden_size: int
    sentences: int
    w_scale: float
    keep_bias: float | None
    seed: int
    h: Course  # |dL/dh_t|, c_t held
    c: Course | None  # |dL/dc_t|, h_t held; None in a cell without c
    state: Course  # |dL/ds_t| with s = (h, c), or h alone
    jacobian: Course  # |ds_T/ds_t|, the largest singular value: no gradient can fare better
    h_jacobian: Course  # |dh_T/dh_t|, c_t held; the same in a cell without c
    jacobian_bound: Course  # product of |ds_k/ds_{k-1}| over k = t+1..T
    weight_bound: Course | None  # product of |W_hh| max|tanh'_k|; of the plain RNN only
    spectral_radius: dict[str, float]  # of W_hh, by gate
    spectral_norm: dict[str, float]  # |W_hh|, its largest singular value, by gate
    verdict: Verdict  # of ``state``
    grad_norm: float  # of the gradient by all weights of the cell
    clip_norm: float | None
    clipped_norm: float  # the same after clipping
    descents: tuple[Descent, ...]  # with clipping and without it; () if none was asked for


def follow_cell(
    cell: str,
    *,
    length: int,
    hidden_size: int,
    sentences: int,
    w_scale: float,
    keep_bias: float | None,
    clip_norm: float | None,
    seed: int,
    updates: int = 0,
) -> CellGradients:
    """Run a fresh cell over normal random input, and follow a gradient back to the first step.

    Source: Pascanu et al. 2013, On the difficulty of training recurrent neural networks,
    equations 3 to 7 (the product of Jacobians and its bound).

    Args:
        cell: A key of ``CELLS``; its weights are those that training starts from, in float64.
        length: Time steps, at least 2.
        hidden_size: Units, and width of the input.
        sentences: In the batch.
        w_scale: Factor of W_hh.
        keep_bias: Bias towards keeping the old state, of the gate that weighs it (the LSTM's
            forget gate); None for the one that training starts from.
        clip_norm: As in training; None is off.
        seed: Of weights, input and v.
        updates: Of gradient descent, with clipping and without it.
    """
    layer, x, v = draw_cell(cell, length, hidden_size, sentences, w_scale, keep_bias, seed)
    x_parts = functional.linear(x, layer.input_weight, layer.bias)
    states = _run(layer, x_parts)
    losses = (v * states[-1][0]).sum(dim=-1)  # (batch,)
    losses.sum().backward()
    norms = norms_of(states)
    for parameter in layer.parameters():
        if parameter.grad is not None:
            parameter.grad.div_(sentences)  # of the mean over the batch
    grad_norm, _ = clip_gradients(layer.parameters(), clip_norm=clip_norm, clip_value=None)
    clipped_norm, _ = clip_gradients(layer.parameters(), clip_norm=None, clip_value=None)
    jacobians = _follow_jacobians(layer, x_parts.detach(), states)
    course = course_of(norms)
    return CellGradients(
        cell=cell,
        length=length,
        hidden_size=hidden_size,
        sentences=sentences,
        w_scale=w_scale,
        keep_bias=keep_bias,
        seed=seed,
        h=course_of(norms_of(states, 0)),
        c=course_of(norms_of(states, 1)) if layer.kind.states > 1 else None,
        state=course,
        jacobian=course_of(jacobians.whole),
        h_jacobian=course_of(jacobians.of_h),
        jacobian_bound=course_of(_products_behind(jacobians.steps)),
        weight_bound=_weight_bound(layer, states) if cell == "rnn" else None,
        spectral_radius=spectral_radii(layer),
        spectral_norm=_spectral_norms(layer),
        verdict=judge(course.mean[::-1]),
        grad_norm=grad_norm,
        clip_norm=clip_norm,
        clipped_norm=clipped_norm,
        descents=tuple(
            descend(copy.deepcopy(layer), x, v / 2, updates=updates, clip_norm=each)
            for each in dict.fromkeys((None, clip_norm))
            if updates
        ),
    )


def draw_cell(
    cell: str,
    length: int,
    hidden_size: int,
    sentences: int,
    w_scale: float,
    keep_bias: float | None,
    seed: int,
) -> tuple[RecurrentLayer, Tensor, Tensor]:
    """Return the layer, its input (length, batch, hidden) and v (batch, hidden).

    The arguments are those of ``follow_cell``.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layer = RecurrentLayer(cell, hidden_size, hidden_size).double()
        x = torch.randn(length, sentences, hidden_size, dtype=torch.float64)
        v = functional.normalize(torch.randn(sentences, hidden_size, dtype=torch.float64), dim=-1)
    with torch.no_grad():
        layer.hidden_weight.mul_(w_scale)
        if keep_bias is not None and layer.kind.start_bias is not None:
            gate, start = layer.kind.start_bias
            towards_old = keep_bias if start > 0 else -keep_bias
            layer.bias.chunk(layer.kind.gates)[gate].fill_(towards_old)
    return layer, x, v


def _run(layer: RecurrentLayer, x_parts: Tensor) -> list[State]:
    """Return the state of every step, with its gradient to be retained."""
    state = layer.zero_state(x_parts, x_parts.shape[1])
    states = []
    for x_part in x_parts:
        state = watch(layer.kind.step(x_part, state, layer.hidden_weight, layer.recurrent_bias))
        states.append(state)
    return states


@dataclass(frozen=True)
class _Jacobians:
    """Norms at t = 1 to T, (length, batch) each."""

    whole: Tensor  # |ds_T/ds_t|
    of_h: Tensor  # |dh_T/dh_t|
    steps: Tensor  # |ds_t/ds_{t-1}|


def _follow_jacobians(
    layer: RecurrentLayer, x_parts: Tensor, states: Sequence[State]
) -> _Jacobians:
    """Multiply the Jacobians of the steps, from the last to the first."""
    count = min(JACOBIAN_SENTENCES, x_parts.shape[1])
    hidden = layer.hidden_size
    flat = [torch.cat(state, dim=-1).detach()[:count] for state in states]
    jacobian_of: Callable[[Tensor, Tensor], Tensor] = torch.func.vmap(
        torch.func.jacrev(partial(_step_flat, layer.kind, layer))
    )
    product = torch.eye(flat[0].shape[1], dtype=x_parts.dtype).expand(count, -1, -1)
    whole, of_h, steps = [], [], []
    for t in reversed(range(len(states))):
        whole.append(_largest(product))
        of_h.append(_largest(product[:, :hidden, :hidden]))
        before = flat[t - 1] if t > 0 else torch.zeros_like(flat[0])
        jacobian = jacobian_of(before, x_parts[t, :count])  # (batch, state, state)
        steps.append(_largest(jacobian))
        product = product @ jacobian
    return _Jacobians(*(torch.stack(norms[::-1]) for norms in (whole, of_h, steps)))


def _step_flat(kind: CellKind, layer: RecurrentLayer, flat: Tensor, x_part: Tensor) -> Tensor:
    """Return the state after a step of one sentence, (state,), from that before it."""
    state = flat.chunk(kind.states)
    weight = layer.hidden_weight.detach()
    bias = None if layer.recurrent_bias is None else layer.recurrent_bias.detach()
    return torch.cat(kind.step(x_part, state, weight, bias))


def _largest(matrices: Tensor) -> Tensor:
    """Return the largest singular value of each, or infinity where one has overflowed."""
    is_finite = matrices.isfinite().flatten(1).all(dim=1)
    safe = torch.where(is_finite[:, None, None], matrices, torch.zeros_like(matrices))
    values: Tensor = torch.linalg.matrix_norm(safe, ord=2)
    return torch.where(is_finite, values, torch.inf)


def _products_behind(factors: Tensor) -> Tensor:
    """Return the product of the factors of all later steps, (length, batch)."""
    later = torch.cat([factors[1:], torch.ones_like(factors[:1])])
    return later.flip(0).cumprod(dim=0).flip(0)


def _weight_bound(layer: RecurrentLayer, states: Sequence[State]) -> Course:
    """Return the product of |W_hh| max_i |tanh'| of later steps: tanh' = 1 - h_i^2."""
    hs = torch.stack([h for (h,) in states]).detach()[:, :JACOBIAN_SENTENCES]
    steepest = (1 - hs**2).amax(dim=-1)  # (length, batch)
    weight_norm = torch.linalg.matrix_norm(layer.hidden_weight.detach(), ord=2)
    return course_of(_products_behind(weight_norm * steepest))


def _spectral_norms(layer: RecurrentLayer) -> dict[str, float]:
    blocks = layer.hidden_weight.detach().chunk(layer.kind.gates)
    return {
        gate: float(torch.linalg.matrix_norm(block, ord=2))
        for gate, block in zip(GATES[layer.cell], blocks, strict=True)
    }
