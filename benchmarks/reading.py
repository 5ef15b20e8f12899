"""How fast is much text read, and does the memory that it takes stay the same?

Prints Markdown tables. ``tmx``: generates translation memories of a size and a tenth of it, and
reads them. ``preprocess``: makes texts of a number of pairs and a tenth of it, by repetition with a
number at the end, preprocesses them, and lets SentencePiece encode the larger one by itself, in
threads of its own. ``memory``: makes a translation memory likewise, loads it, and looks for lines
that lack their last word. Each measurement is a process of its own.

    python benchmarks/reading.py tmx [--megabytes 100] [--folder FOLDER]
    python benchmarks/reading.py preprocess PREFIX.en PREFIX.de [--pairs 100000] [--folder FOLDER]
    python benchmarks/reading.py memory PREFIX.en PREFIX.de [--pairs 100000] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from xml.sax.saxutils import escape

import seqcli
from seqcli import TranslationMemory
from seqcli.corpus import find_source, iter_lines, iter_pairs
from seqcli.pieces import PiecePair
from seqcli.reporting import SilentReporter

CHUNK = 100_000  # lines that SentencePiece gets at a time
SAMPLE = 20_000  # lines that pieces are learnt from, so few that both texts have more
SOUGHT = 256  # lines
START = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n'
    '<tmx version="1.4">\n<header creationtool="seqcli" creationtoolversion="1" '
    'segtype="sentence" o-tmf="x" adminlang="en" srclang="en-US" datatype="xml"/>\n<body>\n'
)
WORDS = "a memory holds every sentence that was translated before and gives it back when asked"


def write_tmx(path: Path, size: int) -> None:
    """Write a translation memory of at least so many bytes; every second unit has a tag."""
    words = WORDS.split()
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(START)
        for number in count():
            if number % 1000 == 0 and file.tell() >= size:
                break
            text = " ".join(words[number * k % 15] for k in range(3, 8 + number % 13))
            src, tgt = escape(f"{text} & {number}."), escape(f"번역 {text[::-1]} < {number}.")
            tag = '<ph x="1">&lt;br/&gt;</ph>' if number % 2 else ""
            file.write(
                f'<tu tuid="{number}" creationdate="20260101T000000Z">\n'
                f'  <prop type="x-domain">general</prop>\n'
                f'  <tuv xml:lang="en-US"><seg>{src}{tag}</seg></tuv>\n'
                f'  <tuv xml:lang="ko-KR"><seg>{tag}{tgt}</seg></tuv>\n</tu>\n'
            )
        file.write("</body>\n</tmx>\n")


def repeat(path: Path, pairs: int, out: Path) -> None:
    """Write so many lines, those of a file over and over, with the number of the round."""

    def iter_all() -> Iterator[str]:
        for number in count(1):
            yield from (f"{line} {number}\n" for line in iter_lines(path))

    with out.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(islice(iter_all(), pairs))


class Stages(SilentReporter):
    """Notes of each pass over the text how fast it is, from its first report to its last."""

    def __init__(self) -> None:
        """Start with none."""
        self._first: dict[str, tuple[int, float, float]] = {}
        self._last: dict[str, tuple[int, float, float]] = {}

    def progress(self, task: str, done: int, total: int | None, eta: float | None) -> None:
        """Note the clocks."""
        self._last[task] = (done, time.perf_counter(), time.process_time())
        self._first.setdefault(task, self._last[task])

    def describe(self) -> dict[str, dict[str, float]]:
        """Return pairs, seconds and CPU seconds by pass; without what comes before its reports."""
        names = ("pairs", "seconds", "cpu")
        return {
            task: {n: b - a for n, a, b in zip(names, self._first[task], last, strict=True)}
            for task, last in self._last.items()
        }


def timed(action: Callable[[], object]) -> dict[str, float]:
    """Return the seconds and the CPU seconds that something takes."""
    start = time.perf_counter(), time.process_time()
    action()
    return {"seconds": time.perf_counter() - start[0], "cpu": time.process_time() - start[1]}


def child_tmx(path: str) -> dict[str, object]:
    """Find the languages of a memory, then read its pairs."""
    source = find_source(path, "en", "ko")
    found = {}
    scan = timed(lambda: find_source(path, "en", "ko"))
    read = timed(lambda: found.update(pairs=sum(1 for _ in iter_pairs(source))))
    return {"scan": scan, "read": read, **found}


def child_preprocess(prefix: str, data_dir: str) -> dict[str, object]:
    """Preprocess a text, and say how long each pass takes."""
    stages = Stages()
    whole = timed(
        lambda: seqcli.preprocess(
            data_dir,
            train=prefix,
            src_lang="src",
            tgt_lang="tgt",
            vocab_size=8000,
            pieces_sample=SAMPLE,
            report=stages,
        )
    )
    return {"whole": whole, "passes": stages.describe()}


def child_sentencepiece(prefix: str, data_dir: str) -> dict[str, object]:
    """Let SentencePiece encode both sides of the text in its own threads; nothing is kept."""
    pieces = PiecePair.load(Path(data_dir))
    processor = pieces.src._processor
    spent = {"seconds": 0.0, "cpu": 0.0}
    for side in ("src", "tgt"):
        lines = iter_lines(Path(f"{prefix}.{side}"))
        while chunk := list(islice(lines, CHUNK)):
            took = timed(lambda: processor.encode(chunk, num_threads=cores()))
            spent = {key: spent[key] + took[key] for key in spent}
    return {"encode": spent}


def child_memory(prefix: str) -> dict[str, object]:
    """Load a memory, and look for lines that are in it, and for lines like some of them."""
    loaded: list[TranslationMemory] = []
    load = timed(
        lambda: loaded.append(TranslationMemory.load(prefix, src_lang="src", tgt_lang="tgt"))
    )
    lines = list(islice(iter_lines(Path(f"{prefix}.src")), SOUGHT))
    like = [line.rpartition(" ")[0] for line in lines]
    found: list[object] = []
    exact = timed(lambda: loaded[0].find(lines, threads=1))
    fuzzy = timed(lambda: found.extend(loaded[0].find(like, threads=1)))
    return {
        "entries": len(loaded[0]),
        "load": load,
        "exact": exact,
        "fuzzy": fuzzy,
        "found": sum(match is not None for match in found),
    }


def cores() -> int:
    """Return how many cores there are to use."""
    return len(os.sched_getaffinity(0))


CHILDREN = {
    "tmx": child_tmx,
    "preprocess": child_preprocess,
    "sentencepiece": child_sentencepiece,
    "memory": child_memory,
}


def run(name: str, *arguments: str | Path) -> dict[str, object]:
    """Run one measurement in a process of its own; adds the most memory it had, in MB."""
    words = [sys.executable, __file__, "--child", name, *map(str, arguments)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        output = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} failed")
    return {**json.loads(output.splitlines()[-1]), "peak_mb": usage.ru_maxrss / 1024}


def measure_tmx(folder: Path, megabytes: int) -> None:
    """Print how long memories of two sizes take, and how much memory."""
    print("| file | units | languages (CPU) | reading (CPU) | MB/s of CPU | peak memory |")
    print("|---|---|---|---|---|---|")
    for size in (megabytes // 10, megabytes):
        path = folder / "memory.tmx"
        write_tmx(path, size * 1_000_000)
        found = run("tmx", path)
        scan, read = found["scan"], found["read"]
        rate = path.stat().st_size / 1e6 / read["cpu"]
        print(
            f"| {path.stat().st_size / 1e6:,.0f} MB | {found['pairs']:,} "
            f"| {scan['seconds']:.1f} s ({scan['cpu']:.1f}) | {read['seconds']:.1f} s "
            f"({read['cpu']:.1f}) | {rate:.0f} | {found['peak_mb']:.0f} MB |",
            flush=True,
        )
        path.unlink()


def measure_preprocess(folder: Path, src: Path, tgt: Path, pairs: int) -> None:
    """Print how long preprocessing of two sizes takes, and SentencePiece by itself."""
    print("| pairs | what | seconds | CPU seconds | pairs per CPU second | peak memory |")
    print("|---|---|---|---|---|---|")
    prefix, data_dir = folder / "text", folder / "data"
    for size in (pairs // 10, pairs):
        for path, side in ((src, "src"), (tgt, "tgt")):
            repeat(path, size, Path(f"{prefix}.{side}"))
        data_dir = folder / f"data-{size}"
        found = run("preprocess", prefix, data_dir)
        for task, spent in found["passes"].items():
            print_row(int(spent["pairs"]), f"{task} (a pass)", spent, "")
        print_row(size, "all of preprocess", found["whole"], f"{found['peak_mb']:.0f} MB")
    found = run("sentencepiece", prefix, data_dir)
    name = f"SentencePiece alone, {cores()} threads"
    print_row(pairs, name, found["encode"], f"{found['peak_mb']:.0f} MB")


def measure_memory(folder: Path, src: Path, tgt: Path, pairs: int) -> None:
    """Print how long a memory takes to load, and a line to be found in it."""
    for path, side in ((src, "src"), (tgt, "tgt")):
        repeat(path, pairs, folder / f"text.{side}")
    found = run("memory", folder / "text")
    exact, fuzzy = (1000 * found[kind]["cpu"] / SOUGHT for kind in ("exact", "fuzzy"))
    print("| entries | loading (CPU) | an exact match | a fuzzy match | found | peak memory |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {found['entries']:,} | {found['load']['cpu']:.1f} s | {exact:.3f} ms | {fuzzy:.1f} ms "
        f"| {found['found']} of {SOUGHT} | {found['peak_mb']:.0f} MB |"
    )


def print_row(pairs: int, name: str, spent: dict[str, float], peak: str) -> None:
    """Print a row of the table of preprocessing."""
    seconds, cpu = spent["seconds"], spent["cpu"]
    rate = pairs / max(cpu, 1e-9)
    print(f"| {pairs:,} | {name} | {seconds:.1f} | {cpu:.1f} | {rate:,.0f} | {peak} |", flush=True)


def main() -> None:
    """Measure."""
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(CHILDREN[sys.argv[2]](*sys.argv[3:])))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name in ("tmx", "preprocess", "memory"):
        kind = kinds.add_parser(name)
        kind.add_argument("--folder", type=Path, help="where there is room")
        if name == "tmx":
            kind.add_argument("--megabytes", type=int, default=100)
        else:
            kind.add_argument("texts", type=Path, nargs=2)
            kind.add_argument("--pairs", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        if given.kind == "tmx":
            measure_tmx(Path(folder), given.megabytes)
        else:
            measure = measure_memory if given.kind == "memory" else measure_preprocess
            measure(Path(folder), *given.texts, given.pairs)


if __name__ == "__main__":
    main()
