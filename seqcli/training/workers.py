"""A batch on several CPU threads: each takes some of the sentences, with weights that all share.

Place: session -> **workers** -> gradients of the model. A recurrent model makes thousands of short
steps in an update. Threads that share each step wait for each other every time; threads that share
out the sentences meet once an update.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from seqcli.batches import Batch
from seqcli.devices import use_one_thread
from seqcli.models import Seq2Seq
from seqcli.models.dropout import Dropout
from seqcli.pieces import PAD_ID
from seqcli.training.distributed import Ranks, SharedModel

# (model, batch, is_gold) -> a loss to go back from, and what was found
Work = Callable[[Seq2Seq, Batch, Tensor | None], tuple[Tensor, Tensor]]


class Workers:
    """Threads with a model each; the models have gradients of their own, but the same weights."""

    def __init__(self, model: Seq2Seq, *, count: int, ranks: Ranks | None = None) -> None:
        """Make the threads.

        Args:
            model: On the device where it stays. Its weights may be changed in place.
            count: Threads; with 1 the model itself does the work, in the thread that asks.
            ranks: Processes that share out the batches; only with 1 thread.
        """
        self._model = model
        self._shared = SharedModel(model, ranks) if ranks is not None and ranks.count > 1 else None
        assert self._shared is None or count == 1
        self._replicas = [_share(model) for _ in range(count)] if count > 1 else []
        self._pool = (
            ThreadPoolExecutor(count, "seqcli-worker", initializer=use_one_thread)
            if count > 1
            else None
        )

    def train(self) -> None:
        """Put the models into training mode, without gradients."""
        self.drop_gradients()
        for model in (self._model, *self._replicas):
            model.train()

    def drop_gradients(self) -> None:
        """Free the gradients of the last update; they take as much memory as the weights, twice."""
        for model in (self._model, *self._replicas):
            model.zero_grad(set_to_none=True)

    def learn(
        self, work: Work, batch: Batch, is_gold: Tensor | None, *, last: bool = True
    ) -> list[Tensor]:
        """Have all of a batch worked on, forward and backward; return what each worker found.

        Dropout of a worker has a generator of its own, seeded from torch's global one, so the
        result depends on the number of workers but not on which is faster.

        Args:
            work: Called with a model and some sentences of the batch; gradients add up there.
            batch: All sentences.
            is_gold: Where gold is fed, (batch, tgt_len), or None.
            last: Whether the update is complete with this batch.
        """
        if self._shared is not None:
            return [self._shared.learn(work, batch, is_gold, last=last)]
        if self._pool is None:
            return [_go_back(work, self._model, batch, is_gold)]
        shards = split_batch(batch, is_gold, len(self._replicas))
        seeds = torch.randint(2**62, (len(shards),)).tolist()
        futures = []
        for replica, (shard, coins), seed in zip(self._replicas, shards, seeds, strict=False):
            _seed_dropout(replica, seed)
            futures.append(self._pool.submit(_go_back, work, replica, shard, coins))
        return [future.result() for future in futures]

    def gather_gradients(self) -> None:
        """Give the model the sum of the workers' gradients."""
        if self._pool is None:
            return
        for parameter, *others in zip(
            self._model.parameters(), *(r.parameters() for r in self._replicas), strict=True
        ):
            grads = [other.grad for other in others if other.grad is not None]
            if grads:
                parameter.grad = grads[0]
                for grad in grads[1:]:
                    parameter.grad.add_(grad)


def _go_back(work: Work, model: Seq2Seq, batch: Batch, is_gold: Tensor | None) -> Tensor:
    loss, found = work(model, batch, is_gold)
    loss.backward()
    return found


def split_batch(
    batch: Batch, is_gold: Tensor | None, count: int
) -> list[tuple[Batch, Tensor | None]]:
    """Cut a batch into at most count parts of like size, each padded to its own longest."""
    sizes = [len(rows) for rows in torch.arange(len(batch.src)).tensor_split(count) if len(rows)]
    parts, start = [], 0
    for size in sizes:
        rows = slice(start, start + size)
        tgt_lengths = (batch.tgt_out[rows] != PAD_ID).sum(dim=1)
        src_len, tgt_len = int(batch.src_lengths[rows].max()), int(tgt_lengths.max())
        part = Batch(
            src=batch.src[rows, :src_len],
            src_lengths=batch.src_lengths[rows],
            tgt_in=batch.tgt_in[rows, :tgt_len],
            tgt_out=batch.tgt_out[rows, :tgt_len],
            num_tgt_tokens=int(tgt_lengths.sum()),
        )
        parts.append((part, None if is_gold is None else is_gold[rows, :tgt_len]))
        start += size
    return parts


def _share(model: Seq2Seq) -> Seq2Seq:
    """Return a copy of a model whose weights are the model's own."""
    replica = copy.deepcopy(model)
    for own, shared in zip(replica.parameters(), model.parameters(), strict=True):
        own.data = shared.data
    return replica


def _seed_dropout(model: Seq2Seq, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, Dropout):
            module.generator = generator
