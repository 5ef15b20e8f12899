"""What is copied and not translated, such as URLs -> marks that a model carries over, and back.

Place: lines -> **masked lines** -> pieces, in preprocess; the translator masks its input in the
same way and puts the originals back into its output.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from seqcli.corpus.pairs import SentencePair
from seqcli.errors import SettingsError

# The kinds, in the order in which they are looked for: a URL with a number in it is one URL.
PATTERNS = {
    "tag": r"</?[A-Za-z][^<>]*>",
    "url": r"(?:\b[A-Za-z][A-Za-z0-9+.-]{1,15}://|www\.)[^\s<>\"”»]*[^\s<>\"”».,;:!?)\]]",
    "email": r"(?:mailto:)?[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "placeholder": r"\{\{?[^{}]*\}?\}|%(?:\(\w+\))?(?:\d+\$)?[sdif]|\$\{[^{}]*\}|__\w+__",
    "number": r"(?<!\w)\d+(?:[.,:/-]\d+)*(?!\w)",
}
MOST = 9  # spans of a line that are protected; others are translated
MARKS = tuple(f"⟦{number}⟧" for number in range(1, MOST + 1))
_BRACKET = re.compile("[⟦⟧]")


@dataclass(frozen=True)
class Masked:
    """A line with marks, and what each stands for: span n for mark n."""

    text: str
    spans: tuple[str, ...]


class Protection:
    """Looks for some kinds of text."""

    def __init__(self, kinds: Sequence[str]) -> None:
        """Look for these.

        Raises:
            SettingsError: If there is no such kind.
        """
        for kind in kinds:
            if kind not in PATTERNS:
                raise SettingsError(
                    f"protect: found {kind!r}; it must be some of {', '.join(PATTERNS)}"
                )
        chosen = [pattern for kind, pattern in PATTERNS.items() if kind in kinds]
        self._pattern = re.compile("|".join(f"(?:{pattern})" for pattern in chosen) or r"(?!)")
        self.is_on = bool(chosen)

    def mask(self, line: str) -> Masked:
        """Put marks in the place of what is protected; a line with marks of its own stays."""
        spans = self._spans_of(line)
        return Masked(self._replace(line, spans), tuple(spans))

    def mask_pair(self, pair: SentencePair) -> SentencePair:
        """Put marks into both sides, in the place of what both have equally often.

        So a model learns that a mark is carried over. What one side alone has is not copied, such
        as a number that the other writes as a word.
        """
        spans = self.shared_spans(pair)
        return SentencePair(*(self._replace(side, spans) for side in pair))

    def shared_spans(self, pair: SentencePair) -> list[str]:
        """Return what both sides have equally often: span n is what mark n of the pair is for."""
        src, tgt = self._spans_of(pair.src), Counter(self._spans_of(pair.tgt))
        counts = Counter(src)
        return [span for span in src if counts[span] == tgt[span]]

    def _spans_of(self, line: str) -> list[str]:
        if _BRACKET.search(line):
            return []
        return [match.group() for match in self._pattern.finditer(line)][:MOST]

    def _replace(self, line: str, spans: Sequence[str]) -> str:
        """Replace spans by their marks, wherever they are found as such; one mark for one span."""
        if not spans:
            return line
        waiting: dict[str, list[str]] = {}
        for mark, span in zip(MARKS, spans, strict=False):
            waiting.setdefault(span, []).append(mark)

        def swap(match: re.Match[str]) -> str:
            marks = waiting.get(match.group())
            return marks.pop(0) if marks else match.group()

        return self._pattern.sub(swap, line)


def unmask(text: str, spans: Sequence[str]) -> str | None:
    """Put the spans back; None if a mark is missing, is there twice, or stands for nothing."""
    found = re.findall(r"⟦\d+⟧", text)
    if sorted(found) != sorted(MARKS[: len(spans)]):
        return None
    return fill_in(text, spans)


def fill_in(text: str, spans: Sequence[str]) -> str:
    """Put the spans back wherever their marks are, however often."""
    for mark, span in zip(MARKS, spans, strict=False):
        text = text.replace(mark, span)
    return text


def number_anew(masked: Masked, parts: Sequence[str]) -> list[Masked]:
    """Return parts of a masked line, each with marks from 1 on and what those stand for.

    Args:
        masked: The line.
        parts: Of its text; no mark is cut in two.
    """
    if not masked.spans:
        return [Masked(part, ()) for part in parts]
    cut = []
    for part in parts:
        spans: list[str] = []

        def count(match: re.Match[str], spans: list[str] = spans) -> str:
            spans.append(masked.spans[MARKS.index(match.group())])
            return MARKS[len(spans) - 1]

        cut.append(Masked(re.sub(r"⟦\d⟧", count, part), tuple(spans)))
    return cut


def cut_around(masked: Masked) -> list[tuple[str, bool]]:
    """Return the line in parts: text between marks, to be translated, and spans (True)."""
    parts: list[tuple[str, bool]] = []
    for part in re.split(r"(⟦\d+⟧)", masked.text):
        if part in MARKS[: len(masked.spans)]:
            parts.append((masked.spans[MARKS.index(part)], True))
        elif part:
            parts.append((part, False))
    return parts
