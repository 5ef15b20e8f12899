"""Lines over axes, drawn with the dots of Braille letters: eight to a cell of the terminal.

Place: LinePanel -> **lines of styled text** -> pictures.py.
Lines differ by letter as well as by colour, so that a picture can be read without colour too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from seqcli.insight.report import Line, LinePanel

# Of middling brightness: they can be told from a dark ground and from a light one.
COLOURS = ("color(33)", "color(166)", "color(35)", "color(162)", "color(99)", "color(136)")
INTERVALS = 4  # between numbers of the y axis
HEIGHT = 3 * INTERVALS + 1  # rows of the plane
MARGIN = 9  # columns for the numbers of the y axis
LEAST_WIDTH = 40
MARK = "×"
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # [row][column] of a letter
_BLANK = 0x2800


@dataclass(frozen=True)
class _Axis:
    """From a value to a place between 0 and 1."""

    least: float
    most: float
    is_log: bool

    def place(self, value: float) -> float | None:
        """Return where a value is; None of one that is not on the axis."""
        if not math.isfinite(value) or (self.is_log and value <= 0):
            return None
        scaled = math.log10(value) if self.is_log else value
        return (scaled - self.least) / (self.most - self.least)

    def label(self, place: float) -> str:
        """Write the value at a place."""
        scaled = self.least + place * (self.most - self.least)
        if self.is_log:
            if abs(scaled - round(scaled)) < 1e-9:
                return f"1e{round(scaled):+03}"
            return f"{10**scaled:.3g}"
        is_plain = scaled == 0 or 1e-4 <= abs(scaled) < 1e5
        return f"{scaled:,.4g}" if is_plain else f"{scaled:.1e}"


class _Plane:
    """Cells of dots, with letters over some of them."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.dots = [[0] * width for _ in range(height)]
        self.styles = [[""] * width for _ in range(height)]
        self.letters: dict[tuple[int, int], str] = {}

    def set_dot(self, x: int, y: int, style: str) -> None:
        """Set a dot; x to the right, y upwards, from 0."""
        column, row = x // 2, self.height - 1 - y // 4
        if 0 <= column < self.width and 0 <= row < self.height:
            self.dots[row][column] |= _DOTS[3 - y % 4][x % 2]
            self.styles[row][column] = style

    def set_letter(self, x: int, y: int, letter: str, style: str) -> None:
        """Write a letter over the cell of a dot."""
        column, row = x // 2, self.height - 1 - y // 4
        if 0 <= column < self.width and 0 <= row < self.height:
            self.letters[row, column] = letter
            self.styles[row][column] = style

    def rows(self) -> Iterator[Text]:
        """Yield the rows from the top."""
        for row, (dots, styles) in enumerate(zip(self.dots, self.styles, strict=True)):
            text = Text()
            for column, (cell, style) in enumerate(zip(dots, styles, strict=True)):
                letter = self.letters.get((row, column))
                text.append(letter or (chr(_BLANK + cell) if cell else " "), style or None)
            yield text


def draw_lines(panel: LinePanel, width: int) -> list[Text]:
    """Return a picture of a panel, at most ``width`` columns wide.

    Args:
        panel: What to draw.
        width: Columns; raised to ``LEAST_WIDTH``.
    """
    width = max(width, LEAST_WIDTH)
    picture = [Text(f"{panel.title} ({panel.y_label})", "bold"), *_legend(panel, width)]
    x_axis, y_axis = _x_axis(panel), _y_axis(panel)
    if x_axis is None or y_axis is None:
        return [*picture, Text("  no values to draw")]
    plane = _Plane(width - MARGIN - 2, HEIGHT)
    for number, line in enumerate(panel.lines):
        _draw_line(plane, line, number, x_axis, y_axis)
    for number, line in enumerate(panel.lines):
        _name_line(plane, line, number, len(panel.lines), x_axis, y_axis)
    for row, text in enumerate(plane.rows()):
        label = y_axis.label(1 - row / (HEIGHT - 1)) if row % 3 == 0 else ""
        picture.append(Text(f"{label:>{MARGIN}} ") + Text("┤" if label else "│") + text)
    picture.append(Text(" " * (MARGIN + 1) + "└" + "─" * plane.width))
    picture.append(_x_labels(panel, x_axis, plane.width))
    picture.append(Text(" " * (MARGIN + 2) + f"{panel.x_label:^{plane.width}}".rstrip()))
    return picture


def _legend(panel: LinePanel, width: int) -> list[Text]:
    entries = []
    for number, line in enumerate(panel.lines):
        entry = Text(f"{_letter(number)} {line.name}", _style(line, number))
        entries.append(entry.append(" (dotted)" if line.is_dotted else ""))
    if panel.marks and any(any(line.is_marked) for line in panel.lines):
        entries.append(Text(f"{MARK} {panel.marks}"))
    rows = [Text("  ")]
    for entry in entries:
        if rows[-1].cell_len > 2 and rows[-1].cell_len + 3 + entry.cell_len > width:
            rows.append(Text("  "))
        rows[-1].append("   " if rows[-1].cell_len > 2 else "").append_text(entry)
    return rows


def _letter(number: int) -> str:
    return chr(ord("a") + number % 26)


def _style(line: Line, number: int) -> str:
    return COLOURS[(number if line.colour is None else line.colour) % len(COLOURS)]


def _x_axis(panel: LinePanel) -> _Axis | None:
    xs = [x for line in panel.lines for x in line.xs]
    if not xs:
        return None
    least, most = min(xs), max(xs)
    if least == most:
        return _Axis(least - 0.5, most + 0.5, is_log=False)
    return _Axis(least, most, is_log=False)


def _y_axis(panel: LinePanel) -> _Axis | None:
    """Return an axis of round numbers that has all values on it."""
    ys = [y for line in panel.lines for y in line.ys if y is not None and math.isfinite(y)]
    is_log = panel.is_drawn_by_logarithm
    if is_log:
        ys = [math.log10(y) for y in ys if y > 0]
    if not ys:
        return None
    least, most = panel.y_range or (min(ys), max(ys))
    if is_log and most - least > 2:
        step = float(math.ceil((most - math.floor(least)) / INTERVALS))
        start = float(math.floor(least))
    else:
        start, step = _round_interval(least, most)
    return _Axis(start, start + INTERVALS * step, is_log)


def _round_interval(least: float, most: float) -> tuple[float, float]:
    """Return the start and size of as many round intervals as hold both numbers."""
    smallest = max(abs(most), abs(least), 1e-300) * 1e-3
    length = max(most - least, smallest)
    size: float = 10.0 ** (math.floor(math.log10(length / INTERVALS)) - 1)
    while True:
        for factor in (1, 2, 2.5, 5):
            step = size * factor
            start = math.floor(least / step) * step
            if start + INTERVALS * step >= most:
                return start, step
        size *= 10


def _points(
    plane: _Plane, line: Line, x_axis: _Axis, y_axis: _Axis
) -> list[tuple[int, int] | None]:
    """Return the dots of a line's points; None where there is a gap."""
    points: list[tuple[int, int] | None] = []
    for x, y in zip(line.xs, line.ys, strict=True):
        places = x_axis.place(x), None if y is None else y_axis.place(y)
        if places[0] is None or places[1] is None:
            points.append(None)
            continue
        across = round(places[0] * (2 * plane.width - 1))
        points.append((across, round(places[1] * (4 * plane.height - 1))))
    return points


def _draw_line(plane: _Plane, line: Line, number: int, x_axis: _Axis, y_axis: _Axis) -> None:
    style = _style(line, number)
    before: tuple[int, int] | None = None
    for place, point in enumerate(_points(plane, line, x_axis, y_axis)):
        if point is not None:
            for x, y in _between(before or point, point):
                if not line.is_dotted or x % 4 == 0:
                    plane.set_dot(x, y, style)
            if line.is_marked and line.is_marked[place]:
                plane.set_letter(*point, MARK, style)
        before = point


def _between(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for step in range(steps + 1):
        share = step / steps
        yield (
            round(start[0] + share * (end[0] - start[0])),
            round(start[1] + share * (end[1] - start[1])),
        )


def _name_line(
    plane: _Plane, line: Line, number: int, count: int, x_axis: _Axis, y_axis: _Axis
) -> None:
    """Write a line's letter on it: at each of few points, else at three, not where others do."""
    points = _points(plane, line, x_axis, y_axis)
    shown: Sequence[int] = range(len(points))
    if not line.has_points:
        shares = [(part + (number + 1) / (count + 1)) / 3 for part in range(3)]
        shown = sorted({round(share * (len(points) - 1)) for share in shares})
    for place in shown:
        point = points[place]
        if point is not None:
            plane.set_letter(*point, _letter(number), f"bold {_style(line, number)}")


def _x_labels(panel: LinePanel, axis: _Axis, width: int) -> Text:
    """Return the row under the axis: names, or round numbers."""
    row = [" "] * width
    last = max(len(panel.x_names) - 1, 1)
    labels = [(place / last, name) for place, name in enumerate(panel.x_names)]
    for place, label in labels or _round_numbers(axis):
        start = min(max(round(place * (width - 1)) - len(label) // 2, 0), width - len(label))
        around = row[max(start - 1, 0) : start + len(label) + 1]
        if start >= 0 and set(around) == {" "}:
            row[start : start + len(label)] = label
    return Text(" " * (MARGIN + 2) + "".join(row).rstrip())


def _round_numbers(axis: _Axis) -> list[tuple[float, str]]:
    """Return both ends of an axis and round numbers between them, each with its place."""
    length = axis.most - axis.least
    size = 10.0 ** math.floor(math.log10(length / 5))
    step = next(size * factor for factor in (1, 2, 5, 10) if length / (size * factor) <= 6)
    step = max(step, 1.0)
    first = math.ceil(axis.least / step)
    numbers = [axis.least, axis.most]
    while first * step < axis.most:
        numbers.append(first * step)
        first += 1
    return [((number - axis.least) / length, f"{number:,.6g}") for number in numbers]
