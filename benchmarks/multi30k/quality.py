"""Train, tune, decode and score a recipe on Multi30k with several seeds: mean and spread.

    python benchmarks/multi30k/quality.py FOLDER [--seeds 1 2 3] [--work DIR] [-- TRAIN_FLAGS]

FOLDER has the raw files train, val and test_2016_flickr. What is done stays in the work folder: a
seed that is trained is not trained again, one that was interrupted goes on. Beam and length penalty
are tuned on the validation set; the test set is translated once for each seed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lc_tok import check_reference, lc_tok_bleu

from seqcli.corpus import iter_lines
from seqcli.scoring import score

HERE = Path(__file__).parent
TEST = "test_2016_flickr"


def seqcli(*words: str | Path) -> None:
    """Run a verb; its progress goes to stderr as always."""
    command = [sys.executable, "-m", "seqcli", *map(str, words)]
    print("+ seqcli", *map(str, words), file=sys.stderr, flush=True)
    subprocess.run(command, check=True, stdout=sys.stderr)


def prepare(folder: Path, data_dir: Path, src: str, tgt: str, config: Sequence[str]) -> None:
    """Cut the corpus into pieces, unless that was done."""
    if (data_dir / "manifest.json").exists():
        return
    languages = ("--src-lang", src, "--tgt-lang", tgt)
    texts = ("--train", folder / "train", "--valid", folder / "val", "--test", folder / TEST)
    seqcli("preprocess", data_dir, *languages, *texts, *config)


def train(data_dir: Path, run_dir: Path, seed: int, flags: Sequence[str]) -> None:
    """Train a seed, or go on with it, unless it is done; then tune its search."""
    path = run_dir / "manifest.json"
    manifest = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if "tuned" in manifest:
        return
    if "updates" not in manifest:  # which comes with the end of a training
        has_state = (run_dir / "last" / "state.safetensors").exists()
        how = ["--resume"] if has_state else ["--overwrite", "--seed", str(seed), *flags]
        seqcli("train", data_dir, run_dir, *how)
    seqcli("tune", run_dir)


def translate(run_dirs: Sequence[Path], source: Path, hyp: Path) -> list[str]:
    """Return the translations of a file by a run, or by an ensemble."""
    if not hyp.exists():
        models = [word for run_dir in run_dirs for word in ("-m", run_dir)]
        seqcli("translate", *models, source, "-o", hyp, "-q")
    return list(iter_lines(hyp))


def score_both(hyps: Sequence[str], refs: Sequence[str], lang: str) -> dict[str, float]:
    """Return sacreBLEU (13a, cased, raw), chrF, and lc-tok BLEU."""
    bleu, chrf = score(hyps, refs, ("bleu", "chrf"), may_have_marks=True)
    return {
        "sacreBLEU": bleu.value,
        "chrF": chrf.value,
        "lc-tok": lc_tok_bleu(hyps, refs, lang),
    }


def describe_run(run_dir: Path) -> dict[str, Any]:
    """Return what a training took, and how it searches."""
    manifest = json.loads((run_dir / "manifest.json").read_text("utf-8"))
    return {
        "updates": manifest["updates"],
        "minutes": round(manifest["seconds"] / 60, 1),
        "valid": manifest["best"],
        "tuned": manifest["tuned"],
    }


def print_table(rows: dict[str, dict[str, float]], spread: bool) -> None:
    """Print a row for each system, and mean ± standard deviation over the seeds."""
    metrics = list(next(iter(rows.values())))
    print("\t".join(["system", *metrics]))
    for name, values in rows.items():
        print("\t".join([name, *(f"{values[metric]:.2f}" for metric in metrics)]))
    if spread:
        seeds = [values for name, values in rows.items() if name.startswith("seed")]
        cells = [
            f"{statistics.mean(v):.2f} ± {statistics.stdev(v):.2f}"
            for v in ([values[metric] for values in seeds] for metric in metrics)
        ]
        print("\t".join(["mean ± sd", *cells]))


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Cut the words of a command line at --: what follows goes to train."""
    at = words.index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="raw files of Multi30k")
    parser.add_argument("--src-lang", default="en")
    parser.add_argument("--tgt-lang", default="de")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--config", type=Path, help="recipe; the default settings without it")
    parser.add_argument("--work", type=Path, default=Path("runs/bench-quality"))
    parser.add_argument("--ensemble", action="store_true", help="score all seeds together too")
    parser.add_argument("--json", type=Path, help="write every reading here")
    words, flags = _split(sys.argv[1:])
    args = parser.parse_args(words)
    config = [] if args.config is None else ["--config", str(args.config)]
    work = args.work / f"{args.src_lang}-{args.tgt_lang}"
    work.mkdir(parents=True, exist_ok=True)
    refs = list(iter_lines(args.folder / f"{TEST}.{args.tgt_lang}"))
    checked = check_reference(refs, TEST, args.tgt_lang)
    prepare(args.folder, work / "data", args.src_lang, args.tgt_lang, config)
    source = args.folder / f"{TEST}.{args.src_lang}"
    rows: dict[str, dict[str, float]] = {}
    runs = {f"seed {seed}": work / f"seed-{seed}" for seed in args.seeds}
    for seed, (name, run_dir) in zip(args.seeds, runs.items(), strict=True):
        train(work / "data", run_dir, seed, [*config, *flags])
        hyps = translate([run_dir], source, work / f"seed-{seed}.hyp")
        rows[name] = score_both(hyps, refs, args.tgt_lang)
    spread = len(args.seeds) > 1
    if args.ensemble and spread:
        joined = "-".join(map(str, args.seeds))
        hyps = translate(list(runs.values()), source, work / f"ensemble-{joined}.hyp")
        rows["ensemble"] = score_both(hyps, refs, args.tgt_lang)
    print(checked)
    print_table(rows, spread)
    if args.json is not None:
        details = {name: describe_run(run_dir) for name, run_dir in runs.items()}
        args.json.write_text(json.dumps({"scores": rows, "runs": details}, indent=2) + "\n")


if __name__ == "__main__":
    main()
