"""Where results go: standard output, or a file that appears when it is complete."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TextIO

from seqcli.errors import SettingsError
from seqcli.files import replacing, require_other_file


def open_results(path: Path | None, *, flag: str = "--output") -> AbstractContextManager[TextIO]:
    """Return a block that lends a text stream for results, UTF-8 with plain line feeds.

    Args:
        path: A file that is replaced when the block has ended well; None is standard output.
        flag: By which it was given, for messages.

    Raises:
        SettingsError: At once, when the path cannot be a file, or standard output is closed.
        SeqcliError: In the block, when the file cannot be written.
    """
    if path is None:
        require_stdout(f"give a file with {flag}")
        return nullcontext(sys.stdout)
    if path.is_dir():
        raise SettingsError(f"{flag} {path}: is a directory; give the path of a file")
    if not path.parent.is_dir():
        raise SettingsError(f"{flag} {path}: there is no directory {path.parent}; make it first")
    return _write_file(path)


def require_other_outputs(
    output: Path | None, alignments: Path | None, inputs: Sequence[Path | None]
) -> None:
    """Check that neither file replaces what is read, nor the other one.

    Args:
        output: What --output names; None for standard output.
        alignments: What --alignments names, if anything.
        inputs: What is read; None for standard input, which may be a file as well.

    Raises:
        SettingsError: One does.
    """
    paths = [Path("/dev/stdin") if path is None else path for path in inputs]
    for flag, path in (("--output", output), ("--alignments", alignments)):
        if path is not None:
            require_other_file(path, paths, what=flag)
    if output is not None and alignments is not None and _is_one_file(output, alignments):
        raise SettingsError(
            f"--alignments {alignments}: is the file of --output too; give each its own"
        )


def _is_one_file(path: Path, other: Path) -> bool:
    is_device = path.exists() and not path.is_file()
    return path.resolve() == other.resolve() and not is_device


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
