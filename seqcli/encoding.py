"""Pairs of lines -> **ids on disk**, on all cores, in order, a few chunks at a time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from seqcli.corpus.text import TOO_LONG, Dropped, PlacedPair
from seqcli.dataset import SIDES
from seqcli.id_arrays import IdWriter, id_type_for
from seqcli.pieces import PiecePair

_CHUNK_PAIRS = 2000

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Chunk(NamedTuple):
    placed: list[PlacedPair]
    src: list[list[int]]  # ids of each source line
    tgt: list[list[int]]


def write_ids(
    work: Path,
    name: str,
    pairs: Iterable[PlacedPair],
    pieces: PiecePair,
    *,
    max_pieces: int | None,
    dropped: Dropped,
) -> int:
    """Encode the pairs of a split and write both sides as id arrays.

    SentencePiece gives up Python's lock while it works, so threads use all cores. Processes were a
    quarter faster on two cores, but would run a caller's script again if it has no main guard.

    Args:
        work: Directory for the files.
        name: Of the split.
        pairs: Are read in the calling thread, a few chunks ahead of what is written.
        pieces: Of both sides.
        max_pieces: Pairs with more on one side are left out; None for no limit.
        dropped: Counts those.

    Returns:
        How many pairs were written.

    Raises:
        SeqcliError: When the disk refuses.
    """

    def encode(placed: list[PlacedPair]) -> _Chunk:
        return _Chunk(
            placed,
            pieces.src.encode_lines([item.pair.src for item in placed]),
            pieces.tgt.encode_lines([item.pair.tgt for item in placed]),
        )

    written = 0
    with ExitStack() as stack:
        src_writer, tgt_writer = (
            stack.enter_context(IdWriter(work / f"{name}.{side}", id_type=id_type_for(len(model))))
            for side, model in zip(SIDES, (pieces.src, pieces.tgt), strict=True)
        )
        for chunk in _map_in_order(encode, _cut(pairs, _CHUNK_PAIRS)):
            kept = _drop_long(chunk, max_pieces, dropped)
            src_writer.append(kept.src)
            tgt_writer.append(kept.tgt)
            written += len(kept.placed)
    return written


def _drop_long(chunk: _Chunk, max_pieces: int | None, dropped: Dropped) -> _Chunk:
    if max_pieces is None:
        return chunk
    kept = _Chunk([], [], [])
    for placed, src, tgt in zip(*chunk, strict=True):
        if max(len(src), len(tgt)) > max_pieces:
            dropped.add(TOO_LONG, placed)
            continue
        kept.placed.append(placed)
        kept.src.append(src)
        kept.tgt.append(tgt)
    return kept


def _cut(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _map_in_order(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Apply a function in threads, with a bounded number of items on their way."""
    workers = count_cores()
    pending: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C does not wait for what is pending


def count_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
