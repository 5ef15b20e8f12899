"""A fresh cell -> plain gradient descent with clipping and without it, from the same start.

Place: models/cells.py -> **Descent** -> views. Descent is plain, so that an update is as long as
the gradient: Adam divides by that length, and would hide what an explosion does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from seqcli.models.recurrence import RecurrentLayer
from seqcli.training.optimization import clip_gradients

LR = 0.5


@dataclass(frozen=True)
class Descent:
    """What some updates did."""

    cell: str
    clip_norm: float | None  # None: not clipped
    lr: float
    loss: tuple[float, ...]  # before each update
    grad_norm: tuple[float, ...]  # of each update, before clipping
    clipped: tuple[bool, ...]

    @property
    def name(self) -> str:
        """The cell, and how it was clipped."""
        return f"{self.cell}, {'not clipped' if self.clip_norm is None else 'clipped'}"


def descend(
    layer: RecurrentLayer, x: Tensor, target: Tensor, *, updates: int, clip_norm: float | None
) -> Descent:
    """Teach a cell to end its sequences at given states, |h_T - target|^2 / 2.

    It ends early when the gradient is not finite.

    Source: Pascanu et al. 2013, algorithm 1 and figure 6.

    Args:
        layer: Changed.
        x: Input, (length, batch, hidden).
        target: Wanted last states, (batch, hidden).
        updates: At most so many.
        clip_norm: None is off.
    """
    losses, norms, clipped = [], [], []
    for _ in range(updates):
        layer.zero_grad()
        loss = _loss(layer, x, target)
        loss.backward()
        norm, was_clipped = clip_gradients(layer.parameters(), clip_norm=clip_norm, clip_value=None)
        losses.append(float(loss.detach()))
        norms.append(norm)
        clipped.append(was_clipped)
        if not math.isfinite(norm):
            break
        with torch.no_grad():
            for parameter in layer.parameters():
                if parameter.grad is not None:
                    parameter.sub_(parameter.grad, alpha=LR)
    return Descent(layer.cell, clip_norm, LR, tuple(losses), tuple(norms), tuple(clipped))


def _loss(layer: RecurrentLayer, x: Tensor, target: Tensor) -> Tensor:
    x_parts = functional.linear(x, layer.input_weight, layer.bias)
    state = layer.zero_state(x_parts, x_parts.shape[1])
    for x_part in x_parts:
        state = layer.kind.step(x_part, state, layer.hidden_weight, layer.recurrent_bias)
    return ((state[0] - target) ** 2).sum(dim=-1).mean() / 2
