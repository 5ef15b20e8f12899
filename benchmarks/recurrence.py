"""Our recurrent layers beside torch's, forward and backward, in turn in one process.

    python benchmarks/recurrence.py [--rounds 9]

Prints a row for each layer and precision: median milliseconds, tokens a second, and the ratio to
torch.nn.LSTM of the same precision in the same round (median of the rounds' ratios).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import seqcli  # before torch, for it sets how threads wait  # isort: skip
import torch
from torch import nn

from seqcli.devices import set_threads
from seqcli.models.cells import CELLS
from seqcli.models.kernels import use_compiled_kernels
from seqcli.models.recurrence import RecurrentLayer

LENGTH, BATCH, INPUT, HIDDEN = 17, 120, 256, 512  # a batch of about 2,000 tokens


def make_run(layer: nn.Module, precision: str) -> Callable[[], None]:
    """Return a function that reads a batch and computes all gradients once."""
    x = torch.randn(LENGTH, BATCH, INPUT, requires_grad=True)

    def run() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            outputs, _ = layer(x)
        outputs.float().sum().backward()

    return run


def time_once(run: Callable[[], None]) -> float:
    """Return seconds of one run."""
    before = time.perf_counter()
    run()
    return time.perf_counter() - before


def main() -> None:
    """Time all layers in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    print(f"seqcli {seqcli.__version__}, torch {torch.__version__}, {set_threads(None)} threads")
    print(use_compiled_kernels(True))
    for precision in ("fp32", "bf16"):
        layers: dict[str, nn.Module] = {"torch.nn.LSTM": nn.LSTM(INPUT, HIDDEN)}
        layers["torch.nn.GRU"] = nn.GRU(INPUT, HIDDEN)
        layers |= {cell: RecurrentLayer(cell, INPUT, HIDDEN) for cell in CELLS}
        runs = {name: make_run(layer, precision) for name, layer in layers.items()}
        for run in runs.values():
            run()
        seconds = [{name: time_once(run) for name, run in runs.items()} for _ in range(rounds)]
        for name in runs:
            median = statistics.median(row[name] for row in seconds)
            ratio = statistics.median(row["torch.nn.LSTM"] / row[name] for row in seconds)
            speed = LENGTH * BATCH / median
            print(f"{precision} {name:<14} {1e3 * median:7.1f} ms {speed:9,.0f} tok/s x{ratio:.2f}")


if __name__ == "__main__":
    main()
