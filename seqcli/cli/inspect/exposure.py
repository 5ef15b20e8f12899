"""``seqcli inspect exposure``: runs -> what it costs them to read their own output."""

from __future__ import annotations

from typing import Annotated

import typer

from seqcli.cli.flags import GivenSettings, JsonOption, QuietOption, settings_flags
from seqcli.cli.inspect.options import DataOption, RunDirsArgument
from seqcli.cli.inspect.output import OutputOption, check_output, show_view


@settings_flags("device", "threads")
def show_exposure(
    *,
    run_dirs: RunDirsArgument,
    split: Annotated[
        str, typer.Option("--split", metavar="NAME", help="A set of the runs' data.")
    ] = "valid",
    data: DataOption = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    given: GivenSettings,
) -> None:
    """Draw loss and accuracy by output position, fed gold and fed the model's own output.

    The difference is the exposure bias that teacher forcing leaves; scheduled teacher forcing is
    meant to make it smaller. A free-running output that is worded otherwise counts as wrong.
    """
    check_output(output)
    training = given.load().training

    from seqcli.console import report_to_console
    from seqcli.evaluation import find_dataset
    from seqcli.insight.exposure import measure_exposure
    from seqcli.insight.views import report_exposure

    splits = [find_dataset(run_dir, data).split(split) for run_dir in run_dirs]
    with report_to_console(quiet=quiet) as report:
        measured = [
            measure_exposure(
                run_dir, pairs, device=training.device, threads=training.threads, report=report
            )
            for run_dir, pairs in zip(run_dirs, splits, strict=True)
        ]
    show_view(
        report_exposure(measured),
        {"view": "exposure", "runs": measured},
        as_json=as_json,
        output=output,
    )
