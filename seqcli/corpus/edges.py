"""Text beside marks -> **what a model translates of it**, and what stays around that as it is.

Place: text between marks -> **Edged** -> translation -> the same punctuation and blanks around it.
A model that is given ``: A cat sleeps.`` alone drops the colon, and the text sticks to its mark.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_INVERTED = "¿¡"  # they begin a sentence, and a translation has them or not
_FINAL = re.compile("[.!?…。！？؟۔।]+")
_ADDED_STOP = re.compile(r"(?<![.。])[.。]\Z")
_CONTRACTION = re.compile(r"['’](?:s|d|m|t|ll|re|ve)(?![^\W_])", re.IGNORECASE)  # as in %s's dog
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class Edged:
    """A text in three parts, of which the one in the middle is translated.

    A sign that ends a sentence stays with the middle, as it says what kind of sentence that is.
    Before a mark it is in ``after``, too, and that of the translation is left out.
    """

    before: str
    middle: str  # "" if there is no letter in the text
    after: str
    is_after_mark: bool
    is_before_mark: bool

    def fill(self, translation: str) -> str:
        """Return the whole with a translation of the middle.

        That loses its own punctuation beside a mark, and where ``before`` or ``after`` has some;
        behind a mark also a full stop that the source does not have.
        """
        text = translation.strip()
        if not self.middle:
            return self.before
        if self.is_after_mark or self.before:
            text = text[_lead(text) :]
        if self.is_before_mark:
            return self.before + text[: _trail(text)] + self.after
        if self.after:
            end = _trail(text)
            final = _FINAL.match(text, end)
            text = text[:end] + (final.group() if final else "")
        if self.is_after_mark:
            text = without_added_stop(text, self.middle)
        return self.before + text + self.after


def cut_edges(text: str, *, is_after_mark: bool, is_before_mark: bool) -> Edged:
    """Take off what is neither letter nor digit at both ends of a text; ``¿`` and ``¡`` stay.

    Args:
        text: What stands between two marks, or a mark and an end of its sentence. It may have marks
            within.
        is_after_mark: Whether a mark stands before it.
        is_before_mark: Whether one stands behind it.
    """
    if not any(map(str.isalpha, text)):
        return Edged(text, "", "", is_after_mark, is_before_mark)
    found = _CONTRACTION.match(text) if is_after_mark else None
    start = found.end() if found else 0
    if not any(map(str.isalpha, text[start:])):
        return Edged(text, "", "", is_after_mark, is_before_mark)
    start += _lead(text[start:])
    end = _trail(text)
    final = _FINAL.match(text, end)
    stop = final.end() if final else end
    after = text[end:] if is_before_mark else text[stop:]
    return Edged(text[:start], text[start:stop], after, is_after_mark, is_before_mark)


def without_added_stop(text: str, src: str) -> str:
    """Return the translation of a part of a sentence without a full stop that its source lacks."""
    return text if _FINAL.match(src, _trail(src)) else _ADDED_STOP.sub("", text)


def _lead(text: str) -> int:
    """Return where the first word or mark begins."""
    is_begun = (n for n, char in enumerate(text) if char.isalnum() or char in f"⟦{_INVERTED}")
    return next(is_begun, len(text))


def _trail(text: str) -> int:
    """Return where the last word or mark ends, with the accents that belong to its last letter."""
    end = len(text)
    while end and not (text[end - 1].isalnum() or text[end - 1] == "⟧"):
        end -= 1
    while end and end < len(text) and _belongs_to_letter(text[end]):
        end += 1
    return end


def _belongs_to_letter(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char).startswith("M")
