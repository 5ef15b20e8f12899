"""Text with damaged characters -> **the text that was meant**, where that is certain."""

from __future__ import annotations

import re

from ftfy import fix_encoding
from ftfy.badness import is_bad
from ftfy.fixes import unescape_html

# Where other programs end a line, and a byte-order mark in the middle of text.
_BREAKS = re.compile("[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_MARK = "\ufeff"


def repair(text: str) -> str:
    """Return text decoded as it should have been, and without what other programs break it at.

    Encoding damage such as "fÃ¼r" and entities such as "&amp;" are undone by ftfy; line breaks
    become spaces.
    """
    if "&" in text:
        text = unescape_html(text)
    if text.isascii() and text.isprintable():
        return text
    if is_bad(text):
        text = fix_encoding(text)
    if text.isprintable():
        return text
    return _BREAKS.sub(" ", text.replace(_MARK, "")).strip(" ")
