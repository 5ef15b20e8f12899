"""``seqcli train``: a data directory -> a run directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli.flags import GivenSettings, QuietOption, settings_flags
from seqcli.errors import SettingsError

DataDirArgument = Annotated[
    Path, typer.Argument(metavar="DATA_DIR", help="Data directory that preprocess wrote.")
]
RunDirArgument = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Run directory to write.")]
ResumeOption = Annotated[
    bool,
    typer.Option("--resume", metavar="", help="Continue the run in RUN_DIR from its last save."),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", metavar="", help="Replace what is in RUN_DIR.")
]


@settings_flags("model", "training", "decoding")
def command(
    *,
    data_dir: DataDirArgument,
    run_dir: RunDirArgument,
    resume: ResumeOption = False,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
    given: GivenSettings,
) -> None:
    """Train a translator on a data directory and write a run directory.

    Ctrl-C finishes the update, saves, and prints the command that continues the run.
    """
    from seqcli.console import print_training, report_to_console

    if resume and overwrite:
        raise SettingsError(
            "--resume goes on with the run in RUN_DIR and --overwrite starts a new one; keep one"
        )
    reason = None
    if resume:
        from seqcli.rundir import load_settings_of, require_own_files

        require_own_files(run_dir)
        settings = given.load(load_settings_of(run_dir))
    else:
        from seqcli.dataset import Dataset

        settings, reason = given.load_for_pairs(lambda: len(Dataset.open(data_dir).split("train")))

    from seqcli.training import train_model

    with report_to_console(quiet=quiet) as report:
        if reason is not None:
            report.note(reason)
        result = train_model(
            settings, data_dir, run_dir, resume=resume, overwrite=overwrite, report=report
        )
    if result.rank == 0:
        print_training(result)
