from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, get_args

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from tiny import tiny_model
from torch import Tensor

from seqcli.config import TeacherForcing as ScheduleName
from seqcli.config import TeacherForcingScope, TrainingSettings
from seqcli.errors import SettingsError
from seqcli.models import Seq2Seq
from seqcli.models.seq2seq import Reading
from seqcli.training.teacher_forcing import (
    PASSES,
    SCHEDULES,
    SCOPES,
    TeacherForcing,
    readouts_stepwise,
    readouts_two_pass,
    toss_coins,
)

SRC = torch.tensor([[4, 5, 6, 3], [8, 3, 0, 0], [9, 4, 3, 0]])
SRC_LENGTHS = torch.tensor([4, 2, 3])
TGT_IN = torch.tensor([[2, 6, 5, 4, 7], [2, 9, 8, 8, 0], [2, 7, 0, 0, 0]])
Method = Callable[[Seq2Seq, Reading, Tensor, Tensor], Tensor]
each_method = pytest.mark.parametrize("method", PASSES.values(), ids=PASSES.keys())
shapes = pytest.mark.parametrize(
    "shape", [{}, {"attention": "none", "cell": "gru", "layers": 2}, {"input_feeding": True}]
)


def make(schedule: str, start: float, end: float, warmup: int, steps: int | None) -> TeacherForcing:
    return TeacherForcing(schedule=schedule, start=start, end=end, warmup=warmup, steps=steps)


def test_config_offers_exactly_what_we_have():
    assert set(get_args(ScheduleName)) == SCHEDULES.keys()
    assert set(get_args(TeacherForcingScope)) == set(SCOPES)
    for passes in PASSES:
        assert TrainingSettings(sampling_passes=passes)
    with pytest.raises(ValueError, match="sampling_passes"):
        TrainingSettings(sampling_passes=max(PASSES) + 1)


@pytest.mark.parametrize(
    ("schedule", "start", "end", "warmup", "steps", "expected"),
    [
        ("constant", 0.75, 0.0, 0, None, {1: 0.75, 1000: 0.75}),
        ("linear", 1.0, 0.2, 10, 20, {1: 1.0, 10: 1.0, 15: 0.6, 19: 0.28, 20: 0.2, 99: 0.2}),
        ("exponential", 1.0, 0.25, 0, 11, {1: 1.0, 6: 0.5, 11: 0.25, 12: 0.25}),
        ("exponential", 0.8, 0.05, 4, 12, {4: 0.8, 6: 0.4, 8: 0.2, 10: 0.1, 12: 0.05}),
        # k = 5 in k / (k + exp(i / k)), scaled to start at 1: (k + 1) / (k + exp(i / k))
        (
            "inverse-sigmoid",
            1.0,
            6 / (5 + math.exp(4)),
            0,
            21,
            {6: 6 / (5 + math.e), 11: 6 / (5 + math.exp(2)), 21: 6 / (5 + math.exp(4))},
        ),
        # k = 2, start 0.5, after a warm-up of 3
        (
            "inverse-sigmoid",
            0.5,
            1.5 / (2 + math.exp(3)),
            3,
            9,
            {3: 0.5, 5: 1.5 / (2 + math.e), 7: 1.5 / (2 + math.exp(2))},
        ),
    ],
)
def test_probabilities_by_hand(
    schedule: str,
    start: float,
    end: float,
    warmup: int,
    steps: int | None,
    expected: dict[int, float],
):
    forcing = make(schedule, start, end, warmup, steps)
    found = {update: forcing.probability(update) for update in expected}
    assert found == pytest.approx(expected, rel=1e-6)


@given(
    st.sampled_from(["linear", "exponential", "inverse-sigmoid"]),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(0, 500),
    st.integers(1, 100_000),
)
def test_the_probability_falls_from_start_to_end_and_never_below(
    schedule: str, start: float, end: float, warmup: int, length: int
):
    start, end = max(start, end), min(start, end)
    assume(schedule == "linear" or end > 1e-9)
    forcing = make(schedule, start, end, warmup, warmup + length)
    updates = sorted({1, warmup, *(warmup + length * part // 40 for part in range(42))} - {0})
    found = [forcing.probability(update) for update in updates]
    assert all(end - 1e-9 <= p <= start + 1e-9 for p in found)
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(found))
    assert all(forcing.probability(update) == start for update in range(1, min(warmup, 5)))
    assert forcing.probability(warmup + length) == end
    # The curve itself comes to its end; it does not jump there.
    if length > 1000:
        assert forcing.probability(warmup + length - 1) == pytest.approx(end, abs=0.02)


@pytest.mark.parametrize("schedule", ["exponential", "inverse-sigmoid"])
def test_a_curve_that_never_reaches_zero_refuses_to_end_there(schedule: str):
    with pytest.raises(SettingsError) as caught:
        make(schedule, 1.0, 0.0, 0, 10)
    assert str(caught.value) == (
        f"--teacher-forcing-end 0.0: the {schedule} schedule comes near 0 but never reaches it; "
        "give a small number such as 0.01, or take the linear schedule"
    )


def toss(scope: str, probability: float, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return toss_coins((60, 80), probability=probability, scope=scope, generator=generator)


@pytest.mark.parametrize(
    ("scope", "alike"), [("token", None), ("step", 0), ("sequence", 1)], ids=SCOPES
)
def test_the_scope_says_which_positions_share_a_coin(scope: str, alike: int | None):
    is_gold = toss(scope, 0.5)
    assert is_gold.shape == (60, 80)
    for dim in (0, 1):
        first = is_gold.select(dim, 0).unsqueeze(dim)
        assert bool((is_gold == first).all()) == (dim == alike)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_gold_is_fed_about_as_often_as_asked(scope: str, probability: float):
    tosses = [toss(scope, probability, seed) for seed in range(40)]
    assert float(torch.stack(tosses).float().mean()) == pytest.approx(probability, abs=0.025)


@pytest.mark.parametrize("scope", SCOPES)
def test_certain_coins_are_certain(scope: str):
    assert toss(scope, 1.0).all()
    assert not toss(scope, 0.0).any()


def test_coins_come_from_their_own_generator():
    before = torch.get_rng_state()
    generator = torch.Generator().manual_seed(3)
    first, second = (
        toss_coins((4, 9), probability=0.5, scope="token", generator=generator) for _ in range(2)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(first, second)
    generator.manual_seed(3)
    again = toss_coins((4, 9), probability=0.5, scope="token", generator=generator)
    assert torch.equal(again, first)


@each_method
@shapes
def test_all_gold_equals_the_whole_sequence_path(method: Method, shape: dict[str, Any]):
    model = tiny_model(**shape)
    reading = model.read(SRC, SRC_LENGTHS)
    is_gold = torch.ones_like(TGT_IN, dtype=torch.bool)
    torch.testing.assert_close(
        method(model, reading, TGT_IN, is_gold), model.readouts(reading, TGT_IN)
    )


@shapes
def test_without_gold_the_decoder_is_fed_its_own_likeliest_pieces(shape: dict[str, Any]):
    model = tiny_model(**shape)
    reading = model.read(SRC, SRC_LENGTHS)
    own = TGT_IN[:, :1]
    for _ in range(TGT_IN.shape[1] - 1):
        likeliest = model(SRC, SRC_LENGTHS, own)[:, -1].argmax(-1)
        own = torch.cat([own, likeliest[:, None]], dim=1)
    readouts = readouts_stepwise(model, reading, TGT_IN, torch.zeros_like(TGT_IN, dtype=torch.bool))
    torch.testing.assert_close(readouts, model.readouts(reading, own))


@each_method
def test_the_first_piece_is_always_the_start(method: Method):
    model = tiny_model()
    reading = model.read(SRC, SRC_LENGTHS)
    is_gold = torch.ones_like(TGT_IN, dtype=torch.bool)
    is_gold[:, 0] = False
    torch.testing.assert_close(
        method(model, reading, TGT_IN, is_gold), model.readouts(reading, TGT_IN)
    )


@shapes
def test_one_own_piece_after_the_start_is_the_same_in_two_passes(shape: dict[str, Any]):
    model = tiny_model(**shape)
    reading = model.read(SRC, SRC_LENGTHS)
    is_gold = torch.ones_like(TGT_IN, dtype=torch.bool)
    is_gold[:, 1] = False
    stepwise, two_pass = (m(model, reading, TGT_IN, is_gold) for m in PASSES.values())
    torch.testing.assert_close(two_pass, stepwise)
    assert not torch.allclose(stepwise, model.readouts(reading, TGT_IN))


def test_in_two_passes_own_pieces_follow_a_gold_prefix():
    model = tiny_model()
    reading = model.read(SRC, SRC_LENGTHS)
    after_gold = model(SRC, SRC_LENGTHS, TGT_IN).argmax(-1)
    mixed = torch.cat([TGT_IN[:, :1], after_gold[:, :-1]], dim=1)
    two_pass = readouts_two_pass(model, reading, TGT_IN, torch.zeros_like(TGT_IN, dtype=torch.bool))
    torch.testing.assert_close(two_pass, model.readouts(reading, mixed))


@each_method
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_weight_learns_in_every_precision(method: Method, dtype: torch.dtype):
    """Products cached without a gradient in a first pass must not serve the second."""
    model = tiny_model(layers=2, tie_embeddings=False).float()
    is_gold = torch.rand(TGT_IN.shape) < 0.5
    with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
        reading = model.read(SRC, SRC_LENGTHS)
        readouts = method(model, reading, TGT_IN, is_gold)
    model.logits(readouts.float()).pow(2).sum().backward()
    idle = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert idle == []
