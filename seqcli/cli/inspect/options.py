"""Options that several views share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqcli.errors import SettingsError

RunDirsArgument = Annotated[
    list[Path], typer.Argument(metavar="RUN_DIR...", help="Run directories, to compare.")
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DATA_DIR", help="The runs' data directory, if it has moved."),
]


def choose(flag: str, value: str, names: tuple[str, ...]) -> str:
    """Return a name that is one of some.

    Raises:
        SettingsError: If it is another.
    """
    if value not in names:
        raise SettingsError(f"{flag} is {value!r}; it must be one of {', '.join(names)}")
    return value
