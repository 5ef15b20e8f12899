"""``seqcli shortlist``: a run and its training pairs -> fewer pieces to choose from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli.flags import DebugOption, JsonOption, QuietOption
from seqcli.cli.numbers import parse_whole
from seqcli.cli.results import require_stdout

MOST = 100_000

RunDirArgument = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Run directory.")]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DATA_DIR", help="The run's data directory, if it has moved."),
]


CandidatesOption = Annotated[
    int,
    typer.Option(
        "--candidates",
        metavar="N",
        parser=parse_whole("--candidates", 1, MOST),
        help="Target pieces kept for each source piece.",
    ),
]
CommonOption = Annotated[
    int,
    typer.Option(
        "--common",
        metavar="N",
        parser=parse_whole("--common", 1, MOST),
        help="Commonest pieces in every list.",
    ),
]


def command(
    *,
    run_dir: RunDirArgument,
    data: DataOption = None,
    candidates: CandidatesOption = 50,
    common: CommonOption = 100,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Learn which target pieces may translate each source piece.

    `seqcli translate --shortlist` then computes those of a sentence only, which is faster with
    large vocabularies. The list goes into RUN_DIR.
    """
    from seqcli.console import print_shortlisting, report_to_console

    require_stdout()

    from seqcli.shortlisting import shortlist_run

    with report_to_console(quiet=quiet) as report:
        made = shortlist_run(
            run_dir, data_dir=data, candidates=candidates, common=common, report=report
        )
    print_shortlisting(made, as_json=as_json)
