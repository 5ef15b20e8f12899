"""A heat map, drawn with five shades: two columns for each name across.

Place: HeatMap -> **lines of text** -> pictures.py.
"""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from seqcli.insight.report import HeatMap

SHADES = " ░▒▓█"  # of shares from 0 to 1
LEAST_COLUMNS = 8  # names across that are drawn side by side, however narrow the terminal


def draw_shades(heat: HeatMap, width: int | None = None) -> list[str]:
    """Return the lines of the picture; names across are written downwards.

    Args:
        heat: What to draw.
        width: Columns; a map that is wider is drawn in parts, one below the other. None for any
            width.
    """
    margin = max(cell_len(name) for name in heat.y_names)
    count = len(heat.x_names)
    if width is not None:
        count = max((width - margin - 1) // 2, LEAST_COLUMNS)
    lines: list[str] = []
    for start in range(0, len(heat.x_names), count):
        lines += [""] if lines else []
        lines += _draw_part(heat, slice(start, start + count), margin)
    return lines


def _draw_part(heat: HeatMap, part: slice, margin: int) -> list[str]:
    names = heat.x_names[part]
    tallest = max(len(name) for name in names)
    lines = []
    for row in range(tallest):
        # Names stand on the grid, so short ones begin further down.
        letters = [name.rjust(tallest)[row] for name in names]
        lines.append(" " * (margin + 1) + "".join(set_cell_size(letter, 2) for letter in letters))
    for name, values in zip(heat.y_names, heat.values, strict=True):
        cells = "".join(
            2 * SHADES[min(int(v * len(SHADES)), len(SHADES) - 1)] for v in values[part]
        )
        lines.append(" " * (margin - cell_len(name)) + f"{name} {cells}")
    return [line.rstrip() for line in lines]
