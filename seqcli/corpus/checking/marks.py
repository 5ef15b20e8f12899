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
# A letter that a program could not write became one question mark, or one for each of its bytes:
# "f?r", "Stra?e", "l??uft".
_WORD_WITH_GAPS = re.compile(
    r"(?<![/=&?.:%|*\\\w])[^\W\d_]+(?:\?{1,3}[^\W\d_]+)*\?{1,3}[^\W\d_]*[a-zà-ÿ]\b(?![=&/*|]|:\w)"
)
_GAP = re.compile(r"\?+")
_ALL_LOST = re.compile(r"(?<!\S)\?{2,}[,;:]?\s+\?{2,}")  # words of another script
# Where a space is missing after a question: "really?yes".
_QUESTION = re.compile(
    "really|what|why|who|how|where|right|yes|ok|okay|huh|was|wie|warum|quoi", re.I
)
_CONTRACTED = re.compile("s|d|re|ll|ve", re.I)  # "what?s"
_ANSWER = re.compile(
    "and|but|not|yes|the|this|that|what|why|who|how|where|when|you|she|they|are|did|does|can|will|"
    "because|maybe|really|und|aber|ich|sie|wir|ist|nein|oder|weil|oui|non|mais|vous|pourquoi|pero",
    re.I,
)
_VOWEL = re.compile("[aeiouyà-ÿ]", re.I)
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
    if _ADDRESS.search(line):
        return False
    words = (match[0] for match in _WORD_WITH_GAPS.finditer(line))
    return any(map(_has_gap, words)) or _ALL_LOST.search(line) is not None


def _has_gap(word: str) -> bool:
    """Tell a word with lost letters from words at a question that no space follows."""
    parts = _GAP.split(word)
    return not all(map(_is_question, parts, parts[1:]))


def _is_question(before: str, after: str) -> bool:
    if before[-1].islower() and after[0].isupper():
        return True
    if _QUESTION.fullmatch(before):
        return _CONTRACTED.fullmatch(after) is None
    has_answer = _ANSWER.fullmatch(after) is not None
    return has_answer and len(before) > 1 and _VOWEL.search(before) is not None
