"""TMX 1.4, a translation memory -> **entries**, one for each unit, whatever the file's size.

Source: TMX 1.4b specification, sections 2.4 (structure) and 2.5 (inline tags).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from seqcli.corpus.formats.base import Entry
from seqcli.corpus.formats.inline import Segment, Tag, join_pair
from seqcli.corpus.formats.languages import normal_tag
from seqcli.corpus.formats.xml import MOST_DEPTH, XmlReader
from seqcli.corpus.lines import MAX_LINE_BYTES
from seqcli.errors import CorpusError

_CODES = frozenset(("bpt", "ept", "ph", "it", "ut"))  # their content is code, not text
_MOST_PARTS = 10_000  # pieces of text and tags of a segment
_MOST_LANGUAGES = 1_000  # of a file
_MOST_VARIANTS = 16  # texts of a unit in one language


def find_languages(stream: IO[bytes], name: str) -> list[str]:
    """Return the tags of all languages of a file, as they stand there, the first one first.

    Raises:
        CorpusError: As read_pairs.
    """
    reader = XmlReader(stream, name)
    found: dict[str, None] = {}
    is_started = False

    def start(element: str, attributes: dict[str, str]) -> None:
        nonlocal is_started
        if not is_started:
            _require_root(reader, element)
            is_started = True
        if element == "tuv":
            found[_language_of(attributes)] = None
            if len(found) > _MOST_LANGUAGES:
                raise CorpusError(
                    f"{reader.place()}: more than {_MOST_LANGUAGES:,} languages; is this a "
                    "translation memory?"
                )

    reader.parser.StartElementHandler = start
    for _ in reader.iter_blocks():
        pass
    return [tag for tag in found if tag]


def read_pairs(stream: IO[bytes], name: str, src_lang: str, tgt_lang: str) -> Iterator[Entry]:
    """Yield an entry for each unit; if a language has several texts, one for each pair of them.

    Args:
        stream: The file, unpacked, in any encoding that its first line declares.
        name: What messages call it.
        src_lang: The normal form of a tag that the file has.
        tgt_lang: Likewise.

    Raises:
        CorpusError: It is no TMX, or not well-formed, or a segment is longer than a line may be.
    """
    reader = XmlReader(stream, name)
    units = _Units(reader, src_lang, tgt_lang)
    for _ in reader.iter_blocks():
        yield from units.entries
        units.entries.clear()


class _Units:
    """Hears of the elements, and keeps the entries that are complete."""

    def __init__(self, reader: XmlReader, src_lang: str, tgt_lang: str) -> None:
        self.entries: list[Entry] = []
        self._reader = reader
        self._langs = (src_lang, tgt_lang)
        self._depth = 0
        self._line = 0  # of the unit
        self._sides: tuple[list[Segment], list[Segment]] = ([], [])
        self._wanted: list[list[Segment]] = []  # the sides that the language of the text is of
        self._segment: _OpenSegment | None = None
        self._set_handlers(None)

    def _set_handlers(self, segment: _OpenSegment | None) -> None:
        """Let elements and text be heard of by a segment that is open, or by the units."""
        parser = self._reader.parser
        self._segment = segment
        parser.CharacterDataHandler = None if segment is None else segment.add_text
        parser.StartElementHandler = self._start if segment is None else segment.start
        parser.EndElementHandler = self._end

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        if self._depth == 0:
            _require_root(self._reader, element)
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise CorpusError(_too_deep(self._reader))
        if element == "tu":
            self._line = self._reader.parser.CurrentLineNumber
            self._sides = ([], [])
        elif element == "tuv":
            tag = normal_tag(_language_of(attributes))
            self._wanted = [
                side for side, lang in zip(self._sides, self._langs, strict=True) if lang == tag
            ]
        elif element == "seg" and self._wanted:
            self._set_handlers(_OpenSegment(self._reader))

    def _end(self, element: str) -> None:
        if self._segment is not None:
            if not self._segment.end(element):
                return
            parts = self._segment.parts
            self._set_handlers(None)
            for side in self._wanted:
                side.append(parts)
                if len(side) > _MOST_VARIANTS:
                    raise CorpusError(
                        f"{self._reader.place()}: a unit with more than {_MOST_VARIANTS} texts in "
                        "one language; split it"
                    )
        self._depth -= 1
        if element == "tuv":
            self._wanted = []
        elif element == "tu":
            self._close_unit()

    def _close_unit(self) -> None:
        for src in self._sides[0] or [[]]:
            for tgt in self._sides[1] or [[]]:
                self.entries.append(Entry(self._line, join_pair(src, tgt)))
        self._sides = ([], [])


class _OpenSegment:
    """Collects the text and the tags of a segment."""

    def __init__(self, reader: XmlReader) -> None:
        self.parts: list[str | Tag] = []
        self._reader = reader
        self._open: list[tuple[str, dict[str, str]]] = []
        self._codes = 0  # elements around this place whose content is code
        self._content: list[str] = []  # of the code that is open
        self._keys: dict[str, str] = {}  # of opening tags, by the number that their ends have
        self._size = 0

    def start(self, element: str, attributes: dict[str, str]) -> None:
        self._open.append((element, attributes))
        if len(self._open) > MOST_DEPTH:
            raise CorpusError(_too_deep(self._reader))
        if element in _CODES:
            self._codes += 1
        elif element == "hi" and not self._codes:
            self._add(Tag("hi", attributes.get("x", ""), "", False))

    def end(self, element: str) -> bool:
        """Close an element; return whether it was the segment itself."""
        if not self._open:
            return True
        _, attributes = self._open.pop()
        if element in _CODES:
            self._codes -= 1
            if not self._codes:
                self._add(self._tag_of(element, attributes))
                self._content = []
        elif element == "hi" and not self._codes:
            self._add(Tag("/hi", attributes.get("x", ""), "", False))
        return False

    def add_text(self, text: str) -> None:
        self._size += len(text)
        if self._size > MAX_LINE_BYTES:
            raise CorpusError(
                f"{self._reader.place()}: a segment of more than {MAX_LINE_BYTES:,} characters; a "
                "segment is a sentence; split it, or remove it"
            )
        if self._codes:
            self._content.append(text)
        elif self.parts and isinstance(self.parts[-1], str):
            self.parts[-1] += text
        else:
            self._add(text)

    def _add(self, part: str | Tag) -> None:
        self.parts.append(part)
        if len(self.parts) > _MOST_PARTS:
            raise CorpusError(
                f"{self._reader.place()}: a segment of more than {_MOST_PARTS:,} parts; is this a "
                "sentence? remove it"
            )

    def _tag_of(self, element: str, attributes: dict[str, str]) -> Tag:
        key, number = attributes.get("x", ""), attributes.get("i", "")
        if element == "bpt" and key:
            self._keys[number] = key
        elif element == "ept":
            key = key or self._keys.get(number, "")
        is_break = element in ("ph", "it", "ut")
        return Tag(element, key, "".join(self._content).strip(), is_break)


def _language_of(attributes: dict[str, str]) -> str:
    return attributes.get("xml:lang") or attributes.get("lang", "")


def _require_root(reader: XmlReader, element: str) -> None:
    if element != "tmx":
        raise CorpusError(
            f"{reader.place()}: the file begins with <{element[:40]}>, and TMX with <tmx>; give it "
            "the name of its own format"
        )


def _too_deep(reader: XmlReader) -> str:
    return (
        f"{reader.place()}: more than {MOST_DEPTH} elements within each other; the file is "
        "damaged; export it again"
    )
