"""A report -> a picture in a file: SVG, PNG, or a page of HTML that needs nothing else.

Place: Report -> **matplotlib** -> file. Needs the extra ``seqcli[plots]``; only what draws a file
imports this.
Text in SVG and HTML stays text, in the fonts of whoever reads it, so every script can be read that
the reader's machine can write. PNG has the fonts of the machine that draws it.
"""

from __future__ import annotations

import contextlib
import io
import logging
import math
import re
import unicodedata
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from seqcli.files import write_atomically
from seqcli.insight.page import render_page
from seqcli.insight.report import HeatMap, Line, LinePanel, Report

# Okabe & Ito 2008: colours that those who see few of them can tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
PANEL_INCHES = (6.4, 3.0)
PANEL_COLUMNS = 62  # letters of a title over a panel
CELL_INCHES = 0.28  # of a heat map
LETTER_INCHES = 0.085  # of a narrow letter at the size of labels
MOST_PIXELS = 8000  # of a PNG, across or down
MARKER = "x"
# Fonts with other scripts than DejaVu Sans has, as systems name them.
_MORE_SCRIPTS = re.compile(
    r"^(Noto Sans|Source Han|WenQuanYi|PingFang|Hiragino|Apple (SD Gothic|Color)|Malgun|Yu Gothic|"
    r"Microsoft (YaHei|JhengHei)|SimHei|Nanum|IPA|Arial Unicode|Unifont|Droid Sans Fallback)"
)


def write_picture(report: Report, path: Path, *, numbers: str, command: str) -> list[str]:
    """Draw a report into a file, of the kind that its ending says.

    Args:
        report: What to draw.
        path: Ends in .svg, .png or .html.
        numbers: The report's numbers as JSON; part of a page.
        command: What the page says that it was made with.

    Returns:
        Letters for which no font was found: the picture has boxes in their place. Only a PNG can
        have any.

    Raises:
        SeqcliError: When the disk refuses.
    """
    kind = path.suffix.lower().removeprefix(".")
    with _Silence() as missing, matplotlib.rc_context(rc=_style(kind)):
        figure = _draw(report, has_title=kind != "html")
        stream = io.BytesIO()
        metadata = {"Date": None} if kind != "png" else {}
        if kind == "png":
            dpi = min(150.0, MOST_PIXELS / max(figure.get_size_inches()))
            figure.savefig(stream, format="png", dpi=dpi)
        else:
            figure.savefig(stream, format="svg", metadata=metadata)
    picture = stream.getvalue()
    if kind == "html":
        svg = picture.decode("utf-8")
        page = render_page(report, svg[svg.index("<svg") :], numbers=numbers, command=command)
        write_atomically(path, page)
        return []
    write_atomically(path, picture)
    return missing if kind == "png" else []


def _style(kind: str) -> Any:
    fonts = ["DejaVu Sans", "Arial", "Helvetica"]
    if kind == "png":
        fonts += _find_more_scripts()
    return {
        "font.family": fonts if kind == "png" else ["sans-serif"],
        "font.sans-serif": fonts,
        "font.size": 9,
        "svg.fonttype": "none",
        "svg.hashsalt": "seqcli",  # the same report gives the same file
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e4e4e4",
        "legend.frameon": False,
        "legend.fontsize": 8,
        "lines.linewidth": 1.5,
        "figure.facecolor": "white",
        "text.parse_math": False,  # a piece may be a dollar sign
    }


def _find_more_scripts() -> list[str]:
    """Return fonts of other scripts, also of those installed since matplotlib looked for fonts."""
    manager = font_manager.fontManager
    seen = {entry.fname for entry in manager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - seen):
        if re.search(r"(?i)noto|cjk|han|gothic|hei|nanum|malgun|unifont|droid", Path(path).name):
            with contextlib.suppress(OSError, RuntimeError):  # a font that cannot be read
                manager.addfont(path)
    return [name for name in sorted(manager.get_font_names()) if _MORE_SCRIPTS.match(name)]


class _Silence:
    """Keep matplotlib from speaking to the terminal; lend the letters that it found no font for."""

    def __enter__(self) -> list[str]:
        self._missing: list[str] = []
        self._logger = logging.getLogger("matplotlib")
        self._level = self._logger.level
        self._logger.setLevel(logging.CRITICAL)
        self._caught = warnings.catch_warnings(record=True)
        self._warnings = self._caught.__enter__()
        warnings.simplefilter("always")
        return self._missing

    def __exit__(self, *exception: object) -> None:
        self._caught.__exit__(None, None, None)
        self._logger.setLevel(self._level)
        codes = (re.match(r"Glyph (\d+) ", str(each.message)) for each in self._warnings or ())
        found = {chr(int(code[1])) for code in codes if code}
        self._missing += sorted(found)


def _draw(report: Report, *, has_title: bool) -> Figure:
    heat = next((panel for panel in report.panels if isinstance(panel, HeatMap)), None)
    if heat is not None:
        return _draw_heat(report, heat, has_title=has_title)
    panels = [panel for panel in report.panels if isinstance(panel, LinePanel)]
    columns = 2 if len(panels) > 2 else 1
    rows = -(-len(panels) // columns)
    size = PANEL_INCHES[0] * columns, PANEL_INCHES[1] * rows + 0.5
    figure = Figure(figsize=size, layout="constrained")
    if has_title:
        figure.suptitle(_wrap(report.title, 80 * columns), x=0.01, ha="left", fontsize=10)
    all_axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for panel, axes in zip(panels, all_axes, strict=False):
        _draw_panel(axes, panel)
    for axes in all_axes[len(panels) :]:
        axes.set_axis_off()
    return figure


def _wrap(text: str, columns: int) -> str:
    """Break a title into lines of so many columns; wide letters count twice."""
    lines, room = [""], columns
    for word in text.split(" "):
        if lines[-1] and room < _columns(word):
            lines.append("")
            room = columns
        lines[-1] += f" {word}" if lines[-1] else word
        room -= _columns(word) + 1
    return "\n".join(lines)


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _draw_panel(axes: Axes, panel: LinePanel) -> None:
    title = _wrap(panel.title, PANEL_COLUMNS)
    axes.set_title(title, loc="left", fontsize=9, fontweight="bold")
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    if panel.is_drawn_by_logarithm:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(_show_power)
    handles, names = [], []
    for number, line in enumerate(panel.lines):
        handles.append(_draw_line(axes, line, _colour(line, number), panel.is_drawn_by_logarithm))
        names.append(line.name)
    marked = _draw_marks(axes, panel.lines)
    if marked is not None:
        handles.append(marked)
        names.append(panel.marks)
    if panel.y_range is not None:
        room = 0.05 * (panel.y_range[1] - panel.y_range[0])
        axes.set_ylim(panel.y_range[0] - room, panel.y_range[1] + room)
    low, high = axes.get_ylim()
    if axes.get_yscale() == "log":
        is_narrow = high / low < 100
        axes.yaxis.set_minor_formatter(_show_some if is_narrow else NullFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if panel.x_names:
        axes.set_xticks(range(len(panel.x_names)), panel.x_names)
    if len(handles) > 1:
        axes.legend(handles, names, loc="best")


def _colour(line: Line, number: int) -> str:
    return COLOURS[(number if line.colour is None else line.colour) % len(COLOURS)]


def _show_some(value: float, _place: float) -> str:
    """Write 2 and 5 times a power only, so that numbers do not run into each other."""
    return f"{value:g}" if f"{value:e}"[0] in "25" else ""


def _show_power(value: float, _place: float) -> str:
    """Write a number of a logarithmic axis; its usual powers are mathematics, which is off."""
    power = math.log10(value) if value > 0 else math.nan
    if abs(power) > 3:
        return f"1e{round(power):+03}" if abs(power - round(power)) < 1e-9 else ""
    return f"{value:g}"


def _draw_line(axes: Axes, line: Line, colour: str, is_log: bool) -> Any:
    ys = [float("nan") if y is None or (is_log and y <= 0) else y for y in line.ys]
    if line.low and line.high:
        axes.fill_between(line.xs, line.low, line.high, color=colour, alpha=0.15, linewidth=0)
    (handle,) = axes.plot(
        line.xs,
        ys,
        color=colour,
        linestyle=":" if line.is_dotted else "-",
        marker="o" if line.has_points or len(line.xs) == 1 else None,
        markersize=4,
    )
    return handle


def _draw_marks(axes: Axes, lines: Sequence[Line]) -> Any:
    handle = None
    for number, line in enumerate(lines):
        points = [
            (x, y)
            for x, y, is_marked in zip(line.xs, line.ys, line.is_marked, strict=False)
            if is_marked and y is not None
        ]
        if points:
            xs, ys = zip(*points, strict=True)
            colour = _colour(line, number)
            handle = axes.scatter(xs, ys, marker=MARKER, s=18, color=colour, linewidth=1)
    return handle


def _draw_heat(report: Report, heat: HeatMap, *, has_title: bool) -> Figure:
    """Draw a heat map, with room for its names as wide as any reader's fonts may make them."""
    left = 0.3 + LETTER_INCHES * max(_columns(name) for name in heat.y_names)
    bottom = 0.3 + LETTER_INCHES * max(_columns(name) for name in heat.x_names)
    plane = CELL_INCHES * len(heat.x_names), CELL_INCHES * len(heat.y_names)
    width = max(left + plane[0] + 0.9, 5.0)
    columns = int(width / LETTER_INCHES) - 4
    texts = (report.title, *report.findings) if has_title else ()
    title = "\n".join(_wrap(text, columns) for text in texts)
    top = 0.3 + 0.18 * (title.count("\n") + 1)
    height = bottom + plane[1] + top
    figure = Figure(figsize=(width, height))
    figure.text(0.15 / width, 1 - 0.15 / height, title, va="top", fontsize=9)
    axes = figure.add_axes((left / width, bottom / height, plane[0] / width, plane[1] / height))
    axes.grid(False)
    image = axes.imshow(heat.values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(heat.x_names)), heat.x_names, rotation=90)
    axes.set_yticks(range(len(heat.y_names)), heat.y_names)
    bar_left = (left + plane[0] + 0.15) / width
    bar = figure.add_axes((bar_left, bottom / height, 0.12 / width, plane[1] / height))
    bar.grid(False)
    figure.colorbar(image, cax=bar)
    return figure
