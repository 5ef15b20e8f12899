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
MemoryThresholdOption = Annotated[
    float,
    typer.Option(
        "--memory-threshold",
        metavar="X",
        parser=parse_number("--memory-threshold", 0.5, 1),
        help="Least similarity of what --memory offers, 0.5 to 1.",
    ),
]
UseFuzzyOption = Annotated[
    bool,
    typer.Option(
        "--use-fuzzy-matches", metavar="", help="Use what is like a line in its place, too."
    ),
]


def files_of_memory(specs: Sequence[str], data: DataSettings) -> list[Path]:
    """Return the paths that --memory may mean: a file, or both sides of a prefix."""
    ends = ("", f".{data.src_lang}", f".{data.tgt_lang}")
    return [Path(f"{spec}{end}") for spec in specs for end in ends]


def load_memory(
    translator: Translator, specs: Sequence[str], threshold: float, use_fuzzy: bool
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
        threshold=threshold,
        use_fuzzy=use_fuzzy,
    )
