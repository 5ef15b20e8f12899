"""TMX 1.4, a translation memory -> **entries**, one for each unit, whatever the file's size.

Source: TMX 1.4b specification, sections 2.4 (structure) and 2.5 (inline tags).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import IO, TypeAlias

from seqcli.corpus.formats.base import Entry
from seqcli.corpus.formats.inline import Segment, Tag, join_pair
from seqcli.corpus.formats.languages import (
    MOST_LENGTH,
    MOST_TAGS,
    choose_texts,
    is_taken,
    normal_tag,
)
from seqcli.corpus.formats.xml import MOST_DEPTH, XmlReader
from seqcli.corpus.lines import MAX_LINE_BYTES
from seqcli.errors import CorpusError

_CODES = frozenset(("bpt", "ept", "ph", "it", "ut"))  # their content is code, not text
_MOST_PARTS = 10_000  # pieces of text and tags of a segment
_MOST_VARIANTS = 16  # texts of a unit in one language

_Sides: TypeAlias = tuple[list[tuple[str, Segment]], list[tuple[str, Segment]]]


def find_languages(stream: IO[bytes], name: str) -> dict[str, int]:
    """Return the tags of a file, as they stand there, and how many texts are in each.

    Raises:
        CorpusError: As read_pairs, or there is none.
    """
    reader = XmlReader(stream, name)
    found: dict[str, int] = {}
    is_started = False

    def start(element: str, attributes: dict[str, str]) -> None:
        nonlocal is_started
        if not is_started:
            _require_root(reader, element)
            is_started = True
        if element == "tuv":
            tag = _language_of(attributes)
            found[tag] = found.get(tag, 0) + 1
            if len(found) > MOST_TAGS or len(tag) > MOST_LENGTH:
                raise CorpusError(
                    f"{reader.place()}: more than {MOST_TAGS:,} languages, or a tag of more than "
                    f"{MOST_LENGTH} characters; is this a translation memory?"
                )

    reader.parser.StartElementHandler = start
    for _ in reader.iter_blocks():
        pass
    found.pop("", None)
    if not found:
        raise CorpusError(
            f"{name}: no unit has a text with a language; a corpus needs at least one pair"
        )
    return found


def read_pairs(stream: IO[bytes], name: str, src_lang: str, tgt_lang: str) -> Iterator[Entry]:
    """Yield an entry for each unit; if a language has several texts, one for each pair of them.

    A language is a tag and what it takes, as ``languages.is_taken`` says; of a unit that has both,
    the tag itself.

    Args:
        stream: The file, unpacked, in any encoding that its first line declares.
        name: What messages call it.
        src_lang: The normal form of a tag that the file has.
        tgt_lang: Likewise.

    Raises:
        CorpusError: It is no TMX, or not well-formed, or a segment is longer than a line may be; or
            a unit has texts in two tags that a language takes.
    """
    reader = XmlReader(stream, name)
    units = _Units(reader, src_lang, tgt_lang)
    for _ in reader.iter_blocks():
        units.segment.check_size()
        yield from units.entries
        units.entries.clear()


class _Units:
    """Hears of the elements around segments, and keeps the entries that are complete."""

    def __init__(self, reader: XmlReader, src_lang: str, tgt_lang: str) -> None:
        self.entries: list[Entry] = []
        self.segment = _Segment(reader, self._take_segment)
        self._reader = reader
        self._langs = (src_lang, tgt_lang)
        # Of a tag, as the file spells it: its normal form, and its sides.
        self._wanted: dict[str, tuple[str, tuple[int, ...]]] = {}
        self._depth = 0
        self._line = 0  # of the unit
        self._sides: _Sides = ([], [])
        self._tag = ""  # of the text that is open, in normal form
        self._now: tuple[int, ...] = ()  # and its sides
        self._listen()

    def _listen(self) -> None:
        parser = self._reader.parser
        parser.CharacterDataHandler = None
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        if self._depth == 0:
            _require_root(self._reader, element)
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise CorpusError(_too_deep(self._reader))
        if element == "seg":
            if self._now:
                self._depth -= 1
                self.segment.listen()
        elif element == "tuv":
            self._tag, self._now = self._sides_of(_language_of(attributes))
        elif element == "tu":
            self._line = self._reader.parser.CurrentLineNumber

    def _sides_of(self, tag: str) -> tuple[str, tuple[int, ...]]:
        if tag not in self._wanted:
            src, tgt = self._langs
            is_wanted = is_taken(tag, src, tgt), is_taken(tag, tgt, src)
            sides = tuple(side for side in (0, 1) if is_wanted[side])
            self._wanted[tag] = (normal_tag(tag), sides)
        return self._wanted[tag]

    def _take_segment(self, segment: Segment) -> None:
        for number in self._now:
            side = self._sides[number]
            side.append((self._tag, segment))
            if len(side) > _MOST_VARIANTS:
                raise CorpusError(
                    f"{self._reader.place()}: a unit with more than {_MOST_VARIANTS} texts in one "
                    "language; split it"
                )
        self._listen()

    def _end(self, element: str) -> None:
        self._depth -= 1
        if element == "tuv":
            self._now = ()
        elif element == "tu":
            for src, tgt in product(self._texts_of(0), self._texts_of(1)):
                self.entries.append(Entry(self._line, join_pair(src, tgt)))
            self._sides = ([], [])

    def _texts_of(self, number: int) -> list[Segment]:
        """Return the texts of a side of the unit; one that is empty if there is none."""
        side = self._sides[number]
        if len(side) > 1:
            place = f"{self._reader.name}:{self._line}"
            tags = [tag for tag, _ in side]
            chosen = choose_texts(tags, self._langs[number], self._langs[1 - number], place)
            side = [side[each] for each in chosen]
        return [segment for _, segment in side] or [[]]


class _Segment:
    """Hears of what is within a segment, and collects its text and tags."""

    def __init__(self, reader: XmlReader, take: Callable[[Segment], None]) -> None:
        self._reader = reader
        self._take = take
        self._texts: list[str] = []  # since the last tag, or of the code that is open
        self._parts: list[str | Tag] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self._codes = 0  # elements around this place whose content is code
        self._keys: dict[str, str] = {}  # of opening tags, by the number that their ends have

    def listen(self) -> None:
        """Begin with a segment whose start was just heard of."""
        parser = self._reader.parser
        parser.CharacterDataHandler = self._texts.append
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def check_size(self) -> None:
        """Check that what is open, or was just closed, is no longer than a line may be.

        Raises:
            CorpusError: It is.
        """
        if sum(map(len, self._texts)) > MAX_LINE_BYTES or len(self._parts) > _MOST_PARTS:
            raise CorpusError(
                f"{self._reader.place()}: a segment of more than {MAX_LINE_BYTES:,} characters or "
                f"{_MOST_PARTS:,} tags; a segment is a sentence; split it, or remove it"
            )

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        self._open.append((element, attributes))
        if len(self._open) > MOST_DEPTH:
            raise CorpusError(_too_deep(self._reader))
        if not self._codes:
            self._close_text()
        if element in _CODES:
            self._codes += 1
        elif element == "hi" and not self._codes:
            self._parts.append(Tag("hi", attributes.get("x", ""), "", False))

    def _end(self, element: str) -> None:
        if not self._open:
            self._close_text()
            parts, self._parts, self._keys = self._parts, [], {}
            self._take(parts)
            return
        _, attributes = self._open.pop()
        if element in _CODES:
            self._codes -= 1
            if not self._codes:
                self._parts.append(self._tag_of(element, attributes))
                self._texts.clear()
        elif not self._codes:
            self._close_text()
            if element == "hi":
                self._parts.append(Tag("/hi", attributes.get("x", ""), "", False))

    def _close_text(self) -> None:
        if self._texts:
            self.check_size()
            self._parts.append("".join(self._texts))
            self._texts.clear()

    def _tag_of(self, element: str, attributes: dict[str, str]) -> Tag:
        key, number = attributes.get("x", ""), attributes.get("i", "")
        if element == "bpt" and key:
            self._keys[number] = key
        elif element == "ept":
            key = key or self._keys.get(number, "")
        is_break = element in ("ph", "it", "ut")
        return Tag(element, key, "".join(self._texts).strip(), is_break)


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
