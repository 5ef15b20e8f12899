"""A translation memory in main memory: a line -> **what was made of it, or of one like it**.

Place: bilingual files -> **matches** -> the translator, which takes an exact one as it is. Imports
neither torch nor what compares lines, before it is used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seqcli.corpus.pairs import SentencePair, is_blank, iter_pairs
from seqcli.corpus.sources import find_source
from seqcli.errors import CorpusError, SettingsError

THRESHOLD = 0.75
_LEAST_THRESHOLD = 0.5  # below it, most of what is found has nothing to do with the line
_MARK = re.compile(r"⟦\d+⟧")  # of an inline tag: corpus/protection.py
_COMPARED = 8 << 20  # pairs of lines that are compared together, 4 bytes each


@dataclass(frozen=True)
class Match:
    """An entry of the memory, for some line."""

    src: str
    tgt: str
    score: float  # 1.0 if src is the line, else the similarity, from the threshold to below 1
    is_used: bool  # as the translation, in the place of the model's

    @property
    def is_exact(self) -> bool:
        """Whether the source is the line itself; whitespace at the ends does not count."""
        return self.score == 1.0


class TranslationMemory:
    """Pairs by their source. Of several targets of one source the most frequent is taken."""

    def __init__(
        self,
        pairs: Iterable[SentencePair],
        *,
        threshold: float = THRESHOLD,
        use_fuzzy: bool = False,
    ) -> None:
        """Take in pairs; those with a blank side are left out.

        Args:
            pairs: Of several targets that are equally frequent, the first one counts.
            threshold: Least similarity of a fuzzy match, from 0.5 to 1: the share of the characters
                of both lines that are in their longest common subsequence.
            use_fuzzy: Use fuzzy matches too, and do not only offer them; those whose inline tags
                are others than those of the line are only offered.

        Raises:
            SettingsError: The threshold is out of range.
        """
        if not _LEAST_THRESHOLD <= threshold <= 1:
            raise SettingsError(
                f"memory_threshold is {threshold:g}; it must be a number, at least "
                f"{_LEAST_THRESHOLD:g}, at most 1"
            )
        self.threshold = threshold
        self.use_fuzzy = use_fuzzy
        self.left_out = 0  # pairs with a blank side
        self._targets = self._collect(pairs)
        self._sources = list(self._targets)

    @classmethod
    def load(
        cls,
        *specs: str | Path,
        src_lang: str,
        tgt_lang: str,
        threshold: float = THRESHOLD,
        use_fuzzy: bool = False,
    ) -> TranslationMemory:
        """Read files: prefixes, or files of both sides such as ``memory.tmx``.

        Raises:
            CorpusError: One cannot be read, or there is no pair in them.
            SettingsError: The threshold is out of range, or a prefix names one file for both sides.
        """
        sources = [find_source(spec, src_lang, tgt_lang) for spec in specs]
        pairs = (pair for source in sources for pair in iter_pairs(source))
        memory = cls(pairs, threshold=threshold, use_fuzzy=use_fuzzy)
        if not len(memory):
            names = ", ".join(map(str, sources))
            raise CorpusError(
                f"{names}: no pair has text on both sides ({memory.left_out:,} have it on one or "
                "none); a memory needs at least one pair"
            )
        return memory

    def __len__(self) -> int:
        """Return how many sources there are, each once."""
        return len(self._sources)

    def _collect(self, pairs: Iterable[SentencePair]) -> dict[str, str]:
        targets: dict[str, str] = {}
        counts: dict[str, Counter[str]] = {}  # of the sources with more than one target
        for pair in pairs:
            if is_blank(pair):
                self.left_out += 1
                continue
            src, tgt = pair.src.strip(), pair.tgt.strip()
            if targets.setdefault(src, tgt) != tgt or src in counts:
                counts.setdefault(src, Counter({targets[src]: 1}))[tgt] += 1
        for src, of_source in counts.items():
            targets[src] = of_source.most_common(1)[0][0]
        return targets

    def find(self, lines: Sequence[str], *, threads: int = 1) -> list[Match | None]:
        """Return the best match of each line, or None; the first one of several that are equal."""
        found: dict[str, Match | None] = {}
        others = []
        for line in dict.fromkeys(text.strip() for text in lines):
            found[line] = self.find_exact(line)
            if found[line] is None and line:
                others.append(line)
        if self.threshold < 1:
            step = max(1, _COMPARED // max(1, len(self._sources)))
            for start in range(0, len(others), step):
                found.update(self._find_fuzzy(others[start : start + step], threads))
        return [found[text.strip()] for text in lines]

    def find_exact(self, line: str) -> Match | None:
        """Return the match whose source is the line itself, or None."""
        line = line.strip()
        tgt = self._targets.get(line)
        return None if tgt is None else Match(line, tgt, 1.0, True)

    def look_up(
        self, numbered: Sequence[tuple[int, str]], *, prefix: str = "", threads: int = 1
    ) -> dict[int, Match]:
        """Return the matches of numbered lines by number; not used where the prefix is another."""
        matches = self.find([line for _, line in numbered], threads=threads)
        return {
            number: replace(match, is_used=match.is_used and match.tgt.startswith(prefix))
            for (number, _), match in zip(numbered, matches, strict=True)
            if match is not None
        }

    def _find_fuzzy(self, lines: list[str], threads: int) -> dict[str, Match]:
        import numpy as np
        from rapidfuzz import process
        from rapidfuzz.distance import Indel

        scores = process.cdist(
            lines,
            self._sources,
            scorer=Indel.normalized_similarity,
            score_cutoff=self.threshold,
            dtype=np.float32,
            workers=threads,
        )
        found = {}
        for line, best in zip(lines, scores.argmax(axis=1).tolist(), strict=True):
            src = self._sources[best]
            score = Indel.normalized_similarity(line, src)
            if score >= self.threshold:
                is_used = self.use_fuzzy and _marks_of(src) == _marks_of(line)
                found[line] = Match(src, self._targets[src], score, is_used)
        return found


def _marks_of(line: str) -> list[str]:
    return sorted(_MARK.findall(line))
