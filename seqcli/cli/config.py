"""``seqcli config``: the settings with descriptions; of a run, what it was trained with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli.flags import GivenSettings, JsonOption, settings_flags
from seqcli.cli.results import require_stdout
from seqcli.errors import SettingsError


@settings_flags()
def command(
    *,
    run_dir: Annotated[
        Path | None, typer.Argument(metavar="[RUN_DIR]", help="Print the settings of this run.")
    ] = None,
    as_json: JsonOption = False,
    given: GivenSettings,
) -> None:
    """Print the settings with their descriptions.

    Without RUN_DIR: the defaults, changed by --preset, --config and SEQCLI_* variables; the output
    in a file is itself a settings file for --config. With RUN_DIR: what that run was trained with.
    """
    from seqcli.console import print_settings

    require_stdout()
    if run_dir is None:
        print_settings(given.load(), as_json=as_json)
        return

    from seqcli.rundir import load_settings_of

    if given.config or given.preset is not None:
        raise SettingsError(
            "RUN_DIR is what that run was trained with, which --config and --preset cannot change; "
            "leave them out"
        )
    print_settings(load_settings_of(run_dir), as_json=as_json)
