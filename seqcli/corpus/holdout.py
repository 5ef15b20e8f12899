"""Training pairs -> **a validation set** that shares no sentence with what is left.

Nothing here holds the corpus: one pass draws candidates, one counts how often their sentences
occur, and whoever reads the corpus again leaves out what ``Sentences.covers``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from seqcli.corpus.pairs import SentencePair
from seqcli.corpus.sampling import draw_sample
from seqcli.errors import CorpusError

_CANDIDATES = 4  # for each pair wanted, so that sentences that occur once can be preferred
_SMALL_SHARE = 10  # too small a text gives one pair in this many


class Sentences:
    """The sentences of some pairs, each side for itself; whitespace at the ends does not count."""

    def __init__(self, pairs: Iterable[SentencePair]) -> None:
        """Start with the sentences of these pairs."""
        self._src: set[str] = set()
        self._tgt: set[str] = set()
        for pair in pairs:
            self.add(pair)

    def add(self, pair: SentencePair) -> None:
        """Take in both sentences of a pair."""
        self._src.add(pair.src.strip())
        self._tgt.add(pair.tgt.strip())

    def covers(self, pair: SentencePair) -> bool:
        """Tell whether a pair has one of the sentences, on its side."""
        return pair.src.strip() in self._src or pair.tgt.strip() in self._tgt


class Overlap:
    """Counts the pairs of a split of which the training text has a sentence."""

    def __init__(self, pairs: Iterable[SentencePair]) -> None:
        """Take the pairs of the split."""
        self._pairs = list(pairs)
        self._sought = Sentences(self._pairs)
        self._seen = Sentences([])

    def see(self, pair: SentencePair) -> None:
        """Take in a pair of the training text."""
        if self._sought.covers(pair):
            self._seen.add(pair)

    def count(self) -> int:
        """Return how many pairs of the split have a sentence among those seen."""
        return sum(self._seen.covers(pair) for pair in self._pairs)


def cut_holdout(
    read: Callable[[], Iterable[SentencePair]], *, size: int, seed: int
) -> list[SentencePair]:
    """Choose pairs for validation; sentences that occur only once are preferred.

    The pairs stay in the text that is read: the caller leaves out every pair that has a sentence
    of theirs, which are at most half of the text.

    Args:
        read: Starts a new pass over the training pairs, the same ones each time.
        size: Pairs wanted. If that is more than half of the text, a tenth is taken instead.
        seed: Of the draw.

    Returns:
        Pairs in the order of the text, without two that share a sentence; fewer than ``size`` if
        there are not more of the kind.

    Raises:
        CorpusError: Not even one pair can be cut without taking half of the text with it.
    """
    rng = random.Random(seed)
    candidates, total = draw_sample(enumerate(read()), _CANDIDATES * size, rng)
    rng.shuffle(candidates)
    loss = _count_occurrences([pair for _, pair in candidates], read())
    candidates.sort(key=lambda candidate: loss(candidate[1]))
    wanted = size if 2 * size <= total else max(1, total // _SMALL_SHARE)
    chosen = _choose(candidates, loss, wanted=wanted, budget=total // 2)
    if not chosen:
        raise CorpusError(
            f"the training text has {total:,} pairs, too few or too much alike to cut off a "
            "validation set that shares no sentence with the rest; give one with --valid"
        )
    return [pair for _, pair in sorted(chosen)]


def _count_occurrences(
    candidates: Iterable[SentencePair], pairs: Iterable[SentencePair]
) -> Callable[[SentencePair], int]:
    """Count the candidates' sentences in the text.

    Returns:
        For a candidate the most pairs that the text loses if it is cut, 1 being the least.
    """
    src_counts: dict[str, int] = {}
    tgt_counts: dict[str, int] = {}
    for src, tgt in candidates:
        src_counts[src.strip()] = tgt_counts[tgt.strip()] = 0
    for src, tgt in pairs:
        if (src := src.strip()) in src_counts:
            src_counts[src] += 1
        if (tgt := tgt.strip()) in tgt_counts:
            tgt_counts[tgt] += 1
    return lambda pair: src_counts[pair.src.strip()] + tgt_counts[pair.tgt.strip()] - 1


def _choose(
    candidates: Iterable[tuple[int, SentencePair]],
    loss: Callable[[SentencePair], int],
    *,
    wanted: int,
    budget: int,
) -> list[tuple[int, SentencePair]]:
    """Take candidates in turn until there are enough, or the text would lose too much."""
    chosen: list[tuple[int, SentencePair]] = []
    taken = Sentences([])
    for position, pair in candidates:
        if len(chosen) == wanted or loss(pair) > budget:
            break
        if taken.covers(pair):
            continue
        chosen.append((position, pair))
        taken.add(pair)
        budget -= loss(pair)
    return chosen
