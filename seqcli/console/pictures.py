"""A report -> words, tables and pictures on stdout; or the numbers behind it as JSON.

Place: insight's Report -> **stdout**.
"""

from __future__ import annotations

import json
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from seqcli.console.canvas import draw_lines
from seqcli.console.progress import is_terminal
from seqcli.console.shades import draw_shades
from seqcli.insight.report import LinePanel, Report, ReportTable

MOST_COLUMNS = 140  # of a picture: a wider one is no clearer


def print_json(value: object) -> None:
    """Print numbers as one JSON object on a line."""
    if sys.stdout is not None:
        sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def print_report(report: Report) -> None:
    """Print a report: its title, its panels as pictures, its tables, and what they say."""
    console = Console(highlight=False, emoji=False, markup=False, soft_wrap=True)
    width = min(console.width, MOST_COLUMNS)
    console.print(Text(report.title, "bold"))
    for panel in report.panels:
        console.print()
        if isinstance(panel, LinePanel):
            for line in draw_lines(panel, width):
                console.print(line)
        else:
            console.print(Text(panel.title))
            for row in draw_shades(panel, width):
                console.print(Text(row))
    for table in report.tables:
        console.print()
        _print_table(console, table)
    if report.findings:
        console.print()
    for finding in report.findings:
        console.print(Text(finding))


def _print_table(console: Console, table: ReportTable) -> None:
    """Print a table: with rules on a terminal, with tabs in a pipe."""
    if not is_terminal(sys.stdout):
        console.print(Text(table.title))
        for row in (table.header, *table.rows):
            sys.stdout.write("\t".join(row) + "\n")
        return
    drawn = Table(title=Text(table.title), title_justify="left", title_style="bold")
    for number, column in enumerate(table.header):
        drawn.add_column(column, overflow="fold", justify="left" if number == 0 else "right")
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(drawn)
