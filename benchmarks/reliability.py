"""How far confidence can be trusted: what it says beside how good translations are.

    python benchmarks/reliability.py RUN_DIR [--split test] [--bins 10] [--plot FILE.svg]

Translations of a test text are put in order of their confidence and cut into bins of equal size;
each shows its mean confidence and the mean chrF (0 to 1) of its translations. The error is the mean
distance of the two, weighted by size (expected calibration error; Guo et al. 2017, equation 3,
with bins of equal size).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import fmean

from seqcli.decoding.translator import Translator
from seqcli.evaluation import find_text
from seqcli.scoring import sentence_chrf


def draw(points: list[tuple[float, float]], path: Path, title: str) -> None:
    """Write the picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(4.5, 4.5), layout="constrained")
    axes.plot([0, 1], [0, 1], linestyle="--", color="grey", label="as it should be")
    axes.plot(
        *zip(*points, strict=True), marker="o", color="#1f77b4", label="a bin of translations"
    )
    axes.set(xlabel="confidence", ylabel="chrF of the translations", xlim=(0, 1), ylim=(0, 1))
    axes.set_title(title, fontsize=10)
    axes.set_aspect("equal")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    figure.savefig(path)


def main() -> None:
    """Print the table and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--data", type=Path, help="data directory of the run, if it has moved")
    parser.add_argument("--bins", type=int, default=10)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    text = find_text(options.run_dir, split=options.split, data_dir=options.data)
    translator = Translator.load(options.run_dir)
    if not translator.is_calibrated:
        raise SystemExit(f"{options.run_dir}: not calibrated; `seqcli tune` does it")
    found = translator.iter_translations(text.src, decoding=translator.settings.decoding)
    pairs = sorted(
        (translation.hyps[0].confidence or 0.0, sentence_chrf(translation.hyps[0].text, ref) / 100)
        for translation, ref in zip(found, text.refs, strict=True)
    )
    size = -(-len(pairs) // options.bins)
    bins = [pairs[start : start + size] for start in range(0, len(pairs), size)]
    points = [(fmean(c for c, _ in part), fmean(q for _, q in part)) for part in bins]
    print(f"{options.run_dir} on {text.name}, {len(pairs):,} sentences")
    print("confidence   chrF")
    for confidence, quality in points:
        print(f"{confidence:10.3f} {quality:6.3f}")
    error = sum(len(part) * abs(c - q) for part, (c, q) in zip(bins, points, strict=True))
    print(f"expected calibration error {error / len(pairs):.3f}")
    if options.plot is not None:
        draw(points, options.plot, f"{text.name}, {len(pairs):,} sentences")


if __name__ == "__main__":
    main()
