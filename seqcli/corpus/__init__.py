"""Text on disk -> **SentencePair(src, tgt)**: readers, checks, and what is held out.

``opening`` unpacks, ``lines`` reads one file, ``formats`` files of both sides, ``sources`` finds
files, ``pairs`` joins two sides, ``sampling`` draws lines, ``holdout`` cuts a validation set.
"""

from __future__ import annotations

from seqcli.corpus.lines import decode_lines, iter_lines
from seqcli.corpus.pairs import SentencePair, is_blank, iter_entries, iter_pairs
from seqcli.corpus.sources import ParallelSource, find_source

__all__ = [
    "ParallelSource",
    "SentencePair",
    "decode_lines",
    "find_source",
    "is_blank",
    "iter_entries",
    "iter_lines",
    "iter_pairs",
]
