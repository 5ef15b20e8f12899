"""A parallel text -> **the pairs worth learning from**, and why the others are not.

``repair`` mends characters, ``rules`` judge a pair by itself, ``judging`` does both for many pairs
and in several processes, ``clean`` finds copies, writes and counts.
"""

from __future__ import annotations

from seqcli.corpus.cleaning.clean import REPORT_VERSION, CleanReport, Sample, clean_corpus
from seqcli.corpus.cleaning.rules import RULES, CleaningOptions

__all__ = ["REPORT_VERSION", "RULES", "CleanReport", "CleaningOptions", "Sample", "clean_corpus"]
