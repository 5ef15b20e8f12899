"""A run -> its scores on the test sets, translations beside references, and a look at attention.

The last step of ``make demo``: ``python corpora/show.py RUN_DIR`` prints to stdout, and needs the
run's data directory where it was.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import seqcli
from seqcli.console import draw_shades
from seqcli.dataset import Dataset
from seqcli.insight.attention import map_attention
from seqcli.insight.report import HeatMap
from seqcli.insight.views import report_attention
from seqcli.rundir import read_manifest

EXAMPLES = 8
PICTURED = 3  # which example is drawn


def describe_scores(run_dir: Path, splits: list[str]) -> Iterator[str]:
    """Yield the lines of a table: a test set, its sentences, BLEU and chrF."""
    yield f"{'test set':<12} {'sentences':>9} {'BLEU':>7} {'chrF':>7}"
    for split in splits:
        found = seqcli.evaluate(run_dir, split=split, metrics=("bleu", "chrf"))
        bleu, chrf = (found.value_of(metric) for metric in ("bleu", "chrf"))
        yield f"{split:<12} {found.sentences:>9,} {bleu:>7.2f} {chrf:>7.2f}"
        signature = found.scores[0].signature
    yield f"BLEU: sacreBLEU {signature}"


def describe_examples(run_dir: Path, dataset: Dataset, splits: list[str]) -> Iterator[str]:
    """Yield some sentences of the last test set beside translation and reference, and a picture."""
    src, refs = dataset.text(splits[-1])
    chosen = [number * len(src) // EXAMPLES for number in range(EXAMPLES)]
    translator = seqcli.Translator.load(run_dir)
    hyps = translator.translate([src[number] for number in chosen])
    for number, hyp in zip(chosen, hyps, strict=True):
        yield f"source      {src[number]}"
        yield f"translation {hyp}"
        yield f"reference   {refs[number]}"
        yield ""
    if translator.settings.model.attention == "none":
        return
    line = src[chosen[PICTURED]]
    seen = map_attention(translator, line, decoding=translator.settings.decoding)
    yield "Where the decoder looked (source across, translation down):"
    for panel in report_attention(seen).panels:
        if isinstance(panel, HeatMap):
            yield from draw_shades(panel)


def main() -> None:
    """Print it all."""
    run_dir = Path(sys.argv[1])
    dataset = Dataset.open(Path(read_manifest(run_dir)["data_dir"]))
    splits = [name for name in dataset.split_names if name not in ("train", "valid")]
    if not splits:
        sys.exit(f"{run_dir}: its data has no test set, so there is nothing to show")
    for line in describe_scores(run_dir, splits):
        print(line)
    print(f"\nFrom {splits[-1]}:\n")
    for line in describe_examples(run_dir, dataset, splits):
        print(line)
    src = dataset.text(splits[0])[0][0]
    program = os.path.relpath(Path(sys.executable).with_name("seqcli"))
    print(f"\nGo on with: echo {shlex.quote(src)} | {program} translate -m {run_dir}")


if __name__ == "__main__":
    main()
