"""A line -> **what is wrong with its characters**: encoding damage, controls, odd line ends."""

from __future__ import annotations

import re

from ftfy import fix_encoding
from ftfy.badness import is_bad

from seqcli.corpus.checking.features import MOST_CHARS

MOJIBAKE, CONTROL, LINE_BREAK = "mojibake", "control-characters", "line-breaks"

# Where other programs end a line; here they are text.
_BREAKS = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029\r]")
CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ufeff]")
# A letter that a program could not write became a question mark: "f?r", "Stra?e".
_LOST = re.compile(r"(?<![/=&?.\w])[^\W\d_]+\?[^\W\d_]*[a-zà-ÿ]\b(?![=&/])")
_ADDRESS = re.compile(r"://|www\.|\.(?:com|org|net|html?|php)\b")


def marks_of(line: str) -> tuple[str, ...]:
    """Return which of MOJIBAKE, CONTROL and LINE_BREAK a line has."""
    if line.isascii() and line.isprintable():
        return (MOJIBAKE,) if "?" in line and _has_lost_letters(line) else ()
    tests = (
        (MOJIBAKE, is_mojibake),
        (CONTROL, lambda text: CONTROL_CHARACTERS.search(text) is not None),
        (LINE_BREAK, lambda text: _BREAKS.search(text) is not None),
    )
    return tuple(kind for kind, test in tests if test(line))


def is_mojibake(line: str) -> bool:
    """Tell text that was decoded with the wrong encoding, or lost letters in another one.

    A replacement character (U+FFFD) is such a loss; else ftfy must find the characters unlikely
    beside each other, and know of a decoding that makes better text.
    """
    line = line[:MOST_CHARS]
    if "\ufffd" in line or ("?" in line and _has_lost_letters(line)):
        return True
    return not line.isascii() and is_bad(line) and fix_encoding(line) != line


def _has_lost_letters(line: str) -> bool:
    return _LOST.search(line) is not None and _ADDRESS.search(line) is None
