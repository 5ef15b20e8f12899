"""XML that is written again in a few places: where its **parts** are, and how text is put there.

Place: the readers of XLIFF and TMX -> **positions** in bytes -> the file with other targets.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.parsers import expat

from seqcli.corpus.formats.document import Code, Text, splice
from seqcli.corpus.formats.inline import Segment, Tag
from seqcli.corpus.formats.xml import MOST_DEPTH, XmlReader
from seqcli.corpus.lines import MAX_LINE_BYTES
from seqcli.errors import CorpusError

_TAG = re.compile(rb"""<[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*>""")
_ATTRIBUTE = re.compile(r"""\s+([^\s=<>"']+)\s*=\s*("[^"]*"|'[^']*')""")
_NAME = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_PARTNERS = {"bpt": "ept", "bx": "ex", "sc": "ec", "sm": "em"}  # tags that others end
_KEYS = ("startRef", "rid", "id", "i")  # attributes that say which, the first one that is there
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']""")
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLANKS = re.compile(r"\s*[\r\n]\s*")
_END = re.compile(rb"\r\n?|\n")
_MOST_PARTS = 10_000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Span:
    """A tag within a text, and the byte where it begins, and where its end tag does."""

    tag: Tag
    start: int
    close: int | None  # None if the span is one tag
    opened: int | None = None  # of an end: where its start is


@dataclass(frozen=True)
class Kept(Span):
    """Text between two tags that say that it is not translated, with both and all between them."""

    last: int = 0  # where the second tag begins, or the text ends
    is_begun: bool = False  # in the text before: ``start`` is the tag of this text, and no part
    is_ended: bool = True  # else it goes on in the next text


class Collector:
    """Hears of what is within a text, and keeps its parts."""

    def __init__(
        self,
        reader: XmlReader,
        around: frozenset[str],
        is_kept: Callable[[str, dict[str, str]], bool] | None = None,
        *,
        begun: Span | None = None,
    ) -> None:
        """Begin with a text.

        Args:
            reader: Says where it is.
            around: Elements that stand around text; the content of all others is code.
            is_kept: Tells whether the content of an element is not translated, nor is the text from
                an ``sm`` to its ``em``; None if all text is.
            begun: Such an ``sm``, in the text before, that has no ``em`` yet; where this text
                begins.
        """
        self._reader = reader
        self._around = around
        self._is_kept = is_kept
        self._begun = begun
        self._kept = begun
        self._open: list[tuple[str, Tag, int]] = []
        self._codes = 0
        self._size = 0
        self.parts: list[str | Span] = []
        self._content: list[str] = []

    def start(self, element: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        if len(self._open) > MOST_DEPTH or len(self.parts) > _MOST_PARTS:
            raise CorpusError(
                f"{self._reader.place()}: more than {MOST_DEPTH} tags within each other, or "
                f"{_MOST_PARTS:,} in one text; the file is damaged; export it again"
            )
        key = attributes.get("rid") or attributes.get("id") or attributes.get("x") or ""
        key = attributes.get("startRef") or key
        index = self._reader.parser.CurrentByteIndex
        tag = Tag(element, key, "", element in ("x", "ph", "it", "ut"))
        self._open.append((element, tag, index))
        if self._kept is not None:
            return
        is_kept = self._is_kept is not None and self._is_kept(element, attributes)
        if is_kept and element == "sm" and not self._codes:
            self._kept = Span(tag, index, None)
        elif self._codes or is_kept or element not in self._around:
            self._codes += 1
            self._content.clear()
        else:
            self.parts.append(Span(tag, index, None))

    def end(self, element: str) -> None:
        """Take the end tag of what was started here."""
        _, tag, index = self._open.pop()
        close = self._reader.parser.CurrentByteIndex
        if self._kept is not None:
            if element == "em" and tag.key == self._kept.tag.key:
                self._keep(index, close)
                self._kept = None
        elif self._codes:
            self._codes -= 1
            if not self._codes:
                content = "".join(self._content).strip()
                self.parts.append(Span(tag._replace(content=content), index, close))
        else:
            end_tag = tag._replace(kind=f"/{element}")
            self.parts.append(Span(end_tag, close, None, opened=index))

    def finish(self) -> Span | None:
        """Take the end of the text; return the ``sm`` that the next text begins with."""
        index = self._reader.parser.CurrentByteIndex
        if self._kept is not None:
            self._keep(index, None)
        return self._kept

    def _keep(self, last: int, close: int | None) -> None:
        assert self._kept is not None
        tag, start, is_begun = self._kept.tag, self._kept.start, self._kept is self._begun
        is_ended = close is not None
        self.parts.append(Kept(tag, start, close, None, last, is_begun, is_ended))

    def text(self, text: str) -> None:
        """Take text, which is code within code."""
        self._size += len(text)
        if self._size > MAX_LINE_BYTES:
            raise CorpusError(
                f"{self._reader.place()}: a text of more than {MAX_LINE_BYTES:,} characters; a "
                "unit is a sentence or a paragraph; split it, or remove it"
            )
        if self._codes or self._kept is not None:
            self._content.append(text)
        elif self.parts and isinstance(self.parts[-1], str):
            self.parts[-1] += text
        else:
            self.parts.append(text)

    @property
    def is_open(self) -> bool:
        """Whether a tag within the text has no end yet."""
        return bool(self._open)

    def segment(self) -> Segment:
        """Return the text with its tags."""
        return [part if isinstance(part, str) else part.tag for part in self.parts]

    def plain(self) -> str:
        """Return the text without its tags."""
        return "".join(part for part in self.parts if isinstance(part, str))


class XmlSource:
    """An XML file as UTF-8, whatever encoding it is in, with the changes that are made to it."""

    def __init__(self, data: bytes, name: str) -> None:
        """Decode it.

        Raises:
            CorpusError: It is not in the encoding that it declares.
        """
        bom = next((encoding for mark, encoding in _BOMS if data.startswith(mark)), None)
        declared = _DECLARED.match(data[:400])
        self._encoding = bom or (declared[1].decode("ascii") if declared else "utf-8")
        try:
            text = data.decode(self._encoding)
            is_same = text.encode(self._encoding) == data
        except (LookupError, UnicodeError) as error:
            raise CorpusError(
                f"{name}: is not in {self._encoding}, the encoding that it declares ({error}); "
                "convert it to UTF-8"
            ) from error
        if not is_same:
            raise CorpusError(
                f"{name}: {self._encoding} cannot be written back byte for byte; convert the file "
                "to UTF-8"
            )
        self.data = text.encode("utf-8")
        self._first_end = _END.search(self.data)
        self._changes: list[tuple[int, int, bytes]] = []
        self.name = name

    def reader(self) -> XmlReader:
        """Return a reader of it."""
        return XmlReader(io.BytesIO(self.data), self.name, "utf-8")

    def tag_end(self, start: int) -> int:
        """Return the byte behind the tag that begins here."""
        found = _TAG.match(self.data, start)
        return start if found is None else found.end()

    def is_empty(self, start: int) -> bool:
        """Tell whether the tag that begins here is its own end."""
        return self.data[start : self.tag_end(start)].endswith(b"/>")

    def text_of(self, parts: list[str | Span], *, is_preserved: bool) -> Text:
        """Return a text with codes; line breaks that only lay the file out become spaces."""
        text: list[str | Code] = []
        for part in parts:
            if isinstance(part, str):
                text.append(part if is_preserved else _BLANKS.sub(" ", part))
            elif raw := self._raw_of(part):
                text.append(Code(raw))
        return tuple(text)

    def _raw_of(self, span: Span) -> str:
        if span.opened is not None and self.is_empty(span.opened):
            return ""  # its only tag was there before
        start, last = span.start, span.start
        if isinstance(span, Kept):
            start, last = self.tag_end(start) if span.is_begun else start, span.last
        if isinstance(span, Kept) and not span.is_ended:
            end = last
        elif span.close is None or self.is_empty(last):
            end = self.tag_end(last)
        else:
            end = self.tag_end(span.close)
        return self.data[start:end].decode("utf-8")

    def replace(self, start: int, end: int, text: str) -> None:
        """Put text in the place of a part."""
        self._changes.append((start, end, text.encode("utf-8")))

    def end_within(self, start: int, stop: int) -> str:
        """Return how lines end between two bytes, else in the whole file; XML reads all as LF."""
        found = _END.search(self.data, start, stop) or self._first_end
        return found.group().decode() if found else "\n"

    def indent_before(self, start: int) -> str:
        """Return the line break and the blanks before a byte; "" if something else is there."""
        found = re.search(rb"\r?\n[ \t]*\Z", self.data[max(0, start - 200) : start])
        return found.group().decode() if found else ""

    def has_attribute(self, start: int, name: str, value: str) -> bool:
        """Tell whether the tag that begins at a byte has an attribute with this value."""
        tag = self.data[start : self.tag_end(start)].decode("utf-8")
        return any((e[1], e[2][1:-1]) == (name, value) for e in _ATTRIBUTE.finditer(tag))

    def with_attributes(self, start: int, **attributes: str) -> str:
        """Return the start tag that begins at a byte, with these attributes; _ stands for -."""
        tag = self.data[start : self.tag_end(start)].decode("utf-8")
        for key, value in attributes.items():
            name = key.replace("_", "-")
            old = next((each for each in _ATTRIBUTE.finditer(tag) if each[1] == name), None)
            new = f' {name}="{value}"'
            if old:
                tag = tag[: old.start()] + new + tag[old.end() :]
            else:
                end = re.search(r"\s*/?>\Z", tag)
                place = end.start() if end else len(tag)
                tag = tag[:place] + new + tag[place:]
        return tag

    def take_changed(self) -> bytes:
        """Return the file with all changes made since, in its own encoding."""
        changed, self._changes = splice(self.data, self._changes), []
        return changed.decode("utf-8").encode(self._encoding, "xmlcharrefreplace")


def to_xml(text: Text, end: str = "\n") -> str:
    """Return a text as it stands in XML, with lines that end so; codes are as they are."""
    return "".join(
        _escape(part).replace("\n", end) if isinstance(part, str) else part.raw for part in text
    )


def is_whole(text: Text, src: Text) -> bool:
    """Tell whether the tags of a text are closed as those of its source are, and are XML."""
    parser = expat.ParserCreate("utf-8")
    try:
        parser.Parse(f"<t>{to_xml(text)}</t>".encode(), True)
    except expat.ExpatError:
        return False
    return _crossed(text) <= _crossed(src)


def _crossed(text: Text) -> set[tuple[str, str]]:
    """Return the tags that stand before the one that they end, such as an ``ec`` before its sc."""
    opened: dict[tuple[str, str], int] = {}
    closed: dict[tuple[str, str], int] = {}
    for place, code in enumerate(text):
        tag = None if isinstance(code, str) else _TAG.match(code.raw.encode())
        found = None if tag is None else _NAME.match(tag.group().decode())
        if found is None:
            continue
        attributes = {each[1]: each[2][1:-1] for each in _ATTRIBUTE.finditer(found.string)}
        key = next((attributes[name] for name in _KEYS if name in attributes), "")
        if found[1] in _PARTNERS:
            opened.setdefault((_PARTNERS[found[1]], key), place)
        else:
            closed.setdefault((found[1], key), place)
    return {each for each, place in closed.items() if place < opened.get(each, place)}


def _escape(text: str) -> str:
    text = _NO_XML.sub("", text).replace("&", "&amp;").replace("<", "&lt;")
    return text.replace(">", "&gt;").replace("\r", "&#13;")
