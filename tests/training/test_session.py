from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from tiny import make_split, tiny_model, tiny_settings
from torch import Tensor, nn

from seqcli.batches import Batch, Share, collate
from seqcli.training.session import Session, make_session, summed_losses, toss, train_step

PAIRS = [([4 + i % 6] * (1 + i % 3), [5 + i % 5, 6][: 1 + i % 2]) for i in range(9)]
PAIRS += [([4, 5, 6, 7, 8, 9], [11, 10, 9, 8, 7, 6, 5])]


def make_tiny_session(**settings: Any) -> Session:
    """Return a session in float64."""
    resolved = tiny_settings(**settings)
    model = tiny_model(**dict(resolved.model))
    return make_session(
        resolved, model, make_split(PAIRS), device=torch.device("cpu"), dtype=torch.float32
    )


def weights_after_a_step(**settings: Any) -> tuple[dict[str, torch.Tensor], Any]:
    session = make_tiny_session(warmup_steps=0, lr_schedule="constant", **settings)
    # Plain gradient descent: Adam would hide a gradient of the wrong size.
    session.optimizer = torch.optim.SGD(session.model.parameters(), lr=0.1)
    stats = train_step(session, spent=0.0)
    return {n: p.detach() for n, p in session.model.named_parameters()}, stats


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("clip_norm", [None, 0.1])
def test_uneven_micro_batches_give_the_same_update_as_one_batch(
    smoothing: float, clip_norm: float | None
):
    common = {"label_smoothing": smoothing, "clip_norm": clip_norm, "lr": 0.1}
    whole, whole_stats = weights_after_a_step(batch_tokens=1000, grad_accum=1, **common)
    split, split_stats = weights_after_a_step(batch_tokens=20, grad_accum=3, **common)
    assert make_tiny_session(batch_tokens=20).stream.batches_per_epoch == 3
    torch.testing.assert_close(split, whole)
    assert split_stats.num_tokens == whole_stats.num_tokens == sum(len(t) + 1 for _, t in PAIRS)
    assert split_stats.nll == pytest.approx(whole_stats.nll)
    assert split_stats.grad_norm == pytest.approx(whole_stats.grad_norm)
    assert split_stats.clipped == whole_stats.clipped == (clip_norm is not None)


def losses_of(session: Session, batch: Batch, *, probability: float) -> tuple[Tensor, Tensor]:
    return summed_losses(
        session, session.model, batch, toss(session, Share.of_all(batch), probability)
    )


def test_padding_does_not_change_an_update():
    session = make_tiny_session()
    alone = [collate([pair]) for pair in PAIRS]
    losses = [losses_of(session, b, probability=1.0) for b in (*alone, collate(PAIRS))]
    for kind in (0, 1):
        torch.testing.assert_close(
            torch.stack([loss[kind] for loss in losses[:-1]]).sum(), losses[-1][kind]
        )


def test_the_loss_is_the_cross_entropy_of_the_logits():
    session = make_tiny_session(label_smoothing=0.2)
    batch = collate(PAIRS)
    loss, plain = losses_of(session, batch, probability=1.0)
    logits = session.model(batch.src, batch.src_lengths, batch.tgt_in).transpose(1, 2)
    for found, smoothing in ((loss, 0.2), (plain, 0.0)):
        entropy = nn.CrossEntropyLoss(ignore_index=0, reduction="sum", label_smoothing=smoothing)
        torch.testing.assert_close(found, entropy(logits, batch.tgt_out))


def test_certain_gold_takes_the_whole_sequence_path_and_tosses_no_coin():
    session = make_tiny_session()
    before = session.coins.get_state()
    session.model.step = None  # type: ignore[assignment]
    losses_of(session, collate(PAIRS), probability=1.0)
    assert torch.equal(session.coins.get_state(), before)


@pytest.mark.parametrize("passes", [1, 2])
def test_coins_move_their_own_generator_only(passes: int):
    session = make_tiny_session(sampling_passes=passes)
    coins, others = session.coins.get_state(), torch.get_rng_state()
    loss, after = (losses_of(session, collate(PAIRS), probability=0.5)[0] for _ in range(2))
    assert torch.equal(torch.get_rng_state(), others)
    assert not torch.equal(after, loss)
    session.coins.set_state(coins)
    again, _ = losses_of(session, collate(PAIRS), probability=0.5)
    assert torch.equal(again, loss)


def test_a_step_tells_what_it_did():
    session = make_tiny_session(
        lr=0.5,
        warmup_steps=4,
        teacher_forcing="linear",
        teacher_forcing_end=0.0,
        teacher_forcing_steps=5,
    )
    found = [train_step(session, spent=0.0) for _ in range(5)]
    assert [stats.lr for stats in found] == pytest.approx([0.125, 0.25, 0.375, 0.5, 0.5])
    assert [stats.teacher_forcing for stats in found] == pytest.approx([1, 0.75, 0.5, 0.25, 0])
    assert session.progress.update == 5
    assert not any(stats.skipped for stats in found)


def test_a_skipped_update_changes_no_weight_and_no_moment():
    session = make_tiny_session(ema=0.9)
    train_step(session, spent=0.0)
    with torch.no_grad():
        kept = session.model.output.bias[0].clone()
        session.model.output.bias[0] = torch.nan
    weights = [parameter.detach().clone() for parameter in session.model.parameters()]
    moments = copy.deepcopy(session.optimizer.state_dict()["state"])
    stats = train_step(session, spent=0.0)
    assert stats.skipped
    assert (session.progress.skipped, session.progress.skipped_in_a_row) == (1, 1)
    for parameter, before in zip(session.model.parameters(), weights, strict=True):
        torch.testing.assert_close(parameter.detach(), before, equal_nan=True)
    torch.testing.assert_close(session.optimizer.state_dict()["state"], moments)
    assert session.average is not None
    assert all(weight.isfinite().all() for weight in session.average.weights.values())
    with torch.no_grad():
        session.model.output.bias[0] = kept
    assert not train_step(session, spent=0.0).skipped
    assert session.progress.skipped_in_a_row == 0
