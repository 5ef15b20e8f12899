"""The syntax of gettext PO: lines -> items -> **messages**, and a string -> its lines.

Source: GNU gettext manual, section "The Format of PO Files".
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import IO, NamedTuple

from seqcli.corpus.lines import MAX_LINE_BYTES, lone_cr, nul
from seqcli.errors import CorpusError

_HEADER_LINES = 200  # among which the charset is looked for
WIDTH = 77  # characters of a line that gettext's own tools write, with the quotes
_CHARSET = re.compile(rb"charset=([\w.:-]+)")
_ITEM = re.compile(
    r"(?:(msgctxt|msgid_plural|msgid|msgstr|domain)\s*(?:\[\s*(\d{1,9})\s*\])?\s*)?"
    r'(?:"((?:[^"\\]|\\.)*)")?\s*'
)
_COMMENT = re.compile(r"#.*", re.DOTALL)
_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
_CR_BEFORE_ITEM = re.compile(r'\r\s*(?:msg|")')
_FIRST = ("msgctxt", "msgid", "domain")  # what an entry begins with
_BLANKS = "\ufeff \t\r\n\f\v"
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "v": "\v", "f": "\f"}
_UNSAFE = {text: f"\\{letter}" for letter, text in _LETTERS.items()} | {"\\": "\\\\", '"': '\\"'}
_FORMAT = re.compile(r"(?!no-).*-format")


class Item(NamedTuple):
    """A keyword with its string, a string that goes on, a comment, or a blank line.

    Most lines are one item, and a few have several.
    """

    raw: bytes
    line: int  # from 0
    text: str  # of a comment
    keyword: str = ""  # such as msgid or msgstr[1]
    string: str | None = None  # between the quotes
    is_obsolete: bool = False


@dataclass
class Message:
    """An entry: its strings, and the items, counted from 0, where they stand."""

    strings: dict[str, str] = field(default_factory=dict)  # by keyword, of msgstr also msgstr[n]
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)  # first item, item behind
    lines: dict[str, int] = field(default_factory=dict)  # where a keyword stands, from 0
    flags: int | None = None  # item of the flags, if there are any
    previous: int | None = None  # first item of the previous strings, which flags stand before
    is_fuzzy: bool = False
    is_format: bool = False  # what prints it looks for placeholders
    is_obsolete: bool = False

    def take_comment(self, comment: str, place: int) -> None:
        """Take the flags that a comment has, and where previous strings begin."""
        if comment.startswith("#|") and self.previous is None:
            self.previous = place
        if comment.startswith("#,"):
            self.flags = place
            words = re.split(r"[,\s]+", comment[2:])
            self.is_fuzzy |= "fuzzy" in words
            self.is_format |= any(_FORMAT.fullmatch(word) for word in words)

    @property
    def line(self) -> int:
        """The first line that is no comment."""
        return min(self.lines.values(), default=0)

    @property
    def first(self) -> int:
        """The first item that is no comment."""
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


class Charset(NamedTuple):
    """What a file is in."""

    name: str  # in Python
    is_named: bool  # by its header


def charset_of(lines: Sequence[bytes], name: str) -> Charset:
    """Return the charset that a header names; UTF-8 if none does.

    Raises:
        CorpusError: There is no such charset, or PO cannot be written in it.
    """
    if lines and lines[0].startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise CorpusError(
            f"{name}:1: begins as UTF-16, in which no PO file can be; convert it with "
            f"`iconv -f UTF-16 -t UTF-8 {name} > NEW_FILE`"
        )
    found = next((m for line in lines if (m := _CHARSET.search(line))), None)
    charset = "" if found is None else found[1].decode("ascii")
    if found is None or charset == "CHARSET":  # as in templates
        return Charset("utf-8", is_named=False)
    try:
        if '\n\\"a'.encode(charset) == b'\n\\"a':
            return Charset(charset, is_named=True)
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
        CorpusError: As ``charset_of``, ``iter_items`` and ``parse``.
    """
    lines = _iter_lines(stream, name)
    first = list(islice(lines, _HEADER_LINES))
    return parse(iter_items(chain(first, lines), charset_of(first, name), name), name)


def _iter_lines(stream: IO[bytes], name: str) -> Iterator[bytes]:
    for number in range(1, 1 << 62):
        line = stream.readline(MAX_LINE_BYTES + 1)
        if not line:
            return
        if len(line) > MAX_LINE_BYTES:
            if _CR_BEFORE_ITEM.search(line[:MAX_LINE_BYTES].decode("latin-1")):
                raise CorpusError(lone_cr(name, number))
            raise CorpusError(
                f"{name}:{number}: a line of more than {MAX_LINE_BYTES:,} bytes; is this a PO file?"
            )
        yield line


def iter_items(lines: Iterable[bytes], charset: Charset, name: str) -> Iterator[Item]:
    """Cut lines into items; their bytes together are those of the lines.

    Raises:
        CorpusError: A line is none of PO, or is not in the charset.
    """
    for number, raw in enumerate(lines):
        decoded = _decode(raw, charset, name, number)
        text = decoded.strip(_BLANKS)
        is_obsolete = text.startswith("#~")
        if is_obsolete and not text.startswith("#~|"):
            text = text[2:].lstrip()
        _refuse_lone_cr(text, name, number)
        found = None if text.startswith("#") else _ITEM.fullmatch(text)
        if found is not None or text.startswith("#"):  # all but a few lines
            yield _item_of(found, raw, number, text, is_obsolete)
            continue
        cut = _cut_line(text, name, number)
        start = decoded.index(text)
        ends = [len(decoded[: start + each.end()].encode(charset.name)) for each in cut[:-1]]
        for each, begin, end in zip(cut, [0, *ends], [*ends, len(raw)], strict=True):
            yield _item_of(each, raw[begin:end], number, each.group(), is_obsolete)


def _cut_line(text: str, name: str, number: int) -> list[re.Match[str]]:
    """Find the items of a line."""
    found: list[re.Match[str]] = []
    place = 0
    while place < len(text):
        match = _COMMENT.match(text, place) or _ITEM.match(text, place)
        if match is None or match.end() == place:
            raise _error(
                name,
                number,
                f"{text[:40]!r} is no line of a PO file; a string stands in double quotes, after "
                "msgid or msgstr; mend the line (`msgfmt -c` lists all)",
            )
        found.append(match)
        place = match.end()
    return found


def _item_of(
    found: re.Match[str] | None, raw: bytes, number: int, text: str, is_obsolete: bool
) -> Item:
    if found is None or found.re is _COMMENT:
        return Item(raw, number, text)
    keyword, form, string = found.groups()
    key = "" if keyword is None else keyword if form is None else f"{keyword}[{int(form)}]"
    return Item(raw, number, "", key, string, is_obsolete)


def _refuse_lone_cr(text: str, name: str, number: int) -> None:
    if "\r" not in text:
        return
    is_comment = text.startswith("#")
    if _CR_BEFORE_ITEM.search(text) if is_comment else "\r" in _LITERAL.sub("", text):
        raise CorpusError(lone_cr(name, number + 1))


def parse(items: Iterable[Item], name: str) -> Iterator[Message]:
    """Yield the messages of items.

    Raises:
        CorpusError: They are in no order in which they make messages.
    """
    message, key, size = Message(), "", 0
    for place, item in enumerate(items):
        if item.keyword in _FIRST or item.text.startswith("#"):
            if key.startswith("msgstr"):
                yield _checked(message, name)
            if key.startswith(("msgstr", "domain")):
                message, key, size = Message(), "", 0
        if not item.keyword and item.string is None:
            message.take_comment(item.text, place)
            continue
        message.is_obsolete |= item.is_obsolete
        if item.keyword:
            key = item.keyword
            if key in message.strings:
                raise _error(name, item.line, f"a second {key} in one entry; remove one")
            message.strings[key] = ""
            message.lines[key] = item.line
            message.spans[key] = (place, place)
        elif not key:
            raise _error(name, item.line, "a string without a keyword, such as msgid, before it")
        size += len(item.raw)
        if size > MAX_LINE_BYTES:
            raise _error(name, item.line, _too_long(message))
        string = unescape(item.string or "")
        if "\0" in string and not item.is_obsolete:
            raise _error(name, item.line, "a string with \\0, which no text holds; remove it")
        message.strings[key] += string
        message.spans[key] = (message.spans[key][0], place + 1)
    if key.startswith("msgstr"):
        yield _checked(message, name)
    elif key not in ("", "domain"):
        raise _error(
            name,
            message.line,
            "the file ends in the midst of a message, which begins here and has no msgstr; get the "
            "file again, or write the rest of it",
        )


def _too_long(message: Message) -> str:
    return (
        f"a message of more than {MAX_LINE_BYTES:,} bytes, which begins in line {message.line + 1};"
        " a message is a sentence or a paragraph; split it, or remove it"
    )


def _checked(message: Message, name: str) -> Message:
    """Return a message whose parts fit together; obsolete ones are nobody's."""
    if message.is_obsolete:
        return message
    strings, lines = message.strings, message.lines
    forms = [key for key in strings if key.startswith("msgstr[")]
    first = forms[0] if forms else "msgstr"
    if "msgid" not in strings:
        raise _error(name, lines[first], f"{first} without a msgid before it; mend the entry")
    if forms and "msgid_plural" not in strings:
        raise _error(
            name,
            lines[first],
            f"{first} without msgid_plural; write msgstr if it has no plural, or add msgid_plural",
        )
    if "msgid_plural" not in strings:
        return message
    if not forms or "msgstr" in strings:
        raise _error(
            name,
            lines["msgstr"],
            "msgstr in an entry with msgid_plural; its forms are msgstr[0], msgstr[1], ...",
        )
    for number, key in enumerate(forms):
        if key != f"msgstr[{number}]":
            raise _error(
                name,
                lines[key],
                f"{key} in the place of msgstr[{number}]; an entry with msgid_plural has "
                "msgstr[0], msgstr[1], ... in this order; mend the entry",
            )
    return message


def _decode(line: bytes, charset: Charset, name: str, number: int) -> str:
    try:
        decoded = line.decode(charset.name)
    except UnicodeDecodeError as error:
        found = f"byte {line[error.start]:#04x} is not {charset.name.upper()}, which "
        rule = "the header says the file is in; correct the header, or convert the file"
        if not charset.is_named:
            rule = (
                "a PO file is in whose header names no charset; name it there, as in "
                '"Content-Type: text/plain; charset=ISO-8859-1\\n"; or is this no PO file?'
            )
        raise _error(name, number, found + rule) from error
    if "\0" in decoded:
        place = line.find(b"\0") + 1
        raise _error(name, number, f"byte {place} of the line is 0x00, {nul(name)}")
    return decoded


def _error(name: str, number: int, text: str) -> CorpusError:
    return CorpusError(f"{name}:{number + 1}: {text}")
