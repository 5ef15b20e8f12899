"""Files of both sides, one module a format: a stream of bytes -> **entries**, one after the other.

``base`` says what a module has and which suffix means which; ``languages`` compares tags of
languages; ``inline`` makes lines of segments that have tags in them.
"""

from __future__ import annotations

from seqcli.corpus.formats.base import FORMATS, TSV, Entry, Format, format_of, without_packing

__all__ = ["FORMATS", "TSV", "Entry", "Format", "format_of", "without_packing"]
