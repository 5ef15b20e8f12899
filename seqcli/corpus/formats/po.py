"""gettext PO -> **entries** for training, and **units** that are translated in their place.

Source: GNU gettext manual, sections "The Format of PO Files" and "Plural forms". A PO file is read
line by line; what is no ``msgstr`` and no flag is never written anew.
"""

from __future__ import annotations

import codecs
import gettext
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import IO

from seqcli.corpus.formats.base import Entry
from seqcli.corpus.formats.document import Document, Text, Unit, as_text
from seqcli.corpus.formats.inline import one_line
from seqcli.corpus.formats.languages import is_covered
from seqcli.corpus.lines import MAX_LINE_BYTES
from seqcli.corpus.pairs import SentencePair
from seqcli.errors import CorpusError

_HEADER_LINES = 200  # among which the charset is looked for
_WIDTH = 77  # characters of a line that gettext's own tools write, with the quotes
_MOST_FORMS = 10
_CHARSET = re.compile(rb"charset=([\w.:-]+)")
_KEYWORD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr|domain)\s*(?:\[\s*(\d+)\s*\])?\s*(?=\")")
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"\s*')
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "v": "\v", "f": "\f"}
_UNSAFE = {text: f"\\{letter}" for letter, text in _LETTERS.items()} | {"\\": "\\\\", '"': '\\"'}
_FORMAT = re.compile(r"(?!no-).*-format")
_PLURALS = re.compile(r"nplurals\s*=\s*(\d+)\s*;\s*plural\s*=\s*([^;\n]+)")


@dataclass
class Message:
    """An entry: its strings, and the lines, counted from 0, where they stand."""

    strings: dict[str, str] = field(default_factory=dict)  # by keyword, of msgstr also msgstr[n]
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)  # first line, line behind
    flags: int | None = None  # line of the flags, if there are any
    is_fuzzy: bool = False
    is_format: bool = False  # what prints it looks for placeholders
    is_obsolete: bool = False

    @property
    def line(self) -> int:
        """The first line that is no comment."""
        return min((start for start, _ in self.spans.values()), default=0)

    @property
    def is_header(self) -> bool:
        """Whether it says something of the file."""
        return self.strings.get("msgid") == "" and "msgctxt" not in self.strings

    @property
    def header(self) -> str:
        """What it says of the file; nothing if its target is one of plural forms."""
        return self.strings.get("msgstr", "")


def read_pairs(stream: IO[bytes], name: str, src_lang: str, tgt_lang: str) -> Iterator[Entry]:
    """Yield an entry for each message, of plural ones an entry for each form.

    The form for one is paired with msgid, all others with msgid_plural. Fuzzy and obsolete messages
    have a blank target: they are counted, and nothing learns from them.

    Raises:
        CorpusError: A line is none of PO, the charset is not known, or the file says that it is in
            another language than tgt_lang.
    """
    forms = Forms("")
    for message in _iter_messages(stream, name):
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
    found = re.search(r"^Language:[ \t]*([\w@-]+)", header, re.MULTILINE)
    if found and not is_covered(found[1].split("@")[0], asked):
        raise CorpusError(
            f"{name}: its header says 'Language: {found[1]}', and {asked!r} was asked for; give "
            "that language as tgt_lang, or correct the header"
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
        self._lines = _cut(data)
        self._charset = charset_of(self._lines, name)
        self._messages = list(_parse(self._lines, self._charset, name))
        self.units: list[Unit] = []
        self._targets: list[tuple[Message, str]] = []  # of each unit, its message and keyword
        self.skipped = 0  # obsolete messages
        forms = Forms("")
        longest = 0
        for message in self._messages:
            if message.is_header:
                forms = Forms(message.header)
                if langs is not None:
                    check_language(message.header, langs[1], name)
            elif message.is_obsolete:
                self.skipped += 1
            else:
                for key, src, tgt in forms.pair(message):
                    unit = Unit(message.line + 1, (src,), tgt, is_open=not tgt and bool(src))
                    self.units.append(unit)
                    self._targets.append((message, key))
            for start, end in message.spans.values():
                longest = max(longest, *(len(line) for line in self._lines[start:end]), 0)
        self._width = _WIDTH if longest <= 2 * _WIDTH else MAX_LINE_BYTES

    def write(self, targets: Mapping[int, Text]) -> bytes:
        """Return the file with these targets, each flagged as fuzzy."""
        if not targets:
            return b"".join(self._lines)
        changed: dict[int, tuple[Message, dict[str, str]]] = {}
        for number, text in targets.items():
            message, key = self._targets[number]
            changed.setdefault(id(message), (message, {}))[1][key] = as_text(text)
        lines: list[bytes] = list(self._lines)
        for message, texts in changed.values():
            self._write_message(lines, message, texts)
        return b"".join(lines)

    def is_whole(self, number: int, text: Text) -> bool:
        """Tell whether a text has as many signs of placeholders as its source, if they count."""
        if not self._targets[number][0].is_format:
            return True
        src, tgt = as_text(self.units[number].src), as_text(text)
        return all(src.count(sign) == tgt.count(sign) for sign in "%{}")

    def _write_message(self, lines: list[bytes], message: Message, texts: dict[str, str]) -> None:
        first = message.line
        end = self._lines[first][len(self._lines[first].rstrip(b"\r\n")) :] or b"\n"
        last_key = max(message.spans, key=lambda key: message.spans[key][1])
        for key, text in sorted(texts.items()):
            new = b"".join(
                line.encode(self._charset, "replace") + end
                for line in format_string(key, text, self._width)
            )
            if key in message.spans:
                start, stop = message.spans[key]
                if not lines[stop - 1].endswith(b"\n"):  # the last line of the file
                    new = new[: -len(end)]
                lines[start:stop] = [new] + [b""] * (stop - start - 1)
            else:
                stop = message.spans[last_key][1]
                before = b"" if lines[stop - 1].endswith(b"\n") or not lines[stop - 1] else end
                lines[stop - 1] += before + new
        if message.is_fuzzy:
            return
        if message.flags is not None:
            old = lines[message.flags]
            lines[message.flags] = old.replace(b"#,", b"#, fuzzy,", 1)
        else:
            bom = codecs.BOM_UTF8 if lines[first].startswith(codecs.BOM_UTF8) else b""
            lines[first] = bom + b"#, fuzzy" + end + lines[first][len(bom) :]

    def can_hold(self, text: str) -> bool:
        """Tell whether the charset of the file has all characters of a text."""
        try:
            text.encode(self._charset)
        except UnicodeEncodeError:
            return False
        return True


def format_string(key: str, text: str, width: int) -> list[str]:
    """Return the lines of a keyword and its string, broken after newlines, and between words."""
    chunks = [_escape(chunk) for chunk in re.findall(r"[^\n]*\n|[^\n]+", text)] or [""]
    if len(chunks) == 1 and len(key) + len(chunks[0]) + 3 <= width + 2:
        return [f'{key} "{chunks[0]}"']
    lines = list(chain.from_iterable(_wrap(chunk, width) for chunk in chunks))
    if len(lines) == 1 and width > _WIDTH:
        return [f'{key} "{lines[0]}"']
    return [f'{key} ""', *(f'"{line}"' for line in lines)]


def _wrap(chunk: str, width: int) -> Iterator[str]:
    line = ""
    for word in re.findall(r"\S*\s+|\S+", chunk):
        if line and len(line) + len(word.rstrip()) > width:
            yield line
            line = ""
        line += word
    if line:
        yield line


def _escape(text: str) -> str:
    return "".join(_UNSAFE.get(letter, letter) for letter in text)


def unescape(text: str) -> str:
    """Return what a string in quotes means."""
    if "\\" not in text:
        return text

    def replace(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] == "x" and len(code) > 1:
            return chr(int(code[1:], 16))
        return chr(int(code, 8)) if code[0] in "01234567" else _LETTERS.get(code, code)

    return _ESCAPE.sub(replace, text)


def charset_of(lines: Iterable[bytes], name: str) -> str:
    """Return the charset that a header names; UTF-8 if none does.

    Raises:
        CorpusError: There is no such charset, or PO cannot be written in it.
    """
    found = next((m for line in lines if (m := _CHARSET.search(line))), None)
    charset = "utf-8" if found is None else found[1].decode("ascii")
    if charset == "CHARSET":  # as in templates
        charset = "utf-8"
    try:
        if '\n\\"a'.encode(charset) == b'\n\\"a':
            return charset
    except (LookupError, UnicodeError):
        pass
    raise CorpusError(
        f"{name}: its header says charset={charset[:40]}, which cannot be read; convert the file "
        "with `msgconv -t UTF-8`"
    )


def _cut(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _iter_messages(stream: IO[bytes], name: str) -> Iterator[Message]:
    lines = _iter_lines(stream, name)
    first = list(islice(lines, _HEADER_LINES))
    return _parse(chain(first, lines), charset_of(first, name), name)


def _iter_lines(stream: IO[bytes], name: str) -> Iterator[bytes]:
    for number in range(1, 1 << 62):
        line = stream.readline(MAX_LINE_BYTES + 1)
        if not line:
            return
        if len(line) > MAX_LINE_BYTES:
            raise CorpusError(
                f"{name}:{number}: a line of more than {MAX_LINE_BYTES:,} bytes; is this a PO file?"
            )
        yield line


def _parse(lines: Iterable[bytes], charset: str, name: str) -> Iterator[Message]:
    message, key, size = Message(), "", 0
    for number, raw in enumerate(lines):
        line = _decode(raw, charset, f"{name}:{number + 1}").strip("\ufeff \t\r\n\f\v")
        is_obsolete = line.startswith("#~")
        if is_obsolete and not line.startswith("#~|"):
            line = line[2:].lstrip()
        is_comment = line.startswith("#")
        begins = is_comment or line.startswith(("msgctxt", "msgid ", 'msgid"', "msgid\t", "domain"))
        if begins and key.startswith("msgstr"):
            yield message
            message, key, size = Message(), "", 0
        if not line or is_comment:
            if line.startswith("#,"):
                message.flags = number
                words = re.split(r"[,\s]+", line[2:])
                message.is_fuzzy |= "fuzzy" in words
                message.is_format |= any(_FORMAT.fullmatch(word) for word in words)
            continue
        message.is_obsolete |= is_obsolete
        keyword = _KEYWORD.match(line)
        if keyword:
            key = keyword[1] if keyword[2] is None else f"{keyword[1]}[{int(keyword[2])}]"
            line = line[keyword.end() :]
            if key in message.strings:
                raise _error(name, number, f"a second {key} in one entry; remove one")
            message.strings[key] = ""
            message.spans[key] = (number, number)
        literal = _LITERAL.fullmatch(line)
        if literal is None or not key:
            raise _error(
                name,
                number,
                f"{line[:40]!r} is no line of a PO file; a string stands in double quotes, after "
                "msgid or msgstr; mend the line (`msgfmt -c` lists all)",
            )
        size += len(line)
        if size > MAX_LINE_BYTES:
            raise _error(name, number, f"a message of more than {MAX_LINE_BYTES:,} characters")
        message.strings[key] += unescape(literal[1])
        message.spans[key] = (message.spans[key][0], number + 1)
    if key.startswith("msgstr"):
        yield message
    elif key:
        raise CorpusError(f"{name}: ends in the midst of a message; get the file again")


def _decode(line: bytes, charset: str, place: str) -> str:
    try:
        return line.decode(charset)
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{place}: byte {line[error.start]:#04x} is not {charset.upper()}, which the header "
            "says the file is in; correct the header, or convert the file"
        ) from error


def _error(name: str, number: int, text: str) -> CorpusError:
    return CorpusError(f"{name}:{number + 1}: {text}")
