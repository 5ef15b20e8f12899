"""What a view shows, before it is drawn: words, tables and panels of lines or of shades.

Place: numbers of a view -> **Report** -> console/pictures.py (terminal), drawing.py (files).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """Points that belong together; a y that is None leaves a gap."""

    name: str
    xs: tuple[float, ...]
    ys: tuple[float | None, ...]
    low: tuple[float, ...] = ()  # of a band around the points; () for none
    high: tuple[float, ...] = ()
    is_marked: tuple[bool, ...] = ()  # points that stand out; () for none
    is_bound: bool = False  # drawn thinner: a limit of another line
    has_points: bool = False  # few points, each of them shown


@dataclass(frozen=True)
class LinePanel:
    """Lines over one pair of axes."""

    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    is_log: bool = False  # whether y is drawn by its logarithm
    x_names: tuple[str, ...] = ()  # of x = 0, 1, ...; () where x is a number
    marks: str = ""  # what a marked point means


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


def show(number: float | None, digits: int = 3) -> str:
    """Write a number so that it can be read at any size; one that is not there is a dash."""
    if number is None:
        return "–"
    if number != 0 and not 1e-3 <= abs(number) < 1e5:
        return f"{number:.{digits - 1}e}"
    return f"{number:,.{digits}g}" if abs(number) < 10**digits else f"{number:,.0f}"
