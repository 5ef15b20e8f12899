"""TMX -> **units**: of each translation unit the source text, if it has no target text yet.

Source: TMX 1.4b specification; creationtool says that a machine has made a text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from seqcli.corpus.formats.document import Document, Text, Unit
from seqcli.corpus.formats.languages import (
    choose_language,
    choose_texts,
    is_covered,
    is_taken,
    normal_tag,
)
from seqcli.corpus.formats.splicing import Collector, Span, XmlSource, is_whole, to_xml
from seqcli.errors import CorpusError

_AROUND = frozenset(("hi",))
_TAG = re.compile(r"[A-Za-z0-9_-]+")


@dataclass
class _Variant:
    """A text in a language, and the bytes of its tags."""

    lang: str
    line: int
    start: int
    segment: int = -1  # where the tag of its segment begins
    segment_close: int = 0
    close: int = 0
    parts: list[str | Span] = field(default_factory=list)


@dataclass
class _TmxUnit:
    line: int
    variants: list[_Variant] = field(default_factory=list)


def _spelling_of(lang: str, tags: Counter[str], src_lang: str) -> str:
    """Return the tag of new texts: as the file spells it, if it has but one that is meant.

    Args:
        lang: The target language of the model.
        tags: Of the file, as they stand there, with how many texts are in each.
        src_lang: The tag of the source, in normal form.
    """
    wanted = normal_tag(lang)
    found = [
        tag
        for tag, _ in tags.most_common()
        if _TAG.fullmatch(tag) and normal_tag(tag) != src_lang and is_taken(tag, wanted, src_lang)
    ]
    same = [tag for tag in found if normal_tag(tag) == wanted]
    if same:
        return same[0]
    return found[0] if len({normal_tag(tag) for tag in found}) == 1 else lang


class TmxDocument(Document):
    """A translation memory whose units are filled in one language."""

    def __init__(self, data: bytes, name: str, *, langs: tuple[str, str] | None = None) -> None:
        """Read it whole.

        Raises:
            CorpusError: It is no TMX, not well-formed, has no text in the source language, or a
                unit has two that may be meant.
        """
        if langs is None:
            raise CorpusError(f"{name}: a TMX has many languages; the source and target are needed")
        self._data, self._source, self._target_lang = data, XmlSource(data, name), langs[1]
        self._found: list[_TmxUnit] = []
        self._read()
        self.units: list[Unit] = []
        self._places: list[tuple[_TmxUnit, _Variant, _Variant | None]] = []
        variants = [each for unit in self._found for each in unit.variants]
        if not variants:
            return
        tags = Counter(each.lang for each in variants)
        lines = {normal_tag(each.lang): each.line for each in reversed(variants)}
        src_lang = choose_language(
            langs[0], tags, name, other=langs[1], is_of_model=True, lines=lines
        )
        self._new_tag = _spelling_of(langs[1], tags, src_lang)
        for unit in self._found:
            self._add(unit, src_lang)

    def _add(self, unit: _TmxUnit, src_lang: str) -> None:
        place = f"{self._source.name}:{unit.line}"
        variants = [each for each in unit.variants if each.segment >= 0]
        tags = [normal_tag(each.lang) for each in variants]
        chosen = choose_texts(tags, src_lang, self._target_lang, place)
        if not chosen:
            return
        src = variants[chosen[0]]
        tgt, there = self._find_target(variants, tags, src)
        text = self._source.text_of(src.parts, is_preserved=False)
        has_text = any(isinstance(part, str) and part.strip() for part in text)
        is_open = not there.strip() and has_text
        self.units.append(Unit(unit.line, text, there, is_open=is_open))
        self._places.append((unit, src, tgt))

    def _find_target(
        self, variants: list[_Variant], tags: list[str], src: _Variant
    ) -> tuple[_Variant | None, str]:
        """Return the text that a translation takes the place of, and what is there.

        Of texts in several regions, none of which was asked for, none is the place: the translation
        is put beside them.
        """
        wanted = normal_tag(self._target_lang)
        found = [
            each
            for each, tag in zip(variants, tags, strict=True)
            if tag == wanted or (wanted not in tags and is_covered(tag, wanted))
        ]
        found = [each for each in found if each is not src]
        texts = ["".join(p for p in each.parts if isinstance(p, str)) for each in found]
        place = next((number for number, text in enumerate(texts) if text.strip()), 0)
        if not found:
            return None, ""
        is_one = len({normal_tag(each.lang) for each in found}) == 1
        return found[place] if is_one else None, texts[place]

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
                index = parser.CurrentByteIndex
                lang = attributes.get("xml:lang") or attributes.get("lang", "")
                self._found[-1].variants.append(_Variant(lang, parser.CurrentLineNumber, index))
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
        return is_whole(text, self.units[number].src)

    def write(self, targets: Mapping[int, Text]) -> bytes:
        """Return the file with these targets; creationtool names their maker."""
        if not targets:
            return self._data
        for number, text in targets.items():
            unit, src, tgt = self._places[number]
            end = self._source.end_within(src.segment, src.segment_close)
            self._write(unit, src, tgt, to_xml(text, end))
        return self._source.take_changed()

    def _write(self, unit: _TmxUnit, src: _Variant, tgt: _Variant | None, text: str) -> None:
        source = self._source
        if tgt is None:
            end = source.tag_end(unit.variants[-1].close)
            before = source.indent_before(src.start)
            new = f'<tuv xml:lang="{self._new_tag}" creationtool="seqcli"><seg>{text}</seg></tuv>'
            source.replace(end, end, before + new)
            return
        tag = source.with_attributes(tgt.start, creationtool="seqcli")
        source.replace(tgt.start, source.tag_end(tgt.start), tag)
        end = source.tag_end(tgt.segment)
        if source.is_empty(tgt.segment):
            source.replace(tgt.segment, end, f"<seg>{text}</seg>")
        else:
            source.replace(end, tgt.segment_close, text)
