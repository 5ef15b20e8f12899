"""A line that is too long for a model -> parts that are not, and their translations -> one line.

Place: translator -> **parts** -> search, and back. A line is cut at the ends of its sentences;
sentences that are still too long at other punctuation, then at spaces, and at last anywhere.
Nothing is lost: the parts together are the line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

LengthsOf = Callable[[list[str]], list[int]]  # pieces of each text

# Where a part may end: after a mark, with closing quotes and spaces that follow it. Of marks that
# other scripts write without a space behind them, the space may be missing.
_CLOSING = "[\"'”’»«›)\\]」』）】]*"
_SENTENCE = re.compile(rf"(?:[.!?…]+{_CLOSING}\s+(?=\S))|(?:[。！？।؟۔]+{_CLOSING}\s*)")
_CLAUSE = re.compile(rf"(?:[,;:]{_CLOSING}\s+)|(?:\s[-–—]\s)|(?:[，、；：،]\s*)")
_SPACE = re.compile(r"\s+")


def split_line(line: str, *, most: int, lengths_of: LengthsOf) -> list[str]:
    """Return the parts of a line, each of at most ``most`` pieces; ``"".join`` gives it back.

    As many sentences as fit stay together, as do as many parts of a long sentence.

    Args:
        line: Raw text.
        most: Pieces of a part, at least 1. A single character may have more.
        lengths_of: Counts the pieces of texts.
    """
    return _split(line, [_SENTENCE, _CLAUSE, _SPACE], most=most, lengths_of=lengths_of)


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text, each with the space behind it; ``"".join`` gives it back."""
    return _cut(text, _SENTENCE, before_capitals=True)


def _split(
    text: str, patterns: Sequence[re.Pattern[str]], *, most: int, lengths_of: LengthsOf
) -> list[str]:
    if lengths_of([text])[0] <= most or len(text) < 2:
        return [text]
    if not patterns:
        return _halve(text, most=most, lengths_of=lengths_of)
    atoms = _cut(text, patterns[0], before_capitals=patterns[0] is _SENTENCE)
    lengths = lengths_of(atoms)
    parts: list[str] = []
    open_part, filled = "", 0
    for atom, length in zip(atoms, lengths, strict=True):
        if open_part and filled + length > most:
            parts.append(open_part)
            open_part, filled = "", 0
        if length > most:
            parts += _split(atom, patterns[1:], most=most, lengths_of=lengths_of)
        else:
            open_part, filled = open_part + atom, filled + length
    return [*parts, open_part] if open_part else parts


def _cut(text: str, pattern: re.Pattern[str], *, before_capitals: bool) -> list[str]:
    """Cut after every match; ends of sentences only where no small letter follows."""
    atoms, start = [], 0
    for match in pattern.finditer(text):
        end = match.end()
        if before_capitals and text[end : end + 1].islower():
            continue
        atoms.append(text[start:end])
        start = end
    return [*atoms, text[start:]] if start < len(text) else atoms


def _halve(text: str, *, most: int, lengths_of: LengthsOf) -> list[str]:
    """Cut a text without any place to cut it, but not between a letter and its accents."""
    middle = len(text) // 2
    if "⟦" in text[max(0, middle - 2) : middle] and "⟧" in text[middle : middle + 2]:
        middle = text.index("⟧", middle) + 1  # not in the midst of a mark (corpus/protection.py)
    while middle < len(text) - 1 and unicodedata.combining(text[middle]):
        middle += 1
    halves = (text[:middle], text[middle:])
    return [part for half in halves for part in _split(half, [], most=most, lengths_of=lengths_of)]


def join_parts(parts: Sequence[str], translations: Sequence[str]) -> str:
    """Return the translation of a line, from those of its parts.

    A space stands between two of them where the source has one; and where it has none because its
    script does without, if the translation's does not.
    """
    joined = translations[0] if translations else ""
    for number in range(1, len(translations)):
        left, right = parts[number - 1], parts[number]
        has_space = left[-1:].isspace() or right[:1].isspace()
        following = translations[number]
        if not joined or not following:
            joined += following
            continue
        needs_space = has_space or is_wide(left[-1:])
        written_without = is_wide(joined[-1]) and is_wide(following[0])
        joined += (" " if needs_space and not written_without else "") + following
    return joined


def is_wide(character: str) -> bool:
    """Tell a character of a script without spaces: Chinese and Japanese, but not Korean."""
    return bool(character) and (
        unicodedata.east_asian_width(character) in ("W", "F")
        and not unicodedata.name(character, "").startswith("HANGUL")
    )
