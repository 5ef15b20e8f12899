"""What was done to a parallel text, or counted in it: words for people, or JSON.

Place: what the verbs of ``seqcli data`` return -> **stdout**.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from seqcli.console.checking import show_plainly
from seqcli.console.progress import is_terminal
from seqcli.console.results import print_rows

if TYPE_CHECKING:
    from seqcli.corpus.cleaning import CleanReport, Sample
    from seqcli.corpus.counting import CorpusStats, SideStats
    from seqcli.corpus.splitting import SplitReport
    from seqcli.downloads import Collection, Got

_BAR = "█"
_BAR_COLUMNS = 50


def print_cleaning(report: CleanReport, *, as_json: bool) -> None:
    """Print what each rule has dropped, with samples, or one JSON object."""
    if sys.stdout is None:
        return
    if as_json:
        from seqcli.corpus.cleaning import REPORT_VERSION

        tree = {"version": REPORT_VERSION, **dataclasses.asdict(report)}
        _write(json.dumps(tree, ensure_ascii=False, indent=2))
        return
    for rule, dropped in (*report.dropped.items(), ("repaired", report.repaired)):
        for sample in dropped.samples:
            _write(_describe(rule, sample))
    rows = [
        (rule, f"{dropped.count:,}", f"{dropped.count / max(1, report.pairs):.2%}")
        for rule, dropped in report.dropped.items()
    ]
    print_rows("dropped by rule", ("rule", "pairs", "share"), rows)
    for what in report.not_applied:
        _write(f"not looked at: {show_plainly(what)}")
    share = report.kept / max(1, report.pairs)
    _write(
        f"{report.source}: {report.pairs:,} pairs; kept {report.kept:,} ({share:.1%}), dropped "
        f"{report.dropped_count:,}; repaired {report.repaired.count:,}"
    )
    if report.outputs:
        _write(f"written: {' and '.join(report.outputs)}; dropped pairs: {report.dropped_file}")


def _describe(rule: str, sample: Sample) -> str:
    found = f" ({show_plainly(sample.found)})" if sample.found else ""
    src, tgt = show_plainly(sample.src), show_plainly(sample.tgt)
    return f"{rule}{found}: pair {sample.number:,}:\n    {src}\n    {tgt}"


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")


def print_catalogue(catalogue: Mapping[str, Collection], *, as_json: bool) -> None:
    """Print what can be fetched, or one JSON object by name."""
    if as_json:
        tree = {name: each.model_dump(mode="json") for name, each in catalogue.items()}
        _write(json.dumps(tree, ensure_ascii=False, indent=2))
        return
    rows = [
        (
            name,
            " ".join(each.languages),
            each.licence,
            "all" if all(file.is_verified for file in each.files) else "not all",
            f"{each.title}; {each.about}" if each.about else each.title,
        )
        for name, each in catalogue.items()
    ]
    print_rows("catalogue", ("name", "languages", "licence", "SHA-256 known", "what it is"), rows)


def print_got(got: Got, *, as_json: bool) -> None:
    """Print which texts are there now, or one JSON object."""
    if as_json:
        _write(json.dumps(dataclasses.asdict(got), ensure_ascii=False, indent=2))
        return
    for text in got.texts:
        _write(f"{text.path}  {'verified' if text.is_verified else 'not verified'}")


def print_split(report: SplitReport, *, as_json: bool) -> None:
    """Print how many pairs went where, or one JSON object."""
    if as_json:
        from seqcli.corpus.splitting import REPORT_VERSION

        tree = {"version": REPORT_VERSION, **dataclasses.asdict(report)}
        _write(json.dumps(tree, ensure_ascii=False, indent=2))
        return
    rows = [
        (name, f"{count:,}", f"{count / report.pairs:.2%}", " ".join(report.files[name]))
        for name, count in report.parts.items()
    ]
    print_rows(report.source, ("part", "pairs", "share", "files"), rows)
    _write(
        f"{report.pairs:,} pairs in {report.groups:,} groups that share no sentence, the largest "
        f"of {report.largest_group:,}; seed {report.seed}"
    )


def print_stats(stats: CorpusStats, *, as_json: bool) -> None:
    """Print what there is in a text: tables and a histogram of the lengths, or one JSON object."""
    if as_json:
        from seqcli.corpus.counting import REPORT_VERSION

        tree = {"version": REPORT_VERSION, **dataclasses.asdict(stats)}
        _write(json.dumps(tree, ensure_ascii=False, indent=2))
        return
    sides = (stats.src, stats.tgt)
    rows = [
        (name, *(f"{value:,}" if isinstance(value, int) else f"{value:,.1f}" for value in values))
        for name, values in _side_rows(sides)
    ]
    print_rows(stats.source, ("", *(side.language for side in sides)), rows)
    sizes = sorted({size for side in sides for size in side.coverage})
    covered = [
        (f"{size:,}", *(f"{side.coverage.get(size, 1.0):.2%}" for side in sides)) for size in sizes
    ]
    if covered:
        header = ("commonest words", *(f"share of {side.language}" for side in sides))
        print_rows("coverage", header, covered)
    for side in sides:
        _print_histogram(side, stats.pairs)
        for name, common in (("words", side.common_words), ("repeated", side.common_sentences)):
            shown = ", ".join(f"{show_plainly(each.text)} ({each.count:,})" for each in common)
            _write(f"{side.language}, frequent {name}: {shown or 'none'}")
    copies = stats.pairs - stats.different_pairs
    ratio = "no pair has text on both sides"
    if stats.median_ratio is not None:
        ratio = f"a target has {stats.median_ratio:.2f} characters for one of its source"
    _write(
        f"{stats.pairs:,} pairs, {stats.blank_pairs:,} with a blank side, {copies:,} copies of "
        f"earlier ones; {ratio}"
    )


def _side_rows(sides: Sequence[SideStats]) -> list[tuple[str, list[int | float]]]:
    names = {
        "words": "words",
        "characters": "characters",
        "mean_words": "words a line, mean",
        "median_words": "median",
        "percentile_95": "95 % have up to",
        "percentile_99": "99 % have up to",
        "most_words": "the longest",
        "vocabulary": "different words",
        "once": "words there once",
        "sentences": "different sentences",
        "blank": "blank lines",
    }
    return [(text, [getattr(side, name) for side in sides]) for name, text in names.items()]


def _print_histogram(side: SideStats, lines: int) -> None:
    """Print the lengths as bars, a line each."""
    _write(f"{side.language}, lines by their words:")
    names = [
        f"{each.least:,}" if each.least == each.most else f"{each.least:,}-{each.most:,}"
        for each in side.lengths
    ]
    width = max(map(len, names))
    most = max(each.lines for each in side.lengths)
    for name, each in zip(names, side.lengths, strict=True):
        bar = Text(_BAR * math.ceil(_BAR_COLUMNS * each.lines / most), style="cyan")
        text = Text(f"{name:>{width}} ") + bar + Text(f" {each.lines / lines:.1%}")
        if is_terminal(sys.stdout):
            Console(highlight=False).print(text)
        else:
            _write(text.plain)
