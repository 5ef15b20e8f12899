"""A parallel text -> **what is wrong with it**: the checks of ``seqcli data check``.

``reading`` reads each side, ``pairwise`` and ``marks`` look at single pairs, ``copies`` compares
hashes, ``features`` makes numbers of lines, ``fit`` and ``drift`` find where the sides are shifted,
``languages`` where they are swapped; ``check`` puts it together into ``findings``.
"""

from __future__ import annotations

from seqcli.corpus.checking.check import check_corpus
from seqcli.corpus.checking.findings import KINDS, REPORT_VERSION, CheckReport, Finding, Sample

__all__ = ["KINDS", "REPORT_VERSION", "CheckReport", "Finding", "Sample", "check_corpus"]
