"""Pairs that are mostly right -> **how well any two lines fit**, in nats.

Each side's line is a vector: its bag of words under a random projection, its length and marks.
Canonical correlation analysis finds the directions in which the two sides of a pair agree; under a
Gaussian model the log-ratio p(x, y) / p(x) p(y) follows from the correlations alone. Marks are not
Gaussian, so this number is measured in turn: how often pairs have it, and how often lines have it
that were paired at random. The log of that ratio is above 0 for a pair, as a rule, and below 0 for
two lines that have nothing to do with each other.

Source: Hotelling 1936, Relations between two sets of variates; Gale & Church 1993 for lengths as
evidence of alignment. Everything is measured on pairs that the directions were not learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from seqcli.corpus.checking.features import WORD_IDS, Features, Floats

_WIDTH = 128  # of the random projection
_LEAST_PAIRS = 40  # below that nothing is learnt
_PAIRS_PER_WIDTH = 12  # a narrower projection where there are fewer pairs
_STRONGEST = 0.9  # correlation that is believed
_BINS = 24  # of scores, when they are measured
_RIDGE = 0.02


@dataclass(frozen=True)
class _Directions:
    """Where two sides agree."""

    maps: tuple[Floats, Floats]  # vectors -> canonical variates, (width, kept)
    correlations: Floats  # (kept,)

    def place(self, centred: Floats, side: int) -> Floats:
        """Return points whose inner product with those of the other side is the log-ratio.

        With variates u, v of correlation r the Gaussian log-ratio is the sum over directions of
        -ln(1-r²)/2 - r²(u² + v²) / 2(1-r²) + r u v / (1-r²).

        Args:
            centred: Vectors less their mean, (lines, width).
            side: 0 for the source, 1 for the target.

        Returns:
            (lines, kept + 2)
        """
        r = self.correlations
        scaled = _variates(centred, self.maps[side]) * np.sqrt(r / (1 - r**2))
        constant = -0.25 * np.log1p(-(r**2)).sum()  # half of it on each side
        alone = constant - 0.5 * (scaled**2) @ r
        ones = np.ones(len(scaled), dtype=np.float32)
        pair = [alone, ones] if side == 0 else [ones, alone]
        return np.column_stack([scaled, *pair]).astype(np.float32)


@dataclass(frozen=True)
class Fit:
    """What was learnt; ``place`` gives points, ``score`` compares them."""

    tables: tuple[Floats, Floats]  # of each side: weights of the words, (WORD_IDS, width)
    means: tuple[Floats, Floats]  # of the vectors
    directions: _Directions
    edges: Floats  # log-ratios between bins
    nats: Floats  # what a log-ratio in each bin is worth
    quality: float  # nats that a pair has above two lines paired at random, on average

    def place(self, features: Features, side: int) -> Floats:
        """Return the points of lines, (lines, kept + 2); a blank line has none (NaN)."""
        centred = _vectors(features, self.tables[side]) - self.means[side]
        points = self.directions.place(centred, side)
        points[features.is_blank] = np.nan
        return points

    def score(self, src: Floats, tgt: Floats) -> Floats:
        """Return in nats how well each pair of points fits, (lines,); 0 where a side is blank."""
        raw = np.einsum("ij,ij->i", src, tgt)
        worth = self.nats[np.searchsorted(self.edges, raw)]
        return np.where(np.isnan(raw), np.float32(0), worth)


def learn_fit(src: Features, tgt: Features, *, width: int = _WIDTH) -> Fit | None:
    """Learn from pairs, of which most should be right.

    Args:
        src: Of the source lines.
        tgt: Of their translations, as many.
        width: Of the random projection, at the most.

    Returns:
        None if there are too few pairs, or nothing in them agrees.
    """
    real = ~(src.is_blank | tgt.is_blank)
    pairs = int(real.sum())
    if pairs < _LEAST_PAIRS:
        return None
    width = min(width, pairs // _PAIRS_PER_WIDTH)
    tables = (_word_table(src, width), _word_table(tgt, width))
    x, y = _vectors(src, tables[0])[real], _vectors(tgt, tables[1])[real]
    means = (x.mean(axis=0), y.mean(axis=0))
    x, y = x - means[0], y - means[1]
    right, wrong = _measure(x, y)
    edges, nats = _worth(right, wrong)
    worth = [nats[np.searchsorted(edges, scores)].mean() for scores in (right, wrong)]
    directions = _learn_directions(x, y)
    if directions is None or worth[0] <= worth[1]:
        return None
    return Fit(tables, means, directions, edges, nats, float(worth[0] - worth[1]))


def _word_table(lines: Features, width: int) -> Floats:
    """Return a random vector for each word; rare words weigh more, and bags add up."""
    counts = np.bincount(lines.words.ids, minlength=WORD_IDS)
    weights = 1 / np.sqrt(counts + 5)
    weights /= np.sqrt(np.average(weights**2, weights=counts + 1e-9))
    table: Floats = (_random_directions(width) * weights[:, None]).astype(np.float32)
    return table


@lru_cache(maxsize=2)
def _random_directions(width: int) -> Floats:
    """Return a random direction for each word, of length 1 or so, (WORD_IDS, width)."""
    drawn = np.random.default_rng(1).standard_normal((WORD_IDS, width), dtype=np.float32)
    return drawn / np.float32(np.sqrt(max(width, 1)))


def _vectors(features: Features, table: Floats) -> Floats:
    bags = features.words.sums(table) / np.sqrt(np.maximum(features.words.sizes, 1))[:, None]
    return np.concatenate([bags, features.surface], axis=1, dtype=np.float32)


def _variates(centred: Floats, directions: Floats) -> Floats:
    variates: Floats = np.clip(centred @ directions, -4, 4)
    return variates


def _learn_directions(x: Floats, y: Floats) -> _Directions | None:
    maps = _canonical(x, y)
    even = np.arange(len(x)) % 2 == 0
    found = []
    for half in (even, ~even):
        map_x, map_y = _canonical(x[half], y[half])
        u, v = _variates(x[~half], map_x), _variates(y[~half], map_y)
        spread = np.sqrt((u**2).mean(axis=0) * (v**2).mean(axis=0)) + 1e-9
        found.append((u * v).mean(axis=0) / spread)
    correlations: Floats = np.array(found, np.float32).mean(axis=0)
    kept = correlations > 2 / np.sqrt(len(x))  # twice what chance gives
    if not kept.any():
        return None
    believed = np.minimum(correlations[kept], _STRONGEST).astype(np.float32)
    return _Directions((maps[0][:, kept], maps[1][:, kept]), believed)


def _canonical(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the maps onto pairs of directions, in falling order of correlation."""
    white_x, white_y = _whitening(x), _whitening(y)
    cross = (x @ white_x).T @ (y @ white_y) / len(x)
    left, _, right = np.linalg.svd(cross, full_matrices=False)
    return (white_x @ left).astype(np.float32), (white_y @ right.T).astype(np.float32)


def _whitening(x: Floats) -> Floats:
    covariance = (x.T @ x / len(x)).astype(np.float64)
    covariance += _RIDGE * np.diag(np.diag(covariance) + 1e-4)
    values, vectors = np.linalg.eigh(covariance)
    whitening: Floats = (vectors / np.sqrt(np.maximum(values, 1e-9))).astype(np.float32)
    return whitening


def _measure(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the scores of pairs, and of lines paired at random, as the other half scores them."""
    even = np.arange(len(x)) % 2 == 0
    right, wrong = [np.zeros(1, np.float32)], [np.zeros(1, np.float32)]
    for half in (even, ~even):
        directions = _learn_directions(x[half], y[half])
        if directions is None:
            continue
        u, v = directions.place(x[~half], 0), directions.place(y[~half], 1)
        right.append((u * v).sum(axis=1))
        wrong += [(u * np.roll(v, len(v) // part, axis=0)).sum(axis=1) for part in (2, 3, 5)]
    return np.concatenate(right), np.concatenate(wrong)


def _worth(right: Floats, wrong: Floats) -> tuple[Floats, Floats]:
    """Return edges of bins of scores, and the log-ratio of the shares of both kinds in each bin."""
    bins = max(2, min(_BINS, len(right) // 8))
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    edges = np.unique(np.quantile(np.concatenate([right, wrong]), inner))
    shares = [
        (np.bincount(np.searchsorted(edges, scores), minlength=len(edges) + 1) + 0.5)
        / (len(scores) + 0.5 * (len(edges) + 1))
        for scores in (right, wrong)
    ]
    nats = np.log(shares[0] / shares[1])
    rising = (np.maximum.accumulate(nats) + np.minimum.accumulate(nats[::-1])[::-1]) / 2
    return edges.astype(np.float32), rising.astype(np.float32)
