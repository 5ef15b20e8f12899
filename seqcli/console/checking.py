"""What a check of a parallel text found: a report for people, or JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
import unicodedata

from rich.console import Console
from rich.text import Text

from seqcli.console.progress import is_terminal
from seqcli.corpus.checking import REPORT_VERSION, CheckReport, Finding, Sample

_STYLES = {"error": "bold red", "warning": "yellow"}


def print_check(report: CheckReport, *, as_json: bool) -> None:
    """Print findings, the gravest first: coloured on a terminal, plain in a pipe, or JSON."""
    if sys.stdout is None:
        return
    if as_json:
        tree = {
            "version": REPORT_VERSION,
            **dataclasses.asdict(report),
            "errors": report.count("error"),
            "warnings": report.count("warning"),
        }
        sys.stdout.write(json.dumps(tree, ensure_ascii=False, indent=2) + "\n")
        return
    lines = [line for finding in report.findings for line in _describe(finding)]
    lines += [f"not looked for: {what}" for what in report.skipped]
    lines.append(_summary(report))
    if not is_terminal(sys.stdout):
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        return
    console = Console(highlight=False)
    for line in lines:
        severity = line.split(" ", 1)[0].rstrip(":")
        text = Text(line)
        text.stylize(_STYLES.get(severity, "dim" if line.startswith(" ") else ""), 0, len(severity))
        console.print(text)


def _describe(finding: Finding) -> list[str]:
    lines = [f"{finding.severity}: {finding.kind}: {show_plainly(finding.message)}"]
    for sample in finding.samples:
        lines += _describe_sample(sample)
    return lines


def _describe_sample(sample: Sample) -> list[str]:
    sides = ((sample.src_place, sample.src), (sample.tgt_place, sample.tgt))
    lines = [f"    {place}: {show_plainly(text or '')}" for place, text in sides if place]
    if sample.note:
        lines.append(f"    {show_plainly(sample.note)}")
    return lines


def show_plainly(text: str) -> str:
    """Return text in which nothing moves the cursor, turns the writing round or hides."""
    return "".join(char if char.isprintable() or char == " " else _escape(char) for char in text)


def _escape(char: str) -> str:
    if unicodedata.category(char) == "Zs":
        return " "
    return char.encode("unicode_escape").decode("ascii")


def _summary(report: CheckReport) -> str:
    lines = (
        f"{report.src_lines:,}"
        if report.src_lines == report.tgt_lines
        else f"{report.src_lines:,} and {report.tgt_lines:,}"
    )
    return f"{lines} lines: {report.count('error')} errors, {report.count('warning')} warnings"
