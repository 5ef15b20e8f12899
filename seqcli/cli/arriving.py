"""A file, a pipe or a terminal -> groups of lines that are translated together.

Place: INPUT or stdin -> **groups of lines** -> the translator. A file is one group, read as it is
needed. A terminal gives groups of one line, so that a person sees each translation at once. A pipe
gives what has arrived: many lines when it is fast, single lines when it is slow.
"""

from __future__ import annotations

import io
import os
import queue
import stat
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from seqcli.corpus import decode_lines, iter_lines
from seqcli.corpus.formats.kinds import MOST_LOOKED_AT
from seqcli.corpus.opening import opened
from seqcli.errors import CorpusError, SettingsError

_STDIN = "standard input"
Look = Callable[[bytes], None]


def iter_line_groups(
    path: Path | None, *, most: int, look: Look | None = None
) -> Iterator[Iterable[str]]:
    """Yield the lines of a file, or of standard input if there is none, in groups.

    A mistake in the text is raised only after the group before it, so that what precedes it can
    be translated.

    Args:
        path: A text file, plain or packed, or a named pipe.
        most: Lines of a group that comes from a pipe, at the most.
        look: Gets the first bytes, of a pipe those that arrive first, before they are read as
            lines; what it raises is raised here, of a pipe in the place of the first group.

    Raises:
        CorpusError: When the text cannot be read or is not UTF-8.
        SettingsError: When standard input is needed and closed.
    """
    if path is not None and path.is_fifo():  # such as <(zcat text.gz)
        return _group_arriving(path.open("rb"), str(path), most, look)
    if path is not None:
        if look is not None and path.is_file():
            look(_start_of(path))
        return _group_all(iter_lines(path))
    if sys.stdin is None:
        raise SettingsError("standard input is closed; give a file as INPUT, or pipe text in")
    stream = sys.stdin.buffer
    if stream.isatty():
        return ([line] for line in decode_lines(stream, _STDIN))
    if _is_file(stream):
        if look is not None and stream.seekable():
            place = stream.tell()
            start = stream.read(MOST_LOOKED_AT)
            stream.seek(place)
            look(start)
        return _group_all(decode_lines(stream, _STDIN))
    return _group_arriving(stream, _STDIN, most, look)


def _start_of(path: Path) -> bytes:
    """Return the first bytes of a file; none if it cannot be read, which its reader tells."""
    try:
        with opened(path) as stream:
            return stream.read(MOST_LOOKED_AT)
    except CorpusError:
        return b""


def _is_file(stream: IO[bytes]) -> bool:
    """Tell what is all there from what arrives; a stream of memory counts as a file."""
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except OSError:
        return True
    return stat.S_ISREG(mode)


def _group_all(lines: Iterator[str]) -> Iterator[Iterable[str]]:
    errors: list[CorpusError] = []

    def until_error() -> Iterator[str]:
        try:
            yield from lines
        except CorpusError as error:
            errors.append(error)

    yield until_error()
    if errors:
        raise errors[0]


def _group_arriving(
    stream: IO[bytes], name: str, most: int, look: Look | None
) -> Iterator[Iterable[str]]:
    arrived: queue.Queue[str | Exception | None] = queue.Queue(most)
    # A stream of its own: at exit the interpreter must not wait for the lock of sys.stdin.
    own_stream = open(stream.fileno(), "rb", closefd=False)  # noqa: SIM115 - the thread's
    words = (arrived, own_stream, name, look)
    threading.Thread(target=_read_into, args=words, daemon=True).start()
    item: str | Exception | None = ""
    while isinstance(item, str):
        group = []
        item = arrived.get()
        while isinstance(item, str):
            group.append(item)
            if len(group) == most or arrived.empty():
                break
            item = arrived.get()
        if group:
            yield group
    if item is not None:
        raise item


def _read_into(
    arrived: queue.Queue[str | Exception | None],
    stream: io.BufferedReader,
    name: str,
    look: Look | None,
) -> None:
    try:
        if look is not None:
            look(stream.peek(MOST_LOOKED_AT))  # nothing of it is lost, or waited for
        for line in decode_lines(stream, name):
            arrived.put(line)
    except Exception as error:  # whatever it is, the main thread waits to hear of it
        arrived.put(error)
    else:
        arrived.put(None)
