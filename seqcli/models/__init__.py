"""The recurrent encoder–decoder: architecture, cells, recurrence, attention, encoder, decoder."""

from __future__ import annotations

from seqcli.models.architecture import Architecture
from seqcli.models.ensemble import Ensemble
from seqcli.models.frozen import FrozenSeq2Seq, freeze
from seqcli.models.seq2seq import Seq2Seq

__all__ = ["Architecture", "Ensemble", "FrozenSeq2Seq", "Seq2Seq", "freeze"]
