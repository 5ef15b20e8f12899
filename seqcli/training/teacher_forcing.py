"""How often the decoder is fed the gold token in training, and what it is fed otherwise.

Place: update number -> **probability** -> coins -> readouts of a decoder that was partly fed its
own output. The probability is always that of feeding *gold*.

Source: Bengio et al. 2015, Scheduled sampling, section 2.4 (schedules) and 2.3 (the model's own
token, no gradient through the choice); Mihaylova & Martins 2019, section 3 (two passes).
Axes: batch = sentences, tgt_len = target positions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from seqcli.errors import SettingsError
from seqcli.models import Seq2Seq
from seqcli.models.seq2seq import Reading


def _linear(start: float, end: float, share: float, _steps: int) -> float:
    return start + (end - start) * share


def _exponential(start: float, end: float, share: float, _steps: int) -> float:
    """Return start * k^i, with k such that end is reached at the last step."""
    return start * math.pow(end / start, share)


def _inverse_sigmoid(start: float, end: float, share: float, steps: int) -> float:
    """Return start * (k + 1) / (k + exp(i / k)): the paper's curve, scaled to begin at start."""
    k = _solve_inverse_sigmoid(end / start, steps)
    return start * _inverse_sigmoid_share(k, share * steps)


def _inverse_sigmoid_share(k: float, step: float) -> float:
    exponent = step / k - math.log(k)  # exp(i/k) / k without overflow
    return 0.0 if exponent > 700 else (1 + 1 / k) / (1 + math.exp(exponent))


def _solve_inverse_sigmoid(share: float, steps: int) -> float:
    """Return the k whose curve falls to share at steps, by bisection: the curve grows with k."""
    if share >= 1:
        return math.inf
    low, high = 1e-3, 1e3 + steps / max(1 - share, 1e-9)
    while _inverse_sigmoid_share(high, steps) < share:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if _inverse_sigmoid_share(middle, steps) < share:
            low = middle
        else:
            high = middle
    return high


SCHEDULES: dict[str, Callable[[float, float, float, int], float] | None] = {
    "constant": None,
    "linear": _linear,
    "exponential": _exponential,
    "inverse-sigmoid": _inverse_sigmoid,
}
POSITIVE_END = ("exponential", "inverse-sigmoid")  # curves that never reach 0
SCOPES = ("token", "step", "sequence")


@dataclass(frozen=True)
class TeacherForcing:
    """A schedule of the probability of feeding gold."""

    schedule: str
    start: float
    end: float
    warmup: int  # updates at start
    steps: int | None  # update at which end is reached; None for constant
    scope: str = "token"  # one of SCOPES
    passes: int = 1  # a key of PASSES

    def __post_init__(self) -> None:
        """Check what the settings cannot know.

        Raises:
            SettingsError: If the curve cannot reach its end.
        """
        if self.schedule in POSITIVE_END and self.end <= 0:
            raise SettingsError(
                f"--teacher-forcing-end {self.end}: the {self.schedule} schedule comes near 0 but "
                "never reaches it; give a small number such as 0.01, or take the linear schedule"
            )

    def probability(self, update: int) -> float:
        """Return the probability of feeding gold at an update, counted from 1.

        It is start at update 1 and up to update ``warmup``, and end from update ``steps`` on.
        """
        curve = SCHEDULES[self.schedule]
        if curve is None or self.steps is None or self.start == self.end:
            return self.start
        if update >= self.steps:
            return self.end
        first = max(self.warmup, 1)
        if update <= first:
            return self.start
        length = self.steps - first
        return curve(self.start, self.end, (update - first) / length, length)


def toss_coins(
    shape: tuple[int, int], *, probability: float, scope: str, generator: torch.Generator
) -> Tensor:
    """Return where gold is fed, (batch, tgt_len) of bool.

    Args:
        shape: (batch, tgt_len).
        probability: Of gold.
        scope: ``token``: a coin for each position of each sentence; ``step``: one for each
            position, all sentences alike; ``sequence``: one for each sentence, all positions alike.
        generator: On the CPU; drawn from in the same way whatever the device.
    """
    batch, tgt_len = shape
    coins = {"token": (batch, tgt_len), "step": (1, tgt_len), "sequence": (batch, 1)}[scope]
    is_gold = torch.rand(coins, generator=generator) < probability
    return is_gold.expand(batch, tgt_len)


def readouts_stepwise(model: Seq2Seq, reading: Reading, tgt_in: Tensor, is_gold: Tensor) -> Tensor:
    """Return readouts of a decoder fed gold where is_gold, else its own likeliest piece.

    Args:
        model: The model.
        reading: Its sources.
        tgt_in: BOS and gold pieces, (batch, tgt_len). BOS is always fed.
        is_gold: (batch, tgt_len).

    Returns:
        (batch, tgt_len, readout).
    """
    state, fed = reading.state, tgt_in[:, 0]
    readouts: list[Tensor] = []
    for position in range(tgt_in.shape[1]):
        if position > 0:
            with torch.no_grad():
                own = model.logits(readouts[-1]).argmax(dim=-1)
            fed = torch.where(is_gold[:, position], tgt_in[:, position], own)
        readout, state, _ = model.step(fed, state, reading.memory)
        readouts.append(readout)
    return torch.stack(readouts, dim=1)


def readouts_two_pass(model: Seq2Seq, reading: Reading, tgt_in: Tensor, is_gold: Tensor) -> Tensor:
    """Return the same as ``readouts_stepwise``, nearly, at the speed of teacher forcing.

    A first pass, fed gold throughout, gives the model's piece at every position at once; the
    second is fed the mixture. Own pieces are thus those after a gold prefix, not a mixed one.

    Args:
        model: The model.
        reading: Its sources.
        tgt_in: BOS and gold pieces, (batch, tgt_len). BOS is always fed.
        is_gold: (batch, tgt_len).

    Returns:
        (batch, tgt_len, readout).
    """
    with torch.no_grad():
        first = model.readouts(reading, tgt_in)[:, :-1]
        own = torch.stack([model.logits(sentence).argmax(dim=-1) for sentence in first])
        own = torch.cat([tgt_in[:, :1], own], dim=1)
    return model.readouts(reading, torch.where(is_gold, tgt_in, own))


PASSES: dict[int, Callable[[Seq2Seq, Reading, Tensor, Tensor], Tensor]] = {
    1: readouts_stepwise,
    2: readouts_two_pass,
}
