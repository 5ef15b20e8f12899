"""XLIFF 1.2 and 2.x -> **entries** for training, and **units** that are translated in place.

Source: OASIS XLIFF 1.2 (trans-unit, target's state) and 2.1 (segment, state and subState).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import IO

from seqcli.corpus.formats.base import Entry
from seqcli.corpus.formats.document import Document, Text, Unit
from seqcli.corpus.formats.inline import join_pair
from seqcli.corpus.formats.languages import is_covered
from seqcli.corpus.formats.splicing import Collector, Span, XmlSource, is_whole, to_xml
from seqcli.corpus.formats.xml import MOST_DEPTH, XmlReader
from seqcli.corpus.pairs import SentencePair
from seqcli.errors import CorpusError

_AROUND = frozenset(("g", "mrk", "pc"))
_TEXTS = ("source", "seg-source", "target")
_UNSURE = ("new", "initial")  # and all that begins with "needs-"
_UNMADE = ("new", "initial", "needs-translation")
_MADE_12 = {"state": "needs-review-translation", "state_qualifier": "mt-suggestion"}
_MADE_2 = {"state": "translated", "subState": "seqcli:mt"}


@dataclass
class _Found:
    """A text of one side: its parts, and the bytes of its tags."""

    start: int
    parts: list[str | Span]
    collector: Collector
    close: int = 0


@dataclass
class _Segment:
    """A trans-unit of 1.2, a segment of 2.x."""

    line: int
    start: int
    state: str
    is_preserved: bool
    is_translated: bool  # whether it shall be, by the attribute translate
    is_approved: bool  # by a person, which nothing of a machine is; 1.2 only
    texts: dict[str, _Found] = field(default_factory=dict)

    @property
    def src(self) -> _Found | None:
        return self.texts.get("seg-source") or self.texts.get("source")


@dataclass
class _Head:
    """What the file says of itself."""

    is_2: bool = False
    start: int = 0  # of the root
    langs: tuple[str, str] = ("", "")


def read_pairs(stream: IO[bytes], name: str, src_lang: str, tgt_lang: str) -> Iterator[Entry]:
    """Yield an entry for each segment; the target of one that needs work by its state is blank.

    Raises:
        CorpusError: It is no XLIFF, not well-formed, or in other languages.
    """
    reader = XmlReader(stream, name)
    waiting: list[_Segment] = []
    _Parser(reader, waiting.append, (src_lang, tgt_lang))
    for _ in reader.iter_blocks():
        for each in waiting:
            src, tgt = each.src, each.texts.get("target")
            if src is None or tgt is None or _is_unsure(each.state):
                text = "" if src is None else src.collector.plain()
                pair = SentencePair(" ".join(text.split()), "")
            else:
                pair = join_pair(src.collector.segment(), tgt.collector.segment())
            yield Entry(each.line, pair)
        waiting.clear()


def _is_unsure(state: str) -> bool:
    return state in _UNSURE or state.startswith("needs-")


def _is_kept(element: str, attributes: dict[str, str]) -> bool:
    """Tell whether an element says that what is in it, or follows it, is not translated."""
    if element == "mrk" and attributes.get("mtype") == "protected":
        return True
    return element in ("mrk", "sm") and attributes.get("translate") == "no"


class _Parser:
    """Hears of elements, and gives every segment away when it is complete."""

    def __init__(
        self,
        reader: XmlReader,
        take: Callable[[_Segment], None],
        langs: tuple[str, str] | None,
        is_kept: Callable[[str, dict[str, str]], bool] | None = None,
    ) -> None:
        self.head = _Head()
        self._reader = reader
        self._take = take
        self._asked = langs
        self._is_document = is_kept is not None  # else it is read for pairs
        self._is_kept = is_kept  # of what is in a source
        self._begun: Span | None = None  # what is kept from the source before on
        self._prefix = ""
        self._path: list[str] = []
        self._inherited: list[tuple[bool, bool]] = [(False, True)]  # preserved, translated
        self._segment: _Segment | None = None
        self._text: _Found | None = None
        reader.parser.StartElementHandler = self._start
        reader.parser.EndElementHandler = self._end
        reader.parser.CharacterDataHandler = self._characters

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        if not self._path:
            self._begin(element, attributes)
        element = element.removeprefix(self._prefix)
        if self._text is not None:
            self._text.collector.start(element, attributes)
            return
        if len(self._path) > MOST_DEPTH:
            raise CorpusError(
                f"{self._reader.place()}: more than {MOST_DEPTH} elements within each other; the "
                "file is damaged; export it again"
            )
        preserved, translated = self._inherited[-1]
        preserved = attributes.get("xml:space", "preserve" if preserved else "") == "preserve"
        translated = attributes.get("translate", "yes" if translated else "no") != "no"
        self._inherited.append((preserved, translated))
        parent = self._path[-1] if self._path else ""
        self._path.append(element)
        index = self._reader.parser.CurrentByteIndex
        if element == "file" and not self.head.is_2:
            langs = attributes.get("source-language", ""), attributes.get("target-language", "")
            self._check_languages(langs)
        elif element == ("segment" if self.head.is_2 else "trans-unit"):
            line = self._reader.parser.CurrentLineNumber
            state = attributes.get("state", "") if self.head.is_2 else ""
            approved = not self.head.is_2 and attributes.get("approved") == "yes"
            self._segment = _Segment(line, index, state, preserved, translated, approved)
        elif element == "unit":
            self._begun = None
        elif self._segment and element in _TEXTS and parent in ("segment", "trans-unit"):
            self._segment.texts[element] = self._begin_text(element, index)
            self._segment.is_preserved |= preserved
            if element == "target" and not self.head.is_2:
                self._segment.state = attributes.get("state", "")
        elif element == "source" and parent == "ignorable":
            self._begin_text(element, index)

    def _begin_text(self, element: str, index: int) -> _Found:
        if element == "target":
            collector = Collector(self._reader, _AROUND)
        else:
            begun = None if self._begun is None else replace(self._begun, start=index)
            collector = Collector(self._reader, _AROUND, self._is_kept, begun=begun)
        self._text = _Found(index, collector.parts, collector)
        return self._text

    def _begin(self, element: str, attributes: dict[str, str]) -> None:
        prefix, colon, local = element.rpartition(":")
        version = attributes.get("version", "")
        if local != "xliff" or version[:2] not in ("1.", "2."):
            raise CorpusError(
                f"{self._reader.place()}: the file begins with <{element[:40]}>"
                + (f" of version {version[:10]!r}" if local == "xliff" else "")
                + "; what is read is <xliff> of version 1.x or 2.x; give it the name of its format"
            )
        self._prefix = prefix + colon
        self.head.is_2 = version[0] == "2"
        self.head.start = self._reader.parser.CurrentByteIndex
        if self.head.is_2:
            self._check_languages((attributes.get("srcLang", ""), attributes.get("trgLang", "")))

    def _check_languages(self, found: tuple[str, str]) -> None:
        self.head.langs = found
        for side, tag, asked in zip(("source", "target"), found, self._asked or (), strict=False):
            if tag and asked and not is_covered(tag, asked):
                asked_for = f"{asked!r} was asked for; give the languages of the file"
                if self._is_document:
                    asked_for = _of_model(self._asked or ("", ""), found)
                raise CorpusError(
                    f"{self._reader.place()}: its {side} language is {tag!r}, and {asked_for}"
                )

    def _end(self, element: str) -> None:
        element = element.removeprefix(self._prefix)
        if self._text is not None:
            if self._text.collector.is_open:
                self._text.collector.end(element)
                return
            self._text.close = self._reader.parser.CurrentByteIndex
            begun = self._text.collector.finish()
            if element != "target":
                self._begun = begun
            self._text = None
        self._path.pop()
        self._inherited.pop()
        if self._segment and element in ("segment", "trans-unit"):
            self._take(self._segment)
            self._segment = None

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.collector.text(text)


def _of_model(langs: tuple[str, str], found: tuple[str, str]) -> str:
    src, tgt = found
    wanted = f"from {src!r}" if src else ""
    wanted += f" into {tgt!r}" if tgt else ""
    return (
        f"the model translates from {langs[0]!r} into {langs[1]!r}; take a model {wanted.strip()}"
    )


class XliffDocument(Document):
    """An XLIFF file whose segments are units."""

    def __init__(self, data: bytes, name: str, *, langs: tuple[str, str] | None = None) -> None:
        """Read it whole.

        Raises:
            CorpusError: As read_pairs.
        """
        self._source = source = XmlSource(data, name)
        self._data = data
        self._segments: list[_Segment] = []
        self._langs = langs
        reader = source.reader()
        parser = _Parser(reader, self._keep, langs, _is_kept)
        for _ in reader.iter_blocks():
            pass
        self._head = parser.head
        self.units = [self._unit_of(each) for each in self._segments]

    def _keep(self, segment: _Segment) -> None:
        if segment.src is not None and segment.is_translated:
            self._segments.append(segment)

    def _unit_of(self, segment: _Segment) -> Unit:
        assert segment.src is not None
        src = self._source.text_of(segment.src.parts, is_preserved=segment.is_preserved)
        target = segment.texts.get("target")
        tgt = "" if target is None else target.collector.plain()
        has_target = target is not None and bool(target.parts) and bool(tgt.strip())
        is_open = not has_target or segment.state in _UNMADE
        has_text = any(isinstance(part, str) and part.strip() for part in src)
        return Unit(segment.line, src, tgt, is_open=is_open and has_text)

    def is_whole(self, number: int, text: Text) -> bool:
        """Tell whether the tags of a text are closed in order."""
        return is_whole(text, self.units[number].src)

    def write(self, targets: Mapping[int, Text]) -> bytes:
        """Return the file with these targets, by their state suggestions of a machine."""
        if not targets:
            return self._data
        source = self._source
        for number, text in targets.items():
            segment = self._segments[number]
            made = {} if self._head.is_2 else _MADE_12
            marks = (
                _MADE_2 if self._head.is_2 else {"approved": "no"} if segment.is_approved else {}
            )
            if marks:
                end = source.tag_end(segment.start)
                source.replace(segment.start, end, source.with_attributes(segment.start, **marks))
            assert segment.src is not None
            line_end = source.end_within(segment.src.start, segment.src.close)
            self._write_target(segment, to_xml(text, line_end), made)
        if self._head.is_2 and not self._head.langs[1] and self._langs:
            start = self._head.start
            tag = source.with_attributes(start, trgLang=self._langs[1])
            source.replace(start, source.tag_end(start), tag)
        return source.take_changed()

    def _write_target(self, segment: _Segment, text: str, made: dict[str, str]) -> None:
        source, target = self._source, segment.texts.get("target")
        assert segment.src is not None
        if target is None:
            last = segment.src
            name = source.data[last.start + 1 :].split(b">", 1)[0].split()[0].rstrip(b"/").decode()
            prefix = name.rpartition(":")[0]
            element = f"{prefix}:target" if prefix else "target"
            marks = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in made.items())
            end = source.tag_end(last.start)
            if not source.is_empty(last.start):
                end = source.tag_end(last.close)
            if source.has_attribute(last.start, "xml:space", "preserve"):
                marks += ' xml:space="preserve"'
            new = f"<{element}{marks}>{text}</{element}>"
            source.replace(end, end, source.indent_before(last.start) + new)
            return
        tag = source.with_attributes(target.start, **made)
        end = source.tag_end(target.start)
        if source.is_empty(target.start):
            name = tag[1:].rstrip("/>").split()[0]
            source.replace(target.start, end, f"{tag[:-2].rstrip()}>{text}</{name}>")
        else:
            source.replace(target.start, target.close, tag + text)
