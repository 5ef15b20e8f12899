"""Several models of the same pieces -> one that says the mean of what they say.

Place: models -> **Ensemble** -> decoding/search.py, which cannot tell it from a single model.
Axes: batch = sentences, rows = hypotheses, vocab = target pieces.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seqcli.models.decoder import DecoderState
from seqcli.models.frozen import AnyMemory, FrozenSeq2Seq, FrozenState
from seqcli.models.seq2seq import Seq2Seq


@dataclass(frozen=True)
class JointState:
    """The states of all members."""

    members: tuple[DecoderState | FrozenState, ...]

    def select(self, rows: Tensor) -> JointState:
        """Return the state of some rows; rows are indices, (new_rows,)."""
        return JointState(tuple(state.select(rows) for state in self.members))


@dataclass(frozen=True)
class JointMemory:
    """What the attention of each member reads."""

    members: tuple[AnyMemory, ...]

    def select(self, rows: Tensor) -> JointMemory:
        """Return the memory of some sentences; rows are indices, (rows,)."""
        return JointMemory(
            tuple(None if memory is None else memory.select(rows) for memory in self.members)
        )


@dataclass(frozen=True)
class JointReading:
    """A source that all members have read."""

    state: JointState
    memory: JointMemory


class Ensemble:
    """The mean of the members' probabilities of the next piece.

    Source: Sutskever et al. 2014, section 3.6.
    """

    def __init__(self, members: Sequence[Seq2Seq | FrozenSeq2Seq]) -> None:
        """Join models with the same vocabularies, in evaluation mode, on one device.

        All are frozen (``freeze``), or none.
        """
        assert members
        self.members = tuple(members)

    @property
    def device(self) -> torch.device:
        """Where the members compute."""
        return self.members[0].device

    @property
    def has_attention(self) -> bool:
        """Whether a member looks at the source."""
        return any(model.has_attention for model in self.members)

    def read(self, src: Tensor, src_lengths: Tensor) -> JointReading:
        """Encode sources, as ``Seq2Seq.read``."""
        readings = [model.read(src, src_lengths) for model in self.members]
        return JointReading(
            JointState(tuple(reading.state for reading in readings)),
            JointMemory(tuple(reading.memory for reading in readings)),
        )

    def step(
        self, prev_ids: Tensor, state: JointState, memory: JointMemory
    ) -> tuple[tuple[Tensor, ...], JointState, Tensor | None]:
        """Feed one piece to each hypothesis, as ``Seq2Seq.step``.

        Returns:
            The readout of each member; the new state; the mean of the attention weights, (rows,
            src_len), of those members that have attention.
        """
        steps: list[Any] = [
            model.step(prev_ids, own, read)  # type: ignore[arg-type]
            for model, own, read in zip(self.members, state.members, memory.members, strict=True)
        ]
        readouts, states, weights = zip(*steps, strict=True)
        seen = [each.float() for each in weights if each is not None]
        return readouts, JointState(states), torch.stack(seen).mean(dim=0) if seen else None

    def logits(self, readouts: Sequence[Tensor]) -> Tensor:
        """Return the logarithm of the mean of the members' probabilities, (rows, vocab)."""
        log_probs = [
            model.logits(readout).float().log_softmax(dim=-1)
            for model, readout in zip(self.members, readouts, strict=True)
        ]
        return torch.stack(log_probs).logsumexp(dim=0) - math.log(len(log_probs))
