"""Gradients -> new weights: the optimizer, the course of the learning rate, clipping, averaging.

Place: loss -> **optimization** -> weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

ADAM_BETAS = (0.9, 0.98)
ADAM_EPSILON = 1e-9


def make_optimizer(
    parameters: Iterable[nn.Parameter], *, optimizer: str, lr: float, weight_decay: float
) -> torch.optim.Optimizer:
    """Return Adam (Kingma & Ba 2015), or AdamW (Loshchilov & Hutter 2019) with weight decay."""
    make, decay = OPTIMIZERS[optimizer]
    return make(
        list(parameters),
        lr=lr,
        betas=ADAM_BETAS,
        eps=ADAM_EPSILON,
        weight_decay=weight_decay if decay else 0.0,
        fused=True,
    )


OPTIMIZERS: dict[str, tuple[type[torch.optim.Adam], bool]] = {
    "adam": (torch.optim.Adam, False),
    "adamw": (torch.optim.AdamW, True),
}


def _constant(_progress: float, _peak: float, _step: int, _warmup: int) -> float:
    return 1.0


def _inverse_sqrt(_progress: float, _peak: float, step: int, warmup: int) -> float:
    """sqrt(warmup / step). Source: Vaswani et al. 2017, equation 3, scaled to a peak of 1."""
    return math.sqrt(max(warmup, 1) / step)


def _linear(progress: float, peak: float, _step: int, _warmup: int) -> float:
    return (1 - progress) / (1 - peak)


def _cosine(progress: float, peak: float, _step: int, _warmup: int) -> float:
    """Half a cosine. Source: Loshchilov & Hutter 2017, equation 5, without restarts."""
    return (1 + math.cos(math.pi * (progress - peak) / (1 - peak))) / 2


LR_SCHEDULES: dict[str, Callable[[float, float, int, int], float]] = {
    "constant": _constant,
    "inverse-sqrt": _inverse_sqrt,
    "linear": _linear,
    "cosine": _cosine,
    "plateau": _constant,
}
NEEDS_BUDGET = ("linear", "cosine")  # schedules that end at zero when the training does


class LearningRate:
    """The learning rate of every update: a linear rise to the peak, then a schedule."""

    def __init__(
        self,
        *,
        lr: float,
        schedule: str,
        warmup_steps: int,
        decay: float = 0.5,
        patience: int = 2,
    ) -> None:
        """Start before update 1.

        Args:
            lr: Peak, reached at update warmup_steps.
            schedule: A key of ``LR_SCHEDULES``.
            warmup_steps: Updates of the rise; 0 starts at the peak.
            decay: Of the plateau schedule: factor by which the rate falls.
            patience: Of the plateau schedule: validations without a better score until it does.
        """
        self.lr = lr
        self.schedule = schedule
        self.warmup_steps = warmup_steps
        self.decay, self.patience = decay, patience
        # Saved with the run: progress at the last update of the rise, and what a plateau made.
        self.peak_progress = 0.0
        self.factor = 1.0
        self.validations_since_better = 0
        self.halvings = 0  # after gradients that were not finite

    def at(self, step: int, progress: float) -> float:
        """Return the learning rate of an update.

        Args:
            step: The update, counted from 1.
            progress: Share of the training's budget that is spent before it, from 0 to 1.
        """
        if step <= self.warmup_steps:
            self.peak_progress = min(progress, 0.999)
            return self.lr * step / self.warmup_steps * 0.5**self.halvings
        progress = min(max(progress, self.peak_progress), 1.0)
        share = LR_SCHEDULES[self.schedule](progress, self.peak_progress, step, self.warmup_steps)
        return self.lr * share * self.factor * 0.5**self.halvings

    def note_validation(self, *, is_better: bool) -> None:
        """Hear of a validation; on a plateau the rate falls after some that were no better."""
        if self.schedule != "plateau":
            return
        self.validations_since_better = 0 if is_better else self.validations_since_better + 1
        if self.validations_since_better >= self.patience:
            self.factor *= self.decay
            self.validations_since_better = 0


def clip_gradients(
    parameters: Iterable[nn.Parameter], *, clip_norm: float | None, clip_value: float | None
) -> tuple[float, bool]:
    """Clip gradients in place, by global norm, by value, or not at all.

    Source: Pascanu et al. 2013, algorithm 1 (norm); Mikolov 2012 (value). Non-finite gradients
    are left as they are: the caller must skip that update.

    Returns:
        The global norm before clipping, and whether anything was clipped.
    """
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = float(nn.utils.get_total_norm(grads))
    if not math.isfinite(norm):
        return norm, False
    if clip_value is not None:
        largest = max(float(grad.abs().max()) for grad in grads)
        for grad in grads:
            grad.clamp_(-clip_value, clip_value)
        return norm, largest > clip_value
    if clip_norm is not None and norm > clip_norm:
        for grad in grads:
            grad.mul_(clip_norm / norm)
        return norm, True
    return norm, False


def add_l2(parameters: Iterable[nn.Parameter], l2: float) -> None:
    """Add the gradient of l2 / 2 * |weights|^2 to the gradients, in place.

    Source: Krogh & Hertz 1991; what PyTorch's Adam calls weight_decay.
    """
    with torch.no_grad():
        for parameter in parameters if l2 else ():
            if parameter.grad is not None:
                parameter.grad.add_(parameter, alpha=l2)


class AveragedWeights:
    """An exponential moving average of a model's weights.

    Source: Polyak & Juditsky 1992 in its exponential form; the decay is lower at first, so that
    the random starting weights are soon forgotten.
    """

    def __init__(self, model: nn.Module, *, decay: float) -> None:
        """Start from the model's present weights.

        Args:
            model: Not changed.
            decay: Share of the average kept at an update, from 0 to 1.
        """
        self.decay = decay
        self.weights = {name: value.detach().clone() for name, value in model.named_parameters()}

    @torch.no_grad()
    def add(self, model: nn.Module, step: int) -> None:
        """Take in the weights after update ``step``, counted from 1."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in model.named_parameters():
            self.weights[name].lerp_(value, 1 - decay)

    @torch.no_grad()
    def swap(self, model: nn.Module) -> None:
        """Exchange the average with the model's weights; a second call undoes the first."""
        for name, value in model.named_parameters():
            kept: Tensor = value.detach().clone()
            value.copy_(self.weights[name])
            self.weights[name] = kept
