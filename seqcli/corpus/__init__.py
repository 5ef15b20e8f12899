"""Text on disk -> **SentencePair(src, tgt)**: readers, checks, and what is held out.

``lines`` reads one file, ``sources`` finds files, ``pairs`` joins two sides, ``sampling`` draws
lines, ``holdout`` cuts a validation set. Imports the standard library and errors only.
"""

from __future__ import annotations

from seqcli.corpus.lines import decode_lines, iter_lines
from seqcli.corpus.pairs import SentencePair, is_blank, iter_pairs
from seqcli.corpus.sources import ParallelSource, find_source

__all__ = [
    "ParallelSource",
    "SentencePair",
    "decode_lines",
    "find_source",
    "is_blank",
    "iter_lines",
    "iter_pairs",
]
