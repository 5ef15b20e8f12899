"""A report and its picture -> one page of HTML that opens without a network.

Place: Report, SVG -> **text of a page** -> drawing.py.
"""

from __future__ import annotations

from html import escape

from seqcli.insight.report import Report, ReportTable
from seqcli.version import __version__

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #1a1a1a; background: #fff; }
h1 { font-size: 1.25rem; } h2 { font-size: 1rem; margin-bottom: .3rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
svg { max-width: 100%; height: auto; } .wide { overflow-x: auto; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .8rem; }
footer { margin-top: 2rem; color: #555; font-size: .85rem; }
"""


def render_page(report: Report, svg: str, *, numbers: str, command: str) -> str:
    """Return the page.

    Args:
        report: Its words and tables.
        svg: Its picture, an ``svg`` element.
        numbers: What it was made of, as JSON.
        command: What it was made with.
    """
    findings = "".join(f'<li dir="auto">{escape(each)}</li>' for each in report.findings)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(report.title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1 dir="auto">{escape(report.title)}</h1>
<ul>{findings}</ul>
<div class="wide">{svg}</div>
{"".join(map(_render_table, report.tables))}
<details><summary>The numbers, as JSON</summary><pre>{escape(numbers)}</pre></details>
<footer>seqcli {escape(__version__)}: <code>{escape(command)}</code></footer>
</body>
</html>
"""


def _render_table(table: ReportTable) -> str:
    header = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return (
        f'<h2>{escape(table.title)}</h2><div class="wide"><table><thead><tr>{header}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>\n"
    )
