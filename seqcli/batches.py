"""Pairs of ids -> batches of padded tensors, in a seeded order that can be taken up again.

Place: dataset -> **batches** -> model. Imports torch, not sentencepiece.
Axes: batch = sentences, src_len / tgt_len = pieces including EOS, padded to the longest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seqcli.dataset import Split
from seqcli.errors import SettingsError
from seqcli.pieces import BOS_ID, EOS_ID, PAD_ID

Ids = npt.NDArray[np.integer]
Order = npt.NDArray[np.int64]

# Sentences in a batch, where there are more: products are compiled anew for every new shape, and
# kept, so few shapes save time and memory; and wide hardware likes them even.
SIZE_MULTIPLE = 8


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


def pad(sequences: Sequence[Ids | Sequence[int]]) -> Tensor:
    """Return sequences side by side, (batch, longest), filled up with PAD_ID."""
    padded = np.full((len(sequences), max(map(len, sequences))), PAD_ID, dtype=np.int64)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return torch.from_numpy(padded)


def collate_sources(sources: Sequence[Ids | Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Return sources with EOS, (batch, src_len), and their lengths, (batch,)."""
    src = pad([np.append(ids, EOS_ID) for ids in sources])
    return src, torch.tensor([len(ids) + 1 for ids in sources])


def collate(pairs: Sequence[tuple[Ids | Sequence[int], Ids | Sequence[int]]]) -> Batch:
    """Return pairs of (source, target) ids, without BOS and EOS, as one batch."""
    src, src_lengths = collate_sources([src for src, _ in pairs])
    return Batch(
        src=src,
        src_lengths=src_lengths,
        tgt_in=pad([np.insert(np.asarray(tgt, dtype=np.int64), 0, BOS_ID) for _, tgt in pairs]),
        tgt_out=pad([np.append(tgt, EOS_ID) for _, tgt in pairs]),
        num_tgt_tokens=sum(len(tgt) + 1 for _, tgt in pairs),
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
        raise SettingsError(
            f"training pair {int(longer.argmax()) + 1} has {int(longer.max())} tokens, more than "
            f"batch_tokens ({batch_tokens}); raise --batch-tokens, or preprocess with a smaller "
            "--max-pieces"
        )
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


class BatchStream:
    """The endless stream of training batches: epoch after epoch, each in an order of its own.

    The order depends on the seed and the epoch only, so a position (epoch, batch) is all that a
    resumed run needs.
    """

    def __init__(self, split: Split, *, batch_tokens: int, seed: int) -> None:
        """Start before the first batch of epoch 1.

        Raises:
            SettingsError: If a pair is longer than batch_tokens.
        """
        self._split = split
        self._batch_tokens = batch_tokens
        self._seed = seed
        self.epoch = 1
        self.position = 0  # batches of this epoch that were taken
        self._order = self._order_of(self.epoch)

    def _order_of(self, epoch: int) -> list[Order]:
        return group_by_length(
            self._split.src.lengths + 1,
            self._split.tgt.lengths + 1,
            batch_tokens=self._batch_tokens,
            rng=np.random.default_rng((self._seed, epoch)),
        )

    @property
    def batches_per_epoch(self) -> int:
        """Batches in an epoch; the same in every one."""
        return len(self._order)

    def seek(self, epoch: int, position: int) -> None:
        """Go to where position batches of an epoch have been taken, or all if it has fewer."""
        self._order = self._order_of(epoch)
        self.epoch, self.position = epoch, min(position, len(self._order))

    def take(self) -> Batch:
        """Return the next batch."""
        if self.position == len(self._order):
            self.seek(self.epoch + 1, 0)
        indices = self._order[self.position]
        self.position += 1
        return collate([(self._split.src[i], self._split.tgt[i]) for i in map(int, indices)])

    @property
    def epochs_done(self) -> float:
        """Epochs taken so far, with the fraction of the one under way."""
        return self.epoch - 1 + self.position / len(self._order)


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
