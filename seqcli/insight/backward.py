"""A gradient's way back through time, in numbers that any cell or model can be measured by.

Place: states of every step, with their gradients -> **Course**, and in words -> gradients of cells
and of runs.
Axes: length = time steps, batch = sentences, hidden = units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqcli.models.cells import CELLS, State
from seqcli.models.recurrence import RecurrentLayer

GATES = {
    "rnn": ("h",),
    "lstm": ("i", "f", "o", "g"),
    "gru": ("r", "z", "n"),
    "gru-cudnn": ("r", "z", "n"),
}
CARRIED = 10.0  # a norm that changes by a smaller factor, from one end to the other, is carried


@dataclass(frozen=True)
class Course:
    """Norms at every time step, over a batch."""

    mean: tuple[float, ...]  # (length,)
    low: tuple[float, ...]  # 10th percentile of the sentences
    high: tuple[float, ...]  # 90th percentile


@dataclass(frozen=True)
class Verdict:
    """What becomes of a gradient between the step where it sets out and the last that it reaches.

    ``rate`` is the factor of one step, the geometric mean over all of them.
    """

    word: str  # vanishing, exploding, carried, or none
    start: float  # mean norm where it sets out
    end: float  # mean norm at the last step it reaches
    steps: int  # between the two
    rate: float | None  # None where start or end is 0, or not finite

    def describe(self) -> str:
        """Say it in a sentence's end."""
        if self.word == "none":
            return "no gradient"
        if self.rate is None:
            return f"{self.word} (from {self.start:.2g} to {self.end:.2g} in {self.steps} steps)"
        return f"{self.word} (x {self.rate:.3g} a step, x {self.end / self.start:.2g} in all)"


def course_of(norms: Tensor) -> Course:
    """Sum up norms of each step and sentence, (length, batch)."""
    points = torch.tensor([0.1, 0.9], dtype=norms.dtype)
    low, high = torch.quantile(norms, points, dim=1)
    return Course(_floats(norms.mean(dim=1)), _floats(low), _floats(high))


def _floats(values: Tensor) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def judge(norms: Sequence[float]) -> Verdict:
    """Judge norms in the order in which the gradient passes: it sets out at the first.

    Carried means that the last is within a factor of ``CARRIED`` of the first.
    """
    start, end, steps = norms[0], norms[-1], len(norms) - 1
    if start == 0:
        return Verdict("none", start, end, steps, None)
    ratio = end / start
    if not math.isfinite(ratio):
        return Verdict("exploding", start, end, steps, None)
    word = "carried"
    if ratio < 1 / CARRIED:
        word = "vanishing"
    elif ratio > CARRIED:
        word = "exploding"
    rate = ratio ** (1 / steps) if steps and ratio > 0 else None
    return Verdict(word, start, end, steps, rate)


def watch(state: State) -> State:
    """Return a state to go on with, whose tensors will know their gradient.

    h_t is made of c_t, so c_t goes on as a copy: its gradient is then that of the way from cell to
    cell alone, and (dL/dh_t, dL/dc_t) is the gradient by the state as the next step reads it.
    """
    h, *others = state
    watched = (h, *(part.clone() for part in others))
    for part in watched:
        part.retain_grad()
    return watched


def norms_of(states: Sequence[State], part: int | None = None) -> Tensor:
    """Return |dL/ds_t| of each step and sentence, (length, batch).

    Args:
        states: Of each step; their gradients have been retained.
        part: The tensor of the state that is meant; None for the whole state.
    """
    return torch.stack(
        [_norm_of(state if part is None else state[part : part + 1]) for state in states]
    )


def _norm_of(state: State) -> Tensor:
    grads = [torch.zeros_like(each) if each.grad is None else each.grad for each in state]
    norms: Tensor = torch.linalg.vector_norm(torch.cat(grads, dim=-1), dim=-1)
    return norms


def spectral_radii(layer: RecurrentLayer) -> dict[str, float]:
    """Return the largest |eigenvalue| of W_hh of each gate."""
    blocks = layer.hidden_weight.detach().double().chunk(CELLS[layer.cell].gates)
    return {
        gate: float(torch.linalg.eigvals(block).abs().max())
        for gate, block in zip(GATES[layer.cell], blocks, strict=True)
    }
