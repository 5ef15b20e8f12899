"""Markdown -> **units**: paragraphs, headings, items and cells; code, HTML and front matter stay.

Source: CommonMark 0.31, the tables, footnotes and alerts of GFM, and the formulas and definition
lists of Pandoc, as markdown-it-py and mdit-py-plugins read them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from seqcli.corpus.formats.document import Text, as_text
from seqcli.corpus.formats.markdown_inline import (
    MOST_NESTING,
    InlineReader,
    Span,
    cut_text,
    spell,
)
from seqcli.corpus.formats.plain import PlainFile, end_of, wrap
from seqcli.errors import CorpusError

# YAML, which begins with a key, or else ``---`` is a rule; or TOML.
_FRONT = re.compile(
    r"(?:---[ \t]*\n(?=(?:[ \t]*(?:\#[^\n]*)?\n)*[\w\"'][^\n:]*:\s).*?\n(?:---|\.\.\.)"
    r"|\+\+\+[ \t]*\n.*?\n\+\+\+)[ \t]*(?:\n|\Z)",
    re.DOTALL,
)
_HARD = re.compile(r"(?: {2,}|(?<!\\)(?:\\\\)*\\)$")
_ALERT = re.compile(r"\[![A-Za-z]+\][-+]?\s*$")
_FENCE = re.compile(r":{3,}")  # around a part of the text: no text itself
_DEFINITION = re.compile(r":[ \t]+(?=\S)")
_NO_BLANK = re.compile(r"[^\S \t\n]")
# What stands before a row of a table, up to its first bar.
_BEFORE_ROW = re.compile(
    r"(?:[ \t>]|[-+*:](?=[ \t])|\d{1,9}[.)](?=[ \t])|\[\^[^\]\s]+\]:)*\|?[ \t]*"
)
# A word with which a line would be something else than the next one of a paragraph.
_STARTS_BLOCK = re.compile(
    r"(?:[-+*:~]|\d{1,9}[.)]|\#{1,6}|=+|-+)$|>|```|~~~|:::|\$\$|\||\[\^|[-*_]{3}", re.VERBOSE
)

# Text that is something else where it follows a bullet, or a paragraph.
_DEPENDS = re.compile(r"[-=*_ ]+$|[:~][ \t]|:{3}")


class _Line(NamedTuple):
    """A line of a block: its number, where its text begins in it and in the block, its length."""

    number: int
    start: int
    at: int
    size: int
    is_hard: bool = False  # it ends in a hard break

    @property
    def end(self) -> int:
        return self.at + self.size


class _Layout(NamedTuple):
    """How the text of a unit stands in the file."""

    kind: str  # "cell", "line", "paragraph", or "rest" of one
    width: int
    between: str  # what ends a line and begins the next one


class MarkdownDocument(PlainFile):
    """A Markdown file; a translation of wrapped lines is wrapped as wide as they were."""

    def __init__(self, data: bytes, name: str, *, langs: tuple[str, str] | None = None) -> None:
        """Read it whole; the file does not say its languages.

        Raises:
            CorpusError: As PlainFile, or a text is not found in its line.
        """
        super().__init__(data, name)
        self._name = name
        self._layouts: list[_Layout] = []
        self._blocks = _block_reader()
        self._inline = InlineReader()
        self._env: dict[str, Any] = {}  # what blocks define, such as where links go
        self._shown = [_as_shown(line.rstrip("\r\n")) for line in self.lines]
        text = "\n".join(self._shown)
        front = _FRONT.match(text)
        if front:
            text = "\n" * front.group().count("\n") + text[front.end() :]
        done: dict[int, int] = {}  # of each line, the character up to which it is done
        parents = ["", ""]  # types of the two tokens before
        for token in self._blocks.parse(text, self._env):
            if token.type == "inline" and token.map and token.content.strip():
                content, first = token.content.split("\n"), token.map[0]
                if parents[0] == "blockquote_open" and _ALERT.match(content[0]):
                    content, first = content[1:], first + 1
                self._add_block(content, first, done, _KINDS.get(parents[1], "paragraph"))
            # The text of an underlined heading is a paragraph's.
            is_underlined = token.type == "heading_open" and not token.markup.startswith("#")
            parents = [parents[1], "paragraph_open" if is_underlined else token.type]

    def _add_block(self, content: list[str], first: int, done: dict[int, int], kind: str) -> None:
        lines: list[_Line] = []
        at = 0
        for number, shown in enumerate(content, first):
            start, size = self._find(number, shown.strip(), done, kind)
            lines.append(_Line(number, start, at, size, _HARD.search(shown) is not None))
            done[number] = start + size
            at += size + 1
        text = "\n".join(self.lines[n][start : start + size] for n, start, _, size, _ in lines)
        spans = self._inline.codes(text, self._env)
        for group in filter(None, _groups(text, lines, spans)):
            is_later = kind == "paragraph" and group[0].number > first
            self._add_group(group, text, spans, "rest" if is_later else kind)

    def _find(self, number: int, shown: str, done: Mapping[int, int], kind: str) -> tuple[int, int]:
        """Return where a text begins in its line, and how long it is there."""
        line = self._shown[number]
        if kind == "cell":
            shown = shown.replace("|", r"\|")
            before = _BEFORE_ROW.match(line)
            start = line.find(shown, done.get(number, before.end() if before else 0))
            if start < 0 and number not in done:
                start = line.find(shown)
        else:
            start = line.rfind(shown)
        if start < 0:
            raise CorpusError(
                f"{self._name}:{number + 1}: cannot tell where {shown!r} stands in this line; make "
                "it a paragraph of its own, between blank lines"
            )
        return start, len(shown)

    def _add_group(self, group: list[_Line], text: str, spans: list[Span], kind: str) -> None:
        first, last = group[0], group[-1]
        size = last.size - (last.is_hard and text[last.at + last.size - 1] == "\\")
        codes = cut_text(text, spans, first.at, last.at + size)
        self.add(first.number, first.start, last.start + size, codes, last=last.number)
        width, between = 1 << 30, ""
        if len(group) > 1:
            follow = group[1]
            between = end_of(self.lines[first.number]) + self.lines[follow.number][: follow.start]
            width = max(line.size for line in group)
        self._layouts.append(_Layout(kind, width, between))

    def spell(self, text: Text) -> Text:
        """Return a translation with the labels of its links."""
        return spell(text)

    def is_whole(self, number: int, text: Text) -> bool:
        """Tell whether a translation has the emphasis, links, and code of its source."""
        src, tgt = as_text(self.units[number].src), as_text(text)
        kind = self._layouts[number].kind
        if kind == "cell":
            is_same = src.count("|") == tgt.count("|")
        elif kind == "line":
            is_same = self._types(f"# {src}") == self._types(f"# {tgt}")
        elif _DEPENDS.match(tgt) and not _DEPENDS.match(src):
            is_same = False
        else:
            is_same = self._is_paragraph(tgt)
            # A line within a paragraph may look like another block, such as "2. a".
            is_same |= kind == "rest" and self._types(src) == self._types(tgt)
        return is_same and self._inline.shape(src, self._env) == self._inline.shape(tgt, self._env)

    def _types(self, text: str) -> list[tuple[str, int]]:
        tokens = self._blocks.parse(text, {})
        return [(token.type, token.content.count("\n")) for token in tokens]

    def _is_paragraph(self, text: str) -> bool:
        shown = _as_shown(text)
        tokens = self._blocks.parse(shown, {})
        types = [token.type for token in tokens]
        return types == _PARAGRAPH and tokens[1].content == shown.strip()

    def write(self, targets: Mapping[int, Text]) -> bytes:
        """Return the file with these texts."""
        return self.write_texts({n: self._wrap(n, text) for n, text in targets.items()})

    def _wrap(self, number: int, text: Text) -> str:
        _, width, between = self._layouts[number]
        if not between:
            return as_text(text)
        lines = wrap(text, width, may_begin=lambda word: not _STARTS_BLOCK.match(word))
        has_break = any(line.endswith("\\") for line in lines[:-1])  # a hard one
        if has_break or (len(lines) > 1 and not self._is_paragraph("\n".join(lines))):
            return as_text(text)
        return between.join(lines)


def _as_shown(text: str) -> str:
    """Return a text as it is parsed: blanks that are none for Markdown are letters.

    A character stays one character.
    """
    return _NO_BLANK.sub("\ufffd", text)


_PARAGRAPH = ["paragraph_open", "inline", "paragraph_close"]
_KINDS = {"th_open": "cell", "td_open": "cell", "heading_open": "line", "dt_open": "line"}


def _groups(text: str, lines: list[_Line], spans: list[Span]) -> Iterator[list[_Line]]:
    """Cut a block where its lines do not belong to one text.

    That is at hard breaks, around codes that have lines for themselves, and in a definition list.
    """
    starts = [line.at for line in lines]
    inside: set[int] = set()  # starts of lines within a code
    whole: set[int] = set()  # starts of lines that are codes
    for start, end, _ in spans:
        covered = range(bisect_left(starts, start), bisect_left(starts, end))
        inside.update(starts[n] for n in covered if starts[n] > start)
        if len(covered) > 1 and starts[covered[0]] == start and end == lines[covered[-1]].end:
            whole.update(starts[n] for n in covered)
    whole |= {at for at in starts if _FENCE.match(text, at)} - inside
    group: list[_Line] = []
    is_definition = False
    for place, line in enumerate(lines):
        marker = _DEFINITION.match(text, line.at, line.end)
        if line.at in whole:
            yield group
            group, is_definition = [], False
            continue
        if marker and place and line.at not in inside:
            yield from [group] if is_definition else ([term] for term in group)
            size = marker.end() - marker.start()
            line = line._replace(start=line.start + size, at=marker.end(), size=line.size - size)
            group, is_definition = [], True
        group.append(line)
        if line.is_hard and place + 1 < len(lines) and lines[place + 1].at not in inside:
            yield group
            group = []
    yield group


def _block_reader() -> Any:
    """Return a parser of blocks, which leaves paragraphs as they are."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.footnote import footnote_plugin

    reader = MarkdownIt("commonmark", {"maxNesting": MOST_NESTING}).enable("table")
    footnote_plugin(reader, move_to_end=False)
    deflist_plugin(reader)
    dollarmath_plugin(reader, allow_blank_lines=False)
    return reader.disable("inline")
