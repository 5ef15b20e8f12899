"""What was done to a parallel text, or counted in it: words for people, or JSON.

Place: what the verbs of ``seqcli data`` return -> **stdout**.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from seqcli.console.checking import show_plainly
from seqcli.console.results import print_rows

if TYPE_CHECKING:
    from seqcli.corpus.cleaning import CleanReport, Sample
    from seqcli.downloads import Collection, Got


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
