"""Bytes on disk -> **lines**: UTF-8, plain or packed, with the place of every fault.

A line ends at a line feed only, and one carriage return before it goes with it. U+2028, U+0085,
form feed and a lone carriage return are text: ``str.splitlines`` would cut there and shift one
side of a corpus against the other. A long text whose lines all end in CR alone is refused.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from seqcli.corpus.opening import opened
from seqcli.errors import CorpusError

_LEAST_BYTES, _LEAST_CRS = 1000, 10  # of a file without LF whose lines must end in CR
MAX_LINE_BYTES = 1 << 20  # a longer line is not a sentence, and would have to fit into memory


def iter_lines(path: Path, *, on_fault: Callable[[str], None] | None = None) -> Iterator[str]:
    """Read a text file, plain or packed (told by its content), line by line.

    Args:
        path: A UTF-8 file; a byte-order mark at its start is dropped.
        on_fault: As for ``decode_lines``.

    Yields:
        Each line without its end; the last one whether or not a line feed ends it.

    Raises:
        CorpusError: The file cannot be read, is not UTF-8, holds a NUL or a line of more than
            MAX_LINE_BYTES, or is damaged.
    """
    with opened(path) as stream:
        yield from decode_lines(stream, str(path), on_fault=on_fault)


def decode_lines(
    stream: IO[bytes], name: str, *, on_fault: Callable[[str], None] | None = None
) -> Iterator[str]:
    """Cut a stream of bytes into lines, each as soon as it is complete.

    Args:
        stream: UTF-8 bytes, such as ``sys.stdin.buffer``; read once, never rewound.
        name: What messages call it.
        on_fault: Gets the message of each fault in the place of a CorpusError; reading goes on,
            with U+FFFD for what is not UTF-8, and with the start of a line that is too long.

    Yields:
        Each line without its end.

    Raises:
        CorpusError: Bytes that are not UTF-8, a NUL, a line of more than MAX_LINE_BYTES, or a long
            text without any line feed that has many carriage returns.
    """
    start = 0  # bytes before this line
    number = 0
    while raw := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        try:
            if number == 1 and _ends_in_cr(raw):
                raise CorpusError(lone_cr(name, number))
            if len(raw) > MAX_LINE_BYTES:
                raise CorpusError(
                    f"{name}:{number}: a line of more than {MAX_LINE_BYTES:,} bytes; text has one "
                    "sentence in a line; is this a text file?"
                )
            line = _decode(raw, name=name, number=number, start=start)
        except CorpusError as error:
            if on_fault is None:
                raise
            on_fault(str(error))
            line = raw.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
        yield line
        start += len(raw)
        while len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):  # the rest of a long line
            raw = stream.readline(MAX_LINE_BYTES + 1)
            start += len(raw)


def _ends_in_cr(raw: bytes) -> bool:
    """Tell whether the first line of a file is many lines that end in CR."""
    return not raw.endswith(b"\n") and len(raw) > _LEAST_BYTES and raw.count(b"\r") >= _LEAST_CRS


def lone_cr(name: str, number: int) -> str:
    """Return the message for a file whose lines end in CR alone, seen in line ``number``."""
    return (
        f"{name}:{number}: lines end in CR alone here, and must end in LF or CRLF; convert the "
        f"file with `tr '\\r' '\\n' < {name} > NEW_FILE`"
    )


def _decode(raw: bytes, *, name: str, number: int, start: int) -> str:
    body = raw.removesuffix(b"\n").removesuffix(b"\r")
    if start == 0:
        body = body.removeprefix(codecs.BOM_UTF8)
    try:
        line = body.decode("utf-8")
        bad = body.find(b"\0")
    except UnicodeDecodeError as error:
        line, bad = "", error.start
    if bad < 0:
        return line
    offset = bad + (len(codecs.BOM_UTF8) if raw.startswith(codecs.BOM_UTF8) and start == 0 else 0)
    value = body[bad]
    raise CorpusError(
        f"{name}:{number}: byte {offset + 1} of the line (byte {start + offset + 1} of the file) "
        f"is 0x{value:02x}, {_advice(value, raw, start=start, name=name)}"
    )


def _advice(value: int, raw: bytes, *, start: int, name: str) -> str:
    if start == 0 and raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return (
            "as in UTF-16; text must be UTF-8; convert it with "
            f"`iconv -f UTF-16 -t UTF-8 {name} > NEW_FILE`"
        )
    if value == 0:
        return nul(name)
    return (
        "which is not UTF-8; find out the encoding and convert the file, such as with "
        f"`iconv -f ISO-8859-1 -t UTF-8 {name} > NEW_FILE`"
    )


def nul(name: str, *, may_be_utf_16: bool = True) -> str:
    """Return what messages say of a NUL in a file."""
    delete = f"delete it with `tr -d '\\000' < {name} > NEW_FILE`"
    if not may_be_utf_16:
        return "which no text holds; delete it, or write the file again from its source"
    return (
        "which no text holds; if this is UTF-16, convert it with "
        f"`iconv -f UTF-16LE -t UTF-8 {name} > NEW_FILE`, else {delete}"
    )
