"""Text files whose units are parts of the text itself, which a translation takes the place of."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping

from seqcli.corpus.formats.document import Document, Text, Unit, splice
from seqcli.corpus.lines import nul
from seqcli.errors import CorpusError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE = re.compile("[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\\Z")
# A tag or a placeholder, blanks at which a line may be broken, or something else.
_PIECE = re.compile(r"<[^<>\s][^<>]*>|\{[^{}]*\}|[ \t\n]+|[^ \t\n<{]+|[<{]")
_BLANKS = re.compile(r"[ \t\n]")


class PlainFile(Document):
    """The text of a file, cut into lines, and the parts that are units: lines from ... to ...

    The BOM, if there is one, is no part of the text. Lines keep their ends, which are CRLF, LF, or
    CR alone.
    """

    def __init__(self, data: bytes, name: str) -> None:
        """Decode it.

        Raises:
            CorpusError: It is neither UTF-8 nor UTF-16 with a BOM, or has a NUL in it.
        """
        self._bom, self._encoding = next(
            ((mark, each) for mark, each in _BOMS if data.startswith(mark)), (b"", "utf-8")
        )
        self._data = data
        try:
            text = data[len(self._bom) :].decode(self._encoding)
        except UnicodeDecodeError as error:
            advice = self._advise(name)
            raise CorpusError(self._explain(error.start, name, advice)) from error
        if (bad := text.find("\0")) >= 0:
            place = len(text[:bad].encode(self._encoding))
            raise CorpusError(self._explain(place, name, nul(name, may_be_utf_16=not self._bom)))
        self.lines = _LINE.findall(text)
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line.encode("utf-8")))
        self._text = text.encode("utf-8")
        self.units: list[Unit] = []
        self._places: list[tuple[int, int]] = []

    def _explain(self, place: int, name: str, advice: str) -> str:
        """Say what is wrong at a byte behind the BOM, before which all is text."""
        place += len(self._bom)
        before = self._data[len(self._bom) : place].decode(self._encoding)
        lines = _LINE.findall(f"{before}?")
        number, line = len(lines), lines[-1][:-1].encode(self._encoding)
        byte = len(line) + 1 + (len(self._bom) if number == 1 else 0)
        return (
            f"{name}:{number}: byte {byte} of the line (byte {place + 1} of the file) is "
            f"{self._data[place]:#04x}, {advice}"
        )

    def _advise(self, name: str) -> str:
        advice = "the file is cut short or damaged: write it again from its source"
        if self._encoding == "utf-8":
            advice = (
                "find out the encoding and convert the file, such as with "
                f"`iconv -f ISO-8859-1 -t UTF-8 {name} > NEW_FILE`"
            )
        return f"which is not {self._encoding.upper()}; {advice}"

    def add(
        self, first: int, start: int, stop: int, text: Text, *, last: int | None = None
    ) -> None:
        """Add a unit: from a character of line ``first`` to one of line ``last``, from 0."""
        last = first if last is None else last
        places = (self._place(first, start), self._place(last, stop))
        is_open = any(isinstance(part, str) and part.strip() for part in text)
        self.units.append(Unit(first + 1, text, "", is_open))
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
    """Return how a line ends: CRLF, LF, CR or, at the end of a file, nothing."""
    return line[len(line.rstrip("\r\n")) :]


def join_wrapped(lines: list[str]) -> str:
    """Return wrapped lines as one."""
    return " ".join(line.strip() for line in lines)


def wrap(
    text: Text, width: int, *, may_begin: Callable[[str], bool] = lambda word: True
) -> list[str]:
    """Break a text between words into lines of a width; one word may be longer.

    No line is broken within a code, a tag, or a placeholder.

    Args:
        text: What is not text in it stays whole.
        width: Characters of a line.
        may_begin: Tells whether a line may begin with a word; else that line becomes longer.
    """
    words, blanks = _words_of(text)
    lines = [words[0]]
    for blank, word in zip(blanks, words[1:], strict=True):
        longer = lines[-1] + blank + word
        if len(longer) <= width or not may_begin(word) or not lines[-1].strip():
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _words_of(text: Text) -> tuple[list[str], list[str]]:
    """Return the words, one at least, and the blanks between them."""
    words, blanks = [""], list[str]()
    for part in text:
        for piece in _PIECE.findall(part) if isinstance(part, str) else [part.raw]:
            if not (isinstance(part, str) and _BLANKS.match(piece)):
                words[-1] += piece
            elif blanks and not words[-1]:
                blanks[-1] += " " * len(piece)
            else:
                blanks.append(" " * len(piece))
                words.append("")
    if len(words) > 1 and not words[-1]:
        words.pop()
        blanks.pop()
    return words, blanks
