"""A text -> **CorpusStats**: lengths, vocabulary, coverage, copies, what is frequent.

A word is a run of letters and digits, a letter of a script that puts no space between words, or a
single mark; case does not count. Read once, and once more for the text of repeated sentences. 40
bytes of each pair stay, and the vocabularies.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import regex

from seqcli.corpus.keys import key_of, squeeze
from seqcli.corpus.pairs import SentencePair, is_blank, iter_pairs
from seqcli.corpus.scripts import UNSPACED
from seqcli.corpus.sources import ParallelSource
from seqcli.errors import CorpusError
from seqcli.reporting import Reporter

REPORT_VERSION = 1  # of the JSON; goes up when the meaning of a key changes or a key goes
COVERED_BY = (1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000)  # words
RATIO_STEPS = 8  # bins of the length ratio, for each doubling
_MOST_DOUBLINGS = 5  # further ratios are counted with the last bin
_BINS = 15
_SHOWN_CHARS = 200
_CHUNK = 4096

_WORDS = regex.compile(rf"{UNSPACED.pattern}\p{{M}}*|[\p{{L}}\p{{M}}\p{{N}}_]+|[^\s]")


@dataclass(frozen=True)
class Repeated:
    """A word or sentence, and how often it is there."""

    text: str
    count: int


@dataclass(frozen=True)
class Bin:
    """Lines of some lengths."""

    least: int  # words
    most: int
    lines: int


@dataclass(frozen=True)
class SideStats:
    """One side of a text."""

    language: str
    blank: int  # lines without text
    words: int
    characters: int
    mean_words: float
    median_words: int
    percentile_95: int  # words
    percentile_99: int
    most_words: int
    lengths: tuple[Bin, ...]
    vocabulary: int  # different words
    once: int  # words that are there once
    coverage: dict[int, float]  # by the number of commonest words: the share of the text they are
    common_words: tuple[Repeated, ...]
    sentences: int  # different ones
    common_sentences: tuple[Repeated, ...]  # that are there more than once


@dataclass(frozen=True)
class RatioBin:
    """Pairs whose target is about so many times as long as the source."""

    ratio: float  # characters of the target for one of the source, the middle of the bin
    pairs: int


@dataclass(frozen=True)
class CorpusStats:
    """What there is in a text."""

    source: str
    pairs: int
    blank_pairs: int  # with a side without text
    different_pairs: int
    median_ratio: float | None  # characters of the target for one of the source; None: no such pair
    ratios: tuple[RatioBin, ...]
    src: SideStats
    tgt: SideStats


def count_corpus(
    source: ParallelSource, *, src_lang: str, tgt_lang: str, top: int, report: Reporter
) -> CorpusStats:
    """Count what there is in a text.

    Args:
        source: The text; it must stand still meanwhile.
        src_lang: Name of the source language.
        tgt_lang: Name of the target language.
        top: Words and sentences that are named as the most frequent ones.
        report: Hears of the progress.

    Raises:
        CorpusError: The text cannot be read, or holds no pair.
    """
    sides = (_Side(src_lang), _Side(tgt_lang))
    pair_keys = array("Q")
    blank_pairs = 0
    for number, pair in enumerate(iter_pairs(source), start=1):
        blank_pairs += is_blank(pair)
        texts = [squeeze(text) for text in pair]
        for side, text in zip(sides, texts, strict=True):
            side.see(text)
        pair_keys.append(key_of(*texts))
        if number % _CHUNK == 0:
            report.progress("counting", number, None, None)
    if not pair_keys:
        raise CorpusError(f"{source}: there is no pair in it; a corpus needs at least one")
    texts_of = _texts(source, [side.repeated(top) for side in sides])
    ratios = _ratios(*(np.frombuffer(side.chars, np.uint32) for side in sides))
    return CorpusStats(
        source=str(source),
        pairs=len(pair_keys),
        blank_pairs=blank_pairs,
        different_pairs=len(np.unique(np.frombuffer(pair_keys, np.uint64))),
        median_ratio=float(2 ** np.median(ratios)) if len(ratios) else None,
        ratios=_ratio_bins(ratios),
        src=sides[0].stats(texts_of[0], top),
        tgt=sides[1].stats(texts_of[1], top),
    )


class _Side:
    """Sees every line of a side."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._blank = 0
        self._vocabulary: Counter[str] = Counter()
        self._lengths = array("I")
        self.chars = array("I")
        self._keys = array("Q")

    def see(self, text: str) -> None:
        """Take in a line."""
        words = _WORDS.findall(text.casefold())
        self._vocabulary.update(words)
        self._lengths.append(len(words))
        self.chars.append(len(text))
        self._keys.append(key_of(text))
        self._blank += not text

    def repeated(self, top: int) -> dict[int, int]:
        """Return how often the most frequent sentences are there, by key."""
        keys, counts = np.unique(np.frombuffer(self._keys, np.uint64), return_counts=True)
        order = np.lexsort((keys, -counts))[: top + 1]  # the blank line may be one of them
        return {int(keys[i]): int(counts[i]) for i in order if counts[i] > 1}

    def stats(self, repeated: Sequence[Repeated], top: int) -> SideStats:
        lengths = np.frombuffer(self._lengths, np.uint32)
        counts = np.array(sorted(self._vocabulary.values(), reverse=True), np.int64)
        words = int(counts.sum())
        shares = np.cumsum(counts) / max(1, words)
        sizes = [size for size in COVERED_BY if size < len(counts)]
        common = sorted(self._vocabulary.items(), key=lambda item: (-item[1], item[0]))[:top]
        median, high, higher = (
            int(n) for n in np.percentile(lengths, (50, 95, 99), method="lower")
        )
        return SideStats(
            language=self._language,
            blank=self._blank,
            words=words,
            characters=int(np.frombuffer(self.chars, np.uint32).sum(dtype=np.int64)),
            mean_words=float(lengths.mean()),
            median_words=median,
            percentile_95=high,
            percentile_99=higher,
            most_words=int(lengths.max()),
            lengths=_length_bins(lengths, higher),
            vocabulary=len(counts),
            once=int((counts == 1).sum()),
            coverage={size: float(shares[size - 1]) for size in sizes},
            common_words=tuple(Repeated(*item) for item in common),
            sentences=len(np.unique(np.frombuffer(self._keys, np.uint64))),
            common_sentences=tuple(repeated[:top]),
        )


def _length_bins(lengths: npt.NDArray[np.uint32], high: int) -> tuple[Bin, ...]:
    """Return bins of one width up to a length, and one for what is longer."""
    width = max(1, -(-(high + 1) // _BINS))
    most = int(lengths.max())
    numbers = np.minimum(lengths // width, high // width + 1)
    counts = np.bincount(numbers)
    last = high // width + 1
    return tuple(
        Bin(number * width, most if number == last else number * width + width - 1, int(count))
        for number, count in enumerate(counts)
    )


def _ratios(
    src_chars: npt.NDArray[np.uint32], tgt_chars: npt.NDArray[np.uint32]
) -> npt.NDArray[np.float64]:
    """Return the length ratios in doublings, of the pairs that have text on both sides."""
    has_text = (src_chars > 0) & (tgt_chars > 0)
    ratios: npt.NDArray[np.float64] = np.log2(tgt_chars[has_text]) - np.log2(src_chars[has_text])
    return ratios


def _ratio_bins(ratios: npt.NDArray[np.float64]) -> tuple[RatioBin, ...]:
    if not len(ratios):
        return ()
    steps = np.rint(np.clip(ratios, -_MOST_DOUBLINGS, _MOST_DOUBLINGS) * RATIO_STEPS)
    low = int(steps.min())
    counts = np.bincount((steps - low).astype(np.int64))
    return tuple(
        RatioBin(2 ** ((low + number) / RATIO_STEPS), int(count))
        for number, count in enumerate(counts)
    )


def _texts(
    source: ParallelSource, repeated: Sequence[dict[int, int]]
) -> tuple[list[Repeated], list[Repeated]]:
    """Read the text again for the sentences of some keys; the most frequent ones come first."""
    found: tuple[dict[int, str], dict[int, str]] = ({}, {})
    missing = [set(counts) for counts in repeated]
    pairs = iter_pairs(source) if any(missing) else iter(())
    for pair in pairs:
        for side, text in enumerate(SentencePair(*map(squeeze, pair))):
            key = key_of(text) if missing[side] else 0
            if key in missing[side]:
                missing[side].remove(key)
                found[side][key] = text
        if not any(missing):
            break
    first, second = (
        [
            Repeated(found[side][key][:_SHOWN_CHARS], count)
            for key, count in repeated[side].items()
            if found[side].get(key)
        ]
        for side in (0, 1)
    )
    return first, second
