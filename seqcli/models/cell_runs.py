"""A step forward and a step backward of each cell: its products, and the steps between them.

Place: runs.py -> **runs of each cell** -> recurrence.py. The equations are those of cells.py.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from seqcli.models.products import times, times_transposed
from seqcli.models.runs import Run, outer_sum_of_steps


class RnnRun(Run):
    """``cells.rnn_step``."""

    gates = 1

    def __init__(self, *args: Any) -> None:
        """Make the buffers of this cell too."""
        super().__init__(*args)
        self.hs_wide = self.wide_hs()

    def step_forward(self, time: int, before: int, after: int, is_real: Tensor | None) -> None:
        """Write gates and states of a step."""
        times_transposed(self.read_at(before), self.weight, out=self.h_part)
        self.steps.rnn_forward(
            self.hidden,
            is_real,
            self.x_part[time],
            self.h_part,
            self.hs_wide[before],
            self.hs_wide[after],
            self.hs[after],
            **self.extra,
        )

    def step_backward(self, time: int, before: int, after: int, is_real: Tensor | None) -> None:
        """Write the gradients of a step's gates, and ``product`` for the step before."""
        self.steps.rnn_backward(
            self.hidden,
            is_real,
            self.grad_out[time],
            self.product,
            self.carry,
            self.hs_wide[after],
            self.gate_grads[time],
            **self.extra,
        )
        times(self.gate_grads[time], self.weight, out=self.product)


class LstmRun(Run):
    """``cells.lstm_step``."""

    gates = 4

    def __init__(self, *args: Any) -> None:
        """Make the buffers of this cell too."""
        super().__init__(*args)
        self.cs = self.wide_states(args[-1])
        self.activations = self.buffer(4 * self.hidden)
        self.tanh_cs = self.buffer(self.hidden)

    def step_forward(self, time: int, before: int, after: int, is_real: Tensor | None) -> None:
        """Write gates and states of a step."""
        times_transposed(self.read_at(before), self.weight, out=self.h_part)
        self.steps.lstm_forward(
            self.hidden,
            is_real,
            self.x_part[time],
            self.h_part,
            self.hs[before],
            self.cs[before],
            self.activations[time],
            self.tanh_cs[time],
            self.hs[after],
            self.cs[after],
            **self.extra,
        )

    def start_backward(
        self, grad_out: Tensor, gate_grads: Tensor, grad_h: Tensor, *grad_c: Tensor
    ) -> None:
        """Take the same, and the gradient by the last c."""
        super().start_backward(grad_out, gate_grads, grad_h)
        self.grad_c = grad_c[0].to(self.wide, copy=True)

    def step_backward(self, time: int, before: int, after: int, is_real: Tensor | None) -> None:
        """Write the gradients of a step's gates, and ``product`` for the step before."""
        self.steps.lstm_backward(
            self.hidden,
            is_real,
            self.grad_out[time],
            self.product,
            self.carry,
            self.grad_c,
            self.activations[time],
            self.tanh_cs[time],
            self.cs[before],
            self.gate_grads[time],
            **self.extra,
        )
        times(self.gate_grads[time], self.weight, out=self.product)

    def grads(self) -> tuple[Tensor | None, ...]:
        """Return the same, and the gradient by c before the first step."""
        return (*super().grads(), self.grad_c.to(self.weight.dtype))


class GruRun(Run):
    """``cells.gru_step``."""

    gates = 3
    only_forward = (*Run.only_forward, "gate_h_part", "new_h_part")

    def __init__(self, *args: Any) -> None:
        """Make the buffers of this cell too."""
        super().__init__(*args)
        self.hs_wide = self.wide_hs()
        self.activations = self.buffer(3 * self.hidden)
        self.reset_hs = torch.empty_like(self.hs[1:-1])  # r∘h, as products read it
        split = 2 * self.hidden
        self.gate_weight, self.new_weight = self.weight[:split], self.weight[split:]
        parts = self.h_part.flatten().split([self.batch * split, self.batch * self.hidden])
        self.gate_h_part, self.new_h_part = (part.view(self.batch, -1) for part in parts)

    def step_forward(self, time: int, before: int, after: int, is_real: Tensor | None) -> None:
        """Write gates and states of a step."""
        times_transposed(self.read_at(before), self.gate_weight, out=self.gate_h_part)
        self.steps.gru_gates_forward(
            self.hidden,
            is_real,
            self.x_part[time],
            self.gate_h_part,
            self.hs_wide[before],
            self.job.mask,
            self.activations[time],
            self.reset_hs[time],
            **self.extra,
        )
        times_transposed(self.reset_hs[time], self.new_weight, out=self.new_h_part)
        self.steps.gru_new_forward(
            self.hidden,
            is_real,
            self.x_part[time],
            self.new_h_part,
            self.hs_wide[before],
            self.activations[time],
            self.hs_wide[after],
            self.hs[after],
            **self.extra,
        )

    def step_backward(self, time: int, before: int, after: int, is_real: Tensor | None) -> None:
        """Write the gradients of a step's gates, and ``product`` for the step before."""
        self.steps.gru_new_backward(
            self.hidden,
            is_real,
            self.grad_out[time],
            self.product,
            self.carry,
            self.hs_wide[before],
            self.activations[time],
            self.gate_grads[time],
            **self.extra,
        )
        gate_grads = self.gate_grads[time]
        times(gate_grads[:, 2 * self.hidden :], self.new_weight, out=self.product)
        self.steps.gru_gates_backward(
            self.hidden,
            is_real,
            self.product,
            self.carry,
            self.hs_wide[before],
            self.job.mask,
            self.activations[time],
            gate_grads,
            **self.extra,
        )
        times(gate_grads[:, : 2 * self.hidden], self.gate_weight, out=self.product)

    def weight_grad(self) -> Tensor:
        """Return the gradient of the recurrent weights."""
        split = 2 * self.hidden
        grad = torch.empty_like(self.weight)
        grad[:split] = outer_sum_of_steps(
            self.gate_grads[..., :split], self.read[self.slots_before()]
        )
        grad[split:] = outer_sum_of_steps(self.gate_grads[..., split:], self.reset_hs)
        return grad


class GruCudnnRun(Run):
    """``cells.gru_cudnn_step``."""

    gates = 3

    def __init__(self, *args: Any) -> None:
        """Make the buffers of this cell too."""
        super().__init__(*args)
        self.hs_wide = self.wide_hs()
        self.activations = self.buffer(3 * self.hidden)
        self.h_news = self.buffer(self.hidden)  # U h + b_n

    def step_forward(self, time: int, before: int, after: int, is_real: Tensor | None) -> None:
        """Write gates and states of a step."""
        times_transposed(self.read_at(before), self.weight, out=self.h_part)
        self.steps.gru_cudnn_forward(
            self.hidden,
            is_real,
            self.x_part[time],
            self.h_part,
            self.bias,
            self.hs_wide[before],
            self.activations[time],
            self.h_news[time],
            self.hs_wide[after],
            self.hs[after],
            **self.extra,
        )

    def start_backward(self, grad_out: Tensor, gate_grads: Tensor, grad_h: Tensor) -> None:
        """Take the same, and make room for gradients by the product of h."""
        super().start_backward(grad_out, gate_grads, grad_h)
        self.h_part_grads = self.weight.new_empty(gate_grads.shape)

    def step_backward(self, time: int, before: int, after: int, is_real: Tensor | None) -> None:
        """Write the gradients of a step's gates, and ``product`` for the step before."""
        self.steps.gru_cudnn_backward(
            self.hidden,
            is_real,
            self.grad_out[time],
            self.product,
            self.carry,
            self.hs_wide[before],
            self.activations[time],
            self.h_news[time],
            self.gate_grads[time],
            self.h_part_grads[time],
            **self.extra,
        )
        times(self.h_part_grads[time], self.weight, out=self.product)

    def weight_grad(self) -> Tensor:
        """Return the gradient of the recurrent weights."""
        return outer_sum_of_steps(self.h_part_grads, self.read[self.slots_before()])

    def bias_grad(self) -> Tensor | None:
        """Return the gradient of the bias inside the reset product."""
        news = self.h_part_grads[..., 2 * self.hidden :]
        return news.sum(dim=(0, 1), dtype=self.wide).to(self.weight.dtype)


RUNS: dict[str, type[Run]] = {
    "rnn": RnnRun,
    "lstm": LstmRun,
    "gru": GruRun,
    "gru-cudnn": GruCudnnRun,
}
