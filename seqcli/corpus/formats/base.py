"""What a format offers, and **which format a file name means**.

Place: the name of a file -> **Format** -> its module, which is imported when a file is read.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from seqcli.corpus.pairs import SentencePair

PACKED_SUFFIXES = (".gz", ".xz", ".zst", ".bz2")  # what seqcli.corpus.opening unpacks


class Entry(NamedTuple):
    """A pair and where it stands in its file, which messages give as ``file:number``."""

    number: int  # of its first line, from 1; in a file without lines, of the entry
    pair: SentencePair


class Reader(Protocol):
    """What the module of a format has."""

    def read_pairs(
        self, stream: IO[bytes], name: str, src_lang: str, tgt_lang: str
    ) -> Iterator[Entry]:
        """Yield every entry of the file in order, also those with a side that is missing or blank.

        A missing side is "". Each side is one line, whatever newlines the file has in it: see
        ``seqcli.corpus.formats.inline``, which also puts marks in the place of inline tags.

        Args:
            stream: The file, unpacked, at its start; nothing of it is held but the entry.
            name: What messages call it.
            src_lang: Tag of the source; of a multilingual file in the form that ``normal_tag`` of
                ``seqcli.corpus.formats.languages`` gives to the file's own.
            tgt_lang: Likewise.

        Raises:
            CorpusError: The file is not of this format, or damaged; says ``name:line``.
        """


class MultilingualReader(Reader, Protocol):
    """What the module of a format has in which each text says its language."""

    def find_languages(self, stream: IO[bytes], name: str) -> Mapping[str, int]:
        """Return the tags of a file, as they stand there, and how many texts are in each.

        None at all means that the file does not name its sides by languages.

        Raises:
            CorpusError: As read_pairs.
        """


@dataclass(frozen=True)
class Format:
    """A format of files that hold both sides of a text."""

    name: str  # as people call it
    suffixes: tuple[str, ...]  # of names, in lower case, without that of the packing
    module: str  # has what Reader says
    is_multilingual: bool = False  # ... and what MultilingualReader says
    is_by_line: bool = False  # entry n is line n
    has_inline_tags: bool = False  # pairs may have the marks of seqcli.corpus.protection

    def reader(self) -> Reader:
        """Import the module that reads the format."""
        return cast("Reader", importlib.import_module(self.module))

    def multilingual_reader(self) -> MultilingualReader:
        """Import the module of a format that is multilingual."""
        return cast("MultilingualReader", importlib.import_module(self.module))


_HERE = "seqcli.corpus.formats"
TSV = Format("TSV", (".tsv",), f"{_HERE}.tsv", is_by_line=True)
FORMATS = (
    TSV,
    Format("JSONL", (".jsonl",), f"{_HERE}.jsonl", is_multilingual=True, is_by_line=True),
    Format("TMX", (".tmx",), f"{_HERE}.tmx", is_multilingual=True, has_inline_tags=True),
    Format("XLIFF", (".xlf", ".xliff"), f"{_HERE}.xliff", has_inline_tags=True),
    Format("PO", (".po",), f"{_HERE}.po"),
    Format("MO", (".mo",), f"{_HERE}.mo"),
)


def format_of(file_name: str) -> Format | None:
    """Return the format that a name means, which may end in the suffix of a packing; or None."""
    name = without_packing(file_name).lower()
    return next((each for each in FORMATS if name.endswith(each.suffixes)), None)


def without_packing(file_name: str) -> str:
    """Return a name without the suffix of its packing, if it has one."""
    for suffix in PACKED_SUFFIXES:
        if file_name.lower().endswith(suffix):
            return file_name[: -len(suffix)]
    return file_name


def suffixes_of_formats() -> tuple[str, ...]:
    """Return all suffixes that mean a format."""
    return tuple(suffix for each in FORMATS for suffix in each.suffixes)
