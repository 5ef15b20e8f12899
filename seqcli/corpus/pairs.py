"""ParallelSource -> **SentencePair(src, tgt)**, streaming; every line makes exactly one pair."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from seqcli.corpus.lines import iter_lines
from seqcli.corpus.sources import ParallelSource
from seqcli.errors import CorpusError


class SentencePair(NamedTuple):
    """A line and its translation, as they stand in the corpus."""

    src: str
    tgt: str


def iter_pairs(source: ParallelSource) -> Iterator[SentencePair]:
    """Read the pairs of a source in order; the n-th pair is made of line n.

    Raises:
        CorpusError: What ``iter_lines`` raises; the two files differ in their number of lines
            (raised at the end of the shorter one); or a TSV line has not two columns.
    """
    if len(source.paths) == 1:
        return _iter_tsv(source.paths[0])
    return _iter_two_files(*source.paths)


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


def _iter_tsv(path: Path) -> Iterator[SentencePair]:
    for number, line in enumerate(iter_lines(path), start=1):
        columns = line.split("\t") if line.strip() else ["", ""]
        if len(columns) != 2:
            raise CorpusError(
                f"{path}:{number}: {len(columns)} columns; a line must be the source, one tab and "
                "the target (quotes have no meaning); mend the line"
            )
        yield SentencePair(*columns)


def is_blank(pair: SentencePair) -> bool:
    """Tell whether a side holds nothing to read: whitespace, or the space mark of SentencePiece."""
    return any(not side.replace("\u2581", " ").strip() for side in pair)
