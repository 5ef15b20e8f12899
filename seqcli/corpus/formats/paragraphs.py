"""Plain text in paragraphs: blank lines part them, and lines within one are wrapped."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from seqcli.corpus.formats.document import Text, as_text
from seqcli.corpus.formats.plain import PlainFile, end_of, is_text_line, join_wrapped, wrap


class ParagraphsDocument(PlainFile):
    """A text whose paragraphs are units; a translation is wrapped as wide as they were."""

    def __init__(self, data: bytes, name: str, *, langs: tuple[str, str] | None = None) -> None:
        """Read it whole; the text does not say its languages.

        Raises:
            CorpusError: As PlainFile.
        """
        super().__init__(data, name)
        self._wraps: list[tuple[int, str, str]] = []  # width, line end and indent of each unit
        for is_text, group in groupby(
            range(len(self.lines)), lambda n: is_text_line(self.lines[n])
        ):
            if not is_text:
                continue
            numbers = list(group)
            lines = [self.lines[n].rstrip("\r\n") for n in numbers]
            start = len(lines[0]) - len(lines[0].lstrip())
            stop = len(lines[-1].rstrip())
            text = join_wrapped(lines)
            self.add(numbers[0], start, stop, (text,), last=numbers[-1])
            width = max(map(len, lines)) if len(lines) > 1 else max(len(text), 1 << 30)
            follow = lines[1] if len(lines) > 1 else ""
            indent = follow[: len(follow) - len(follow.lstrip())]
            self._wraps.append((width, end_of(self.lines[numbers[0]]) or "\n", indent))

    def write(self, targets: Mapping[int, Text]) -> bytes:
        """Return the file with these paragraphs."""
        return self.write_texts({n: self._wrap(n, text) for n, text in targets.items()})

    def _wrap(self, number: int, text: Text) -> str:
        width, end, indent = self._wraps[number]
        return (end + indent).join(wrap(as_text(text), width - len(indent)))
