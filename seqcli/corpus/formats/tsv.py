"""Lines of two columns -> **entries**: the source, one tab, the target; quotes have no meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from seqcli.corpus.formats.base import Entry
from seqcli.corpus.lines import decode_lines, lone_cr
from seqcli.corpus.pairs import SentencePair
from seqcli.errors import CorpusError


def read_pairs(stream: IO[bytes], name: str, src_lang: str, tgt_lang: str) -> Iterator[Entry]:
    """Yield one entry a line; a blank line is a blank one.

    Raises:
        CorpusError: A line has not two columns, or is no text.
    """
    for number, line in enumerate(decode_lines(stream, name), start=1):
        columns = columns_of(line)
        if len(columns) != 2:
            raise CorpusError(wrong_columns(name, number, line))
        yield Entry(number, SentencePair(*columns))


def columns_of(line: str) -> list[str]:
    """Return the columns of a line; a blank one has two that are empty."""
    return line.split("\t") if line.strip() else ["", ""]


def wrong_columns(name: str, number: int, line: str) -> str:
    """Return the message for a line whose columns are not two."""
    if "\r" in line:
        return lone_cr(name, number)
    return (
        f"{name}:{number}: {len(columns_of(line))} columns; a line must be the source, one tab and "
        "the target (quotes have no meaning); mend the line"
    )
