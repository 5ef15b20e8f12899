"""A source -> the target pieces that may translate it: the output layer computes only those.

Place: shortlisting.py -> **Shortlist** -> frozen.py. Each sentence has its own list, whatever it is
batched with.
Axes: batch = sentences, src_len = source pieces, vocab = target pieces.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seqcli.pieces import NEVER_PRODUCED


@dataclass(frozen=True)
class PieceLists:
    """The pieces that each sentence of a batch may say."""

    pieces: Tensor  # those of all sentences, one list after another, (all,)
    bounds: Tensor  # where the list of each begins and is over, (batch, 2)
    most: int  # no list is longer
    vocab: int

    def select(self, rows: Tensor) -> PieceLists:
        """Return the lists of some sentences; rows are indices, (rows,)."""
        return replace(self, bounds=self.bounds[rows])

    def allowed(self) -> Tensor:
        """Return which pieces each sentence may say, (batch, vocab), bool."""
        allowed = self.bounds.new_zeros(len(self.bounds), self.vocab).bool()
        for row, (start, end) in enumerate(self.bounds.tolist()):
            allowed[row, self.pieces[start:end]] = True
        return allowed


@dataclass(frozen=True)
class Shortlist:
    """The likeliest translations of every source piece, and what is always allowed."""

    candidates: Tensor  # (src_vocab, most), long; vocab where there are fewer
    common: Tensor  # (some,), long
    vocab: int

    def to(self, device: torch.device) -> Shortlist:
        """Return the same on a device."""
        return Shortlist(self.candidates.to(device), self.common.to(device), self.vocab)

    def of_sources(self, src: Tensor) -> PieceLists:
        """Return the lists of some sources, for src (batch, src_len).

        Pieces that no translation has (padding, unknown, BOS) are never on them.
        """
        allowed = torch.zeros(len(src), self.vocab + 1, dtype=torch.bool, device=src.device)
        allowed.scatter_(1, self.candidates[src].flatten(1), True)
        allowed[:, self.common] = True
        allowed[:, list(NEVER_PRODUCED)] = False
        allowed = allowed[:, : self.vocab]
        lengths = allowed.sum(dim=1)
        ends = lengths.cumsum(dim=0)
        bounds = torch.stack([ends - lengths, ends], dim=1)
        return PieceLists(allowed.nonzero()[:, 1], bounds, int(lengths.max()), self.vocab)
