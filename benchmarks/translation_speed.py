"""Translation speed, side by side in one run: seqcli in each precision, and a plain search.

A run that has a shortlist (`seqcli shortlist RUN_DIR`) takes part with it and without.

    python benchmarks/translation_speed.py RUN_DIR [--split test] [--rounds 3] [--onmt PYTHON]
        [--json FILE]

Sentences and target tokens a second for batches of 64, and the time of single sentences (p50 and
p95, the model loaded), greedy and with a beam of 5; contestants take turns, figures are medians of
the rounds. BLEU stands beside each, so that speed is not bought with quality unseen. OpenNMT-py,
if its Python is given, has a model of the reference sizes (256/512) with random weights.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import seqcli  # before torch, for it sets how threads wait  # isort: skip
from opennmt import OpenNmtTranslator
from plain_search import plain_search

from seqcli.decoding.translator import Translator
from seqcli.encoding import count_cores
from seqcli.evaluation import EvaluationText, find_text
from seqcli.exporting import export_run
from seqcli.models import Seq2Seq
from seqcli.reporting import SilentReporter
from seqcli.rundir import load_settings_of, read_manifest
from seqcli.scoring import score
from seqcli.shortlisting import SHORTLIST

BATCH_SIZE = 64
BEAMS = (1, 5)
SINGLE = 100  # sentences that are translated one by one


@dataclass
class Readings:
    """What one contestant showed."""

    seconds: list[float] = field(default_factory=list)  # for the whole text, each round
    latencies: list[float] = field(default_factory=list)  # of single sentences, all rounds
    hyps: list[str] = field(default_factory=list)


def translate_plainly(translator: Translator, lines: Sequence[str], beam_size: int) -> list[str]:
    """Translate with the plain search, batches of lines of like length."""
    assert isinstance(translator.model, Seq2Seq)
    ids = translator.pieces.src.encode_lines(list(lines))
    order = sorted(range(len(lines)), key=lambda i: -len(ids[i]))
    hyps = [""] * len(lines)
    for start in range(0, len(order), BATCH_SIZE):
        rows = order[start : start + BATCH_SIZE]
        found = plain_search(translator.model, [ids[i] for i in rows], beam_size=beam_size)
        for i, pieces in zip(rows, found, strict=True):
            hyps[i] = translator.pieces.tgt.decode(pieces)
    return hyps


def contestants(
    run_dir: Path, folder: Path, threads: int | None
) -> dict[str, tuple[Translator, Callable[[Sequence[str], int], list[str]]]]:
    """Return who translates lines with a beam, by name."""
    export_run(
        run_dir,
        folder / "int8",
        precision="int8",
        licence="none",
        split=None,
        data_dir=None,
        overwrite=False,
        report=SilentReporter(),
    )
    found = {}
    kinds = [
        ("int8", run_dir, "int8", False),
        ("bf16", run_dir, "bf16", False),
        ("fp32", run_dir, "fp32", False),
        ("int8 bundle, int8", folder / "int8", "int8", False),
    ]
    if (run_dir / SHORTLIST).exists():
        kinds.append(("int8, shortlist", run_dir, "int8", True))
    for name, where, precision, shortlist in kinds:
        translator = Translator.load(where, precision=precision, threads=threads)
        found[name] = (
            translator,
            lambda lines, beam, translator=translator, shortlist=shortlist: translator.translate(
                lines, beam_size=beam, batch_size=BATCH_SIZE, shortlist=shortlist
            ),
        )
    plain = found["fp32"][0]
    found["plain search, fp32"] = (
        plain,
        lambda lines, beam: translate_plainly(plain, lines, beam),
    )
    return found


def measure(
    translate: Callable[[Sequence[str], int], list[str]],
    lines: Sequence[str],
    beam: int,
    into: Readings,
) -> None:
    """Translate the text once as a whole, and some of it line by line."""
    started = time.perf_counter()
    into.hyps = translate(lines, beam)
    into.seconds.append(time.perf_counter() - started)
    for line in lines[:SINGLE]:
        started = time.perf_counter()
        translate([line], beam)
        into.latencies.append(time.perf_counter() - started)


COLUMNS = (  # name, width, digits
    ("sentences_per_s", 6, 0),
    ("tgt_tokens_per_s", 6, 0),
    ("p50_ms", 7, 1),
    ("p95_ms", 7, 1),
    ("bleu", 6, 2),
)


def summarise(
    one: Readings, text: EvaluationText, encode: Callable[[list[str]], list[list[int]]]
) -> dict[str, Any]:
    """Return the figures of a contestant, as far as it has them."""
    seconds = statistics.median(one.seconds)
    row: dict[str, Any] = {"sentences_per_s": len(text.src) / seconds, "seconds": one.seconds}
    if one.hyps:
        tokens = sum(map(len, encode(one.hyps))) + len(one.hyps)
        (bleu,) = score(one.hyps, text.refs, ("bleu",), may_have_marks=True)
        row |= {"tgt_tokens_per_s": tokens / seconds, "bleu": bleu.value}
    if one.latencies:
        row["p50_ms"] = 1000 * statistics.median(one.latencies)
        row["p95_ms"] = 1000 * statistics.quantiles(one.latencies, n=20)[-1]
    return row


def make_peer(options: argparse.Namespace, folder: Path) -> OpenNmtTranslator:
    """Return OpenNMT-py with the data and the kind of cell of the run."""
    data = options.data or Path(str(read_manifest(options.run_dir)["data_dir"]))
    is_lstm = load_settings_of(options.run_dir).model.cell == "lstm"
    rnn_type = "LSTM" if is_lstm else "GRU"
    return OpenNmtTranslator(options.onmt, data, folder, rnn_type=rnn_type)


def main() -> None:
    """Time all contestants in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--data", type=Path, help="data directory of the run, if it has moved")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--onmt", type=Path, help="Python of an environment with OpenNMT-py")
    parser.add_argument("--json", type=Path, help="file for every reading")
    options = parser.parse_args()
    text = find_text(options.run_dir, split=options.split, data_dir=options.data)
    readings: dict[str, Readings] = {}
    with tempfile.TemporaryDirectory() as folder:
        who = contestants(options.run_dir, Path(folder), options.threads)
        peer = None
        if options.onmt is not None:
            peer = make_peer(options, Path(folder) / "onmt")
        for _, translate in who.values():
            translate(text.src[:BATCH_SIZE], 1)
        for _ in range(options.rounds):
            for beam in BEAMS:
                for name, (_, translate) in who.items():
                    into = readings.setdefault(f"{name}, beam {beam}", Readings())
                    measure(translate, text.src, beam, into)
                if peer is not None:
                    into = readings.setdefault(f"OpenNMT-py, beam {beam}", Readings())
                    into.seconds.append(
                        peer.seconds(
                            beam, batch_size=BATCH_SIZE, threads=options.threads or count_cores()
                        )
                    )
        count_pieces = next(iter(who.values()))[0].pieces.tgt.encode_lines
        print(f"seqcli {seqcli.__version__}, {options.run_dir}, {len(text.src):,} sentences")
        print(f"{'':<40} sent/s  tok/s  p50 ms  p95 ms   BLEU")
        found = {}
        for name, one in readings.items():
            row = summarise(one, text, count_pieces)
            found[name] = row
            cells = (
                f"{row[key]:{width}.{digits}f}" if key in row else " " * width
                for key, width, digits in COLUMNS
            )
            print(f"{name:<40} {' '.join(cells)}")
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
