"""A source -> the target pieces that may translate it: the output layer computes only those.

Place: shortlisting.py -> **Shortlist** -> frozen.py. Each sentence has its own list, whatever it is
batched with.
Axes: batch = sentences, src_len = source pieces, vocab = target pieces.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from seqcli.pieces import NEVER_PRODUCED


@dataclass(frozen=True)
class Shortlist:
    """The likeliest translations of every source piece, and what is always allowed."""

    candidates: Tensor  # (src_vocab, most), long; vocab where there are fewer
    common: Tensor  # (some,), long
    vocab: int

    def to(self, device: torch.device) -> Shortlist:
        """Return the same on a device."""
        return Shortlist(self.candidates.to(device), self.common.to(device), self.vocab)

    def allowed(self, src: Tensor) -> Tensor:
        """Return which pieces each source allows, (batch, vocab), for src (batch, src_len).

        Those that no translation has (padding, unknown, BOS) are never among them.
        """
        allowed = torch.zeros(len(src), self.vocab + 1, dtype=torch.bool, device=src.device)
        allowed.scatter_(1, self.candidates[src].flatten(1), True)
        allowed[:, self.common] = True
        allowed[:, list(NEVER_PRODUCED)] = False
        return allowed[:, : self.vocab]
