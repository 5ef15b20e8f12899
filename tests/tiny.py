"""Small models, data and settings for the tests of the model side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch

from seqcli.config import Settings, load_settings
from seqcli.dataset import Split
from seqcli.id_arrays import IdArray
from seqcli.models import Architecture, Seq2Seq

VOCAB = 12  # pieces of a tiny model, the four special ones included

SIZES: dict[str, Any] = {
    "cell": "lstm",
    "hidden_size": 8,
    "emb_size": 6,
    "layers": 1,
    "bidirectional": True,
    "attention": "general",
    "input_feeding": False,
    "tie_embeddings": True,
    "dropout": 0.0,
}


def tiny_model(
    *, vocab_size: int = VOCAB, joint: bool = True, seed: int = 1, **sizes: Any
) -> Seq2Seq:
    """Return a model in float64 and evaluation mode, far enough from zero to tell pieces apart."""
    torch.manual_seed(seed)
    model = Seq2Seq(
        Architecture(**{**SIZES, **sizes}),
        src_vocab_size=vocab_size,
        tgt_vocab_size=vocab_size,
        joint=joint,
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return model.double().eval()


def tiny_settings(**keywords: Any) -> Settings:
    """Return settings of a training that takes a moment; keywords replace some."""
    small = {
        **SIZES,
        "batch_tokens": 60,
        "max_epochs": None,
        "max_steps": 6,
        "warmup_steps": 2,
        "patience": None,
        "device": "cpu",
        "threads": 1,
        "precision": "fp32",
        "max_length": 5,
        "calibrate": False,
    }
    return load_settings(keywords={**small, **keywords}, environ={})


def make_split(pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Split:
    """Return a split that holds pairs of ids in memory."""
    return Split("train", *(_id_array(side) for side in zip(*pairs, strict=True)))


def _id_array(rows: Iterable[Sequence[int]]) -> IdArray:
    rows = list(rows)
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return IdArray(np.array([i for row in rows for i in row], dtype=np.uint16), offsets)
