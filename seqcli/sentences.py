"""The text of a unit -> **sentences**, with marks for what is no text, and back.

Place: seqcli.documents -> **sentences** -> the model, whose translations are put in their places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias
from unicodedata import east_asian_width

from seqcli.corpus.edges import Edged, cut_edges, without_added_stop
from seqcli.corpus.formats.document import Code, Text, as_text
from seqcli.corpus.icu import QUOTED, Branches, cut_messages, has_messages
from seqcli.corpus.protection import PATTERNS

_CONVERSION = "(?:hh|h|ll|l|L|z|j|t|q|I64|I32)?[sdifuxXoeEgGcrpa]"  # of printf
KEPT = "|".join(
    (
        PATTERNS["tag"],
        PATTERNS["url"],
        PATTERNS["email"],
        rf"%(?!{_CONVERSION}%)[A-Za-z_]\w+%(?![\w%])",  # %name%
        r"%<\w+>(?:[-+#0]*\d*(?:\.\d+)?[A-Za-z])?|%\{\w+\}",  # Ruby's
        # With the letters behind it, as in %dpx and %user: cut in two it would be torn.
        r"%(?:\([\w.-]+\))?(?:\d+\$)?[-+#0']*(?:\d+|\*)?(?:\.(?:\d+|\*)?)?"
        rf"(?:{_CONVERSION}[A-Za-z]*|[%@])",
        r"%L?(?:n|\d{1,2})(?!\w)",  # Qt's
        "[♪♫♬]",
        r"\{\{?[^{}\n]*\}?\}|\$\{[^{}\n]*\}|__\w+__",
        r"&(?:\w{1,32}|#\d{1,7}|#x[0-9A-Fa-f]{1,6});",
        "[⟦⟧]",
    )
)
MADE_UP = re.compile(KEPT)
MARK = re.compile(r"⟦(\d+)⟧")
_BREAK = re.compile(r"(\s*\n\s*)")
_EDGE = r"\s*(?:⟦\d+⟧\s*)+"
LETTER = re.compile(r"[^\W\d_]")
_BEFORE = re.compile(r"(\w)⟦(\d+)⟧")
_BEHIND = re.compile(r"⟦(\d+)⟧(\w)")
_OPENING = re.compile(r"<([A-Za-z][\w:.-]*)[^<>]*>|\{(\w+)\}")
_CLOSING = re.compile(r"</([A-Za-z][\w:.-]*)\s*>|\{/(\w+)\}")
_ANGULAR = re.compile(r'<x\s[^<>]*\bid="(START|CLOSE)_(\w+)"')
_ADDRESS = re.compile(f"{PATTERNS['url']}|{PATTERNS['email']}")


@dataclass(frozen=True)
class Message:
    """An ICU message, whose branches are texts of sentences; it is one mark in its own sentence."""

    raw: str  # as the file spells it
    around: list[list[str | Code]]  # what is for programs, before, between and behind the branches
    branches: list[list[Sentence]]
    is_torn: bool  # it cannot be read, and has no branches

    def joined(self) -> Iterator[str | Code]:
        """Yield it with what is done of its branches."""
        yield from self.around[0]
        for branch, code in zip(self.branches, self.around[1:], strict=True):
            yield from join_sentences(branch)
            yield from code


Kept: TypeAlias = str | Code | Message


@dataclass
class Sentence:
    """A sentence with marks from 1 on, what those stand for, and what is around it."""

    text: str
    codes: list[Kept]
    before: list[Kept] = field(default_factory=list)
    after: list[Kept] = field(default_factory=list)
    is_joined: bool = False  # to the one before, as their script has no spaces
    is_part: bool = False  # it begins behind punctuation, or ends before it
    done: Sequence[Kept] | None = None

    @property
    def is_text(self) -> bool:
        """Whether there is a letter that is no mark's."""
        return bool(LETTER.search(MARK.sub("", self.text)))

    def messages(self) -> list[Message]:
        """Return the ICU messages among its codes, and around it."""
        found = (*self.before, *self.codes, *self.after)
        return [code for code in found if isinstance(code, Message)]

    def finish(self, text: str) -> None:
        """Take a translation, which has each mark once."""
        text = without_added_stop(text, self.text) if self.is_part else text
        self.done = fill_codes(text, self.codes)

    def cut(self) -> list[Edged]:
        """Return all of the text in order: what stands between its marks, and these as edges."""
        if not self.codes:
            return [Edged("", self.text, "", is_after_mark=False, is_before_mark=False)]
        parts = re.split(r"(⟦\d+⟧)", self.text)
        last = len(parts) - 1
        return [
            cut_edges(part, is_after_mark=place > 0, is_before_mark=place < last)
            for place, part in enumerate(parts)
        ]

    def is_crossed(self, text: str) -> bool:
        """Tell whether tags of a translation, which has each mark once, open in another order."""
        return _shape(text, self.codes) != _shape(self.text, self.codes)

    def is_glued(self, text: str) -> bool:
        """Tell whether a word of a translation touches a mark where none of the source does.

        Scripts without spaces, and Korean with its particles, touch placeholders, but no URL.
        """
        in_src = _touched(self.text)
        added = [each for each in _touched(text).items() if each[0] not in in_src]
        return any(
            east_asian_width(letter) not in "WF"
            or _ADDRESS.fullmatch(as_text(as_parts([self.codes[int(number) - 1]])))
            for (number, _), letter in added
        )


def _tag_of(raw: str) -> tuple[str, bool] | None:
    """Return the name of a tag, and whether it opens; None of what is no tag, or stands alone."""
    if angular := _ANGULAR.match(raw):
        return angular[2], angular[1] == "START"
    if closing := _CLOSING.fullmatch(raw):
        return closing[1] or closing[2], False
    opening = _OPENING.fullmatch(raw)
    return (opening[1] or opening[2], True) if opening else None


def _shape(text: str, codes: Sequence[Kept]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return which tag of a text stands in which, and those that nothing opens or closes."""
    raws = [as_text(as_parts([codes[int(number) - 1]])) for number in MARK.findall(text)]
    tags = [(tag, raw) for raw in raws if (tag := _tag_of(raw))]
    closed = {name for (name, opens), _ in tags if not opens}  # others stand alone, such as <br>
    within: list[tuple[str, str]] = []
    left: list[tuple[str, bool, str]] = []
    for (name, opens), raw in tags:
        if opens or not left or left[-1][:2] != (name, True):
            left += [(name, opens, raw)] * (name in closed)
            continue
        opening = left.pop()[2]
        within.append((opening, left[-1][2] if left else ""))
    return sorted(within), [raw for *_, raw in left]


def iter_all(sentences: Sequence[Sentence]) -> Iterator[Sentence]:
    """Yield sentences, and those of the branches of messages in them."""
    for sentence in sentences:
        yield sentence
        for message in sentence.messages():
            yield from iter_all(list(chain.from_iterable(message.branches)))


def mark_codes(text: Text, kept: re.Pattern[str]) -> tuple[str, list[Kept]]:
    """Return a text with marks for what is no text, and what they stand for."""
    codes: list[Kept] = []

    def mark(code: Kept) -> str:
        codes.append(code)
        return f"⟦{len(codes)}⟧"

    marked = "".join(
        kept.sub(lambda match: mark(match.group()), part) if isinstance(part, str) else mark(part)
        for part in _find_messages(text, kept)
    )
    return marked, codes


def _find_messages(text: Text, kept: re.Pattern[str]) -> Iterator[Kept]:
    """Yield the parts of a text, with its ICU messages as parts."""
    if not has_messages("".join(part for part in text if isinstance(part, str))):
        yield from text
        return
    codes: list[Kept] = []
    raw = ""
    for part in text:
        for piece in re.split("([⟦⟧])", part) if isinstance(part, str) else [part]:
            is_code = isinstance(piece, Code) or piece in ("⟦", "⟧")
            codes += [piece] * is_code
            raw += f"⟦{len(codes)}⟧" if is_code else as_text([piece])
    for found in cut_messages(raw):
        yield from (
            fill_codes(found, codes) if isinstance(found, str) else [_message(found, codes, kept)]
        )


def _message(found: Branches, codes: Sequence[Kept], kept: re.Pattern[str]) -> Message:
    number = "|#" if found.is_plural else ""
    inner = re.compile(f"{QUOTED}|{kept.pattern}{number}")
    texts = [as_parts(fill_codes(part, codes)) for part in found.parts]
    branches = [split_text(text, inner) for text in texts[1::2]]
    for sentence in chain.from_iterable(branches):
        sentence.is_part = True
    raw = "".join(map(as_text, texts))
    return Message(raw, texts[::2], branches, found.is_torn)


def as_parts(parts: Sequence[Kept]) -> list[str | Code]:
    """Return parts of a text with the parts of the messages among them."""
    return [
        each for part in parts for each in (part.joined() if isinstance(part, Message) else [part])
    ]


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


def _peel(text: str, codes: list[Kept]) -> Sentence:
    """Take off blanks and the codes of the format at both ends; number the other marks anew.

    What is neither letter nor digit beside such a code is taken off with it.
    """
    edges: list[str] = []
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
        edges.append(edge)
    is_part = False
    if MARK.search("".join(edges)):
        cut = cut_edges(text, is_after_mark=bool(MARK.search(edges[0])), is_before_mark=False)
        text, edges = cut.middle, [edges[0] + cut.before, cut.after + edges[1]]
        is_part = _has_inner(edges)
    own: list[Kept] = []

    def renumber(match: re.Match[str]) -> str:
        own.append(codes[int(match[1]) - 1])
        return f"⟦{len(own)}⟧"

    before, after = (fill_codes(edge, codes) for edge in edges)
    return Sentence(MARK.sub(renumber, text), own, before=before, after=after, is_part=is_part)


def _has_inner(edges: Sequence[str]) -> bool:
    """Tell whether anything stands between the codes that were taken off and the text."""
    before, after = MARK.split(edges[0]), MARK.split(edges[1])
    return bool(
        (before[-1] if len(before) > 1 else before[0].strip())
        or (after[0] if len(after) > 1 else after[0].strip())
    )


def _touched(text: str) -> dict[tuple[str, bool], str]:
    """Return the letters that touch marks, by the number of the mark and whether it is before."""
    before = {(match[2], True): match[1] for match in _BEFORE.finditer(text)}
    return before | {(match[1], False): match[2] for match in _BEHIND.finditer(text)}


def fill_codes(text: str, codes: Sequence[Kept]) -> list[Kept]:
    """Put the codes in the place of their marks."""
    parts: list[Kept] = []
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
        first = as_text(as_parts((sentence.done or ())[:1]))
        is_bare = bool(last and first) and not is_wide(last[-1])
        if sentence.is_joined and is_bare:
            joined.append(" ")
        for part in as_parts((*sentence.before, *(sentence.done or ()), *sentence.after)):
            if isinstance(part, str) and joined and isinstance(joined[-1], str):
                joined[-1] += part
            else:
                joined.append(part)
    return tuple(joined)
