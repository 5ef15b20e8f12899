"""How training speed changes with sizes: batch, hidden, vocabulary, length, corpus.

    python benchmarks/scaling.py [--rounds 3] [--json FILE] [--svg FILE]
    python benchmarks/scaling.py --corpus DATA_DIR

The first form trains on random ids, so that one size changes and the others stay: 4,000 tokens a
batch, LSTM of 256 in each direction and 512, 8,000 pieces, sentences of 15. The second repeats a
data directory up to ten million pairs and trains on each of them for a while. Figures are target
tokens a second, padding not counted, medians of the rounds; all sizes take turns in one run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import seqcli  # before torch, for it sets how threads wait  # isort: skip
import numpy as np
import torch

from seqcli.batches import Batch, BatchStream, Share, collate
from seqcli.config import Settings
from seqcli.dataset import MANIFEST, Dataset, Split
from seqcli.devices import resolve_precision, set_threads
from seqcli.id_arrays import IdArray
from seqcli.models import Architecture, Seq2Seq
from seqcli.models.kernels import use_compiled_kernels
from seqcli.training.memory import give_back_unused
from seqcli.training.session import Session, make_session, train_step

REFERENCE = {"batch": 4000, "hidden": 512, "vocabulary": 8000, "length": 15}
SIZES = {
    "batch": [500, 1000, 2000, 4000, 8000],
    "hidden": [256, 512, 768, 1024],
    "vocabulary": [4000, 8000, 16000, 32000],
    "length": [10, 25, 50, 100],
}
PAIRS = [29_000, 290_000, 1_000_000, 10_000_000]
UPDATES = 4  # in a turn


class FixedBatch:
    """A stream of one batch, again and again."""

    def __init__(self, batch: Batch) -> None:
        """Take it."""
        self._share = Share.of_all(batch)

    def take_share(self) -> Share:
        """Return it."""
        return self._share


def make_batch(sizes: dict[str, int]) -> Batch:
    """Return random sentences of one length."""
    rng = np.random.default_rng(1)
    length = sizes["length"] - 1  # and the end of the sentence
    sentences = max(1, sizes["batch"] // sizes["length"])
    ids = rng.integers(4, sizes["vocabulary"], (2, sentences, length))
    return collate(list(zip(ids[0], ids[1], strict=True)))


def make_training(sizes: dict[str, int], split: Split, *, threads: int, cell: str) -> Session:
    """Return a training of the sizes; the split gives no batches."""
    torch.manual_seed(1)
    settings = Settings(
        model={
            "cell": cell,
            "hidden_size": sizes["hidden"],
            "tie_embeddings": False,
            "dropout": 0.2,
        },
        training={"batch_tokens": sizes["batch"]},
    )
    vocab = sizes["vocabulary"]
    return make_session(
        settings,
        Seq2Seq(
            Architecture(**dict(settings.model)),
            src_vocab_size=vocab,
            tgt_vocab_size=vocab,
            joint=True,
        ),
        split,
        device=torch.device("cpu"),
        dtype=resolve_precision("auto", torch.device("cpu")),
        threads=threads,
    )


def time_updates(session: Session, updates: int) -> float:
    """Make some updates; return target tokens a second."""
    started = time.perf_counter()
    tokens = sum(train_step(session, spent=0.5).num_tokens for _ in range(updates))
    return tokens / (time.perf_counter() - started)


def scale_sizes(rounds: int, *, threads: int) -> dict[str, dict[int, list[float]]]:
    """Return the readings of every size, by what changes."""
    empty = Split("none", *(_random_ids() for _ in range(2)))
    readings: dict[str, dict[int, list[float]]] = {}
    for what, values in SIZES.items():
        sessions = {}
        for value in values:
            sizes = {**REFERENCE, what: value}
            session = make_training(sizes, empty, threads=threads, cell="lstm")
            session.stream = FixedBatch(make_batch(sizes))  # type: ignore[assignment]
            time_updates(session, 1)
            sessions[value] = session
        readings[what] = {value: [] for value in values}
        for _ in range(rounds):
            for value, session in sessions.items():
                readings[what][value].append(time_updates(session, UPDATES))
    return readings


def _random_ids() -> IdArray:
    return IdArray(np.array([4], dtype=np.uint16), np.array([0, 1], dtype=np.int64))


def repeat_data(data_dir: Path, pairs: int, folder: Path) -> Dataset:
    """Write a data directory whose training pairs are those of another, repeated."""
    shutil.copytree(data_dir, folder)
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    have = int(manifest["splits"]["train"]["pairs"])
    for side in ("src", "tgt"):
        ids = np.fromfile(folder / f"train.{side}.ids", dtype=np.uint16)
        offsets = np.fromfile(folder / f"train.{side}.offsets", dtype=np.int64)
        with (
            (folder / f"train.{side}.ids").open("wb") as id_file,
            (folder / f"train.{side}.offsets").open("wb") as offset_file,
        ):
            np.zeros(1, dtype=np.int64).tofile(offset_file)
            end = 0
            for start in range(0, pairs, have):
                count = min(have, pairs - start)
                ids[: offsets[count]].tofile(id_file)
                (offsets[1 : count + 1] + end).tofile(offset_file)
                end += int(offsets[count])
    manifest["splits"]["train"]["pairs"] = pairs
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    return Dataset.open(folder)


def memory_of_process() -> tuple[float, float]:
    """Return the memory that is this process's own, and all that is mapped, in MB (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.endswith("kB")}
    return int(found["RssAnon"]) / 1e3, int(found["VmRSS"]) / 1e3


def scale_corpus(data_dir: Path, seconds: float, *, threads: int) -> list[dict[str, float]]:
    """Train on ever more pairs, each for some seconds in this process."""
    found = []
    for pairs in PAIRS:
        with tempfile.TemporaryDirectory(dir=data_dir.parent) as folder:
            dataset = repeat_data(data_dir, pairs, Path(folder) / "data")
            dataset.check_ids(dataset.pieces())
            vocab = len(dataset.pieces().tgt)
            sizes = {**REFERENCE, "vocabulary": vocab}
            started = time.perf_counter()
            session = make_training(sizes, dataset.split("train"), threads=threads, cell="lstm")
            ready = time.perf_counter() - started
            tokens, began = 0, time.perf_counter()
            while time.perf_counter() - began < seconds:
                tokens += train_step(session, spent=0.5).num_tokens
                if session.progress.update % 10 == 0:
                    give_back_unused()
            spent = time.perf_counter() - began
            own, mapped = memory_of_process()
            assert isinstance(session.stream, BatchStream)
            row = {
                "pairs": pairs,
                "seconds to start": ready,
                "tokens/s": tokens / spent,
                "waited": session.stream.waited / spent,
                "own memory, MB": own,
                "mapped too, MB": mapped,
            }
            print("  ".join(f"{name}: {value:,.3g}" for name, value in row.items()), flush=True)
            found.append(row)
    return found


def draw(readings: dict[str, dict[int, list[float]]], path: Path) -> None:
    """Draw the medians, a panel for each size."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, len(readings), figsize=(12, 3), sharey=True)
    for panel, (what, values) in zip(panels, readings.items(), strict=True):
        medians = [statistics.median(speeds) for speeds in values.values()]
        panel.plot(range(len(values)), medians, marker="o")
        panel.set_xticks(range(len(values)), [f"{value:,}" for value in values])
        panel.set_title(what)
        panel.grid(visible=True, alpha=0.3)
    panels[0].set_ylim(bottom=0)  # of all panels, when all are drawn
    panels[0].set_ylabel("target tokens/s")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Time all sizes and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--corpus", type=Path, help="data directory to repeat")
    parser.add_argument("--seconds", type=float, default=45, help="for each size of the corpus")
    parser.add_argument("--json", type=Path, help="file for every reading")
    parser.add_argument("--svg", type=Path, help="file for the picture (needs matplotlib)")
    options = parser.parse_args()
    threads = set_threads(options.threads)
    print(f"seqcli {seqcli.__version__}, torch {torch.__version__}, {threads} threads")
    print(use_compiled_kernels(True))
    if options.corpus is not None:
        found: Any = scale_corpus(options.corpus, options.seconds, threads=threads)
    else:
        found = scale_sizes(options.rounds, threads=threads)
        for what, values in found.items():
            for value, speeds in values.items():
                print(f"{what:<12} {value:>7,} {statistics.median(speeds):9,.0f} tok/s")
        if options.svg is not None:
            draw(found, options.svg)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
