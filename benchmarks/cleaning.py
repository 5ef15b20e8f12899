"""`seqcli data clean` beside OpusFilter: what each keeps of one noisy text, and how long it takes.

    python benchmarks/cleaning.py SRC TGT --pairs 300000 --opus ENVIRONMENT/bin/python

The text is made of SRC and TGT: sentences as they are, then two at a time, one in five of them
damaged in a way that is written down. Both programs get the rules that both have, with the same
limits; OpusFilter (`pip install opusfilter`, in an environment of its own) runs its filters and
then its removal of duplicates. Seconds of the clock depend on what else the machine does; those of
the processor, of all processes together, less so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seqcli.corpus import iter_lines

Pair = tuple[str, str]
NOISE_SHARE = 0.2
CYRILLIC = dict(
    zip(map(ord, "abcdefghijklmnoprstuvwxyz"), "абцдефгхийклмнопрстувщхыз", strict=False)
)

# What can be wrong with a pair, and what makes it so.
NOISE: dict[str, Callable[[Pair, random.Random], Pair]] = {
    "sound": lambda pair, rng: pair,
    "empty side": lambda pair, rng: ("", pair[1]),
    "too long": lambda pair, rng: (" ".join([pair[0]] * 40), " ".join([pair[1]] * 40)),
    "target cut to a fifth": lambda pair, rng: (pair[0], pair[1][: max(1, len(pair[1]) // 5)]),
    "source copied": lambda pair, rng: (pair[0], pair[0]),
    "long word": lambda pair, rng: (pair[0] + " " + "x" * rng.randint(40, 60), pair[1]),
    "tag": lambda pair, rng: (f"<b>{pair[0]}</b>", pair[1]),
    "other script": lambda pair, rng: (pair[0], pair[1].lower().translate(CYRILLIC)),
    "other number": lambda pair, rng: (
        f"{pair[0]} {rng.randint(1111, 4999)}", f"{pair[1]} {rng.randint(5555, 9999)}"),
}  # fmt: skip
RULES = (
    "--no-repair", "--no-encoding", "--no-control", "--no-near-duplicates",
    "--max-words", "150", "--max-chars", "1000000", "--max-word-chars", "39",
    "--ratio-unit", "characters", "--max-ratio", "3", "--min-script", "0.5",
    "--min-digits", "1", "--min-numbers", "0.5",
)  # fmt: skip
FILTERS = (
    {"LengthFilter": {"unit": "word", "min_length": 1, "max_length": 150}},
    {"LengthRatioFilter": {"unit": "char", "threshold": 3}},
    {"LongWordFilter": {"threshold": 40}},
    {"SimilarityFilter": {"threshold": 1, "lowercase": True}},
    {"HtmlTagFilter": {}},
    {"CharacterScoreFilter": {"scripts": ["Latin", "Latin"], "thresholds": [0.5, 0.5]}},
    {"NonZeroNumeralsFilter": {"threshold": 0.5}},
)


@dataclass
class Run:
    """What a program kept, and what it took."""

    kept: list[Pair]
    seconds: float
    cpu_seconds: float  # of all its processes


def make_text(src: Path, tgt: Path, pairs: int, seed: int) -> tuple[list[Pair], list[str]]:
    """Return pairs, and what is wrong with each."""
    rng = random.Random(seed)
    sound = list(zip(iter_lines(src), iter_lines(tgt), strict=True))
    kinds = [kind for kind in NOISE if kind != "sound"]
    made, wrong = [], []
    for number in range(pairs):
        pair = sound[number] if number < len(sound) else two_of(sound, rng)
        kind = rng.choice([*kinds, "repeated"]) if rng.random() < NOISE_SHARE else "sound"
        if kind == "repeated" and made:
            made.append(rng.choice(made))
        else:
            made.append(NOISE.get(kind, NOISE["sound"])(pair, rng))
        wrong.append(kind)
    return made, wrong


def two_of(sound: list[Pair], rng: random.Random) -> Pair:
    """Return two pairs as one."""
    first, second = rng.choice(sound), rng.choice(sound)
    return f"{first[0]} {second[0]}", f"{first[1]} {second[1]}"


def write(folder: Path, pairs: list[Pair]) -> None:
    """Write both sides."""
    for side, lang in enumerate(("en", "de")):
        text = "".join(f"{pair[side]}\n" for pair in pairs)
        (folder / f"text.{lang}").write_text(text, "utf-8", newline="\n")


def run(words: list[str], folder: Path, kept: str) -> Run:
    """Run a program in a folder, and read what it kept."""
    with (folder / "log").open("wb") as log:
        started = time.monotonic()
        process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{words[0]} failed:\n{(folder / 'log').read_text('utf-8', 'replace')[-2000:]}")
    sides = (iter_lines(folder / f"{kept}.{lang}") for lang in ("en", "de"))
    return Run(
        kept=[strip(pair) for pair in zip(*sides, strict=True)],
        seconds=seconds,
        cpu_seconds=used.ru_utime + used.ru_stime,
    )


def run_seqcli(folder: Path, processes: int) -> Run:
    """Clean with seqcli."""
    words = [sys.executable, "-m", "seqcli", "data", "clean", "text", "ours", "--overwrite"]
    langs = ["--src-lang", "en", "--tgt-lang", "de", "--processes", str(processes)]
    return run([*words, *langs, *RULES], folder, "ours")


def run_opusfilter(python: Path, folder: Path, processes: int) -> Run:
    """Clean with OpusFilter."""
    langs = ("en", "de")
    files = {name: [f"{name}.{lang}" for lang in langs] for name in ("text", "filtered", "theirs")}
    first = {"inputs": files["text"], "outputs": files["filtered"], "filters": list(FILTERS)}
    second = {"inputs": files["filtered"], "outputs": files["theirs"], "compare": "all"}
    config = {
        "common": {"output_directory": str(folder), "default_n_jobs": processes},
        "steps": [
            {"type": "filter", "parameters": first},
            {"type": "remove_duplicates", "parameters": second},
        ],
    }
    (folder / "opus.yaml").write_text(json.dumps(config))  # JSON is YAML too
    program = python.absolute().with_name("opusfilter")
    return run([str(python.absolute()), str(program), "--overwrite", "opus.yaml"], folder, "theirs")


def reasons_of(folder: Path) -> dict[Pair, str]:
    """Return the rules of the pairs that seqcli dropped."""
    trees = map(json.loads, iter_lines(folder / "ours.dropped.jsonl"))
    return {strip((tree["src"], tree["tgt"])): tree["rule"] for tree in trees}


def strip(pair: Pair) -> Pair:
    """Return a pair without spaces at its ends, which OpusFilter takes away."""
    return pair[0].strip(), pair[1].strip()


def compare(pairs: list[Pair], wrong: list[str], ours: Run, theirs: Run, folder: Path) -> None:
    """Print how far both agree."""
    kept = [set(ours.kept), set(theirs.kept)]
    reasons = reasons_of(folder)
    different = dict(zip(map(strip, pairs), wrong, strict=True))  # the last of equal pairs
    both = sum((pair in kept[0]) == (pair in kept[1]) for pair in different)
    print(f"agreement: {both / len(different):.3%} of {len(different):,} different pairs")
    only_ours = Counter(reasons[pair] for pair in kept[1] - kept[0])
    print(f"only seqcli drops {only_ours.total():,}: {dict(only_ours)}")
    only_theirs = Counter(different[pair] for pair in kept[0] - kept[1])
    print(f"only OpusFilter drops {only_theirs.total():,}: {dict(only_theirs)}")
    print("\nof each damage | seqcli drops | OpusFilter drops")
    for kind in dict.fromkeys(wrong):
        mine = [pair for pair, found in different.items() if found == kind]
        shares = [1 - sum(pair in each for pair in mine) / len(mine) for each in kept]
        print(f"{kind} ({len(mine):,}) | {shares[0]:.2%} | {shares[1]:.2%}")


def main() -> None:
    """Make the text, run both in turn, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("src", type=Path)
    parser.add_argument("tgt", type=Path)
    parser.add_argument("--opus", type=Path, help="python of an environment with opusfilter")
    parser.add_argument("--pairs", type=int, default=300_000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    pairs, wrong = make_text(options.src, options.tgt, options.pairs, options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, pairs)
        ours, theirs = [], []
        for _ in range(options.repeats):
            ours.append(run_seqcli(folder, options.processes))
            if options.opus:
                theirs.append(run_opusfilter(options.opus, folder, options.processes))
        for title, runs in (("seqcli", ours), ("OpusFilter", theirs)):
            for each in runs:
                print(
                    f"{title}: kept {len(each.kept):,} of {len(pairs):,}, {each.seconds:.1f} s, "
                    f"processor {each.cpu_seconds:.1f} s"
                )
        if theirs:
            compare(pairs, wrong, ours[0], theirs[0], folder)


if __name__ == "__main__":
    main()
