"""How much memory a training will need, before it starts."""

from __future__ import annotations

import contextlib
import ctypes
import sys

import torch
from torch import nn

from seqcli.config import Settings
from seqcli.models.cells import CELLS
from seqcli.models.seq2seq import count_parameters
from seqcli.training.loss import CHUNK_ENTRIES

# Fitted to the peaks of trainings on a CPU: blocks of ever other shapes leave gaps between them.
PROCESS_BYTES = 350_000_000
ACTIVATION_GAPS = 3
COPIES = 6  # of each weight: itself, the best, two workers' gradients, Adam's two moments


def estimate_memory(settings: Settings, model: nn.Module, dtype: torch.dtype) -> int:
    """Return the bytes at the peak of an update: an estimate from what each part keeps.

    Args:
        settings: Sizes of the model and of a batch.
        model: Its weights are counted.
        dtype: Of the products.
    """
    sizes, tokens = settings.model, settings.training.batch_tokens
    if settings.training.r_drop:  # two passes at once
        tokens *= 2
    gates = CELLS[sizes.cell].gates
    layer = (2 * gates + 4) * sizes.hidden_size  # input parts, gates and their gradients, states
    sides = 2 * (sizes.layers * layer + 4 * sizes.emb_size)
    attention = 6 * sizes.hidden_size
    if sizes.attention == "additive":  # tanh(W h + U s) for every pair of positions
        attention += 2 * sizes.hidden_size * 32
    activations = tokens * (sides + attention) * dtype.itemsize
    chunk = CHUNK_ENTRIES * (2 * torch.float32.itemsize + dtype.itemsize)
    weights = count_parameters(model) * (COPIES * torch.float32.itemsize + dtype.itemsize)
    return PROCESS_BYTES + weights + ACTIVATION_GAPS * activations + chunk


def give_back_unused() -> None:
    """Return memory that was freed to the system, where the C library keeps it (glibc)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
