"""Pairs of ids -> batches of padded tensors, in a seeded order that can be taken up again.

Place: dataset -> **batches** -> model. Imports torch, not sentencepiece.
Axes: batch = sentences, src_len / tgt_len = pieces including EOS, padded to the longest.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from seqcli.dataset import Split
from seqcli.errors import SettingsError
from seqcli.pieces import BOS_ID, EOS_ID, PAD_ID

Ids = npt.NDArray[np.integer]
Order = npt.NDArray[np.int64]
# Sentences and a seed -> the same sentences, cut into other pieces.
Resample = Callable[[Sequence[Ids], int], list[list[int]]]

# Sentences in a batch, where there are more: products are compiled anew for every new shape, and
# kept, so few shapes save time and memory; and wide hardware likes them even.
SIZE_MULTIPLE = 8
BATCHES_AHEAD = 4  # made while one is worked on
WINDOW_PAIRS = 1 << 20  # of which the order is in memory
BLOCK_PAIRS = 1 << 10  # that stay in one window


@dataclass(frozen=True)
class Batch:
    """Sentence pairs as padded tensors of ids."""

    src: Tensor  # (batch, src_len) pieces + EOS
    src_lengths: Tensor  # (batch,) EOS counted
    tgt_in: Tensor  # (batch, tgt_len) BOS + pieces: what the decoder reads
    tgt_out: Tensor  # (batch, tgt_len) pieces + EOS: what it must predict
    num_tgt_tokens: int  # pieces + EOS, padding not counted

    def to(self, device: torch.device) -> Batch:
        """Return the same batch on a device."""
        return Batch(
            self.src.to(device),
            self.src_lengths.to(device),
            self.tgt_in.to(device),
            self.tgt_out.to(device),
            self.num_tgt_tokens,
        )

    def twice(self) -> Batch:
        """Return a batch that has all sentences, and then all of them again."""
        return Batch(
            src=self.src.repeat(2, 1),
            src_lengths=self.src_lengths.repeat(2),
            tgt_in=self.tgt_in.repeat(2, 1),
            tgt_out=self.tgt_out.repeat(2, 1),
            num_tgt_tokens=2 * self.num_tgt_tokens,
        )


@dataclass(frozen=True)
class Share:
    """What one process works on of a batch: some of its sentences, side by side."""

    batch: Batch  # of one row without target tokens, if there is no sentence for this process
    rows: slice  # of the whole batch
    whole_size: int  # sentences in the whole batch
    whole_tgt_len: int
    whole_tgt_tokens: int

    @classmethod
    def of_all(cls, batch: Batch) -> Share:
        """Return the share of the only process."""
        size, tgt_len = batch.tgt_in.shape
        return cls(batch, slice(0, size), size, tgt_len, batch.num_tgt_tokens)


def pad(sequences: Sequence[Ids | Sequence[int]]) -> Tensor:
    """Return sequences side by side, (batch, longest), filled up with PAD_ID."""
    lengths = np.array([len(sequence) for sequence in sequences])
    flat = np.concatenate([np.asarray(sequence, dtype=np.int64) for sequence in sequences])
    padded = np.full((len(lengths), lengths.max()), PAD_ID, dtype=np.int64)
    padded[np.arange(lengths.max()) < lengths[:, None]] = flat
    return torch.from_numpy(padded)


def collate_sources(sources: Sequence[Ids | Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Return sources with EOS, (batch, src_len), and their lengths, (batch,)."""
    lengths = torch.tensor([len(ids) for ids in sources])
    padded = functional.pad(pad(sources), (0, 1), value=PAD_ID)
    return padded.scatter_(1, lengths[:, None], EOS_ID), lengths + 1


def collate(pairs: Sequence[tuple[Ids | Sequence[int], Ids | Sequence[int]]]) -> Batch:
    """Return pairs of (source, target) ids, without BOS and EOS, as one batch."""
    src, src_lengths = collate_sources([src for src, _ in pairs])
    tgt_out, tgt_lengths = collate_sources([tgt for _, tgt in pairs])
    tgt_in = functional.pad(tgt_out[:, :-1], (1, 0), value=BOS_ID)
    return Batch(
        src=src,
        src_lengths=src_lengths,
        tgt_in=tgt_in.masked_fill(tgt_in == EOS_ID, PAD_ID),
        tgt_out=tgt_out,
        num_tgt_tokens=int(tgt_lengths.sum()),
    )


def group_by_length(
    src_lengths: npt.ArrayLike,
    tgt_lengths: npt.ArrayLike,
    *,
    batch_tokens: int,
    rng: np.random.Generator,
) -> list[Order]:
    """Cut a corpus into batches of like lengths, in random order.

    Pairs are shuffled, then sorted by target and source length: so a batch has little padding,
    and which pairs of one length meet differs from epoch to epoch. Every pair is in one batch.

    Args:
        src_lengths: Source pieces of each pair, EOS counted.
        tgt_lengths: Target pieces of each pair, EOS counted.
        batch_tokens: Most tokens in a batch, on its longer side, padding included.
        rng: Draws the order.

    Returns:
        Indices of the pairs of each batch.

    Raises:
        SettingsError: If a pair is longer than batch_tokens.
    """
    src, tgt = np.asarray(src_lengths), np.asarray(tgt_lengths)
    longer = np.maximum(src, tgt)
    if longer.size and longer.max() > batch_tokens:
        _refuse_pair(int(longer.argmax()), int(longer.max()), batch_tokens)
    shuffled = rng.permutation(len(longer))
    order = shuffled[np.lexsort((src[shuffled], tgt[shuffled]))]
    lengths = longer[order].tolist()
    batches: list[Order] = []
    start, longest = 0, 0
    for end, length in enumerate(lengths, start=1):
        longest = max(longest, length)
        while longest * (end - start) > batch_tokens:
            size = end - 1 - start
            size -= size % SIZE_MULTIPLE if size > SIZE_MULTIPLE else 0
            batches.append(order[start : start + size])
            start += size
            longest = max(lengths[start:end])
    if start < len(order):
        batches.append(order[start:])
    return [batches[number] for number in rng.permutation(len(batches))]


def _refuse_pair(index: int, length: int, batch_tokens: int) -> NoReturn:
    raise SettingsError(
        f"training pair {index + 1} has {length} tokens, more than batch_tokens ({batch_tokens}); "
        "raise --batch-tokens, or preprocess with a smaller --max-pieces"
    )


class _Order:
    """The batches of an epoch, as indices of pairs: window after window, each in memory alone.

    A corpus of up to WINDOW_PAIRS pairs is one window, and is shuffled as a whole. Of a larger
    one, blocks of BLOCK_PAIRS neighbours are shuffled, and then the pairs of some blocks, a window.
    """

    def __init__(self, split: Split, *, batch_tokens: int, seed: int, epoch: int) -> None:
        self._split, self._batch_tokens, self._seed = split, batch_tokens, seed
        self.epoch = epoch
        self._blocks: Order | None = None
        self.windows = 1
        if len(split) > WINDOW_PAIRS:
            blocks = np.random.default_rng((seed, epoch)).permutation(-(-len(split) // BLOCK_PAIRS))
            self._blocks = blocks
            self.windows = -(-len(blocks) * BLOCK_PAIRS // WINDOW_PAIRS)

    def window(self, number: int) -> list[Order]:
        """Return the batches of a window, in random order."""
        split = self._split
        if self._blocks is None:
            pairs = np.arange(len(split))
            rng = np.random.default_rng((self._seed, self.epoch))
        else:
            per_window = WINDOW_PAIRS // BLOCK_PAIRS
            blocks = self._blocks[number * per_window : (number + 1) * per_window]
            pairs = (blocks[:, None] * BLOCK_PAIRS + np.arange(BLOCK_PAIRS)).ravel()
            pairs = pairs[pairs < len(split)]
            rng = np.random.default_rng((self._seed, self.epoch, number))
            for side in (split.src, split.tgt):
                side.release()
        groups = group_by_length(
            split.src.lengths_of(pairs) + 1,
            split.tgt.lengths_of(pairs) + 1,
            batch_tokens=self._batch_tokens,
            rng=rng,
        )
        return groups if self._blocks is None else [pairs[group] for group in groups]


@dataclass(frozen=True)
class _Place:
    """How far a stream has got."""

    epoch: int
    window: int
    taken: int  # batches of the window
    in_window: int  # batches that the window has
    position: int  # batches of the epoch that were taken


class BatchStream:
    """The endless stream of training batches: epoch after epoch, each in an order of its own.

    The order depends on the seed and the epoch only, so a position (epoch, batch) is all that a
    resumed run needs. A thread makes the next batches while one is worked on.
    """

    def __init__(
        self,
        split: Split,
        *,
        batch_tokens: int,
        seed: int,
        rank: int = 0,
        ranks: int = 1,
        resample: tuple[Resample, Resample] | None = None,
    ) -> None:
        """Start before the first batch of epoch 1.

        Args:
            split: The training pairs; read when they are asked for.
            batch_tokens: As for ``group_by_length``.
            seed: Of the order.
            rank: Number of this process among those that share out each batch, from 0.
            ranks: Processes.
            resample: For source and target: cuts the text of a batch anew. Its order depends on
                the seed, the epoch and the place only too; its tokens may then be more than
                batch_tokens, which counts the pieces on disk.

        Raises:
            SettingsError: If a pair is longer than batch_tokens.
        """
        self._split = split
        self._resample = resample
        self._batch_tokens = batch_tokens
        self._seed = seed
        self._rank, self._ranks = rank, ranks
        self._check_lengths()
        self._pool = ThreadPoolExecutor(1, "seqcli-batches")
        self._ahead: deque[Future[tuple[Share, _Place]]] = deque()
        self.waited = 0.0  # seconds that were spent waiting for batches
        self.seek(1, 0)
        self._first_window = self._place.in_window

    def _check_lengths(self) -> None:
        for start in range(0, len(self._split), WINDOW_PAIRS):
            pairs = np.arange(start, min(start + WINDOW_PAIRS, len(self._split)))
            longer = np.maximum(*(s.lengths_of(pairs) for s in (self._split.src, self._split.tgt)))
            if longer.size and longer.max() + 1 > self._batch_tokens:
                index, length = start + int(longer.argmax()), int(longer.max()) + 1
                _refuse_pair(index, length, self._batch_tokens)
            for side in (self._split.src, self._split.tgt):
                side.release()

    def seek(self, epoch: int, position: int) -> None:
        """Go to where position batches of an epoch have been taken, or all if it has fewer."""
        for future in self._ahead:
            future.cancel()
        wait(self._ahead)
        self._ahead.clear()
        self._order = self._order_of(epoch)
        window, before = 0, 0
        self._batches = self._order.window(0)
        while position - before > len(self._batches) and window + 1 < self._order.windows:
            before += len(self._batches)
            window += 1
            self._batches = self._order.window(window)
        taken = min(position - before, len(self._batches))
        self._made = self._place = _Place(
            epoch, window, taken, in_window=len(self._batches), position=before + taken
        )

    def _order_of(self, epoch: int) -> _Order:
        return _Order(self._split, batch_tokens=self._batch_tokens, seed=self._seed, epoch=epoch)

    @property
    def batches_per_epoch(self) -> int:
        """Batches in an epoch; the same in every one; about that many in several windows."""
        return self._first_window * self._order.windows

    @property
    def epoch(self) -> int:
        """The epoch of the batch that was taken last, from 1."""
        return self._place.epoch

    @property
    def position(self) -> int:
        """Batches of this epoch that were taken."""
        return self._place.position

    @property
    def epochs_done(self) -> float:
        """Epochs taken so far, with the fraction of the one under way."""
        place = self._place
        share = (place.window + place.taken / place.in_window) / self._order.windows
        return place.epoch - 1 + share

    def take(self) -> Batch:
        """Return this process's share of the next batch."""
        return self.take_share().batch

    def take_share(self) -> Share:
        """Return this process's share of the next batch, and what it is a share of."""
        while len(self._ahead) < BATCHES_AHEAD:
            self._ahead.append(self._pool.submit(self._make_next))
        before = time.perf_counter()
        share, self._place = self._ahead.popleft().result()
        self.waited += time.perf_counter() - before
        return share

    def _make_next(self) -> tuple[Share, _Place]:
        """Make the batch after the one that was made last; in the thread."""
        place = self._made
        if place.taken == len(self._batches):
            if place.window + 1 < self._order.windows:
                place = replace(place, window=place.window + 1, taken=0)
            else:
                place = _Place(place.epoch + 1, window=0, taken=0, in_window=0, position=0)
                self._order = self._order_of(place.epoch)
            self._batches = self._order.window(place.window)
            place = replace(place, in_window=len(self._batches))
        share = self._share_of(self._batches[place.taken], place)
        self._made = replace(place, taken=place.taken + 1, position=place.position + 1)
        return share, self._made

    def _share_of(self, indices: Order, place: _Place) -> Share:
        """Read this process's sentences of a batch, and no others, unless they are cut anew."""
        src, tgt = self._split.src, self._split.tgt
        size = len(indices)
        rows = slice(self._rank * size // self._ranks, (self._rank + 1) * size // self._ranks)
        if self._resample is None:
            own = indices[rows].tolist()
            tgt_lengths = tgt.lengths_of(indices) + 1
            pairs = [(src[i], tgt[i]) for i in own]
        else:
            at = (self._seed, place.epoch, place.window, place.taken)
            seeds = np.random.SeedSequence(at).generate_state(2).tolist()
            cut = [
                resample([side[i] for i in indices.tolist()], seed)
                for resample, side, seed in zip(self._resample, (src, tgt), seeds, strict=True)
            ]
            tgt_lengths = np.array([len(ids) + 1 for ids in cut[1]])
            pairs = list(zip(*cut, strict=True))[rows]
        return Share(
            batch=collate(pairs) if pairs else _without_tokens(),
            rows=rows,
            whole_size=size,
            whole_tgt_len=int(tgt_lengths.max()),
            whole_tgt_tokens=int(tgt_lengths.sum()),
        )


def _without_tokens() -> Batch:
    """Return a batch of one blank source, for which nothing is to be predicted."""
    src, tgt_in, tgt_out = (torch.tensor([[i]]) for i in (EOS_ID, BOS_ID, PAD_ID))
    return Batch(src, torch.tensor([1]), tgt_in, tgt_out, 0)


def iter_in_order(split: Split, *, batch_tokens: int) -> Iterator[Batch]:
    """Yield a split's batches once, in the same order every time: for validation.

    Args:
        split: The pairs.
        batch_tokens: Most tokens in a batch; raised to the longest sentence if that has more.
    """
    rng = np.random.default_rng(0)
    groups = group_by_length(
        split.src.lengths + 1,
        split.tgt.lengths + 1,
        batch_tokens=max(
            batch_tokens, int(split.src.lengths.max()) + 1, int(split.tgt.lengths.max()) + 1
        ),
        rng=rng,
    )
    for indices in groups:
        yield collate([(split.src[i], split.tgt[i]) for i in map(int, indices)])
