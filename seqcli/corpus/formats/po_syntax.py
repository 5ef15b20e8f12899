"""The syntax of gettext PO: lines -> **messages**, and a string -> its lines.

Source: GNU gettext manual, section "The Format of PO Files".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import IO

from seqcli.corpus.lines import MAX_LINE_BYTES
from seqcli.errors import CorpusError

_HEADER_LINES = 200  # among which the charset is looked for
WIDTH = 77  # characters of a line that gettext's own tools write, with the quotes
_CHARSET = re.compile(rb"charset=([\w.:-]+)")
_KEYWORD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr|domain)\s*(?:\[\s*(\d+)\s*\])?\s*(?=\")")
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"\s*')
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "v": "\v", "f": "\f"}
_UNSAFE = {text: f"\\{letter}" for letter, text in _LETTERS.items()} | {"\\": "\\\\", '"': '\\"'}
_FORMAT = re.compile(r"(?!no-).*-format")


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


def format_string(key: str, text: str, width: int) -> list[str]:
    """Return the lines of a keyword and its string, broken after newlines, and between words."""
    chunks = [_escape(chunk) for chunk in re.findall(r"[^\n]*\n|[^\n]+", text)] or [""]
    if len(chunks) == 1 and len(key) + len(chunks[0]) + 3 <= width + 2:
        return [f'{key} "{chunks[0]}"']
    lines = list(chain.from_iterable(_wrap(chunk, width) for chunk in chunks))
    if len(lines) == 1 and width > WIDTH:
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


def cut_lines(data: bytes) -> list[bytes]:
    """Return the lines of a file with their ends."""
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def iter_messages(stream: IO[bytes], name: str) -> Iterator[Message]:
    """Yield the messages of a stream; nothing of it is held but the start and the message.

    Raises:
        CorpusError: As ``charset_of`` and ``parse``.
    """
    lines = _iter_lines(stream, name)
    first = list(islice(lines, _HEADER_LINES))
    return parse(chain(first, lines), charset_of(first, name), name)


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


def parse(lines: Iterable[bytes], charset: str, name: str) -> Iterator[Message]:
    """Yield the messages of lines.

    Raises:
        CorpusError: A line is none of PO, or is not in the charset.
    """
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
