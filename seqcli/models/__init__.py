"""The recurrent encoder–decoder: cells, recurrence, attention, encoder, decoder, seq2seq."""

from __future__ import annotations

from seqcli.models.seq2seq import Seq2Seq

__all__ = ["Seq2Seq"]
