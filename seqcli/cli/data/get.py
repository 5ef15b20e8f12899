"""``seqcli data get``: a public collection of parallel text, into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli.data.options import OverwriteOption
from seqcli.cli.flags import DebugOption, JsonOption, QuietOption
from seqcli.cli.numbers import parse_number, parse_whole
from seqcli.cli.results import require_stdout
from seqcli.errors import SettingsError

NameArgument = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="In the catalogue, or of mtdata."),
]
DirArgument = Annotated[
    Path | None,
    typer.Argument(metavar="DIR", help="Folder for the text; without it, NAME."),
]
ListOption = Annotated[
    bool, typer.Option("--list", metavar="", help="List the catalogue; nothing is fetched.")
]
MirrorOption = Annotated[
    str | None,
    typer.Option(
        "--mirror",
        metavar="DIR_OR_URL",
        help="Where to get the files in the place of their own addresses, as NAME/FILE.",
    ),
]
CacheOption = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="DIR",
        help="Where fetched files are kept; without it, ~/.cache/seqcli/downloads.",
    ),
]
CatalogueOption = Annotated[
    Path | None,
    typer.Option("--catalogue", metavar="FILE", help="Another catalogue than seqcli's own."),
]
TimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        parser=parse_number("--timeout", 0.1, 86_400),
        help="How long a server may be silent.",
    ),
]
AttemptsOption = Annotated[
    int,
    typer.Option(
        "--attempts",
        metavar="N",
        parser=parse_whole("--attempts", 1, 100),
        help="Failures in a row after which a download is given up; it is resumed the next time.",
    ),
]


def command(
    *,
    name: NameArgument = None,
    folder: DirArgument = None,
    is_list: ListOption = False,
    mirror: MirrorOption = None,
    cache: CacheOption = None,
    catalogue: CatalogueOption = None,
    timeout: TimeoutOption = 30.0,
    attempts: AttemptsOption = 5,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Fetch a public collection of parallel text, verify it and unpack it into a folder.

    The one verb that opens a connection. The licence is shown before anything is asked for, also
    with --quiet.
    """
    from seqcli.console import print_catalogue, print_got, report_to_console
    from seqcli.downloads import get_collection, load_catalogue
    from seqcli.downloads.catalogue import BUNDLED
    from seqcli.downloads.fetching import Patience
    from seqcli.downloads.getting import default_cache, licence_line
    from seqcli.downloads.mtdata import LICENCE, get_with_mtdata, is_name

    require_stdout()
    known = load_catalogue(catalogue or BUNDLED)
    if is_list:
        print_catalogue(known, as_json=as_json)
        return
    if name is None:
        raise SettingsError("NAME is missing; --list shows the names that there are")
    if name not in known and not is_name(name):
        raise SettingsError(_unknown(name, list(known)))
    if quiet:  # a report that is quiet would not show it
        typer.echo(licence_line(known[name]) if name in known else f"licence: {LICENCE}", err=True)
    with report_to_console(quiet=quiet) as report:
        if name in known:
            got = get_collection(
                name,
                known[name],
                folder or Path(name),
                cache=cache or default_cache(),
                mirror=mirror,
                overwrite=overwrite,
                patience=Patience(timeout, attempts),
                report=report,
            )
        else:
            if mirror is not None:
                raise SettingsError(f"{name}: is of mtdata, which knows no --mirror; leave it out")
            got = get_with_mtdata(name, folder or Path(name), overwrite=overwrite, report=report)
    print_got(got, as_json=as_json)


def _unknown(name: str, known: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "--list shows the names that there are"
    return f"{name!r} is not in the catalogue; {hint}"
