"""``seqcli data clean``: parallel text -> the pairs of it that are worth learning from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli.data.options import InArgument, OverwriteOption, SamplesOption
from seqcli.cli.flags import GivenSettings, JsonOption, QuietOption, settings_flags
from seqcli.cli.numbers import parse_whole
from seqcli.cli.results import require_stdout
from seqcli.errors import SettingsError

OutArgument = Annotated[
    str | None,
    typer.Argument(metavar="OUT", help="Prefix of the files to write, or a .tsv."),
]
DroppedOption = Annotated[
    Path | None,
    typer.Option(
        "--dropped",
        metavar="FILE",
        help="Where the pairs that are dropped go, as JSON lines; without it, OUT.dropped.jsonl.",
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", metavar="", help="Write nothing, only count.")
]
ProcessesOption = Annotated[
    int | None,
    typer.Option(
        "--processes",
        metavar="N",
        parser=parse_whole("--processes", 1, 1024),
        help="Processes that work at once; without it, one for each core.",
    ),
]


@settings_flags("cleaning", "src_lang", "tgt_lang")
def command(
    *,
    source: InArgument,
    out: OutArgument = None,
    dropped: DroppedOption = None,
    dry_run: DryRunOption = False,
    samples: SamplesOption = 3,
    processes: ProcessesOption = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    given: GivenSettings,
) -> None:
    """Write the pairs of a parallel text that break no rule, and what the others broke.

    Each rule has a switch (--NAME, --no-NAME) and is asked in the order of the list below; a pair
    counts for the first rule that it breaks.
    """
    from seqcli.console import print_cleaning, report_to_console

    require_stdout()
    if out is None and not dry_run:
        raise SettingsError("OUT is missing; give a prefix to write to, or --dry-run")
    if out is not None:
        _require_prefix(out)
    settings = given.load()

    from seqcli.corpus import find_source
    from seqcli.corpus.cleaning import CleaningOptions, clean_corpus
    from seqcli.corpus.cleaning.judging import count_cores

    src_lang, tgt_lang = settings.data.src_lang, settings.data.tgt_lang
    with report_to_console(quiet=quiet) as report:
        result = clean_corpus(
            find_source(source, src_lang, tgt_lang),
            None if dry_run or out is None else Path(out),
            options=CleaningOptions(**settings.cleaning.model_dump()),
            src_lang=src_lang,
            tgt_lang=tgt_lang,
            dropped_path=dropped,
            overwrite=overwrite,
            samples=samples,
            processes=processes or count_cores(),
            report=report,
        )
    print_cleaning(result, as_json=as_json)


def _require_prefix(out: str) -> None:
    """Refuse a folder, given by its name or by a slash: its files would be hidden, or beside it.

    Raises:
        SettingsError: It is one.
    """
    path = Path(out)
    if out.endswith(("/", os.sep)) or path.is_dir():
        raise SettingsError(
            f"{out or path}: is a directory; give a prefix of the files to write, such as "
            f"{path / 'clean'}"
        )
