"""Dropout whose coins are cheap on a CPU: one random byte each instead of one random float."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDES = 256  # of a coin: values of a byte


class Dropout(nn.Module):
    """Zero a share of the activations in training, and scale up the rest.

    Coins come from torch's global generator, or from ``generator``; eight of them from each draw,
    which takes a quarter of the time of ``torch.nn.Dropout`` on a CPU. Other devices have fast
    dropout of their own.

    Source: Srivastava et al. 2014, in the form that scales in training.
    """

    def __init__(self, rate: float) -> None:
        """Make it.

        Args:
            rate: Share zeroed, at least 0 and below 1; rounded to a multiple of 1/256.
        """
        super().__init__()
        self.zeroed_sides = min(round(rate * SIDES), SIDES - 1)
        self.generator: torch.Generator | None = None  # of the coins; None is torch's global one

    @property
    def is_idle(self) -> bool:
        """Whether everything is kept: outside training, or with a rate of 0."""
        return not self.training or self.zeroed_sides == 0

    def forward(self, x: Tensor) -> Tensor:
        """Return x with its coins applied; x itself outside training."""
        if self.is_idle:
            return x
        if x.device.type != "cpu":
            return functional.dropout(x, self.zeroed_sides / SIDES)
        return x * self._draw(x.shape, x)

    def draw(self, shape: tuple[int, ...], like: Tensor) -> Tensor | None:
        """Return factors to multiply with, 0 or the scale; None if everything is kept.

        For coins that several activations share, such as those of all steps of a sentence: their
        shape has a 1 there.

        Args:
            shape: Of the factors.
            like: Has the dtype and device.
        """
        if self.is_idle:
            return None
        if like.device.type != "cpu":
            return functional.dropout(like.new_ones(shape), self.zeroed_sides / SIDES)
        return self._draw(torch.Size(shape), like)

    def _draw(self, shape: torch.Size, like: Tensor) -> Tensor:
        draws = torch.empty((shape.numel() + 7) // 8, dtype=torch.int64, device=like.device)
        # random_ alone leaves the sign bit 0, which would make every eighth coin a bad one.
        draws.random_(-(2**63), None, generator=self.generator)
        coins = draws.view(torch.uint8)[: shape.numel()].view(shape)
        kept = (coins >= self.zeroed_sides).to(like.dtype)
        return kept.mul_(SIDES / (SIDES - self.zeroed_sides))

    def extra_repr(self) -> str:
        """Say the rate."""
        return f"rate={self.zeroed_sides / SIDES:g}"


def times(x: Tensor, factors: Tensor | None) -> Tensor:
    """Return x times factors that ``Dropout.draw`` gave."""
    return x if factors is None else x * factors
