"""gettext PO -> **entries** for training, and **units** that are translated in their place.

Source: GNU gettext manual, sections "The Format of PO Files" and "Plural forms". A PO file is read
line by line; what is no ``msgstr`` and no flag is never written anew.
"""

from __future__ import annotations

import codecs
import gettext
import re
from collections.abc import Iterator, Mapping
from typing import IO

from seqcli.corpus.formats.base import Entry
from seqcli.corpus.formats.document import Document, Text, Unit, as_text
from seqcli.corpus.formats.inline import one_line
from seqcli.corpus.formats.languages import is_covered
from seqcli.corpus.formats.po_syntax import (
    WIDTH,
    Message,
    charset_of,
    cut_lines,
    format_string,
    iter_items,
    iter_messages,
    parse,
)
from seqcli.corpus.lines import MAX_LINE_BYTES
from seqcli.corpus.pairs import SentencePair
from seqcli.errors import CorpusError

_MOST_FORMS = 10
_PLURALS = re.compile(r"nplurals\s*=\s*(\d+)\s*;\s*plural\s*=\s*([^;\n]+)")


def read_pairs(stream: IO[bytes], name: str, src_lang: str, tgt_lang: str) -> Iterator[Entry]:
    """Yield an entry for each message, of plural ones an entry for each form.

    The form for one is paired with msgid, all others with msgid_plural. Fuzzy and obsolete messages
    have a blank target: they are counted, and nothing learns from them.

    Raises:
        CorpusError: A line is none of PO, an entry lacks a part, the charset is not known, or the
            file says that it is in another language than tgt_lang.
    """
    forms = Forms("")
    for message in iter_messages(stream, name):
        if message.is_header:
            forms = Forms(message.header)
            check_language(message.header, tgt_lang, name)
            continue
        for _, src, tgt in forms.pair(message):
            tgt = "" if message.is_fuzzy or message.is_obsolete else tgt
            yield Entry(message.line + 1, SentencePair(one_line(src), one_line(tgt)))


def check_language(header: str, asked: str, name: str) -> None:
    """Check that a header is of the language asked for, if it names any.

    Raises:
        CorpusError: It is not.
    """
    found = _language_of(header)
    if found and not is_covered(found.split("@")[0], asked):
        raise CorpusError(
            f"{name}: its header says 'Language: {found}', and {asked!r} was asked for; give "
            "that language as tgt_lang, or correct the header"
        )


def _language_of(header: str) -> str:
    """Return the language that a header names; "" if it names none."""
    found = re.search(r"^Language:[ \t]*([\w@-]+)", header, re.MULTILINE)
    return found[1] if found else ""


def _check_model(message: Message, langs: tuple[str, str], name: str) -> None:
    """Check that the header of a document is of the target language of a model."""
    found = _language_of(message.header)
    if found and not is_covered(found.split("@")[0], langs[1]):
        raise CorpusError(
            f"{name}:{message.line + 1}: its header says 'Language: {found}', and the model "
            f"translates from {langs[0]!r} into {langs[1]!r}; take a model into {found!r}, or "
            "correct the header"
        )


class Forms:
    """The plural forms of a language."""

    def __init__(self, header: str) -> None:
        """Read them from the header; of one that does not say them, those of English count."""
        found = _PLURALS.search(header)
        self.is_known = found is not None
        self.count, self.of_one = 2, 0
        if found:
            self.count = min(max(int(found[1]), 1), _MOST_FORMS)
            try:  # it lets n, numbers and operators through only
                self.of_one = gettext.c2py(found[2].strip())(1)
            except (ArithmeticError, RecursionError, SyntaxError, ValueError):
                self.of_one = 0

    def pair(self, message: Message) -> list[tuple[str, str, str]]:
        """Return (keyword of the target, source, target), one for each form."""
        strings = message.strings
        singular = strings.get("msgid", "")
        if "msgid_plural" not in strings:
            return [("msgstr", singular, strings.get("msgstr", ""))]
        there = sum(f"msgstr[{n}]" in strings for n in range(_MOST_FORMS))
        count = self.count if self.is_known else max(there, 1)
        return [
            (
                key := f"msgstr[{n}]",
                singular if n == self.of_one and count > 1 else strings["msgid_plural"],
                strings.get(key, ""),
            )
            for n in range(count)
        ]


class PoDocument(Document):
    """A PO file whose messages are units; each plural form is one."""

    def __init__(self, data: bytes, name: str, *, langs: tuple[str, str] | None = None) -> None:
        """Read it whole.

        Raises:
            CorpusError: As read_pairs.
        """
        lines = cut_lines(data)
        charset = charset_of(lines, name)
        self._charset = charset.name
        items = list(iter_items(lines, charset, name))
        self._parts = [item.raw for item in items]
        self.units: list[Unit] = []
        self._targets: list[tuple[Message, str]] = []  # of each unit, its message and keyword
        self.skipped = 0  # obsolete messages
        forms = Forms("")
        longest = 0
        for message in parse(items, name):
            if message.is_header:
                forms = Forms(message.header)
                if langs is not None:
                    _check_model(message, langs, name)
            elif message.is_obsolete:
                self.skipped += 1
            else:
                for key, src, tgt in forms.pair(message):
                    unit = Unit(message.line + 1, (src,), tgt, is_open=not tgt and bool(src))
                    self.units.append(unit)
                    self._targets.append((message, key))
            for start, end in message.spans.values():
                longest = max(longest, *(len(part) for part in self._parts[start:end]), 0)
        self._width = WIDTH if longest <= 2 * WIDTH else MAX_LINE_BYTES

    def write(self, targets: Mapping[int, Text]) -> bytes:
        """Return the file with these targets, each flagged as fuzzy."""
        if not targets:
            return b"".join(self._parts)
        changed: dict[int, tuple[Message, dict[str, str]]] = {}
        for number, text in targets.items():
            message, key = self._targets[number]
            changed.setdefault(id(message), (message, {}))[1][key] = as_text(text)
        parts = list(self._parts)
        for message, texts in changed.values():
            self._write_message(parts, message, texts)
        return b"".join(parts)

    def is_whole(self, number: int, text: Text) -> bool:
        """Tell whether a text has as many signs of placeholders as its source, if they count."""
        if not self._targets[number][0].is_format:
            return True
        src, tgt = as_text(self.units[number].src), as_text(text)
        return all(src.count(sign) == tgt.count(sign) for sign in "%{}")

    def _write_message(self, parts: list[bytes], message: Message, texts: dict[str, str]) -> None:
        end = self._end_of_line(message.first)
        last_key = max(message.spans, key=lambda key: message.spans[key][1])
        added = b""
        for key, text in sorted(texts.items()):
            new = end.join(
                line.encode(self._charset, "replace")
                for line in format_string(key, text, self._width)
            )
            if key in message.spans:
                old = self._parts[message.spans[key][0]]
                indent = old[: len(old) - len(old.lstrip(b" \t"))]
                self._replace(parts, message.spans[key], indent + new)
            else:
                added += end + new
        if added:
            start, stop = message.spans[last_key]
            self._replace(parts, (start, stop), b"".join(parts[start:stop]).rstrip() + added)
        if not message.is_fuzzy:
            self._flag(parts, message, end)

    def _replace(self, parts: list[bytes], span: tuple[int, int], new: bytes) -> None:
        """Put other bytes in the place of items, before the blanks and the line end behind them."""
        start, stop = span
        blanks = self._parts[stop - 1][len(self._parts[stop - 1].rstrip()) :]
        parts[start:stop] = [new + blanks, *[b""] * (stop - start - 1)]

    def _flag(self, parts: list[bytes], message: Message, end: bytes) -> None:
        """Say that a message is fuzzy."""
        if message.flags is not None:
            parts[message.flags] = parts[message.flags].replace(b"#,", b"#, fuzzy,", 1)
            return
        first = min(each for each in (message.first, message.previous) if each is not None)
        is_begun = first > 0 and not self._parts[first - 1].endswith(b"\n")  # the line before it
        bom = codecs.BOM_UTF8 if parts[first].startswith(codecs.BOM_UTF8) else b""
        flag = bom + (end if is_begun else b"") + b"#, fuzzy" + end
        parts[first] = flag + parts[first][len(bom) :]

    def _end_of_line(self, first: int) -> bytes:
        """Return how the line ends where an item stands."""
        for part in self._parts[first:]:
            if part.endswith(b"\n"):
                return b"\r\n" if part.endswith(b"\r\n") else b"\n"
        return b"\n"

    def can_hold(self, text: str) -> bool:
        """Tell whether the charset of the file has all characters of a text."""
        try:
            text.encode(self._charset)
        except UnicodeEncodeError:
            return False
        return True
