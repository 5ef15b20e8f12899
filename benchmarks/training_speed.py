"""Training speed, side by side in one run: seqcli, plain PyTorch, OpenNMT-py, and the machine.

    python benchmarks/training_speed.py DATA_DIR [--onmt PYTHON] [--rounds 5] [--json FILE]

DATA_DIR is what `seqcli preprocess` wrote. Contestants take turns, round after round; each figure
is the median of the rounds, in target tokens a second, padding not counted. The set-up is that of
the field's comparisons: bidirectional encoder of 256 in each direction, decoder of 512, embeddings
of 256, general attention, dropout 0.2, label smoothing 0.1, Adam, clipping at norm 1, about 4,000
target tokens a batch, nothing tied. Every contestant of ours sees the same batches, drawn from an
epoch; OpenNMT-py makes its own, of the same text and size.

Model FLOPs utilisation (MFU) is tokens/s times the floating-point operations that the model needs
for a token (products only, forward and backward, no padding) over those that a large matrix product
of the same precision reaches in the same round.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import seqcli  # before torch, for it sets how threads wait  # isort: skip
import torch
from opennmt import OpenNmt
from parts import time_by_part
from plain import CELLS, PlainModel, PlainTraining
from torch import nn

from seqcli.batches import Batch, BatchStream, Share
from seqcli.config import Settings
from seqcli.dataset import Dataset
from seqcli.devices import precision_name, resolve_precision, set_threads
from seqcli.models import Architecture, Seq2Seq
from seqcli.models.kernels import use_compiled_kernels
from seqcli.training.session import Session, make_session, train_step

REFERENCE = {
    "cell": "lstm",
    "hidden_size": 512,
    "emb_size": 256,
    "tie_embeddings": False,
    "dropout": 0.2,
}
PEAK_SIZE = 4096  # of the large product
BASE = "seqcli lstm"


class FixedBatches:
    """A stream that gives the same batches again and again."""

    def __init__(self, batches: list[Batch]) -> None:
        """Take at least one batch."""
        self.batches = batches
        self._next = 0

    def take_share(self) -> Share:
        """Return the next one."""
        batch = self.batches[self._next % len(self.batches)]
        self._next += 1
        return Share.of_all(batch)


def draw_batches(dataset: Dataset, *, batch_tokens: int, count: int) -> list[Batch]:
    """Return the first batches of the first epoch, which are in random order."""
    stream = BatchStream(dataset.split("train"), batch_tokens=batch_tokens, seed=1)
    return [stream.take() for _ in range(min(count, stream.batches_per_epoch))]


def make_seqcli(
    batches: list[Batch],
    *,
    vocab: int,
    dtype: torch.dtype,
    threads: int,
    dataset: Dataset,
    model: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
) -> Session:
    """Return a training of ours over fixed batches."""
    torch.manual_seed(1)
    settings = Settings(
        model={**REFERENCE, **(model or {})}, training={"batch_tokens": 10**6, **(training or {})}
    )
    sizes = settings.model.model_dump()
    network = Seq2Seq(Architecture(**sizes), src_vocab_size=vocab, tgt_vocab_size=vocab, joint=True)
    session = make_session(
        settings,
        network,
        dataset.split("valid"),
        device=torch.device("cpu"),
        dtype=dtype,
        threads=threads,
    )
    session.stream = FixedBatches(batches)  # type: ignore[assignment]
    return session


def time_seqcli(session: Session, *, compiled: bool = True) -> float:
    """Go over the batches once; return target tokens a second."""
    use_compiled_kernels(compiled)
    started, tokens = time.perf_counter(), 0
    for _ in session.stream.batches:  # type: ignore[attr-defined]
        tokens += train_step(session, spent=0.5).num_tokens
    return tokens / (time.perf_counter() - started)


def time_plain(training: PlainTraining, batches: list[Batch]) -> float:
    """Go over the batches once; return target tokens a second."""
    started = time.perf_counter()
    for batch in batches:
        training.step(batch)
    return sum(b.num_tgt_tokens for b in batches) / (time.perf_counter() - started)


def time_product(dtype: torch.dtype) -> float:
    """Return the GFLOP/s of a large matrix product: the best of three."""
    left, right = (torch.randn(PEAK_SIZE, PEAK_SIZE).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        torch.mm(left, right)
        seconds.append(time.perf_counter() - started)
    return 2 * PEAK_SIZE**3 / min(seconds) / 1e9


def flops_per_token(model: Seq2Seq, batches: list[Batch]) -> float:
    """Return what products need for a target token, forward and backward, padding not counted."""
    src = sum(int(batch.src_lengths.sum()) for batch in batches)
    tgt = sum(batch.num_tgt_tokens for batch in batches)
    pairs = sum(
        int((batch.src_lengths * (batch.tgt_out != 0).sum(dim=1)).sum()) for batch in batches
    )

    def entries(*modules: nn.Module | None) -> int:
        weights = [w for m in modules if m is not None for w in m.parameters() if w.dim() == 2]
        return sum(weight.numel() for weight in weights)

    decoder = model.decoder
    source_side = entries(model.encoder, decoder.attention)
    target_side = entries(decoder.layers, decoder.readout, model.output)
    hidden = decoder.readout.in_features // 2
    products = src * source_side + tgt * target_side + 2 * hidden * pairs
    return 3 * 2 * products / tgt


def contestants(
    dataset: Dataset, batches: list[Batch], *, vocab: int, threads: int
) -> tuple[dict[str, Callable[[], float]], Session]:
    """Return what to time, by name, and the session of the base."""
    auto = resolve_precision("auto", torch.device("cpu"))

    def ours(dtype: torch.dtype = auto, **settings: Any) -> Session:
        return make_seqcli(
            batches, vocab=vocab, dtype=dtype, threads=threads, dataset=dataset, **settings
        )

    base = ours()
    sessions = {BASE: base}
    for cell in ("gru", "gru-cudnn", "rnn"):
        sessions[f"seqcli {cell}"] = ours(model={"cell": cell})
    sessions["seqcli lstm, fp32"] = ours(torch.float32)
    sessions["seqcli lstm, input feeding"] = ours(model={"input_feeding": True})
    for passes in (1, 2):
        sampling = {"teacher_forcing_start": 0.5, "sampling_passes": passes}
        sessions[f"seqcli lstm, p = 0.5, {passes} passes"] = ours(training=sampling)
    runs: dict[str, Callable[[], float]] = {
        name: lambda session=session: time_seqcli(session) for name, session in sessions.items()
    }
    uncompiled = ours()
    runs["seqcli lstm, torch kernels"] = lambda: time_seqcli(uncompiled, compiled=False)
    for cell in CELLS:
        model = PlainModel(cell, vocab=vocab, emb_size=256, hidden_size=512, dropout=0.2)
        training = PlainTraining(model, lr=1e-3, label_smoothing=0.1)
        runs[f"plain {cell}, fp32"] = lambda training=training: time_plain(training, batches)
    runs["product bf16, GFLOP/s"] = lambda: time_product(torch.bfloat16)
    runs["product fp32, GFLOP/s"] = lambda: time_product(torch.float32)
    return runs, base


def print_table(readings: dict[str, list[float]], flops: float, precision: str) -> None:
    """Print medians, ratios of the same round, and the MFU of the base and of fp32."""
    peak = f"product {precision}, GFLOP/s"
    for name, values in readings.items():
        ratios = [a / b for a, b in zip(readings[BASE], values, strict=True)]
        ratio = f"  {BASE} is {statistics.median(ratios):5.2f} x" if "GFLOP" not in name else ""
        print(f"{name:<32} {statistics.median(values):9,.0f}{ratio}")
    for name, product in ((BASE, peak), ("seqcli lstm, fp32", "product fp32, GFLOP/s")):
        if name not in readings:
            continue
        shares = [
            speed * flops / 1e9 / most
            for speed, most in zip(readings[name], readings[product], strict=True)
        ]
        print(f"MFU of {name}: {statistics.median(shares):.0%} ({flops / 1e6:.1f} MFLOP a token)")


def main() -> None:
    """Time all contestants in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=10, help="batches in a turn")
    parser.add_argument("--batch-tokens", type=int, default=4000)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--only", help="contestants whose name has this in it")
    parser.add_argument("--onmt", type=Path, help="Python of an environment with OpenNMT-py")
    parser.add_argument("--json", type=Path, help="file for every reading")
    options = parser.parse_args()
    dataset = Dataset.open(options.data_dir)
    vocab = len(dataset.pieces().tgt)
    threads = set_threads(options.threads)
    batches = draw_batches(dataset, batch_tokens=options.batch_tokens, count=options.batches)
    runs, base = contestants(dataset, batches, vocab=vocab, threads=threads)
    if options.only:
        runs = {n: run for n, run in runs.items() if options.only in n or n == BASE or "prod" in n}
    flops = flops_per_token(base.model, batches)
    precision = precision_name(base.dtype)
    print(f"seqcli {seqcli.__version__}, torch {torch.__version__}, {threads} threads")
    print(f"{precision}, {use_compiled_kernels(True)}, vocabulary {vocab:,}, {options.data_dir}")
    readings: dict[str, list[float]] = {name: [] for name in runs}
    with tempfile.TemporaryDirectory() as folder:
        peers: dict[str, OpenNmt] = {}
        if options.onmt is not None:
            for fed in (False, True):
                name = "OpenNMT-py, input feeding" if fed else "OpenNMT-py"
                peers[name] = OpenNmt(
                    options.onmt,
                    dataset,
                    Path(folder) / f"onmt{int(fed)}",
                    batch_tokens=options.batch_tokens,
                    input_feeding=fed,
                    threads=threads,
                )
                readings[name] = []
        for run in runs.values():
            run()  # makes and keeps what shapes need
        for _ in range(options.rounds):
            for name, run in runs.items():
                readings[name].append(run())
            for name, peer in peers.items():
                readings[name].append(statistics.median(peer.measure(3)))
        for peer in peers.values():
            peer.close()
    print_table(readings, flops, precision)
    parts = time_by_part(base)
    print("\nOne thread, share of a step:")
    for part, share in parts.items():
        print(f"  {part:<40} {share:6.1%}")
    if options.json is not None:
        found = {"readings": readings, "flops_per_token": flops, "parts": parts}
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
