"""The two sides of a corpus, **each for itself**, with faults noted and not raised.

A side is read as often as a check needs it; nothing of it is held but what was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from seqcli.corpus.formats.base import TSV
from seqcli.corpus.formats.tsv import columns_of, wrong_columns
from seqcli.corpus.lines import iter_lines
from seqcli.corpus.pairs import iter_pairs
from seqcli.corpus.sources import ParallelSource

CHUNK = 4096  # lines

Fault = Callable[[str], None]


@dataclass(frozen=True)
class Side:
    """The lines of one side of a source."""

    path: Path  # what people know it by
    column: int | None = None  # of a file of both sides
    source: ParallelSource | None = None  # that file, unless it is a TSV

    def iter_lines(self, on_fault: Fault | None = None) -> Iterator[str]:
        """Yield the lines.

        Args:
            on_fault: Gets the message of each line of a text or a TSV file that cannot be read as
                it is.

        Raises:
            CorpusError: The file cannot be read at all, or one of another format has a fault.
        """
        if self.source is not None:
            return (pair[self.column or 0] for pair in iter_pairs(self.source))
        note = on_fault or (lambda message: None)
        lines = iter_lines(self.path, on_fault=note)
        if self.column is None:
            return lines
        return self._iter_column(lines, note)

    def _iter_column(self, lines: Iterator[str], note: Fault) -> Iterator[str]:
        for number, line in enumerate(lines, start=1):
            columns = columns_of(line)
            if len(columns) != 2:
                note(wrong_columns(str(self.path), number, line))
                columns = [*columns, ""]
            yield columns[self.column or 0]

    def iter_chunks(self, on_fault: Fault | None = None) -> Iterator[list[str]]:
        """Yield the lines in lists of CHUNK; the last list is shorter."""
        lines = self.iter_lines(on_fault)
        while chunk := list(islice(lines, CHUNK)):
            yield chunk

    def fetch(self, wanted: set[int]) -> dict[int, str]:
        """Return some lines by number, from 0; numbers that there are not are left out."""
        if not wanted:
            return {}
        upto = islice(self.iter_lines(), max(wanted) + 1)
        return {number: line for number, line in enumerate(upto) if number in wanted}

    def place(self, line: int) -> str:
        """Return how people find a line: file and number, from 1."""
        if self.source is not None and not self.source.format.is_by_line:
            return f"{self.path}: entry {line + 1}"
        return f"{self.path}:{line + 1}"


def sides_of(source: ParallelSource) -> tuple[Side, Side]:
    """Return both sides of a source."""
    if len(source.paths) == 1:
        name = source.names[0]
        file = None if source.format is TSV and not source.is_stdin else source
        return Side(name, 0, file), Side(name, 1, file)
    return Side(source.paths[0]), Side(source.paths[1])
