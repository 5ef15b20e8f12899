"""How often translations go round in circles on input that provokes it, before and after.

    python benchmarks/loops.py RUN_DIR [--split test] [--lines 200] [--beam-size 5]

Five kinds of input are made of a test text: lines as they are, a word of a line said twelve times,
a line said three times over, the words of a line in random order, and lines in capitals. "Before"
is ``on_loop=keep``, "after" the default, which searches again without repeated n-grams. A
translation loops if it says an n-gram over and over (decoding/guards.py); long lines are not split.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from seqcli.config import DecodingSettings
from seqcli.decoding.guards import is_looped
from seqcli.decoding.translator import Translator
from seqcli.evaluation import find_text

SEED = 1


def provoking(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield kinds of input, each with its lines."""
    draw = random.Random(SEED)
    words = [line.split() for line in lines if line.strip()]
    yield "as they are", [" ".join(each) for each in words]
    yield "a word, twelve times", [" ".join([draw.choice(each)] * 12) for each in words]
    yield "a line, three times", [" ".join(each * 3) for each in words]
    yield "words in random order", [" ".join(draw.sample(each, len(each))) for each in words]
    yield "in capitals", [" ".join(each).upper() for each in words]


def count_loops(translator: Translator, lines: Sequence[str], decoding: DecodingSettings) -> int:
    """Return how many translations loop."""
    to_ids = translator.pieces.tgt.to_ids
    found = translator.iter_translations(lines, decoding=decoding)
    return sum(is_looped(to_ids(translation.hyps[0].pieces)) for translation in found)


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--data", type=Path, help="data directory of the run, if it has moved")
    parser.add_argument("--lines", type=int, default=200)
    parser.add_argument("--beam-size", type=int, default=5)
    options = parser.parse_args()
    text = find_text(options.run_dir, split=options.split, data_dir=options.data)
    translator = Translator.load(options.run_dir)
    own = translator.settings.decoding
    print(f"{options.run_dir}, beam {options.beam_size}, {options.lines} lines of each kind")
    print(f"{'input':<24} before  after")
    for kind, lines in provoking(text.src[: options.lines]):
        rates = []
        for on_loop in ("keep", "retry"):
            changes = {
                "on_loop": on_loop,
                "beam_size": options.beam_size,
                "n_best": 1,
                "split_long": False,
            }
            loops = count_loops(translator, lines, own.model_copy(update=changes))
            rates.append(f"{loops / len(lines):6.1%}")
        print(f"{kind:<24} {'  '.join(rates)}", flush=True)


if __name__ == "__main__":
    main()
