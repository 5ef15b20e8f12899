"""The sources of one split -> its pairs, each with its place, read as often as needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from seqcli.corpus.holdout import Sentences
from seqcli.corpus.pairs import SentencePair, is_blank, iter_entries
from seqcli.corpus.sources import ParallelSource
from seqcli.errors import CorpusError
from seqcli.files import sha256_of

BLANK = "blank"
TOO_LONG = "too long"
HELD_OUT = "also in the validation set"


class PlacedPair(NamedTuple):
    """A pair and where it stands."""

    path: Path  # of the source side
    number: int  # of the line, from 1; of a file without lines, of the entry
    pair: SentencePair


class Dropped:
    """Counts the pairs that are left out, by reason, with the place of the first one."""

    def __init__(self) -> None:
        """Start with none."""
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, str] = {}

    def add(self, reason: str, placed: PlacedPair) -> None:
        """Count a pair."""
        self.counts[reason] += 1
        self.examples.setdefault(reason, f"{placed.path}:{placed.number}")

    def __str__(self) -> str:
        """Say how many and why."""
        parts = (
            f"{count:,} {reason} (such as {self.examples[reason]})"
            for reason, count in self.counts.items()
        )
        return ", ".join(parts)


class Text:
    """The text of a split, in one or more sources."""

    def __init__(self, sources: Sequence[ParallelSource]) -> None:
        """Take the sources, and remember the state of their files."""
        self.sources = tuple(sources)
        self.count: int | None = None  # pairs of the latest pass that came to its end
        self._states = self._look()

    @property
    def paths(self) -> list[Path]:
        """All files, in the order in which they are read."""
        return [path for source in self.sources for path in source.paths]

    @property
    def has_marks(self) -> bool:
        """Whether pairs may have marks in the place of inline tags."""
        return any(source.has_marks for source in self.sources)

    @property
    def _names(self) -> list[Path]:
        return [name for source in self.sources for name in source.names]

    def iter_pairs(
        self, dropped: Dropped | None = None, *, without: Collection[SentencePair] = ()
    ) -> Iterator[PlacedPair]:
        """Read the pairs that have text on both sides.

        Args:
            dropped: Counts the pairs that are left out.
            without: Pairs that are elsewhere, each different: each is passed over once, and pairs
                that have a sentence in common with one of them are left out.

        Raises:
            CorpusError: What ``seqcli.corpus.iter_entries`` raises.
        """
        tally = Dropped() if dropped is None else dropped
        elsewhere, sentences = set(without), Sentences(without)
        count = 0
        for source in self.sources:
            name = source.names[0]
            for number, pair in iter_entries(source):
                placed = PlacedPair(name, number, pair)
                if is_blank(pair):
                    tally.add(BLANK, placed)
                elif pair in elsewhere:
                    elsewhere.remove(pair)
                elif without and sentences.covers(pair):
                    tally.add(HELD_OUT, placed)
                else:
                    count += 1
                    yield placed
        self.count = count

    def check_unchanged(self) -> None:
        """Check that the files are still what they were.

        Raises:
            CorpusError: One was changed meanwhile, so that two passes may not agree.
        """
        for name, before, now in zip(self._names, self._states, self._look(), strict=True):
            if before != now:
                raise CorpusError(_changed(name))

    def hash_files(self) -> Iterator[tuple[Path, str]]:
        """Yield the name of each file with the SHA-256 of its bytes.

        Raises:
            CorpusError: One cannot be read any more.
        """
        for path, name in zip(self.paths, self._names, strict=True):
            try:
                yield name, sha256_of(path)
            except OSError as error:
                raise CorpusError(_changed(name)) from error

    def _look(self) -> list[tuple[int, int] | None]:
        return [_state_of(path) for path in self.paths]


def _changed(path: Path) -> str:
    return f"{path}: was changed while it was read; run the command again when it is complete"


def _state_of(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns
