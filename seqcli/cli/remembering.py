"""The flags of ``seqcli translate`` for translation memories, and the memory that they mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqcli.cli.numbers import parse_number
from seqcli.errors import SettingsError

if TYPE_CHECKING:
    from seqcli.config import DataSettings
    from seqcli.decoding.translator import Translator
    from seqcli.memory import TranslationMemory

MemoryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--memory",
        metavar="FILE",
        help="Translation memory, such as a .tmx, or a PREFIX: lines that are in it get its "
        "translation; --json offers what is like them. May be repeated.",
    ),
]
DEFAULT_THRESHOLD = 0.75
MemoryThresholdOption = Annotated[
    float | None,
    typer.Option(
        "--memory-threshold",
        metavar="X",
        parser=parse_number("--memory-threshold", 0.5, 1),
        help=f"Least similarity of what --memory offers, 0.5 to 1; default {DEFAULT_THRESHOLD}.",
    ),
]
UseFuzzyOption = Annotated[
    bool,
    typer.Option(
        "--use-fuzzy-matches", metavar="", help="Use what is like a line in its place, too."
    ),
]


def require_memory(specs: Sequence[str], threshold: float | None, use_fuzzy: bool) -> None:
    """Refuse flags that say how a memory is used, if there is none.

    Raises:
        SettingsError: One is given.
    """
    flags = (("--memory-threshold", threshold is not None), ("--use-fuzzy-matches", use_fuzzy))
    for flag, is_given in flags:
        if is_given and not specs:
            raise SettingsError(f"{flag}: there is no memory; give one with --memory")


def files_of_memory(specs: Sequence[str], data: DataSettings) -> list[Path]:
    """Return the paths that --memory may mean: a file, or both sides of a prefix."""
    ends = ("", f".{data.src_lang}", f".{data.tgt_lang}")
    return [Path(f"{spec}{end}") for spec in specs for end in ends]


def load_memory(
    translator: Translator, specs: Sequence[str], threshold: float | None, use_fuzzy: bool
) -> TranslationMemory | None:
    """Load what --memory names, in the languages of the translator; None if it names nothing.

    Raises:
        SettingsError: It names standard input.
        CorpusError: A file cannot be read.
    """
    from seqcli.memory import TranslationMemory

    if not specs:
        return None
    if "-" in specs:
        raise SettingsError("--memory -: standard input is for text to translate; give a file")
    data = translator.settings.data
    return TranslationMemory.load(
        *specs,
        src_lang=data.src_lang,
        tgt_lang=data.tgt_lang,
        threshold=DEFAULT_THRESHOLD if threshold is None else threshold,
        use_fuzzy=use_fuzzy,
    )
