"""How much of known damage does ``seqcli data check`` find, and where does it cry wolf?

Damages copies of parallel texts in known places, checks them, and prints a Markdown table: of
damage that has one place, how often it is found within ten lines, and how far off; of damage to
single lines, precision and recall.

    python benchmarks/data_check.py PREFIX.en PREFIX.de [PREFIX.en PREFIX.ko ...] [--trials 20]
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from seqcli.corpus.checking import CheckReport, check_corpus
from seqcli.corpus.sources import ParallelSource
from seqcli.reporting import SilentReporter

NEAR = 10  # lines
SINGLE = 30  # lines damaged at a time, when single lines are
Text = list[str]
# Damages both sides in place, and returns the lines (from 1) where that shows.
Damage = Callable[[Text, Text, random.Random], list[int]]


def drop_target(src: Text, tgt: Text, rng: random.Random) -> list[int]:
    """Lose a line of the target."""
    place = rng.randrange(len(tgt) - 20)
    del tgt[place]
    return [place + 1]


def insert_blank(src: Text, tgt: Text, rng: random.Random) -> list[int]:
    """Put a blank line into the target."""
    place = rng.randrange(len(tgt) - 20)
    tgt.insert(place, "")
    return [place + 1]


def lose_block(src: Text, tgt: Text, rng: random.Random) -> list[int]:
    """Lose thirty lines of the target."""
    place = rng.randrange(len(tgt) - 100)
    del tgt[place : place + 30]
    return [place + 1]


def cut_end(src: Text, tgt: Text, rng: random.Random) -> list[int]:
    """Lose the end of the target."""
    del tgt[rng.randrange(len(tgt) // 2, len(tgt) - 5) :]
    return [len(tgt)]


def shift_block(src: Text, tgt: Text, rng: random.Random) -> list[int]:
    """Drop a line of the target, and of the source fifty lines later: the counts agree."""
    place = rng.randrange(len(tgt) - 100)
    del tgt[place]
    del src[place + 50]
    return [place + 1]


def swap_rest(src: Text, tgt: Text, rng: random.Random) -> list[int]:
    """Swap the sides from a line on."""
    place = rng.randrange(len(src) // 2, len(src) - 20)
    src[place:], tgt[place:] = tgt[place:], src[place:]
    return [place + 1]


def swap_files(src: Text, tgt: Text, rng: random.Random) -> list[int]:
    """Swap the files."""
    src[:], tgt[:] = tgt[:], src[:]
    return [1]


def swap_lines(src: Text, tgt: Text, rng: random.Random) -> list[int]:
    """Swap the sides of single pairs."""
    lines = rng.sample(range(len(src)), SINGLE)
    for line in lines:
        src[line], tgt[line] = tgt[line], src[line]
    return [line + 1 for line in lines]


def copy_lines(src: Text, tgt: Text, rng: random.Random) -> list[int]:
    """Put the source in the place of the target."""
    lines = rng.sample(range(len(src)), SINGLE)
    for line in lines:
        tgt[line] = src[line]
    return [line + 1 for line in lines]


def mis_decode(encoding: str) -> Damage:
    """Return what reads some UTF-8 targets in another encoding."""

    def damage(src: Text, tgt: Text, rng: random.Random) -> list[int]:
        able = [line for line, text in enumerate(tgt) if not text.isascii()]
        lines = rng.sample(able, min(SINGLE, len(able)))
        for line in lines:
            tgt[line] = tgt[line].encode().decode(encoding, "replace")
        return [line + 1 for line in lines]

    return damage


def lose_letters(src: Text, tgt: Text, rng: random.Random) -> list[int]:
    """Write what is not ASCII as question marks."""
    able = [n for n, text in enumerate(tgt) if any("à" <= c <= "ÿ" for c in text)]
    lines = rng.sample(able, min(SINGLE, len(able)))
    for line in lines:
        tgt[line] = tgt[line].encode("ascii", "replace").decode()
    return [line + 1 for line in lines]


def repeat_pairs(src: Text, tgt: Text, rng: random.Random) -> list[int]:
    """Add pairs that are there already."""
    for line in rng.sample(range(len(src)), SINGLE):
        src.append(src[line])
        tgt.append(tgt[line])
    return list(range(len(src) - SINGLE + 1, len(src) + 1))


def cut_targets(src: Text, tgt: Text, rng: random.Random) -> list[int]:
    """Keep a quarter of some targets."""
    able = [line for line, text in enumerate(tgt) if len(text) >= 40]
    lines = rng.sample(able, min(SINGLE, len(able)))
    for line in lines:
        tgt[line] = tgt[line][: len(tgt[line]) // 4]
    return [line + 1 for line in lines]


PLACES: dict[str, tuple[Damage, str]] = {
    "a target line is lost": (drop_target, "unequal-counts"),
    "a blank line is put into the target": (insert_blank, "unequal-counts"),
    "30 target lines are lost": (lose_block, "unequal-counts"),
    "the target ends early": (cut_end, "unequal-counts"),
    "one line lost on each side, 50 apart": (shift_block, "shifted"),
    "sides swapped from a line on": (swap_rest, "swapped-lines"),
    "files swapped": (swap_files, "swapped-files"),
}
LINES: dict[str, tuple[Damage, str]] = {
    "30 pairs swapped": (swap_lines, "swapped-lines"),
    "30 sources copied": (copy_lines, "copied"),
    "30 targets UTF-8 read as Latin-1": (mis_decode("latin-1"), "mojibake"),
    "30 targets UTF-8 read as cp1252": (mis_decode("cp1252"), "mojibake"),
    "30 targets with ? for letters": (lose_letters, "mojibake"),
    "30 pairs repeated": (repeat_pairs, "duplicates"),
    "30 targets cut to a quarter": (cut_targets, "length-ratio"),
}


def check(src: Text, tgt: Text, names: tuple[str, str]) -> CheckReport:
    """Check texts under the languages of some names."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [
            Path(folder) / f"{side}{Path(name).suffix}"
            for side, name in zip("st", names, strict=True)
        ]
        for path, lines in zip(paths, (src, tgt), strict=True):
            path.write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="\n")
        langs = [path.suffix[1:] for path in paths]
        return check_corpus(
            ParallelSource(tuple(paths)),
            src_lang=langs[0],
            tgt_lang=langs[1],
            samples=1_000_000,
            report=SilentReporter(),
        )


def lines_of(report: CheckReport, kind: str) -> set[int]:
    """Return the lines, from 1, that a report names for a kind."""
    samples = [s for finding in report.findings if finding.kind == kind for s in finding.samples]
    return {int((s.src_place or s.tgt_place or ":0").rsplit(":", 1)[1]) for s in samples}


def measure(names: tuple[str, str], trials: int) -> None:
    """Print a table for one text."""
    sides = [Path(name).read_text("utf-8").split("\n")[:-1] for name in names]
    start = time.perf_counter()
    clean = check(sides[0], sides[1], names)
    seconds = time.perf_counter() - start
    print(
        f"\n{names[0]} and {Path(names[1]).name}: {len(sides[0]):,} pairs, {seconds:.1f} s; "
        f"undamaged: {clean.count('error')} errors, "
        + (", ".join(f"{f.kind} {f.count}" for f in clean.findings) or "nothing found")
        + "\n"
    )
    print("| damage | found | median lines off | other errors |\n|---|---|---|---|")
    for title, (damage, kind) in PLACES.items():
        hits, off, strange = 0, [], 0
        for trial in range(trials):
            src, tgt = map(list, sides)
            place = damage(src, tgt, random.Random(trial))[0]
            report = check(src, tgt, names)
            found = sorted(lines_of(report, kind), key=lambda line: abs(line - place))
            off += [abs(found[0] - place)] if found else []
            hits += bool(found) and abs(found[0] - place) <= NEAR
            strange += any(f.severity == "error" and f.kind != kind for f in report.findings)
        middle = f"{statistics.median(off):g}" if off else "-"
        print(f"| {title} | {hits} of {trials} | {middle} | {strange} |", flush=True)
    print("\n| damage | precision | recall |\n|---|---|---|")
    for title, (damage, kind) in LINES.items():
        right = said = there = 0
        for trial in range(trials):
            src, tgt = map(list, sides)
            damaged = set(damage(src, tgt, random.Random(trial)))
            new = lines_of(check(src, tgt, names), kind) - lines_of(clean, kind)
            right, said, there = right + len(new & damaged), said + len(new), there + len(damaged)
        print(f"| {title} | {right}/{said} | {right}/{there} |", flush=True)


def main() -> None:
    """Measure every pair of files."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("files", nargs="+", help="SRC TGT, one pair after the other")
    parser.add_argument("--trials", type=int, default=20)
    options = parser.parse_args()
    for names in zip(options.files[::2], options.files[1::2], strict=True):
        measure(names, options.trials)


if __name__ == "__main__":
    main()
