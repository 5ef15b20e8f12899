"""Text -> pieces drawn at random: subword regularisation and BPE-dropout, the same everywhere.

Place: pieces -> **resampling** -> batches. SentencePiece draws too, but from a generator that is
salted anew in every process, so no run could be resumed, or repeated, bit for bit. Pieces never
reach over a space, so a sentence is drawn word by word, and what is known of a word is kept.

Source: Kudo 2018, Subword regularization, section 3.3 (sampling from all segmentations of a unigram
model, with probabilities to the power of alpha, by forward filtering and backward sampling);
Provilkov et al. 2020, BPE-dropout, section 3.1 (a merge is left out with probability alpha).
"""

from __future__ import annotations

import heapq
import math
import random
import re
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

SPACE_MARK = "\u2581"
_KEPT_WORDS = 200_000
_UNKNOWN_PENALTY = 10.0  # below the worst piece; SentencePiece's own


@dataclass(frozen=True)
class Vocabulary:
    """What a piece model knows, as far as drawing needs it."""

    ids: Mapping[str, int]  # of the pieces that text is made of
    scores: Mapping[str, float]
    symbols: frozenset[str]  # always one piece
    bytes: Sequence[int]  # id of each byte; empty without byte fallback
    is_bpe: bool  # merges of pairs, else a unigram model

    @classmethod
    def of(cls, processor: SentencePieceProcessor, *, first: int) -> Vocabulary:
        """Read the vocabulary of a model; ids below first are special.

        What SentencePiece does not say is told by scores: those of a unigram model are
        log-probabilities; those of merges are 0, which is written as -0, -1, -2 and so on; those of
        symbols are +0.
        """
        numbers = range(first, processor.get_piece_size())
        spelt = [n for n in numbers if processor.is_byte(n)]
        names = {n: str(processor.id_to_piece(n)) for n in numbers if not processor.is_byte(n)}
        scores = {name: float(processor.get_score(n)) for n, name in names.items()}
        return cls(
            ids={name: n for n, name in names.items()},
            scores=scores,
            symbols=frozenset(
                name for name, s in scores.items() if s == 0 and math.copysign(1, s) > 0
            ),
            bytes=spelt,
            is_bpe=all(score == int(score) for score in scores.values()),
        )

    def spell(self, char: str) -> tuple[int, ...]:
        """Return a character that has no piece as bytes; nothing if there are none."""
        return tuple(self.bytes[byte] for byte in char.encode("utf-8")) if self.bytes else ()


class Drawing:
    """Draws the pieces of words; one for each alpha."""

    def __init__(self, vocabulary: Vocabulary, *, alpha: float) -> None:
        """Know no word yet.

        Args:
            vocabulary: The pieces.
            alpha: As for ``Pieces.resample``.
        """
        self._vocabulary, self._alpha = vocabulary, alpha
        self._longest = max(map(len, vocabulary.ids), default=1)
        self._worst = min(vocabulary.scores.values(), default=0.0) - _UNKNOWN_PENALTY
        symbols = sorted(vocabulary.symbols, key=lambda symbol: (-len(symbol), symbol))
        self._symbols = re.compile(f"({'|'.join(map(re.escape, symbols))})") if symbols else None
        self._prepare = self._merges_of if vocabulary.is_bpe else self._lattice_of
        self._words: dict[str, Callable[[random.Random], list[int]] | None] = {}

    def draw(self, text: str, rng: random.Random) -> list[int] | None:
        """Return the ids of a text, or None if a character of it cannot be spelt."""
        ids: list[int] = []
        for word in text.split(" "):
            if word:
                draw = self._known(word)
                if draw is None:
                    return None
                ids += draw(rng)
        return ids

    def _known(self, word: str) -> Callable[[random.Random], list[int]] | None:
        if word not in self._words:
            if len(self._words) >= _KEPT_WORDS:
                self._words.clear()
            self._words[word] = self._prepare(self._atoms_of(SPACE_MARK + word))
        return self._words[word]

    def _atoms_of(self, word: str) -> list[str]:
        """Cut a word into characters and symbols."""
        if self._symbols is None:
            return list(word)
        parts = self._symbols.split(word)  # symbols have the odd places
        return [atom for i, part in enumerate(parts) for atom in ([part] if i % 2 else part)]

    # --- unigram ----------------------------------------------------------------------------------

    def _lattice_of(self, atoms: list[str]) -> Callable[[random.Random], list[int]] | None:
        """Filter forward: for every place, what may end there, and how likely that is.

        The sum over all ways to a place j is A_j = sum over pieces (i, j) of A_i p(i, j)^alpha.
        """
        ways = [0.0] + [-math.inf] * len(atoms)  # log A
        edges: list[tuple[list[float], list[tuple[int, tuple[int, ...]]]]] = [([], [])]
        for end in range(1, len(atoms) + 1):
            found = list(self._ending(atoms, end))
            logs = [ways[start] + self._alpha * score for start, _, score in found]
            top = max(logs, default=-math.inf)
            if top == -math.inf:
                edges.append(([], []))
                continue
            sums = list(accumulate(math.exp(value - top) for value in logs))
            ways[end] = top + math.log(sums[-1])
            edges.append((sums, [(start, ids) for start, ids, _ in found]))
        if ways[-1] == -math.inf:
            return None

        def draw(rng: random.Random) -> list[int]:
            backward: list[tuple[int, ...]] = []
            end = len(atoms)
            while end:
                sums, incoming = edges[end]
                at = min(bisect(sums, rng.random() * sums[-1]), len(incoming) - 1)
                end, ids = incoming[at]
                backward.append(ids)
            return [number for ids in reversed(backward) for number in ids]

        return draw

    def _ending(self, atoms: list[str], end: int) -> list[tuple[int, tuple[int, ...], float]]:
        """Return the pieces that end at a place: where they start, their ids and their score."""
        vocabulary = self._vocabulary
        last = atoms[end - 1]
        if last in vocabulary.symbols:
            return [(end - 1, (vocabulary.ids[last],), 0.0)]
        found: list[tuple[int, tuple[int, ...], float]] = []
        for start in range(end - 1, max(-1, end - 1 - self._longest), -1):
            if atoms[start] in vocabulary.symbols:
                break
            piece = "".join(atoms[start:end])
            if piece in vocabulary.ids:
                found.append((start, (vocabulary.ids[piece],), vocabulary.scores[piece]))
            elif start == end - 1 and (spelt := vocabulary.spell(last)):
                found.append((start, spelt, self._worst))
        return found

    # --- BPE --------------------------------------------------------------------------------------

    def _merges_of(self, atoms: list[str]) -> Callable[[random.Random], list[int]] | None:
        """Merge once without leaving anything out, and remember how many merges that takes."""
        whole, merges = self._merge(atoms, lambda _: False)
        if whole is None:
            return None
        keep = math.log1p(-self._alpha) if self._alpha < 1 else -math.inf

        def draw(rng: random.Random) -> list[int]:
            # The first merge that is left out has a geometric distribution.
            first = int(math.log(1.0 - rng.random()) / keep) if keep else merges
            if first >= merges:
                return list(whole)

            def is_left_out(number: int) -> bool:
                return number == first or (number > first and rng.random() < self._alpha)

            ids, _ = self._merge(atoms, is_left_out)
            assert ids is not None
            return ids

        return draw

    def _merge(
        self, atoms: list[str], is_left_out: Callable[[int], bool]
    ) -> tuple[list[int] | None, int]:
        """Merge pairs, best score first; return the ids, and how many merges were considered."""
        vocabulary, parts = self._vocabulary, list(atoms)
        following = [*range(1, len(parts)), -1]
        preceding = [*range(-1, len(parts) - 1)]
        agenda: list[tuple[float, int, int, str]] = []

        def consider(left: int, right: int) -> None:
            if left < 0 or right < 0 or {parts[left], parts[right]} & vocabulary.symbols:
                return
            merged = parts[left] + parts[right]
            if merged in vocabulary.ids:
                heapq.heappush(agenda, (-vocabulary.scores[merged], left, right, merged))

        for left in range(len(parts) - 1):
            consider(left, left + 1)
        number = 0
        while agenda:
            _, left, right, merged = heapq.heappop(agenda)
            if not parts[left] or not parts[right] or parts[left] + parts[right] != merged:
                continue  # one of the two is a part of something else by now
            number += 1
            if is_left_out(number - 1):
                continue
            parts[left], parts[right] = merged, ""
            following[left] = following[right]
            if following[right] >= 0:
                preceding[following[right]] = left
            consider(preceding[left], left)
            consider(left, following[left])
        ids: list[int] = []
        for part in filter(None, parts):
            spelt = (vocabulary.ids[part],) if part in vocabulary.ids else vocabulary.spell(part)
            if not spelt:
                return None, number
            ids += spelt
        return ids, number
