"""The kinds of documents: the name of a file -> **its kind** -> the module that reads it.

Where the name says nothing, the first bytes may tell that a file is not meant line by line.
"""

from __future__ import annotations

import codecs
import importlib
import re

from seqcli.corpus.formats.base import without_packing
from seqcli.corpus.formats.document import Document
from seqcli.errors import SettingsError

# Name -> suffixes, module and class; the suffix of a file says how it is read.
KINDS = {
    "po": ((".po", ".pot"), "po.PoDocument"),
    "xliff": (
        (".xlf", ".xliff", ".sdlxliff", ".mqxliff", ".mxliff", ".sdlxlf"),
        "xliff.XliffDocument",
    ),
    "tmx": ((".tmx",), "tmx_document.TmxDocument"),
    "srt": ((".srt",), "srt.SrtDocument"),
    "markdown": ((".md", ".markdown"), "markdown.MarkdownDocument"),
    "paragraphs": ((), "paragraphs.ParagraphsDocument"),
}
MOST_LOOKED_AT = 8192  # bytes that tell a kind
JSONL, XML = "JSONL", "XML"  # what is told, too, and is no document
_BEFORE_ROOT = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^<>\[]*>", re.DOTALL)
_ROOT = re.compile(r"<(?:[\w.-]+:)?(tmx|xliff)(\s[^<>]*\bversion\s*=|[\s>])")
_BEFORE_ENTRY = re.compile(r"\s+|#[^\r\n]*(?:[\r\n]|\Z)")
_ENTRY = re.compile(r'(?:msgctxt|msgid)\s*"')
_OBJECT = re.compile(r'\{\s*"[^"]*"\s*:')
LINES = "lines"  # no document: line n of the output is that of line n of the input


def kind_of(name: str, asked: str | None = None) -> str:
    """Return the kind of a document, by its name if none is asked for.

    Raises:
        SettingsError: There is no such kind, or the document is packed.
    """
    if asked is not None:
        if asked not in (*KINDS, LINES):
            raise SettingsError(
                f"--format is {asked!r}; it must be one of {', '.join((*KINDS, LINES))}"
            )
        return asked
    lower = without_packing(name).lower()
    kind = next((kind for kind, (ends, _) in KINDS.items() if lower.endswith(ends)), LINES)
    if kind != LINES and len(lower) < len(name):
        raise SettingsError(
            f"{name}: is packed; unpack it, or give --format lines to translate its lines"
        )
    return kind


def tell_kind(start: bytes) -> str:
    """Return the kind of document that first bytes clearly are of, JSONL or XML; else "".

    Args:
        start: Up to ``MOST_LOOKED_AT`` bytes, or what there is of them.
    """
    encoding = "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    text = start[:MOST_LOOKED_AT].decode(encoding, "replace")
    place = _skip(_BEFORE_ROOT, text)
    root = _ROOT.match(text, place)
    is_xml = text.lstrip().startswith("<?xml")
    if root and (is_xml or "version" in root[2]):  # else it may be a sentence on a tag
        return root[1]
    if is_xml:
        return XML
    if _ENTRY.match(text, _skip(_BEFORE_ENTRY, text)):
        return "po"
    return JSONL if _OBJECT.match(text.lstrip()) else ""


def _skip(pattern: re.Pattern[str], text: str) -> int:
    place = 0
    while found := pattern.match(text, place):
        place = found.end()
    return place


def open_document(
    data: bytes, name: str, kind: str, *, src_lang: str = "", tgt_lang: str = ""
) -> Document:
    """Read a document of a kind.

    Raises:
        CorpusError: It is not of this kind, damaged, or in other languages.
    """
    module, _, made = KINDS[kind][1].partition(".")
    cls = getattr(importlib.import_module(f"seqcli.corpus.formats.{module}"), made)
    document: Document = cls(data, name, langs=(src_lang, tgt_lang) if tgt_lang else None)
    return document
