"""A paragraph of Markdown -> **where its codes are**: links, emphasis, code, formulas, and so on.

Place: a block that ``markdown`` found -> **spans** of it that are no text. markdown-it-py says what
is what; it keeps no positions, so each of its rules is watched as it moves on.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from seqcli.corpus.formats.document import Code, Text

if TYPE_CHECKING:
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

MOST_NESTING = 100  # of blocks and of brackets
Rule = Callable[["StateInline", bool], bool]

# What markdown-it-py has no rule for. A formula begins and ends as Pandoc and GitHub say, so that
# "$5 and $10" is none.
_KEPT = re.compile(
    r"\[\^[^\]\s]{1,999}\](?!\()"  # a footnote
    r"|\A\[[ xX]\](?=\s)|\[![A-Za-z]+\][-+]?(?=\s)"  # a box, an alert with a title
    r"|(?<![\w$])\$\$(?!\$)(?:\\.|[^$\\])+\$\$(?!\$)"
    r"|(?<![\w$])\$(?![\s$])(?:\\.|[^$\\])+(?<!\s)\$(?![\d$])"
    r"|(?<![\w:]):[a-z0-9_+-]+:(?![\w:])"  # an emoji
    r"|\{\{[^{}]*\}\}|\{%[^{}%]*%\}",  # a template
    re.DOTALL,
)
_KEPT_STARTS = frozenset("[$:{")
_LETTER = re.compile(r"[^\W\d_]")
_PASSED = ("text", "newline")  # rules that find no codes


class Span(NamedTuple):
    """A code, and where it stands."""

    start: int
    end: int
    code: Code


@dataclass(frozen=True)
class ShortEnd(Code):
    """The end of a link whose text is its label: ``]`` or ``][]``."""

    label: str


class _Link(NamedTuple):
    """A link or an image: where it, its text, and the end of both are."""

    start: int
    text_start: int
    text_end: int
    end: int

    @property
    def is_image(self) -> bool:
        return self.text_start - self.start == 2


class _Sign(NamedTuple):
    """What is emphasis if it finds a partner."""

    start: int
    end: int
    token: Token

    @property
    def is_code(self) -> bool:
        return self.token.type != "text" or not self.token.content


class InlineReader:
    """Finds the codes of paragraphs."""

    def __init__(self) -> None:
        """Make the parser."""
        from markdown_it import MarkdownIt

        options = {"maxNesting": MOST_NESTING, "strikethrough_single_tilde": True}
        self._markdown = MarkdownIt("commonmark", options).enable("strikethrough")
        self._markdown.disable("fragments_join")  # tokens of emphasis stay apart
        ruler = self._markdown.inline.ruler
        ruler.before("escape", "kept", _keep)
        rules = list(zip(ruler.get_active_rules(), ruler.getRules(""), strict=True))
        for name, rule in rules:
            if name not in _PASSED:
                ruler.at(name, partial(self._watch, name, rule))
        self._text: str | None = None  # that is watched
        self._spans: list[tuple[int, int]] = []
        self._signs: list[_Sign] = []
        self._links: list[_Link] = []

    def codes(self, text: str, env: dict[str, Any]) -> list[Span]:
        """Return the codes of a paragraph, in order; none is within another.

        Args:
            text: As in the file, without what stands before its lines.
            env: What the blocks of the file define, as markdown-it-py returns it.
        """
        self._text, self._spans, self._signs, self._links = text, [], [], []
        self._markdown.inline.parse(text, self._markdown, env, [])
        self._text = None
        links = self._links
        spans = [Span(start, end, Code(text[start:end])) for start, end in self._spans]
        spans += _emphasis(text, self._signs)
        for link in links:
            spans += _ends(text, link)
        for link in (each for each in links if each.is_image):
            inner = self.codes(text[link.text_start : link.text_end], env)
            at = link.text_start
            spans += [Span(start + at, end + at, code) for start, end, code in inner]
        return _without_inner([*spans, *_wordless(text, spans, links)])

    def shape(self, text: str, env: dict[str, Any]) -> Counter[str]:
        """Count what of a paragraph is no text, and where links go."""
        found: Counter[str] = Counter()
        for token in self._markdown.inline.parse(text, self._markdown, env, []):
            if token.type not in ("text", "text_special", "softbreak"):
                content = "" if token.type == "image" else token.content
                found[f"{token.type} {token.attrs} {content}"[:2000]] += 1
        return found

    def _watch(self, name: str, rule: Rule, state: StateInline, silent: bool) -> bool:
        start, before = state.pos, len(state.tokens)
        if not rule(state, silent):
            return False
        if not silent and state.src is self._text:
            self._note(name, state, start, state.tokens[before:])
        return True

    def _note(self, name: str, state: StateInline, start: int, made: list[Token]) -> None:
        """Keep what a rule found between ``start`` and where it is now."""
        if name in ("emphasis", "strikethrough"):
            place = state.pos
            for token in reversed(made):
                place -= len(token.content)
                if place < start:  # text that had waited
                    return
                self._signs.append(_Sign(place, place + len(token.content), token))
        elif name in ("link", "image"):
            text_start = start + (2 if name == "image" else 1)
            find_end = state.md.helpers.parseLinkLabel
            text_end = find_end(state, text_start - 1, name == "link")
            self._links.append(_Link(start, text_start, text_end, state.pos))
        elif any(map(_is_code, made)):
            self._spans.append((start, state.pos))


def spell(text: Text) -> Text:
    """Return a translation in which a link whose text is no longer its label names the label."""
    spelled: list[str | Code] = []
    opened = 0
    for part in text:
        if isinstance(part, Code) and part.raw in ("[", "!["):
            opened = len(spelled) + 1
        if isinstance(part, ShortEnd):
            inner = "".join(p if isinstance(p, str) else p.raw for p in spelled[opened:])
            part = Code(part.raw if inner == part.label else f"][{part.label}]")
        spelled.append(part)
    return tuple(spelled)


def _keep(state: StateInline, silent: bool) -> bool:
    """Take what is in ``_KEPT``, as a rule of markdown-it-py."""
    if state.src[state.pos] not in _KEPT_STARTS:
        return False
    found = _KEPT.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.push("kept", "", 0).content = found.group()
    state.pos = found.end()
    return True


def _is_code(token: Token) -> bool:
    if token.type == "text_special":
        return token.content != token.markup  # a backslash that escapes nothing is text
    return token.type not in ("text", "hardbreak")


def _emphasis(text: str, signs: list[_Sign]) -> list[Span]:
    """Return the signs that found a partner; neighbours are one code."""
    runs: list[tuple[int, int]] = []
    for start, end in sorted(sign[:2] for sign in signs if sign.is_code):
        if runs and runs[-1][1] == start and text[start] == text[start - 1]:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return [Span(start, end, Code(text[start:end])) for start, end in runs]


def _ends(text: str, link: _Link) -> list[Span]:
    raw = text[link.text_end : link.end]
    label = text[link.text_start : link.text_end].replace("\n", " ")
    end = ShortEnd(raw, label) if raw in ("]", "][]") else Code(raw)
    start = Span(link.start, link.text_start, Code(text[link.start : link.text_start]))
    return [start, Span(link.text_end, link.end, end)]


def _wordless(text: str, spans: list[Span], links: list[_Link]) -> list[Span]:
    """Return as one code each link whose text has nothing to translate, such as a number."""
    shown = list(text)
    for start, end, _ in spans:
        shown[start:end] = " " * (end - start)
    plain = "".join(shown)
    return [
        Span(link.start, link.end, Code(text[link.start : link.end]))
        for link in links
        if not _LETTER.search(plain, link.text_start, link.text_end)
    ]


def _without_inner(spans: list[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def cut_text(text: str, spans: list[Span], start: int, end: int) -> Text:
    """Return a part of a paragraph as text and codes; its lines become one."""
    parts: list[str | Code] = []
    done = start
    for span in spans[bisect_left(spans, (start,)) : bisect_left(spans, (end,))]:
        if span.end > end:
            continue
        parts += _plain_parts(text[done : span.start])
        parts.append(replace(span.code, raw=span.code.raw.replace("\n", " ")))
        done = span.end
    return (*parts, *_plain_parts(text[done:end]))


def _plain_parts(text: str) -> list[str | Code]:
    return [text.replace("\n", " ")] if text else []
