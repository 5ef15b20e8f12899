"""Text on disk -> **SentencePair(src, tgt)**: readers, checks, and what is left out.

Imports the standard library, errors and files only.
"""

from __future__ import annotations

from seqcli.corpus.lines import decode_lines, iter_lines
from seqcli.corpus.pairs import SentencePair, iter_pairs
from seqcli.corpus.sources import ParallelSource, find_source

__all__ = [
    "ParallelSource",
    "SentencePair",
    "decode_lines",
    "find_source",
    "iter_lines",
    "iter_pairs",
]
