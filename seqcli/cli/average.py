"""``seqcli average``: the checkpoints of a run -> a run with the mean of their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli.flags import DebugOption, JsonOption
from seqcli.cli.numbers import parse_whole
from seqcli.cli.results import require_stdout
from seqcli.errors import SettingsError

RunDirArgument = Annotated[
    Path, typer.Argument(metavar="RUN_DIR", help="Run that was trained with --keep-checkpoints.")
]
OutDirArgument = Annotated[Path, typer.Argument(metavar="OUT_DIR", help="Run directory to write.")]
WhichOption = Annotated[
    str, typer.Option("--which", metavar="NAME", help="Which checkpoints: last or best.")
]


CountOption = Annotated[
    int,
    typer.Option(
        "--count", metavar="N", parser=parse_whole("--count", 1, 10**6), help="How many of them."
    ),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", metavar="", help="Replace what is in OUT_DIR.")
]


def command(
    *,
    run_dir: RunDirArgument,
    out_dir: OutDirArgument,
    which: WhichOption = "last",
    count: CountOption = 5,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write a run whose weights are the mean of a run's last or best checkpoints.

    Checkpoints are kept by `seqcli train --keep-checkpoints N`, and `--average` does the same at
    the end of a training. `seqcli eval OUT_DIR` says what it gave.
    """
    from seqcli.averaging import average_run
    from seqcli.console import print_averaging

    require_stdout()
    if which not in ("last", "best"):
        raise SettingsError(f"--which is {which!r}; it must be last or best")
    chosen = average_run(run_dir, out_dir, which=which, count=count, overwrite=overwrite)
    print_averaging(out_dir, [one.update for one in chosen], as_json=as_json)
