"""``seqcli export``: a run -> a small bundle to give away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli.flags import DebugOption, JsonOption, QuietOption
from seqcli.cli.results import require_stdout

RunDirArgument = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Run to give away.")]
BundleArgument = Annotated[Path, typer.Argument(metavar="OUT", help="Directory to write.")]
PrecisionOption = Annotated[
    str | None,
    typer.Option(
        "--precision", metavar="NAME", help="Of the matrices: fp32, bf16 or int8 (the default)."
    ),
]
LicenceOption = Annotated[
    str, typer.Option("--licence", metavar="TEXT", help="For the card: how it may be used.")
]
SplitOption = Annotated[
    str, typer.Option("--split", metavar="NAME", help="Set of the run's data that is scored.")
]
NoScoreOption = Annotated[
    bool, typer.Option("--no-score", metavar="", help="Write a card without a test score.")
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DATA_DIR", help="The run's data directory, if it has moved."),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", metavar="", help="Replace what is in OUT.")
]


def command(
    *,
    run_dir: RunDirArgument,
    bundle: BundleArgument,
    precision: PrecisionOption = None,
    licence: LicenceOption = "not stated",
    split: SplitOption = "test",
    no_score: NoScoreOption = False,
    data: DataOption = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Write a bundle: a run's model in few bytes, with a card that says what it is.

    The bundle is scored on a test set of the run's data, as it will be used. translate, eval and
    tune take a bundle in the place of a run.
    """
    from seqcli.console import print_export, report_to_console
    from seqcli.exporting import check_precision, export_run

    require_stdout()
    precision = check_precision(precision or "int8")
    with report_to_console(quiet=quiet) as report:
        export = export_run(
            run_dir,
            bundle,
            precision=precision,
            licence=licence,
            split=None if no_score else split,
            data_dir=data,
            overwrite=overwrite,
            report=report,
        )
    print_export(export, as_json=as_json)
