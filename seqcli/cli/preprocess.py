"""``seqcli preprocess``: parallel text -> a data directory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqcli.cli.flags import GivenSettings, QuietOption, settings_flags
from seqcli.errors import SettingsError

if TYPE_CHECKING:
    from seqcli.config import Settings

_NAMED_TEST = re.compile(r"(?P<name>[^=/\\]*)=(?P<text>.*)")

if TYPE_CHECKING:
    pass

DataDirArgument = Annotated[
    Path, typer.Argument(metavar="DATA_DIR", help="Data directory to write.")
]
TrainOption = Annotated[
    list[str],
    typer.Option(
        "--train",
        metavar="PREFIX",
        help="Training text: PREFIX.SRC and PREFIX.TGT, or one file of both sides (.tmx, .xliff, "
        ".po, .mo, .tsv, .jsonl), each also packed (.gz, .xz, .zst, .bz2), or -; may be repeated.",
    ),
]
ValidOption = Annotated[
    str | None,
    typer.Option(
        "--valid", metavar="PREFIX", help="Validation text; without it some pairs are cut off."
    ),
]
TestOption = Annotated[
    list[str] | None,
    typer.Option("--test", metavar="[NAME=]PREFIX", help="Test text; repeat it as NAME=PREFIX."),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", metavar="", help="Replace what is in DATA_DIR.")
]


@settings_flags("data", "pieces", "seed")
def command(
    *,
    data_dir: DataDirArgument,
    train: TrainOption,
    valid: ValidOption = None,
    test: TestOption = None,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
    given: GivenSettings,
) -> None:
    """Cut parallel text into pieces and write a data directory.

    Line N of the source file is translated by line N of the target file; - is standard input, in a
    format of both sides. Languages are tags: en takes en-US. Pairs with a blank side,
    and training pairs that are too long, are dropped and counted.
    """
    from seqcli.console import print_preprocessing, report_to_console

    settings = given.load()
    tests = parse_tests(test or ())

    from seqcli.preprocessing import build_data

    with report_to_console(quiet=quiet) as report:

        def choose(pairs: int) -> Settings:
            chosen, reason = given.load_for_pairs(lambda: pairs)
            if reason is not None:
                report.note(reason)
            return chosen

        result = build_data(
            settings,
            data_dir,
            train=train,
            valid=valid,
            test=tests,
            overwrite=overwrite,
            report=report,
            choose=choose,
        )
    print_preprocessing(result)


def parse_tests(values: Sequence[str]) -> dict[str, str]:
    """Return the test texts by name from values like ``PREFIX`` (named test) and ``NAME=PREFIX``.

    Raises:
        SettingsError: When a name is given twice.
    """
    tests: dict[str, str] = {}
    for value in values:
        match = _NAMED_TEST.fullmatch(value)
        name, text = (match["name"], match["text"]) if match else ("test", value)
        if name in tests:
            raise SettingsError(
                f"--test {value!r}: there is already a test set {name!r}; "
                "give each one its own name as NAME=PREFIX"
            )
        tests[name] = text
    return tests
