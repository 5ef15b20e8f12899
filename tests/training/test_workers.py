from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny import make_split, tiny_model, tiny_settings

from seqcli.batches import Batch, collate
from seqcli.pieces import PAD_ID
from seqcli.training.session import Session, make_session, train_step
from seqcli.training.workers import Workers, split_batch

PAIRS = [([4, 5, 6][: 1 + n % 3], [7, 8, 9, 10, 11][: 1 + n % 5]) for n in range(11)]


def make_tiny_session(threads: int, **settings: Any) -> Session:
    common = {"warmup_steps": 0, "lr_schedule": "constant", "batch_tokens": 1000}
    resolved = tiny_settings(**{**common, **settings})
    session = make_session(
        resolved,
        tiny_model(**dict(resolved.model)),
        make_split(PAIRS),
        device=torch.device("cpu"),
        dtype=torch.float32,
        threads=threads,
    )
    # Plain gradient descent: Adam would hide a gradient of the wrong size.
    session.optimizer = torch.optim.SGD(session.model.parameters(), lr=0.1)
    return session


def weights_of(session: Session) -> dict[str, torch.Tensor]:
    return {name: value.detach() for name, value in session.model.named_parameters()}


@pytest.mark.parametrize("threads", [2, 3, 16])
@pytest.mark.parametrize("forced", [1.0, 0.5])
def test_the_number_of_workers_does_not_change_an_update(threads: int, forced: float):
    """Eleven sentences for sixteen workers included."""
    settings = {"grad_accum": 2, "teacher_forcing_start": forced, "label_smoothing": 0.1}
    alone, shared = make_tiny_session(1, **settings), make_tiny_session(threads, **settings)
    for _ in range(3):
        one, many = train_step(alone, spent=0.0), train_step(shared, spent=0.0)
        assert many.nll == pytest.approx(one.nll)
        assert many.grad_norm == pytest.approx(one.grad_norm)
    torch.testing.assert_close(weights_of(shared), weights_of(alone))


def test_the_same_number_of_workers_gives_the_same_update_with_dropout():
    runs = []
    for _ in range(2):
        torch.manual_seed(5)
        session = make_tiny_session(2, dropout=0.5)
        torch.manual_seed(5)
        for _ in range(3):
            train_step(session, spent=0.0)
        runs.append(weights_of(session))
    torch.testing.assert_close(*runs, rtol=0, atol=0)


def test_workers_drop_different_activations():
    model = tiny_model(dropout=0.5)
    workers = Workers(model, count=2)
    workers.train()
    same = collate([PAIRS[7]] * 2)

    def work(replica: Any, batch: Batch, _: Any) -> tuple[torch.Tensor, torch.Tensor]:
        loss = replica(batch.src, batch.src_lengths, batch.tgt_in).sum()
        return loss, loss.detach()

    first, second = workers.learn(work, same, None)
    assert first != second


def test_parts_hold_every_sentence_once_without_needless_padding():
    batch = collate(PAIRS)
    is_gold = torch.rand(batch.tgt_in.shape) < 0.5
    parts = split_batch(batch, is_gold, 4)
    assert sum(part.num_tgt_tokens for part, _ in parts) == batch.num_tgt_tokens
    rows = 0
    for part, coins in parts:
        assert coins is not None
        assert coins.shape == part.tgt_in.shape == part.tgt_out.shape
        for row in range(len(part.src)):
            length = int(part.src_lengths[row])
            assert part.src[row, :length].tolist() == batch.src[rows, :length].tolist()
            kept = part.tgt_out.shape[1]
            assert part.tgt_out[row].tolist() == batch.tgt_out[rows, :kept].tolist()
            assert not batch.tgt_out[rows, kept:].any()
            rows += 1
        assert (part.tgt_out != PAD_ID).any(dim=0).all()
    assert rows == len(PAIRS)


def test_a_mistake_in_a_worker_reaches_the_caller():
    workers = Workers(tiny_model(), count=2)

    def fail(*_: object) -> torch.Tensor:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        workers.learn(fail, collate(PAIRS), None)
