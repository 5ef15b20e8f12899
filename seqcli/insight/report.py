"""What a view shows, before it is drawn: words, tables and panels of lines or of shades.

Place: numbers of a view -> **Report** -> console/pictures.py (terminal), drawing.py (files).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Protocol, TypeVar

WIDE = 4.0  # times the smallest value: from here on a logarithm shows more


@dataclass(frozen=True)
class Line:
    """Points that belong together; a y that is None leaves a gap."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float | None, ...]
    low: tuple[float, ...] = ()  # of a band around the points; () for none
    high: tuple[float, ...] = ()
    is_marked: tuple[bool, ...] = ()  # points that stand out; () for none
    is_dotted: bool = False  # a limit of another line, or what another is compared with
    colour: int | None = None  # number of a colour, for lines that shall share it; None: its own
    has_points: bool = False  # few points, each of them shown


@dataclass(frozen=True)
class LinePanel:
    """Lines over one pair of axes."""

    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    is_log: bool = False  # whether y is drawn by its logarithm, if it has a wide range
    y_range: tuple[float, float] | None = None  # None: as the values ask for
    x_names: tuple[str, ...] = ()  # of x = 0, 1, ...; () where x is a number
    marks: str = ""  # what a marked point means

    @property
    def is_drawn_by_logarithm(self) -> bool:
        """Whether there is a range that is wide enough for it."""
        ys = [y for line in self.lines for y in line.ys if y is not None and 0 < y < math.inf]
        return self.is_log and bool(ys) and max(ys) / min(ys) > WIDE


@dataclass(frozen=True)
class HeatMap:
    """Shares from 0 to 1 as shades."""

    title: str
    x_names: tuple[str, ...]
    y_names: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]  # (y_names, x_names)


@dataclass(frozen=True)
class ReportTable:
    """Cells of text, the first column being names."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Report:
    """A view, ready to be drawn."""

    title: str
    findings: tuple[str, ...]  # what the numbers say, a sentence each
    tables: tuple[ReportTable, ...] = ()
    panels: tuple[LinePanel | HeatMap, ...] = ()


class _OfRun(Protocol):
    @property
    def run_dir(self) -> str: ...


T = TypeVar("T", bound=_OfRun)


def with_short_names(runs: Sequence[T]) -> list[T]:
    """Return what was found of runs, their paths without the directories that all are in."""
    parts = [PurePath(run.run_dir).parts for run in runs]
    shared = 0
    while all(len(each) > shared + 1 for each in parts) and (
        len({each[shared] for each in parts}) == 1
    ):
        shared += 1
    names = [str(PurePath(*each[shared:])) for each in parts]
    return [
        replace(run, run_dir=name)  # type: ignore[type-var]
        for run, name in zip(runs, names, strict=True)
    ]


def show(number: float | None, digits: int = 3) -> str:
    """Write a number so that it can be read at any size; one that is not there is a dash."""
    if number is None:
        return "–"
    if number != 0 and not 1e-3 <= abs(number) < 1e5:
        return f"{number:.{digits - 1}e}"
    return f"{number:,.{digits}g}" if abs(number) < 10**digits else f"{number:,.0f}"
