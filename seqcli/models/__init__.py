"""The recurrent encoder–decoder: architecture, cells, recurrence, attention, encoder, decoder."""

from __future__ import annotations

from seqcli.models.architecture import Architecture
from seqcli.models.ensemble import Ensemble
from seqcli.models.seq2seq import Seq2Seq

__all__ = ["Architecture", "Ensemble", "Seq2Seq"]
