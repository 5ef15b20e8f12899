"""Training: loss, teacher forcing, optimisation, validation, resume state and the loop."""

from __future__ import annotations

from seqcli.training.loop import train_model

__all__ = ["train_model"]
