"""Text files whose units are parts of the text itself, which a translation takes the place of."""

from __future__ import annotations

import codecs
from collections.abc import Mapping

from seqcli.corpus.formats.document import Document, Text, Unit, splice
from seqcli.errors import CorpusError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class PlainFile(Document):
    """The text of a file, cut into lines, and the parts that are units: lines from ... to ...

    The BOM, if there is one, is no part of the text. Lines keep their ends.
    """

    def __init__(self, data: bytes, name: str) -> None:
        """Decode it.

        Raises:
            CorpusError: It is neither UTF-8 nor UTF-16 with a BOM.
        """
        self._bom, self._encoding = next(
            ((mark, each) for mark, each in _BOMS if data.startswith(mark)), (b"", "utf-8")
        )
        self._data = data
        try:
            text = data[len(self._bom) :].decode(self._encoding)
        except UnicodeDecodeError as error:
            raise CorpusError(self._explain(len(self._bom) + error.start, name)) from error
        self.lines = [line + "\n" for line in text.split("\n")]
        self.lines[-1] = self.lines[-1][:-1]
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line.encode("utf-8")))
        self._text = text.encode("utf-8")
        self.units: list[Unit] = []
        self._places: list[tuple[int, int]] = []

    def _explain(self, place: int, name: str) -> str:
        """Say what is wrong at a byte of the file, before which all is text."""
        before = self._data[len(self._bom) : place].decode(self._encoding)
        number, line = before.count("\n") + 1, before.rpartition("\n")[2].encode(self._encoding)
        byte = len(line) + 1 + (len(self._bom) if number == 1 else 0)
        advice = "the file is cut short or damaged: write it again from its source"
        if self._encoding == "utf-8":
            advice = (
                "find out the encoding and convert the file, such as with "
                f"`iconv -f ISO-8859-1 -t UTF-8 {name} > NEW_FILE`"
            )
        return (
            f"{name}:{number}: byte {byte} of the line (byte {place + 1} of the file) is "
            f"{self._data[place]:#04x}, which is not {self._encoding.upper()}; {advice}"
        )

    def add(
        self, first: int, start: int, stop: int, text: Text, *, last: int | None = None
    ) -> None:
        """Add a unit: from a character of line ``first`` to one of line ``last``, from 0."""
        last = first if last is None else last
        places = (self._place(first, start), self._place(last, stop))
        self.units.append(Unit(first + 1, text, "", is_open=True))
        self._places.append(places)

    def _place(self, line: int, character: int) -> int:
        return self._starts[line] + len(self.lines[line][:character].encode("utf-8"))

    def write_texts(self, targets: Mapping[int, str]) -> bytes:
        """Return the file with other text in the places of units."""
        if not targets:
            return self._data
        changes = [(*self._places[n], text.encode("utf-8")) for n, text in targets.items()]
        text = splice(self._text, changes).decode("utf-8")
        return self._bom + text.encode(self._encoding)


def is_text_line(line: str) -> bool:
    """Tell whether a line holds anything but blanks."""
    return bool(line.strip())


def end_of(line: str) -> str:
    """Return how a line ends: CRLF, LF or, at the end of a file, nothing."""
    return "\r\n" if line.endswith("\r\n") else "\n" if line.endswith("\n") else ""


def join_wrapped(lines: list[str]) -> str:
    """Return wrapped lines as one."""
    return " ".join(line.strip() for line in lines)


def wrap(text: str, width: int) -> list[str]:
    """Break a text between words into lines of a width; one word may be longer."""
    import textwrap

    return textwrap.wrap(text, max(width, 1), break_long_words=False, break_on_hyphens=False) or [
        text
    ]
