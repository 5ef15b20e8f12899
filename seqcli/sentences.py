"""The text of a unit -> **sentences**, with marks for what is no text, and back.

Place: seqcli.documents -> **sentences** -> the model, whose translations are put in their places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from seqcli.corpus.formats.document import Code, Text, as_text
from seqcli.corpus.protection import PATTERNS

KEPT = "|".join(
    (
        PATTERNS["tag"],
        PATTERNS["url"],
        PATTERNS["email"],
        r"%(?:\([\w.-]+\))?(?:\d+\$)?[-+#0]*(?:\d+|\*)?(?:\.\d+)?(?:hh|h|ll|l|L|z|j|t|q)?"
        r"[sdifuxXoeEgGcrpa%@]",
        r"\{\{?[^{}\n]*\}?\}|\$\{[^{}\n]*\}|__\w+__",
        r"&(?:\w{1,32}|#\d{1,7}|#x[0-9A-Fa-f]{1,6});",
        "[⟦⟧]",
    )
)
MADE_UP = re.compile(KEPT)
MARK = re.compile(r"⟦(\d+)⟧")
_BREAK = re.compile(r"(\s*\n\s*)")
_EDGE = r"(?:\s*⟦\d+⟧\s*)+"
LETTER = re.compile(r"[^\W\d_]")


@dataclass
class Sentence:
    """A sentence with marks from 1 on, what those stand for, and what is around it."""

    text: str
    codes: list[str | Code]
    before: list[str | Code] = field(default_factory=list)
    after: list[str | Code] = field(default_factory=list)
    is_joined: bool = False  # to the one before, as their script has no spaces
    done: list[str | Code] | None = None

    @property
    def is_text(self) -> bool:
        """Whether there is a letter that is no mark's."""
        return bool(LETTER.search(MARK.sub("", self.text)))


def mark_codes(text: Text, kept: re.Pattern[str]) -> tuple[str, list[str | Code]]:
    """Return a text with marks for what is no text, and what they stand for."""
    codes: list[str | Code] = []

    def mark(code: str | Code) -> str:
        codes.append(code)
        return f"⟦{len(codes)}⟧"

    marked = "".join(
        mark(part) if isinstance(part, Code) else kept.sub(lambda match: mark(match.group()), part)
        for part in text
    )
    return marked, codes


def split_text(text: Text, kept: re.Pattern[str]) -> list[Sentence]:
    """Cut the text of a unit into sentences, with marks for what is no text."""
    from seqcli.decoding.splitting import split_sentences

    marked, codes = mark_codes(text, kept)
    sentences = []
    for number, line in enumerate(_BREAK.split(marked)):
        if number % 2:
            sentences.append(Sentence("", [], before=[line]))
            continue
        for place, text_of_sentence in enumerate(split_sentences(line)):
            sentence = _peel(text_of_sentence, codes)
            last = sentences[-1] if place else None
            sentence.is_joined = last is not None and not (last.after or sentence.before)
            sentences.append(sentence)
    return sentences


def _peel(text: str, codes: list[str | Code]) -> Sentence:
    """Take off blanks and the codes of the format at both ends; number the other marks anew."""
    edges: list[list[str | Code]] = []
    for pattern in (rf"\A(?:{_EDGE}|\s+)", rf"(?:{_EDGE}|\s+)\Z"):
        found = re.search(pattern, text)
        is_code = found is not None and all(
            isinstance(codes[int(n) - 1], Code) for n in MARK.findall(found.group())
        )
        edge = found.group() if found and is_code else ""
        if not edge:
            blank = re.search(r"\A\s+" if not edges else r"\s+\Z", text)
            edge = blank.group() if blank else ""
        text = text[: len(text) - len(edge)] if edges else text[len(edge) :]
        edges.append(fill_codes(edge, codes))
    own: list[str | Code] = []

    def renumber(match: re.Match[str]) -> str:
        own.append(codes[int(match[1]) - 1])
        return f"⟦{len(own)}⟧"

    return Sentence(MARK.sub(renumber, text), own, before=edges[0], after=edges[1])


def fill_codes(text: str, codes: Sequence[str | Code]) -> list[str | Code]:
    """Put the codes in the place of their marks."""
    parts: list[str | Code] = []
    for place, part in enumerate(MARK.split(text)):
        if place % 2:
            parts.append(codes[int(part) - 1])
        elif part:
            parts.append(part)
    return parts


def join_sentences(sentences: list[Sentence]) -> Text:
    """Return the text of a unit from its sentences, all of which are done."""
    from seqcli.decoding.splitting import is_wide

    joined: list[str | Code] = []
    for sentence in sentences:
        last = as_text(joined[-1:])
        first = as_text((sentence.done or ())[:1])
        is_bare = bool(last and first) and not (is_wide(last[-1]) and is_wide(first[0]))
        if sentence.is_joined and is_bare:
            joined.append(" ")
        for part in (*sentence.before, *(sentence.done or ()), *sentence.after):
            if isinstance(part, str) and joined and isinstance(joined[-1], str):
                joined[-1] += part
            else:
                joined.append(part)
    return tuple(joined)
