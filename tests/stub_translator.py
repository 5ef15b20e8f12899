"""Translators that change lines by a rule, and documents translated with them."""

from __future__ import annotations

import re
from types import SimpleNamespace

from seqcli.documents import open_document, translate_units, write_document

LANGS = {"src_lang": "en", "tgt_lang": "de"}


def translator(change):
    """A translator that changes lines, as the real one returns translations."""

    def translate(lines):
        for line in lines:
            hyp = SimpleNamespace(
                text=change(line), confidence=None, truncated=False, looped=False,
                is_from_memory=False,
            )  # fmt: skip
            yield SimpleNamespace(hyps=(hyp,))

    return translate


def upper(line):
    return re.sub(r"[a-z]+", lambda match: match.group().upper(), line)


def without_marks(line):
    return upper(re.sub("⟦.*?⟧", "", line))


def run(kind, text, change=upper, **options):
    data = text if isinstance(text, bytes) else text.encode()
    document = open_document(data, f"x.{kind}", kind, **LANGS)
    assert document.write({}) == data
    outcomes = translate_units(document, translator(change), **options)
    assert len(outcomes) == len(document.units)
    return write_document(document, outcomes).decode(), outcomes
