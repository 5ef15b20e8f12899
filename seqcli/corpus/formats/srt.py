"""SubRip subtitles: a number, a time, and the lines of the subtitle, which are a **unit**."""

from __future__ import annotations

import re
from collections.abc import Mapping

from seqcli.corpus.formats.document import Text, as_text
from seqcli.corpus.formats.plain import PlainFile, end_of, is_text_line, join_wrapped, wrap
from seqcli.errors import CorpusError

_TIME = re.compile(r"\s*\d+:\d+:\d+[,.]\d+\s*-->\s*\d+:\d+:\d+[,.]\d+")
_SPEAKER = re.compile(r"\s*[-–—]\s*\S")


class SrtDocument(PlainFile):
    """A file of subtitles; a translation has as many lines as its subtitle, if it is that long."""

    def __init__(self, data: bytes, name: str, *, langs: tuple[str, str] | None = None) -> None:
        """Read it whole; the file does not say its languages.

        Raises:
            CorpusError: There is text, and no time.
        """
        super().__init__(data, name)
        self._wraps: list[tuple[int, str]] = []  # lines and line end of each unit
        times = [n for n, line in enumerate(self.lines) if _TIME.match(line)]
        if not times and any(map(is_text_line, self.lines)):
            raise CorpusError(
                f"{name}: has no line such as 00:00:01,000 --> 00:00:02,500; is this SubRip (.srt)?"
            )
        for time in times:
            first = stop = time + 1
            while stop < len(self.lines) and is_text_line(self.lines[stop]):
                stop += 1
            self._add_subtitle(first, stop)

    def _add_subtitle(self, first: int, stop: int) -> None:
        lines = [self.lines[n].rstrip("\r\n") for n in range(first, stop)]
        if not lines:
            return
        has_speakers = len(lines) > 1 and all(map(_SPEAKER.match, lines))
        groups = [[n] for n in range(len(lines))] if has_speakers else [list(range(len(lines)))]
        for group in groups:
            chosen = [lines[n] for n in group]
            start = len(chosen[0]) - len(chosen[0].lstrip())
            if has_speakers and (mark := re.match(r"\s*[-–—]\s*", chosen[0])):
                start = mark.end()
            text = join_wrapped([chosen[0][start:], *chosen[1:]])
            self.add(
                first + group[0], start, len(chosen[-1].rstrip()), (text,), last=first + group[-1]
            )
            self._wraps.append((len(group), end_of(self.lines[first]) or "\n"))

    def write(self, targets: Mapping[int, Text]) -> bytes:
        """Return the file with these subtitles."""
        return self.write_texts({n: self._wrap(n, text) for n, text in targets.items()})

    def _wrap(self, number: int, text: Text) -> str:
        count, end = self._wraps[number]
        plain = " ".join(as_text(text).split())
        width = -(-len(plain) // count)
        while len(lines := wrap(plain, width)) > count:
            width += 1
        return end.join(lines)
