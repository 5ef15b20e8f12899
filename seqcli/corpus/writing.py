"""Pairs -> **text on disk**: two files or one TSV, which appear when all is written.

A pair stays one line: what would end it, or a tab in a TSV, becomes a space. Other characters at
which only other programs end a line are text.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from seqcli.corpus.formats.base import format_of, without_packing
from seqcli.corpus.pairs import SentencePair
from seqcli.corpus.sources import ParallelSource
from seqcli.errors import SettingsError
from seqcli.files import replacing

TSV = ".tsv"
_LINE_ENDS = re.compile(r"\r*\n|\r+\Z")
_LINE_ENDS_AND_TABS = re.compile(r"\r*\n|\r+\Z|\t")


class PairWriter:
    """Writes pairs to where ``open_pairs`` said."""

    def __init__(self, files: Sequence[IO[str]]) -> None:
        """Take one stream for a TSV, or two."""
        self._files = files
        self._breaks = _LINE_ENDS_AND_TABS if len(files) == 1 else _LINE_ENDS

    def write(self, pairs: Iterable[SentencePair]) -> None:
        """Write pairs, a line each."""
        rows = [tuple(self._one_line(side) for side in pair) for pair in pairs]
        if len(self._files) == 1:
            self._files[0].write("".join(f"{src}\t{tgt}\n" for src, tgt in rows))
            return
        for side, file in enumerate(self._files):
            file.write("".join(f"{row[side]}\n" for row in rows))

    def _one_line(self, text: str) -> str:
        return text if text.isprintable() else self._breaks.sub(" ", text)


def pair_paths(out: Path, src_lang: str, tgt_lang: str) -> tuple[Path, ...]:
    """Return the files of an output: a name that ends in .tsv, or both sides of a prefix.

    Raises:
        SettingsError: Both sides would be one file, or the name says a format or a packing that is
            not written.
    """
    if out.name.endswith(TSV):
        return (out,)
    if format_of(out.name) is not None or without_packing(out.name) != out.name:
        plain = without_packing(str(out))
        stem = plain[: plain.rindex(".")] if format_of(plain) else plain
        raise SettingsError(
            f"{out}: the output is two text files, OUT.{src_lang} and OUT.{tgt_lang}, or one file "
            f"whose name ends in {TSV}, none of them packed; give a prefix such as {stem}, or "
            f"{stem}{TSV}"
        )
    if src_lang == tgt_lang:
        raise SettingsError(
            f"{out}: src_lang and tgt_lang are both {src_lang!r}, so both sides would be one "
            "file; give each its own suffix"
        )
    return (Path(f"{out}.{src_lang}"), Path(f"{out}.{tgt_lang}"))


def check_outputs(paths: Iterable[Path], source: ParallelSource, *, overwrite: bool) -> None:
    """Check, before anything is read, that files can be written and nothing is lost by it.

    Raises:
        SettingsError: One has the name of a packed file, is a directory, is the text that is read,
            is twice there, has no folder, or exists and ``overwrite`` is off.
    """
    seen: set[Path] = set()
    for path in paths:
        if without_packing(path.name) != path.name:
            raise SettingsError(
                f"{path}: what is written is not packed; give a name without {path.suffix}"
            )
        if path.is_dir():
            raise SettingsError(f"{path}: this is a directory; give the name of a file")
        if not path.parent.is_dir():
            raise SettingsError(f"{path}: there is no directory {path.parent}; make it first")
        if path.resolve() in seen:
            raise SettingsError(f"{path}: two outputs would be this file; give them other names")
        seen.add(path.resolve())
        if not path.exists():
            continue
        if any(path.samefile(other) for other in source.paths if other.exists()):
            raise SettingsError(
                f"{path}: this is the text that is read; write to another file, and replace it "
                "when you have looked at the result"
            )
        if path.is_file() and not overwrite:
            raise SettingsError(f"{path}: exists; choose another name, or give --overwrite")


@contextlib.contextmanager
def open_text_files(paths: Sequence[Path]) -> Iterator[list[IO[str]]]:
    """Lend UTF-8 streams; all files appear when the block ends well, and none when it does not.

    Raises:
        SeqcliError: When the disk refuses.
    """
    with contextlib.ExitStack() as stack:
        # Every stream is closed before the first file is moved in place.
        names = [stack.enter_context(replacing(path)) for path in paths]
        yield [
            stack.enter_context(name.open("w", encoding="utf-8", newline="\n")) for name in names
        ]
