"""ParallelSource -> **SentencePair(src, tgt)**, streaming; nothing is left out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import starmap, zip_longest
from pathlib import Path
from typing import NamedTuple

from seqcli.corpus.formats.base import Entry
from seqcli.corpus.lines import iter_lines
from seqcli.corpus.opening import opened
from seqcli.corpus.sources import ParallelSource
from seqcli.errors import CorpusError

_SPACE_MARK = "\u2581"


class SentencePair(NamedTuple):
    """A line and its translation, as they stand in the corpus."""

    src: str
    tgt: str


def iter_pairs(source: ParallelSource) -> Iterator[SentencePair]:
    """Read the pairs of a source in order; the n-th pair of two files is made of line n.

    Raises:
        CorpusError: What ``iter_lines`` or the format raises; or the two files differ in their
            number of lines (raised at the end of the shorter one).
    """
    return (entry.pair for entry in iter_entries(source))


def iter_entries(source: ParallelSource) -> Iterator[Entry]:
    """Read the pairs of a source as ``iter_pairs`` does, each with its place.

    Raises:
        CorpusError: As ``iter_pairs``.
    """
    if len(source.paths) == 2:
        return starmap(Entry, enumerate(_iter_two_files(*source.paths), start=1))
    return _iter_file(source)


def _iter_file(source: ParallelSource) -> Iterator[Entry]:
    (path,), name = source.paths, str(source)
    reader = source.format.reader()
    with opened(path, name) as stream:
        yield from reader.read_pairs(stream, name, source.src_lang, source.tgt_lang)


def _iter_two_files(src_path: Path, tgt_path: Path) -> Iterator[SentencePair]:
    src_lines, tgt_lines = iter_lines(src_path), iter_lines(tgt_path)
    for common, (src, tgt) in enumerate(zip_longest(src_lines, tgt_lines)):
        if src is None or tgt is None:
            src_count = common + (0 if src is None else 1 + sum(1 for _ in src_lines))
            tgt_count = common + (0 if tgt is None else 1 + sum(1 for _ in tgt_lines))
            raise CorpusError(
                f"{src_path} has {src_count:,} lines but {tgt_path} has {tgt_count:,}; line N of "
                "one must translate line N of the other; find where they part with "
                f"`{shlex.join(['seqcli', 'data', 'check', str(src_path), str(tgt_path)])}`"
            )
        yield SentencePair(src, tgt)


def is_blank(pair: SentencePair) -> bool:
    """Tell whether a side holds nothing to read: whitespace, or the space mark of SentencePiece."""
    src, tgt = pair
    if _SPACE_MARK in src or _SPACE_MARK in tgt:
        src, tgt = (side.replace(_SPACE_MARK, " ") for side in pair)
    return not src.strip() or not tgt.strip()
