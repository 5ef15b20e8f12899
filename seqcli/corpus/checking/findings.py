"""What a check of a corpus says: values for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

REPORT_VERSION = 1  # of the JSON; goes up when the meaning of a key changes or a key goes
SHOWN_CHARS = 200  # of a sample's text

Severity = Literal["error", "warning"]

# Every kind, and from which share of the lines on it is an error: 0 means always, None never.
KINDS: dict[str, float | None] = {
    "unreadable": 0,
    "unequal-counts": 0,
    "shifted": 0,
    "swapped-files": 0,
    "swapped-lines": 0.01,
    "unrelated": None,
    "overlap": 0.01,
    "overlap-one-side": None,
    "mojibake": 0.01,
    "copied": 0.1,
    "blank": 0.1,
    "duplicates": None,
    "many-targets": None,
    "length-ratio": None,
    "control-characters": None,
    "line-breaks": None,
}


@dataclass(frozen=True)
class Sample:
    """A place where something was found; a side that is not part of it is None."""

    src_place: str | None  # file:line
    tgt_place: str | None
    src: str | None  # the text, cut to SHOWN_CHARS
    tgt: str | None
    note: str = ""  # such as the place of the first of two equal pairs


@dataclass(frozen=True)
class Finding:
    """Everything of one kind that was found."""

    kind: str  # a key of KINDS
    severity: Severity
    count: int
    message: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class CheckReport:
    """All findings, the gravest first."""

    src: str
    tgt: str
    src_lines: int
    tgt_lines: int
    findings: tuple[Finding, ...]
    skipped: tuple[str, ...] = ()  # what could not be looked for, and why

    def count(self, severity: Severity) -> int:
        """Return how many findings are of a severity."""
        return sum(finding.severity == severity for finding in self.findings)


@dataclass
class Found:
    """What is known of a finding before its samples are read."""

    kind: str
    count: int
    message: str
    share: float = 1.0  # of the lines
    src_lines: Sequence[int] = ()  # of the samples, from 0; -1: that side is no part of it
    tgt_lines: Sequence[int] = ()
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def severity(self) -> Severity:
        """Error or warning, by the share of the lines."""
        limit = KINDS[self.kind]
        return "error" if limit is not None and self.share >= limit else "warning"


def found_in_pairs(
    kind: str, lines: npt.NDArray[np.int64], message: str, *, total: int, samples: int
) -> list[Found]:
    """Return a finding on pairs, the first ones as its samples, or nothing if there are none."""
    if not len(lines):
        return []
    first = [int(line) for line in lines[:samples]]
    count, share = len(lines), len(lines) / max(1, total)
    text = message.format(count=f"{count:,}", share=f"{share:.1%}")
    return [Found(kind, count, text, share, first, first)]


def runs_of(lines: npt.NDArray[np.int64], *, gap: int = 1) -> list[tuple[int, int]]:
    """Return the runs of consecutive numbers as (first, last); gap is the largest step in a run."""
    if not len(lines):
        return []
    breaks = np.flatnonzero(np.diff(lines) > gap)
    firsts, lasts = np.append(0, breaks + 1), np.append(breaks, len(lines) - 1)
    return [(int(lines[a]), int(lines[b])) for a, b in zip(firsts, lasts, strict=True)]
