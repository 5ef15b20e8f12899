"""Markdown -> **units**: paragraphs, headings, items and cells; code, HTML and front matter stay.

Source: CommonMark 0.31 and the tables of GFM, as markdown-it-py reads them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from seqcli.corpus.formats.document import Code, Text, as_text
from seqcli.corpus.formats.plain import PlainFile, end_of, wrap

_CODES = re.compile(
    r"(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"  # code
    r"|<[^<>\s][^<>]*>|&\w+;|&#\w+;|\\[!-/:-@\[-`{-~]"  # HTML and escapes
    r"|\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)|\]\[[^\]]*\]"
    r"|\[\^[^\]]+\]|\[[ xX]\](?=\s)|!?\[|\]"  # links
    r"|\*+|(?<!\w)_+(?=\S)|(?<=\S)_+(?!\w)|~~+",  # emphasis
    re.DOTALL,
)
_FRONT = re.compile(
    r"(?:---[ \t]*\r?\n.*?\n(?:---|\.\.\.)|\+\+\+[ \t]*\r?\n.*?\n\+\+\+)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL,
)
_BLOCK = re.compile(r"\s*(?:[-+*#>=|~`]|\d+[.)])")
_HARD = re.compile(r"(?: {2,}|\\)$")


class MarkdownDocument(PlainFile):
    """A Markdown file; a translation of wrapped lines is wrapped as wide as they were."""

    def __init__(self, data: bytes, name: str, *, langs: tuple[str, str] | None = None) -> None:
        """Read it whole; the file does not say its languages.

        Raises:
            CorpusError: As PlainFile.
        """
        super().__init__(data, name)
        self._wraps: list[tuple[int, str, bool]] = []  # width, what follows a line, in a table
        self._markdown = _reader()
        text = "".join(self.lines)
        front = _FRONT.match(text)
        if front:
            text = re.sub(r"[^\n]+", "", front.group()) + text[front.end() :]
        text = text.replace("\r\n", "\n").replace("\r", " ")
        places: dict[int, int] = {}  # of each line, the character up to which it is done
        is_cell = False
        for token in self._markdown.parse(text):
            if token.type in ("th_open", "td_open", "th_close", "td_close"):
                is_cell = token.type.endswith("open")
            if token.type == "inline" and token.map and token.content.strip():
                self._add_block(token.content.split("\n"), token.map[0], places, is_cell)

    def _add_block(
        self, content: list[str], first: int, places: dict[int, int], is_cell: bool
    ) -> None:
        found = []
        for number, text in enumerate(content, first):
            text = text.strip()
            if number >= len(self.lines):
                return
            start = self.lines[number].find(text, places.get(number, 0))
            if start < 0:  # written otherwise in the file, such as a tab or an escaped bar
                return
            places[number] = start + len(text)
            found.append((number, start, text))
        group: list[tuple[int, int, str]] = []
        for place, line in enumerate(found):
            group.append(line)
            if place == len(found) - 1 or _HARD.search(content[place]):
                self._add_group(group, is_cell)
                group = []

    def _add_group(self, group: list[tuple[int, int, str]], is_cell: bool) -> None:
        number, start, _ = group[0]
        last, last_start, last_text = group[-1]
        if last_text.endswith("\\"):
            last_text = last_text[:-1]
        texts = [text for _, _, text in group[:-1]] + [last_text]
        codes = _split(" ".join(texts))
        self.add(number, start, last_start + len(last_text), codes, last=last)
        width, between = 1 << 30, ""
        if len(group) > 1:
            follow, follow_start, _ = group[1]
            between = end_of(self.lines[number]) + self.lines[follow][:follow_start]
            width = max(len(text) for text in texts)
        self._wraps.append((width, between, is_cell))

    def is_whole(self, number: int, text: Text) -> bool:
        """Tell whether a translation has the emphasis, links, and code of its source."""
        src, tgt = as_text(self.units[number].src), as_text(text)
        is_cell = self._wraps[number][2]
        if (is_cell and src.count("|") != tgt.count("|")) or (
            _BLOCK.match(tgt) and not _BLOCK.match(src)
        ):
            return False
        return self._shape(src) == self._shape(tgt)

    def _shape(self, text: str) -> Counter[str]:
        found: Counter[str] = Counter()
        for block in self._markdown.parseInline(text):
            for token in block.children or ():
                if token.type not in ("text", "softbreak"):
                    found[f"{token.type} {token.attrs} {token.content}"[:2000]] += 1
        return Counter({k: v for k, v in found.items() if not k.startswith("image")})

    def write(self, targets: Mapping[int, Text]) -> bytes:
        """Return the file with these texts."""
        return self.write_texts({n: self._wrap(n, as_text(text)) for n, text in targets.items()})

    def _wrap(self, number: int, text: str) -> str:
        width, between, _ = self._wraps[number]
        lines = wrap(text, width) if between else [text]
        if any(_BLOCK.match(line) for line in lines[1:]):  # it would begin a list, or the like
            return text
        return between.join(lines)


def _reader() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _split(text: str) -> Text:
    parts: list[str | Code] = []
    done = 0
    for match in _CODES.finditer(text):
        if match.start() > done:
            parts.append(text[done : match.start()])
        parts.append(Code(match.group()))
        done = match.end()
    return tuple([*parts, text[done:]] if done < len(text) else parts)
