"""SubRip subtitles: a number, a time, and the lines of the subtitle, which are a **unit**."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby

from seqcli.corpus.formats.document import Text, as_text
from seqcli.corpus.formats.plain import PlainFile, end_of, is_text_line, join_wrapped, wrap
from seqcli.errors import CorpusError

_CLOCK = r"(?:\d+\s*:\s*)?\d+\s*:\s*\d+(?:\s*[,.:]\s*\d+)?"
_TIME = re.compile(rf"[\s\ufeff]*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s+\w+:\S+)*\s*\Z")
_NUMBER = re.compile(r"[\s\ufeff]*\d+\s*\Z")
# Of times that are damaged.
_ARROW = re.compile(r"\d\s*[:.,]\s*\d+\s*-->|-->\s*\d+\s*[:.,]\s*\d")
_CLOCK_FIRST = re.compile(r"\s*\d+\s*:\s*\d+\s*:\s*\d")
_TAGS = r"(?:\s|<[^<>]*>|\{[^{}]*\})*"
_DASH = r"(?:[-–—―♪♫♬]+|>{2,})\s*(?=\S)"  # a line of a song begins as a speaker does
# A name, such as "MRS. SMITH 2 (ON PHONE):", with tags around it.
_NAME = r"([\[(]?[^\W_][^\n:：<>{}]{0,40})(?:<[^<>]*>|\{[^{}]*\})*[:：](?:</[^<>]*>)*(?:\s+|\Z)"
_DASHED = re.compile(_TAGS + _DASH)
_NAMED = re.compile(f"(?:{_TAGS}{_DASH})?{_TAGS}{_NAME}")
_RULE = "a subtitle is a number, a time such as 00:00:01,000 --> 00:00:02,500, and then its text"


def _refuse(name: str, number: int, line: str, problem: str) -> str:
    return f"{name}:{number + 1}: {line.strip()[:80]!r} {problem}; {_RULE}; correct this place"


class SrtDocument(PlainFile):
    """A file of subtitles; a translation has as many lines as its subtitle, if it is that long.

    Text behind a blank line, where the next subtitle could begin, is one more unit.
    """

    def __init__(self, data: bytes, name: str, *, langs: tuple[str, str] | None = None) -> None:
        """Read it whole; the file does not say its languages.

        Raises:
            CorpusError: A line is neither part of a number and a time nor text that follows them.
        """
        super().__init__(data, name)
        self._wraps: list[tuple[int, str]] = []  # lines and line end of each unit
        self._is_time = [_TIME.match(line) is not None for line in self.lines]
        if not any(self._is_time) and not any(map(_ARROW.search, self.lines)):
            self._refuse_text(name)
            return
        self._first_time = next((n for n, is_time in enumerate(self._is_time) if is_time), 1 << 30)
        for first, stop in self._runs():
            place, problem = self._check(first, stop)
            if problem:
                raise CorpusError(_refuse(name, place, self.lines[place], problem))
            self._add_subtitle(first, stop)

    def _refuse_text(self, name: str) -> None:
        """Refuse a file without any time, if it has text."""
        numbers = [number for number, line in enumerate(self.lines) if is_text_line(line)]
        clock = next((n for n in numbers if _CLOCK_FIRST.match(self.lines[n])), None)
        if clock is not None:
            raise CorpusError(_refuse(name, clock, self.lines[clock], "is no time"))
        if numbers:
            line = self.lines[numbers[0]].strip()[:80]
            raise CorpusError(
                f"{name}:{numbers[0] + 1}: {line!r} begins the text, and no line of the file is a "
                "time such as 00:00:01,000 --> 00:00:02,500; is this SubRip (.srt)? Else give "
                "--format paragraphs, or lines"
            )

    def _precedes_time(self, number: int) -> bool:
        return number + 1 < len(self.lines) and self._is_time[number + 1]

    def _runs(self) -> Iterator[tuple[int, int]]:
        """Yield where lines begin and end that are neither times, nor numbers, nor blank."""
        numbers = range(len(self.lines))
        for is_text, group in groupby(numbers, self._is_text):
            if is_text:
                first, *others = group
                yield first, first + 1 + len(others)

    def _is_text(self, number: int) -> bool:
        line = self.lines[number]
        if self._is_time[number] or not is_text_line(line):
            return False
        is_alone = not any(self._has_text(each) for each in (number - 1, number + 1))
        return not (_NUMBER.match(line) and (is_alone or self._precedes_time(number)))

    def _has_text(self, number: int) -> bool:
        return 0 <= number < len(self.lines) and is_text_line(self.lines[number])

    def _check(self, first: int, stop: int) -> tuple[int, str]:
        """Return which of these lines is not what it should be, and why; "" if all are."""
        is_behind = first > 0 and self._is_time[first - 1]
        is_cue = not is_behind and _NUMBER.match(self.lines[first]) is not None
        for number in range(first, stop):
            begins = not is_behind if number == first else _NUMBER.match(self.lines[number - 1])
            is_clock = begins and _CLOCK_FIRST.match(self.lines[number])
            if is_clock or _ARROW.search(self.lines[number]) or (is_cue and number == first + 1):
                return number, "is no time"
        if self._precedes_time(stop - 1):
            return stop - 1, "is no number"
        if not (is_behind or first > self._first_time):
            return first, "stands before the first time"
        return first, ""

    def _add_subtitle(self, first: int, stop: int) -> None:
        """Add a unit for each speaker of a subtitle; what says who speaks is no part of it."""
        lines = [self.lines[n].rstrip("\r\n") for n in range(first, stop)]
        groups: list[tuple[int, int, list[str]]] = []  # first line, where its text begins, lines
        is_begun = False
        for number, line in enumerate(lines, first):
            start = _speaker_end(line)
            is_alone = start == len(line)  # the name: the text begins in the next line
            if not is_alone and (start or not is_begun):
                groups.append((number, start or len(line) - len(line.lstrip()), []))
            if not is_alone:
                groups[-1][2].append(line)
            is_begun = not is_alone
        for number, start, chosen in groups:
            self._add_text(number, start, chosen)

    def _add_text(self, first: int, start: int, lines: list[str]) -> None:
        last = first + len(lines) - 1
        text = join_wrapped([lines[0][start:], *lines[1:]])
        self.add(first, start, len(lines[-1].rstrip()), (text,), last=last)
        self._wraps.append((len(lines), end_of(self.lines[first]) or "\n"))

    def is_whole(self, number: int, text: Text) -> bool:
        """Tell whether no line of a subtitle would be read as a time."""
        lines = self._wrap(number, text).splitlines()
        return not any(_TIME.match(line) or _ARROW.search(line) for line in lines)

    def write(self, targets: Mapping[int, Text]) -> bytes:
        """Return the file with these subtitles."""
        return self.write_texts({n: self._wrap(n, text) for n, text in targets.items()})

    def _wrap(self, number: int, text: Text) -> str:
        count, end = self._wraps[number]
        plain = as_text(text).strip()
        width = -(-len(plain) // count)
        while len(lines := wrap((plain,), width)) > count:
            width += 1
        # A line must not begin as that of another speaker.
        return plain if any(map(_speaker_end, lines[1:])) else end.join(lines)


def _speaker_end(line: str) -> int:
    """Return where the text behind a dash or the name of a speaker begins; 0 if there is none."""
    named = _NAMED.match(line)
    if named and named[1].isupper():
        return named.end()
    dash = _DASHED.match(line)
    return dash.end() if dash else 0
