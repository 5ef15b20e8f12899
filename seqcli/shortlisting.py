"""The training pairs of a run -> which target pieces may translate each source piece.

Place: data directory -> **RUN_DIR/shortlist.safetensors** -> translating with ``--shortlist``. A
lexical model is learnt from the pairs, by expectation and maximisation; the best of each source
piece are kept, and with them the commonest pieces and those that are the same on both sides.

Source: Brown et al. 1993, section 4.1 (Model 1); Jean et al. 2015, section 3.3 (candidate lists).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from seqcli.dataset import Split
from seqcli.errors import CheckpointError
from seqcli.evaluation import find_dataset
from seqcli.models.shortlist import Shortlist
from seqcli.pieces import EOS_ID, PiecePair
from seqcli.reporting import Reporter
from seqcli.tensor_files import read_metadata, write_tensors
from seqcli.weights import read_tensors

SHORTLIST = "shortlist.safetensors"
FORMAT = "1"
ITERATIONS = 3
MOST_PAIRS = 200_000  # pairs that are learnt from; more change little
_CHUNK = 2_000  # pairs
_MERGED = 20  # chunks whose counts are kept apart

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Shortlisting:
    """What was written."""

    path: str
    pairs: int  # learnt from
    candidates: int  # kept of each source piece, at the most
    common: int  # always allowed
    coverage: float  # share of the validation set's target pieces that their lists have
    length: float  # pieces of a list, the mean over validation sentences


def shortlist_run(
    run_dir: Path, *, data_dir: Path | None, candidates: int, common: int, report: Reporter
) -> Shortlisting:
    """Learn a shortlist from a run's training pairs and write it into the run.

    Args:
        run_dir: The run.
        data_dir: Its data directory; None for where its manifest says it was.
        candidates: Target pieces kept for each source piece.
        common: Of the commonest target pieces, how many every list has.
        report: Hears of the progress.

    Raises:
        CorpusError: If the data directory is not that of the run, not known, or cannot be read.
        CheckpointError: If the run cannot be read.
    """
    dataset = find_dataset(run_dir, data_dir)
    pieces = PiecePair.load(run_dir)
    dataset.check_ids(pieces)
    train, sizes = dataset.split("train"), (len(pieces.src), len(pieces.tgt))
    pairs = min(len(train.src), MOST_PAIRS)
    keys, probs = _learn(train, pairs, sizes, report)
    table = _best(keys, probs, sizes, candidates, pieces)
    counts: Array = np.zeros(sizes[1])
    for _, tgt in _chunks(train, pairs):
        counts += np.bincount(np.concatenate(tgt), minlength=sizes[1])
    usual = np.argsort(-counts, kind="stable")[: min(common, sizes[1])]
    always = np.unique(np.append(usual, EOS_ID))
    shortlist = Shortlist(torch.from_numpy(table), torch.from_numpy(always), sizes[1])
    write_tensors(
        run_dir / SHORTLIST,
        {"candidates": shortlist.candidates.int(), "common": shortlist.common.int()},
        {"format": FORMAT},
    )
    coverage, length = _judge(shortlist, dataset.split("valid"))
    return Shortlisting(
        str(run_dir / SHORTLIST), pairs, table.shape[1], len(always), coverage, length
    )


def load_shortlist(run_dir: Path, pieces: PiecePair) -> Shortlist | None:
    """Return the shortlist of a run, or None if it has none.

    Raises:
        CheckpointError: If it is damaged, or of other pieces.
    """
    path = run_dir / SHORTLIST
    if not path.is_file():
        return None
    read_metadata(path, advice=f"make it again with `seqcli shortlist {run_dir}`")
    tensors = read_tensors(path)
    candidates, common = tensors.get("candidates"), tensors.get("common")
    vocab = len(pieces.tgt)
    fits = (
        candidates is not None
        and common is not None
        and candidates.dtype == common.dtype == torch.int32
        and (candidates.dim(), common.dim()) == (2, 1)
        and len(candidates) == len(pieces.src)
        and all(part.numel() == 0 or part.min() >= 0 for part in (candidates, common))
        and (candidates.numel() == 0 or candidates.max() <= vocab)
        and (common.numel() == 0 or common.max() < vocab)
    )
    if not fits or candidates is None or common is None:
        raise CheckpointError(
            f"{path}: damaged, or of other pieces; make it again with `seqcli shortlist {run_dir}`"
        )
    return Shortlist(candidates.long(), common.long(), vocab)


def _chunks(split: Split, pairs: int) -> Iterator[tuple[list[Array], list[Array]]]:
    """Yield the ids of some pairs at a time; EOS, which ends every source, is among them."""
    end = np.array([EOS_ID])
    for start in range(0, pairs, _CHUNK):
        rows = range(start, min(start + _CHUNK, pairs))
        yield (
            [np.append(split.src[i].astype(np.int64), end) for i in rows],
            [split.tgt[i].astype(np.int64) for i in rows],
        )


def _links(src: list[Array], tgt: list[Array], vocab: int) -> tuple[Array, Array, Array]:
    """Return all links of source and target pieces within pairs.

    Returns:
        Of each link its key, source id * vocab + target id; the number of its target position,
        counted over all pairs; and the share that it has before anything is known.
    """
    keys, positions, shares, first = [], [], [], 0
    for own, other in zip(src, tgt, strict=True):
        keys.append((own[:, None] * vocab + other).ravel())
        positions.append(np.tile(np.arange(first, first + len(other)), len(own)))
        shares.append(np.full(len(own) * len(other), 1 / len(own)))
        first += len(other)
    return np.concatenate(keys), np.concatenate(positions), np.concatenate(shares)


def _merge(parts: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return the keys of all parts, each once and rising, and the sum of its weights."""
    keys, places = np.unique(np.concatenate([part for part, _ in parts]), return_inverse=True)
    return keys, np.bincount(places, np.concatenate([weights for _, weights in parts]))


def _learn(
    train: Split, pairs: int, sizes: tuple[int, int], report: Reporter
) -> tuple[Array, Array]:
    """Return the links that there are, rising, and p(target | source) of each."""
    parts: list[tuple[Array, Array]] = []
    for number, (src, tgt) in enumerate(_chunks(train, pairs)):
        keys, _, shares = _links(src, tgt, sizes[1])
        parts.append(_merge([(keys, shares)]))
        if len(parts) >= _MERGED:
            parts = [_merge(parts)]
        report.progress("counting", number * _CHUNK, pairs, None)
    keys, counts = _merge(parts)
    for iteration in range(ITERATIONS):
        probs = _normalised(keys, counts, sizes)
        counts = np.zeros(len(keys))
        for src, tgt in _chunks(train, pairs):
            links, positions, _ = _links(src, tgt, sizes[1])
            places = np.searchsorted(keys, links)
            weights = probs[places]
            weights = weights / np.bincount(positions, weights)[positions]
            counts += np.bincount(places, weights, minlength=len(keys))
        report.progress("iterations", iteration + 1, ITERATIONS, None)
    return keys, _normalised(keys, counts, sizes)


def _normalised(keys: Array, counts: Array, sizes: tuple[int, int]) -> Array:
    """Return counts as shares of all links of the same source piece."""
    own = keys // sizes[1]
    totals: Array = np.bincount(own, counts, minlength=sizes[0])
    shares: Array = counts / np.maximum(totals[own], 1e-300)
    return shares


def _best(keys: Array, probs: Array, sizes: tuple[int, int], most: int, pieces: PiecePair) -> Array:
    """Return the likeliest target pieces of each source piece, (src_vocab, most + 1).

    The last column is the piece that is spelt the same; the number of target pieces fills up.
    """
    src_vocab, vocab = sizes
    table = np.full((src_vocab, most + 1), vocab, dtype=np.int64)
    own = keys // vocab
    order = np.lexsort((keys, -probs, own))
    ranks = np.arange(len(order)) - np.searchsorted(own, own[order])
    order, ranks = order[ranks < most], ranks[ranks < most]
    table[own[order], ranks] = keys[order] % vocab
    number_of = {text: i for i, text in enumerate(pieces.tgt.to_pieces(range(vocab)))}
    for i, text in enumerate(pieces.src.to_pieces(range(src_vocab))):
        table[i, most] = number_of.get(text, vocab)
    return table


def _judge(shortlist: Shortlist, valid: Split) -> tuple[float, float]:
    """Return the share of target pieces that are in their lists, and the mean length of a list."""
    found = total = length = 0
    for src, tgt in _chunks(valid, len(valid.src)):
        for own, other in zip(src, tgt, strict=True):
            allowed = shortlist.of_sources(torch.from_numpy(own)[None]).allowed()[0]
            found += int(allowed[torch.from_numpy(other)].sum())
            total += len(other)
            length += int(allowed.sum())
    return found / max(total, 1), length / max(len(valid.src), 1)
