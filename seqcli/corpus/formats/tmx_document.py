"""TMX -> **units**: of each translation unit the source text, if it has no target text yet.

Source: TMX 1.4b specification; creationtool says that a machine has made a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seqcli.corpus.formats.document import Document, Text, Unit
from seqcli.corpus.formats.languages import choose_language, is_covered, normal_tag
from seqcli.corpus.formats.splicing import Collector, Span, XmlSource, is_whole, to_xml
from seqcli.errors import CorpusError

_AROUND = frozenset(("hi",))


@dataclass
class _Variant:
    """A text in a language, and the bytes of its tags."""

    lang: str
    start: int
    segment: int = -1  # where the tag of its segment begins
    segment_close: int = 0
    close: int = 0
    parts: list[str | Span] = field(default_factory=list)


@dataclass
class _TmxUnit:
    line: int
    variants: list[_Variant] = field(default_factory=list)


class TmxDocument(Document):
    """A translation memory whose units are filled in one language."""

    def __init__(self, data: bytes, name: str, *, langs: tuple[str, str] | None = None) -> None:
        """Read it whole.

        Raises:
            CorpusError: It is no TMX, not well-formed, or has no text in the source language.
        """
        if langs is None:
            raise CorpusError(f"{name}: a TMX has many languages; the source and target are needed")
        self._data, self._source, self._target_lang = data, XmlSource(data, name), langs[1]
        self._found: list[_TmxUnit] = []
        self._read()
        tags = [each.lang for unit in self._found for each in unit.variants]
        src_lang = choose_language(langs[0], tags, name)
        self.units: list[Unit] = []
        self._places: list[tuple[_TmxUnit, _Variant, _Variant | None]] = []
        for unit in self._found:
            self._add(unit, src_lang)

    def _add(self, unit: _TmxUnit, src_lang: str) -> None:
        src = next((v for v in unit.variants if normal_tag(v.lang) == src_lang), None)
        if src is None or src.segment < 0:
            return
        tgt = next((v for v in unit.variants if is_covered(v.lang, self._target_lang)), None)
        text = self._source.text_of(src.parts, is_preserved=False)
        there = "" if tgt is None else "".join(p for p in tgt.parts if isinstance(p, str))
        has_text = any(isinstance(part, str) and part.strip() for part in text)
        is_open = not there.strip() and has_text
        if tgt is not None and tgt.segment < 0:
            return
        self.units.append(Unit(unit.line, text, there, is_open=is_open))
        self._places.append((unit, src, tgt))

    def _read(self) -> None:
        reader = self._source.reader()
        parser = reader.parser
        collector: Collector | None = None
        is_begun = False

        def start(element: str, attributes: dict[str, str]) -> None:
            nonlocal collector, is_begun
            if not is_begun and element != "tmx":
                raise CorpusError(
                    f"{reader.place()}: the file begins with <{element[:40]}>, and TMX with <tmx>; "
                    "give it the name of its own format"
                )
            is_begun = True
            if collector is not None:
                collector.start(element, attributes)
            elif element == "tu":
                self._found.append(_TmxUnit(parser.CurrentLineNumber))
            elif element == "tuv" and self._found:
                lang = attributes.get("xml:lang") or attributes.get("lang", "")
                self._found[-1].variants.append(_Variant(lang, parser.CurrentByteIndex))
            elif element == "seg" and self._found and self._found[-1].variants:
                collector = Collector(reader, _AROUND)
                self._found[-1].variants[-1].segment = parser.CurrentByteIndex
                self._found[-1].variants[-1].parts = collector.parts

        def end(element: str) -> None:
            nonlocal collector
            if collector is not None and collector.is_open:
                collector.end(element)
            elif collector is not None:
                self._found[-1].variants[-1].segment_close = parser.CurrentByteIndex
                collector = None
            elif element == "tuv" and self._found:
                self._found[-1].variants[-1].close = parser.CurrentByteIndex

        def characters(text: str) -> None:
            if collector is not None:
                collector.text(text)

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = characters
        for _ in reader.iter_blocks():
            pass

    def is_whole(self, number: int, text: Text) -> bool:
        """Tell whether the tags of a text are closed in order."""
        return is_whole(text)

    def write(self, targets: Mapping[int, Text]) -> bytes:
        """Return the file with these targets; creationtool names their maker."""
        if not targets:
            return self._data
        for number, text in targets.items():
            unit, src, tgt = self._places[number]
            self._write(unit, src, tgt, to_xml(text))
        return self._source.take_changed()

    def _write(self, unit: _TmxUnit, src: _Variant, tgt: _Variant | None, text: str) -> None:
        source = self._source
        if tgt is None:
            end = source.tag_end(unit.variants[-1].close)
            before = source.indent_before(src.start)
            new = (
                f'<tuv xml:lang="{self._target_lang}" creationtool="seqcli"><seg>{text}</seg></tuv>'
            )
            source.replace(end, end, before + new)
            return
        tag = source.with_attributes(tgt.start, creationtool="seqcli")
        source.replace(tgt.start, source.tag_end(tgt.start), tag)
        end = source.tag_end(tgt.segment)
        if source.is_empty(tgt.segment):
            source.replace(tgt.segment, end, f"<seg>{text}</seg>")
        else:
            source.replace(end, tgt.segment_close, text)
