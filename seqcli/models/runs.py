"""A cell over a whole sequence in one direction: its buffers, a step forward, a step backward.

Place: x_part -> products and steps.py in turn -> **states**, and the way back -> **gradients**.
recurrence.py runs one or two of these side by side. The backward pass is written out: it keeps
only what it needs, and takes the weight gradients of all steps in one product.
Axes: length = time steps, batch = sentences, hidden = units; tensors are time-major. States have
length + 2 slots: slot t + 1 is the state after position t for a reader in either direction, and the
slots at the ends are where they start.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from seqcli.models.kernels import steps_for
from seqcli.models.layer_norm import LayerNormRun
from seqcli.models.products import outer_sum
from seqcli.models.steps import TORCH_STEPS


def wide_dtype(dtype: torch.dtype) -> torch.dtype:
    """Return the dtype of everything but products: bf16 has no digits left for 1 - σ near 1."""
    return torch.promote_types(dtype, torch.float32)


@dataclass(frozen=True)
class Job:
    """What one direction has to do; of tensors, those that have a gradient come apart."""

    backwards: bool  # read from the last step to the first
    is_real: Tensor | None  # (length, batch, 1)
    mask: Tensor | None  # factors of h before products, (batch, hidden)
    length: int
    batch: int


class Run(ABC):
    """One direction over a sequence: its buffers, a step forward, a step backward."""

    gates: int
    only_forward: tuple[str, ...] = ("x_part", "h_part", "h_first")  # tensors not needed going back

    def __init__(
        self,
        job: Job,
        x_part: Tensor,
        outputs: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        gain: Tensor | None,
        shift: Tensor | None,
        *state: Tensor,
    ) -> None:
        """Make the buffers.

        Args:
            job: What to do.
            x_part: Input products, (length, batch, gates * hidden).
            outputs: Where states go, (length + 2, batch, hidden).
            weight: Recurrent weights, (gates * hidden, hidden).
            bias: The bias inside the reset product, (hidden,), if the cell has one.
            gain: Of the layer norm, (gates * hidden,); None for no layer norm.
            shift: Of the layer norm, (gates * hidden,).
            state: Before the first step, each (batch, hidden).
        """
        self.job, self.length, self.batch = job, job.length, job.batch
        self.weight, self.bias, self.hidden = weight, bias, weight.shape[1]
        self.x_part, self.hs = x_part, outputs
        self.h_first = state[0]
        self.wide = wide_dtype(weight.dtype)
        self.norm = None
        self.steps = steps_for(weight)
        self.extra: dict[str, LayerNormRun] = {}
        if gain is not None and shift is not None:
            self.norm = LayerNormRun(
                gain, shift, length=self.length, batch=self.batch, gates=self.gates
            )
            self.steps = TORCH_STEPS
            self.extra = {"norm": self.norm}
        self.hs[self.first] = self.h_first
        # What products read of h: masked, if there is a mask.
        self.read = self.hs if job.mask is None else torch.empty_like(self.hs)
        self.h_part = weight.new_empty(self.batch, self.gates * self.hidden)

    @property
    def first(self) -> int:
        """The slot of the state before the first step."""
        return self.length + 1 if self.job.backwards else 0

    @property
    def last(self) -> int:
        """The slot of the state after the last step."""
        return 1 if self.job.backwards else self.length

    def time(self, step: int) -> int:
        """Return the position that is read at a step."""
        return self.length - 1 - step if self.job.backwards else step

    def slots(self, step: int) -> tuple[int, int]:
        """Return the slots of the states before and after a step."""
        after = self.time(step) + 1
        return (after + 1 if self.job.backwards else after - 1), after

    def slots_before(self) -> slice:
        """Return the slots of the states before each position."""
        return slice(2, None) if self.job.backwards else slice(None, -2)

    def buffer(self, *sizes: int) -> Tensor:
        """Return room for wide values of every position, (length, batch, *sizes)."""
        return self.weight.new_empty(self.length, self.batch, *sizes, dtype=self.wide)

    def wide_hs(self) -> Tensor:
        """Return room for h as the cell reads it: that of the outputs, if those are wide."""
        return self.hs if self.hs.dtype == self.wide else self.wide_states(self.h_first)

    def wide_states(self, first: Tensor) -> Tensor:
        """Return room for wide states in every slot, with the first filled in."""
        states = first.new_empty(self.length + 2, *first.shape, dtype=self.wide)
        states[self.first] = first
        return states

    def real_at(self, time: int) -> Tensor | None:
        """Return which sentences are no padding at a position, (batch, 1)."""
        return None if self.job.is_real is None else self.job.is_real[time]

    def read_at(self, slot: int) -> Tensor:
        """Return the state in a slot as products read it."""
        if self.job.mask is not None:
            torch.mul(self.hs[slot], self.job.mask, out=self.read[slot])
        return self.read[slot]

    def forward(self, step: int) -> None:
        """Write the state after a step."""
        before, after = self.slots(step)
        time = after - 1
        if self.norm is not None:
            self.norm.step = time
        self.step_forward(time, before, after, self.real_at(time))

    def start_backward(self, grad_out: Tensor, gate_grads: Tensor, grad_h: Tensor) -> None:
        """Take the gradients by outputs and last h, and room for those by ``x_part``."""
        self.grad_out, self.gate_grads = grad_out, gate_grads
        self.carry = grad_h.to(self.wide, copy=True)
        self.product = torch.zeros_like(grad_h)
        if self.norm is not None:
            self.norm.forget_grads()

    def backward(self, step: int) -> None:
        """Go back over a step."""
        before, after = self.slots(step)
        time = after - 1
        if self.norm is not None:
            self.norm.step = time
        self.step_backward(time, before, after, self.real_at(time))
        if self.job.mask is not None:
            self.product *= self.job.mask

    def put_away(self) -> dict[str, Tensor]:
        """Give up all tensors that the way back needs, for autograd to keep."""
        tensors = {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}
        for name in tensors:
            delattr(self, name)
        for name in self.only_forward:
            tensors.pop(name, None)
        return tensors

    def take_back(self, tensors: dict[str, Tensor]) -> None:
        """Have the tensors again that ``put_away`` gave."""
        vars(self).update(tensors)

    def grads(self) -> tuple[Tensor | None, ...]:
        """Return the gradients of weight, bias, gain, shift, and state before the first step."""
        gain_grad = shift_grad = None
        if self.norm is not None:
            gain_grad = self.norm.gain_grad.flatten().to(self.weight.dtype)
            shift_grad = self.norm.shift_grad.flatten().to(self.weight.dtype)
        start_grad = (self.carry + self.product).to(self.weight.dtype)
        return self.weight_grad(), self.bias_grad(), gain_grad, shift_grad, start_grad

    def weight_grad(self) -> Tensor:
        """Return the sum over steps and sentences of gate_grad ⊗ h, (gates * hidden, hidden)."""
        return outer_sum_of_steps(self.gate_grads, self.read[self.slots_before()])

    def bias_grad(self) -> Tensor | None:
        """Return the gradient of the bias inside the reset product, if the cell has one."""
        return None

    @abstractmethod
    def step_forward(self, time: int, before: int, after: int, is_real: Tensor | None) -> None:
        """Write gates and states of a step."""

    @abstractmethod
    def step_backward(self, time: int, before: int, after: int, is_real: Tensor | None) -> None:
        """Write the gradients of a step's gates, and ``product`` for the step before."""


def outer_sum_of_steps(gate_grads: Tensor, states: Tensor) -> Tensor:
    """Return the sum over steps and sentences of gate_grad ⊗ state, (gates * hidden, hidden)."""
    return outer_sum(gate_grads.flatten(0, 1), states.flatten(0, 1))
