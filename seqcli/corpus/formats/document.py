"""A translated document: **units**, and the file written again with other targets in it.

Place: bytes of a file -> the module of its format -> **Document** -> ``seqcli.documents``, which
translates the units -> bytes. What is no target is written as it was read, byte for byte.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Code:
    """What stands within a text and is no text, such as a tag, as the file spells it."""

    raw: str


Text: TypeAlias = Sequence[str | Code]


@dataclass(frozen=True)
class Unit:
    """A text that is translated by itself."""

    line: int  # where it begins in the file, from 1
    src: Text  # newlines in it are meant
    tgt: str  # as it stands in the file, without codes; "" if there is none
    is_open: bool  # whether it still has to be translated


def as_text(text: Text) -> str:
    """Return a text with its codes as the file spells them."""
    return "".join(part if isinstance(part, str) else part.raw for part in text)


class Document(ABC):
    """A file that was read."""

    units: list[Unit]
    skipped = 0  # units that are never translated, and are not among these

    def spell(self, text: Text) -> Text:
        """Return a target with its codes as they have to be in it."""
        return text

    def is_whole(self, number: int, text: Text) -> bool:
        """Tell whether a target of unit ``number`` would leave the file what it is."""
        return True

    def can_hold(self, text: str) -> bool:
        """Tell whether the file can have all characters of a text."""
        return True

    @abstractmethod
    def write(self, targets: Mapping[int, Text]) -> bytes:
        """Return the file with other targets, marked as made by a machine where it can say so.

        Args:
            targets: By the place of their unit in ``units``. All others stay as they are; without
                any the file is returned as it was read.
        """


def splice(data: bytes, changes: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Replace parts of the data: (start, end, what comes there), in any order, not overlapping."""
    parts, done = [], 0
    for start, end, new in sorted(changes, key=lambda change: change[:2]):
        parts += [data[done:start], new]
        done = end
    return b"".join([*parts, data[done:]])
