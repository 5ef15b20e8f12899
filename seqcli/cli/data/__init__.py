"""``seqcli data VERB``: gets, looks at, cleans and cuts parallel text.

Place: one module a verb; the heavy modules are imported when a verb runs.
"""

from __future__ import annotations

import typer

from seqcli.cli.data import check, clean, get, split, stats

group = typer.Typer(add_completion=False, no_args_is_help=True)


@group.callback()
def _data() -> None:
    """Get, check, clean and cut parallel text."""


group.command("get")(get.command)
group.command("check")(check.command)
group.command("clean")(clean.command)
group.command("split")(split.command)
group.command("stats")(stats.command)
