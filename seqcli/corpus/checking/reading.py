"""The two sides of a corpus, **each for itself**, with faults noted and not raised.

A side is read as often as a check needs it; nothing of it is held but what was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from seqcli.corpus.lines import iter_lines
from seqcli.corpus.sources import ParallelSource

CHUNK = 4096  # lines

Fault = Callable[[str], None]


@dataclass(frozen=True)
class Side:
    """The lines of one side of a source."""

    path: Path
    column: int | None = None  # of a TSV file

    def iter_lines(self, on_fault: Fault | None = None) -> Iterator[str]:
        """Yield the lines.

        Args:
            on_fault: Gets the message of each line that cannot be read as it is.

        Raises:
            CorpusError: The file cannot be read at all.
        """
        note = on_fault or (lambda message: None)
        lines = iter_lines(self.path, on_fault=note)
        if self.column is None:
            return lines
        return self._iter_column(lines, note)

    def _iter_column(self, lines: Iterator[str], note: Fault) -> Iterator[str]:
        for number, line in enumerate(lines, start=1):
            columns = line.split("\t") if line.strip() else ["", ""]
            if len(columns) != 2:
                note(
                    f"{self.path}:{number}: {len(columns)} columns; a line must be the source, one "
                    "tab and the target (quotes have no meaning); mend the line"
                )
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
        return f"{self.path}:{line + 1}"


def sides_of(source: ParallelSource) -> tuple[Side, Side]:
    """Return both sides of a source."""
    if len(source.paths) == 1:
        return Side(source.paths[0], 0), Side(source.paths[0], 1)
    return Side(source.paths[0]), Side(source.paths[1])
