"""Where the time of an update goes, by part of the model, from torch's profiler."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from seqcli.training.session import Session, train_step
from seqcli.training.workers import Workers

# The first of these that an operation, or one that it is in, has in its name.
OWNERS = {
    "_OutputCrossEntropy": "output layer and loss",
    "_Recurrence": "recurrence",
    "Adam": "optimizer",
    "bmm": "attention, its products with the encoder",
    "Bmm": "attention, its products with the encoder",
    "softmax": "attention, its products with the encoder",
    "linalg_vector_norm": "clipping",
    "mbedding": "embeddings",
    "random_": "dropout",
    "ddmm": "products of inputs, keys and readouts",
    "Linear": "products of inputs, keys and readouts",
    "linear": "products of inputs, keys and readouts",
    "aten::mm": "products of inputs, keys and readouts",
    "MmBackward": "products of inputs, keys and readouts",
}
PRODUCTS = ("aten::mm", "aten::addmm", "aten::bmm")


def time_by_part(session: Session) -> dict[str, float]:
    """Return the share of the time of each part, products and the rest apart, on one thread."""
    session.workers = Workers(session.model, count=1)
    torch.set_num_threads(1)
    updates = len(session.stream.batches)  # type: ignore[attr-defined]
    train_step(session, spent=0.5)
    started = time.perf_counter()
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(updates):
            train_step(session, spent=0.5)
    total = time.perf_counter() - started
    seconds: dict[str, float] = defaultdict(float)
    for event in profiler.events():
        kind = ", products" if event.name in PRODUCTS else ""
        seconds[_owner(event) + kind] += event.self_cpu_time_total / 1e6
    seconds["outside torch: Python, collating"] = total - sum(seconds.values())
    shares = {part: value / total for part, value in seconds.items() if value > total / 500}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _owner(event: Any) -> str:
    while event is not None:
        for name, owner in OWNERS.items():
            if name in event.name:
                return owner
        event = event.cpu_parent
    return "other"
