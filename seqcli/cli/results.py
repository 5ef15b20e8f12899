"""Where results go: standard output, or a file that appears when it is complete."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TextIO

from seqcli.errors import SettingsError
from seqcli.files import replacing


def open_results(path: Path | None) -> AbstractContextManager[TextIO]:
    """Return a block that lends a text stream for results, UTF-8 with plain line feeds.

    Args:
        path: A file that is replaced when the block has ended well; None is standard output.

    Raises:
        SettingsError: At once, when the path cannot be a file, or standard output is closed.
        SeqcliError: In the block, when the file cannot be written.
    """
    if path is None:
        require_stdout("give a file with --output")
        return nullcontext(sys.stdout)
    if path.is_dir():
        raise SettingsError(f"--output {path}: is a directory; give the path of a file")
    if not path.parent.is_dir():
        raise SettingsError(f"--output {path}: there is no directory {path.parent}; make it first")
    return _write_file(path)


def require_stdout(advice: str = "leave it open, or send it to a file") -> None:
    """Check that results can be printed.

    Raises:
        SettingsError: Standard output is closed.
    """
    if sys.stdout is None:
        raise SettingsError(f"standard output is closed; {advice}")


@contextmanager
def _write_file(path: Path) -> Iterator[TextIO]:
    with (
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as stream,
    ):
        yield stream
