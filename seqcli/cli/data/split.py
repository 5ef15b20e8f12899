"""``seqcli data split``: parallel text -> train, valid and test that share no sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli.data.options import InArgument, OverwriteOption
from seqcli.cli.flags import GivenSettings, JsonOption, QuietOption, settings_flags
from seqcli.cli.results import require_stdout
from seqcli.errors import SettingsError


def parse_amount(flag: str) -> Callable[[str], float]:
    """Return a parser of a number of pairs such as 1000, or of a share below 1 (0.05 or 5%).

    The parser raises SettingsError for anything else.
    """

    def parse(value: str | float) -> float:
        text = str(value).strip()
        if text.isascii() and text.isdecimal() and 0 < len(text) < 16 and int(text) > 0:
            return int(text)
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = 0.0
        if 0 < share < 1:
            return share
        raise SettingsError(
            f"{flag} is {text!r}; it must be a number of pairs such as 1000, or a share such as "
            "0.05 or 5%"
        )

    return parse


OutArgument = Annotated[
    Path,
    typer.Argument(metavar="OUT_DIR", help="Folder for train, valid and test."),
]
ValidOption = Annotated[
    float | None,
    typer.Option(
        "--valid",
        metavar="N",
        parser=parse_amount("--valid"),
        help="Pairs for validation: a number, or a share such as 0.05 or 5%.",
    ),
]
TestOption = Annotated[
    float | None,
    typer.Option(
        "--test",
        metavar="N",
        parser=parse_amount("--test"),
        help="Pairs for a test, likewise.",
    ),
]


@settings_flags("src_lang", "tgt_lang", "seed")
def command(
    *,
    source: InArgument,
    folder: OutArgument,
    valid: ValidOption = None,
    test: TestOption = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    given: GivenSettings,
) -> None:
    """Cut parallel text into train, valid and test, which share no sentence.

    Pairs with the same source or target (without case, digits and punctuation) stay together, and
    so do those that are linked by others.
    """
    from seqcli.console import print_split, report_to_console

    require_stdout()
    asked = {"valid": valid, "test": test}
    sizes = {
        name: size if size < 1 else int(size) for name, size in asked.items() if size is not None
    }
    if not sizes:
        raise SettingsError("nothing to cut off; give --valid, --test or both")
    settings = given.load()

    from seqcli.corpus import find_source
    from seqcli.corpus.splitting import split_corpus

    src_lang, tgt_lang = settings.data.src_lang, settings.data.tgt_lang
    with report_to_console(quiet=quiet) as report:
        result = split_corpus(
            find_source(source, src_lang, tgt_lang),
            folder,
            sizes=sizes,
            src_lang=src_lang,
            tgt_lang=tgt_lang,
            seed=settings.training.seed,
            overwrite=overwrite,
            report=report,
        )
    print_split(result, as_json=as_json)
