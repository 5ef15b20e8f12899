"""The kinds of documents: the name of a file -> **its kind** -> the module that reads it."""

from __future__ import annotations

import importlib

from seqcli.corpus.formats.base import without_packing
from seqcli.corpus.formats.document import Document
from seqcli.errors import SettingsError

# Name -> suffixes, module and class; the suffix of a file says how it is read.
KINDS = {
    "po": ((".po", ".pot"), "po.PoDocument"),
    "xliff": ((".xlf", ".xliff"), "xliff.XliffDocument"),
    "tmx": ((".tmx",), "tmx_document.TmxDocument"),
    "srt": ((".srt",), "srt.SrtDocument"),
    "markdown": ((".md", ".markdown"), "markdown.MarkdownDocument"),
    "paragraphs": ((), "paragraphs.ParagraphsDocument"),
}
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
