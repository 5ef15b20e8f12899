"""Options that the verbs of ``seqcli data`` share."""

from __future__ import annotations

from typing import Annotated

import typer

from seqcli.cli.numbers import parse_whole

InArgument = Annotated[
    str,
    typer.Argument(metavar="IN", help="Parallel text: PREFIX for PREFIX.SRC and PREFIX.TGT, or "
                   "one bilingual file, or - for standard input."),
]  # fmt: skip
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", metavar="", help="Replace files that are there.")
]
SamplesOption = Annotated[
    int,
    typer.Option(
        "--samples",
        metavar="N",
        parser=parse_whole("--samples", 0, 1000),
        help="Pairs shown for each rule.",
    ),
]
