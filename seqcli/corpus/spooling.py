"""Standard input -> **a file**, as text is read more than once, and the format that it is in."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from seqcli.corpus.formats.base import FORMATS, Format
from seqcli.corpus.opening import opened
from seqcli.errors import CorpusError, SettingsError
from seqcli.files import explaining, make_temporary

STDIN = "standard input"

_SPOOLED: list[object] = []  # the stream that was read
_START = 1 << 16  # bytes that tell the format
_MO_MAGICS = (b"\xde\x12\x04\x95", b"\x95\x04\x12\xde")
_ROOT = re.compile(r"<(tmx|xliff)[\s>]")
_PO_ENTRY = re.compile(r'(?:^|\r)[ \t]*msgid\s*"', re.MULTILINE)


def spool_stdin() -> Path:
    """Copy standard input, as it is, to a file that is removed when the process ends.

    Raises:
        SettingsError: It is closed.
        CorpusError: There is nothing in it, as when it has been read before.
        SeqcliError: The disk refuses.
    """
    if sys.stdin is None:
        raise SettingsError("standard input is closed; give a file, or pipe text in")
    path = make_temporary()
    with explaining(path), path.open("wb") as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
    if path.stat().st_size == 0:
        if sys.stdin in _SPOOLED:
            raise CorpusError(f"{STDIN}: has been read already; - can be given once only")
        raise CorpusError(f"{STDIN}: is empty; a corpus needs at least one pair")
    _SPOOLED[:] = [sys.stdin]
    return path


def tell_format(path: Path) -> Format:
    """Tell by its start which format a file is in that has no name.

    Raises:
        CorpusError: It is of none that holds both sides.
    """
    with opened(path, STDIN) as stream:
        start = stream.read(_START)
    name = _name_of(start)
    if name is None:
        raise CorpusError(
            f"{STDIN}: is of no format that its start tells; it must be TMX, XLIFF, PO, MO, JSONL "
            "or lines of the source, one tab and the target; or write it to a file with the suffix "
            "of its format"
        )
    return next(each for each in FORMATS if each.name == name)


def _name_of(start: bytes) -> str | None:
    if start.startswith(_MO_MAGICS):
        return "MO"
    is_wide = start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start[:2]
    text = start.decode("utf-16" if is_wide else "utf-8-sig", "replace").lstrip()
    if text.startswith("<") and (root := _ROOT.search(text)):
        return root[1].upper()
    if text.startswith("{"):
        return "JSONL"
    if _PO_ENTRY.search(text):
        return "PO"
    return "TSV" if "\t" in text.partition("\n")[0] else None
