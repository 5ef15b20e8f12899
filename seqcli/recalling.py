"""Texts of documents -> **what a translation memory has of them**, with their own codes in it.

Place: seqcli.documents -> **recall** -> translations that no model makes. What is a mark in a
document may be text in the memory, or the other way round: ``%s`` is text in a PO, and a ``ph`` in
a TMX.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqcli.corpus.formats.document import Code

if TYPE_CHECKING:
    from seqcli.memory import Match, TranslationMemory

_MARK = r"⟦\d+⟧"
_TAG = re.compile(r"<[^<>]*>")
_STRICT = ("⟦", "⟧", "%", "{", "$", "<", "&", "__")


@dataclass(frozen=True)
class _Form:
    """One way to write a text with codes as a line of a memory."""

    line: str
    tokens: tuple[str, ...]  # how each code is written in it
    pattern: re.Pattern[str]  # finds tokens

    def is_source_of(self, match: Match) -> bool:
        """Tell whether the source of a match has the same tokens, and no others."""
        return match.is_exact or sorted(self.pattern.findall(match.src)) == sorted(self.tokens)

    def is_kept_by(self, match: Match) -> bool:
        """Tell whether the target of a match has these tokens; a URL or number may be another."""
        found = self.pattern.findall(match.tgt)
        return sorted(filter(_is_strict, found)) == sorted(filter(_is_strict, self.tokens))

    def fill(self, line: str, codes: Sequence[str | Code]) -> list[str | Code]:
        """Return a target that keeps the tokens, with the codes in their places."""
        waiting: dict[str, list[str | Code]] = defaultdict(list)
        for token, code in zip(self.tokens, codes, strict=True):
            waiting[token].append(code)
        parts: list[str | Code] = []
        end = 0
        for match in self.pattern.finditer(line):
            if _is_strict(match.group()):
                parts += [line[end : match.start()], waiting[match.group()].pop(0)]
                end = match.end()
        return [part for part in (*parts, line[end:]) if part]


def _is_strict(token: str) -> bool:
    """Tell whether a program needs a token as it is; what is for people may be translated."""
    return token.startswith(_STRICT)


def recall(
    text: str,
    codes: Sequence[str | Code],
    memory: TranslationMemory,
    kept: re.Pattern[str],
    *,
    use_fuzzy: bool,
) -> list[str | Code] | None:
    """Return the translation that a memory has of a text, if it has all codes of it; else None.

    Args:
        text: With mark n in the place of code n.
        codes: What is no text, as the document has it.
        memory: Of which an exact match is taken, whichever way it writes the codes.
        kept: Finds codes in a line that has them as text; has no groups.
        use_fuzzy: Whether to take the best fuzzy match too, if there is no exact one.
    """
    line = text.strip()
    forms = list(dict.fromkeys(_forms(line, codes, kept)))
    matches = [memory.find_exact(form.line) for form in forms]
    if use_fuzzy and not any(matches):
        matches = memory.find([form.line for form in forms])
    found = [(match, form) for match, form in zip(matches, forms, strict=True) if match]
    for match, form in sorted(found, key=lambda each: -each[0].score):
        if match.is_used and form.is_source_of(match) and form.is_kept_by(match):
            start = text.index(line)
            around = text[:start], text[start + len(line) :]
            return [part for part in (around[0], *form.fill(match.tgt, codes), around[1]) if part]
    return None


def _forms(text: str, codes: Sequence[str | Code], kept: re.Pattern[str]) -> Iterator[_Form]:
    """Yield the ways to write a text: as a reader of pairs would, with marks only, as text only."""
    pattern = re.compile(f"{_MARK}|{kept.pattern}")
    in_text = [code if isinstance(code, str) else None for code in codes]
    if not {"⟦", "⟧"} & set(in_text):
        yield _form(text, in_text, pattern)
    yield _form(text, [None] * len(codes), pattern)
    if not {"⟦", "⟧"} & set(in_text):
        contents = [_content_of(code, kept) if isinstance(code, Code) else code for code in codes]
        yield _form(text, contents, pattern)


def _form(text: str, spelt: Sequence[str | None], pattern: re.Pattern[str]) -> _Form:
    """Write the codes that are spelt, and marks from 1 on for the others."""
    tokens: list[str] = []
    marks = 0
    for each in spelt:
        marks += each is None
        tokens.append(f"⟦{marks}⟧" if each is None else each)
    line = re.sub(_MARK, lambda match: tokens[int(match.group()[1:-1]) - 1], text)
    return _Form(line, tuple(tokens), pattern)


def _content_of(code: Code, kept: re.Pattern[str]) -> str | None:
    """Return what a tag stands for, if that would be a code as text too: ``%s`` of a ``ph``."""
    content = html.unescape(_TAG.sub("", code.raw)) if code.raw.startswith("<") else ""
    return content if kept.fullmatch(content) and _is_strict(content) else None
