from __future__ import annotations

import copy
import math
from itertools import pairwise
from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from seqcli.config import LrSchedule, Optimizer
from seqcli.training.budget import Budget, Spent
from seqcli.training.optimization import (
    LR_SCHEDULES,
    OPTIMIZERS,
    AveragedWeights,
    LearningRate,
    add_l2,
    clip_gradients,
    make_optimizer,
)


def rates(schedule: str, *, warmup_steps: int, steps: int, lr: float = 1.0) -> list[float]:
    """Return the rate of every update of a training of so many steps."""
    learning_rate = LearningRate(lr=lr, schedule=schedule, warmup_steps=warmup_steps)
    return [learning_rate.at(step, (step - 1) / steps) for step in range(1, steps + 1)]


def test_config_offers_exactly_what_we_have():
    assert set(get_args(LrSchedule)) == LR_SCHEDULES.keys()
    assert set(get_args(Optimizer)) == OPTIMIZERS.keys()


@pytest.mark.parametrize("schedule", list(LR_SCHEDULES))
def test_the_rate_rises_in_a_line_to_its_peak_at_warmup_steps(schedule: str):
    found = rates(schedule, warmup_steps=4, steps=10, lr=0.5)
    assert found[:4] == pytest.approx([0.125, 0.25, 0.375, 0.5])
    assert max(found) == pytest.approx(0.5)


def test_linear_falls_evenly_and_is_one_step_above_zero_at_the_last():
    assert rates("linear", warmup_steps=4, steps=9) == pytest.approx(
        [1 / 4, 2 / 4, 3 / 4, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]
    )
    last = rates("linear", warmup_steps=30, steps=100)[-1]
    assert last == pytest.approx(1 / (100 - 30 + 1))


def test_cosine_is_half_way_down_in_the_middle():
    found = rates("cosine", warmup_steps=0, steps=8)
    expected = [(1 + math.cos(math.pi * step / 8)) / 2 for step in range(8)]
    assert found == pytest.approx(expected)
    assert found[4] == pytest.approx(0.5)


def test_inverse_sqrt_halves_when_the_steps_are_four_times_as_many():
    found = rates("inverse-sqrt", warmup_steps=25, steps=400)
    assert found[24] == pytest.approx(1)
    assert found[99] == pytest.approx(0.5)
    assert found[399] == pytest.approx(0.25)


def test_constant_stays_at_its_peak():
    assert rates("constant", warmup_steps=0, steps=3, lr=0.2) == [0.2, 0.2, 0.2]


@given(
    st.sampled_from(sorted(LR_SCHEDULES)),
    st.integers(0, 60),
    st.integers(1, 80),
)
def test_the_rate_never_leaves_zero_to_peak_and_falls_after_the_rise(
    schedule: str, warmup_steps: int, steps: int
):
    found = rates(schedule, warmup_steps=warmup_steps, steps=steps)
    assert all(0 < rate <= 1 for rate in found)
    fall = found[max(warmup_steps - 1, 0) :]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(fall))


def make_parameters() -> list[nn.Parameter]:
    parameters = [
        nn.Parameter(torch.zeros(2, 3)),
        nn.Parameter(torch.zeros(4)),
        nn.Parameter(torch.zeros(1)),
    ]
    for parameter in parameters[:2]:  # the last has no gradient
        parameter.grad = torch.randn_like(parameter) * 3
    return parameters


def copy_with_gradients(parameters: list[nn.Parameter]) -> list[nn.Parameter]:
    copies = copy.deepcopy(parameters)
    for one, other in zip(copies, parameters, strict=True):
        one.grad = None if other.grad is None else other.grad.clone()
    return copies


@pytest.mark.parametrize("clip_norm", [0.5, 2.0, 1e6])
def test_clipping_by_norm_equals_torch(clip_norm: float):
    parameters = make_parameters()
    theirs = copy_with_gradients(parameters)
    norm, clipped = clip_gradients(parameters, clip_norm=clip_norm, clip_value=None)
    expected = nn.utils.clip_grad_norm_(theirs, clip_norm)
    assert norm == pytest.approx(float(expected))  # before clipping
    assert clipped == (norm > clip_norm)
    for ours, other in zip(parameters[:2], theirs, strict=False):
        torch.testing.assert_close(ours.grad, other.grad)


@pytest.mark.parametrize("clip_value", [0.1, 1.0, 1e6])
def test_clipping_by_value_equals_torch(clip_value: float):
    parameters = make_parameters()
    theirs = copy_with_gradients(parameters)
    before = float(nn.utils.get_total_norm([p.grad for p in parameters[:2]]))
    norm, clipped = clip_gradients(parameters, clip_norm=None, clip_value=clip_value)
    nn.utils.clip_grad_value_(theirs, clip_value)
    assert norm == pytest.approx(before)
    assert clipped == (clip_value < 100)
    for ours, other in zip(parameters[:2], theirs, strict=False):
        torch.testing.assert_close(ours.grad, other.grad)


def test_without_clipping_gradients_stay():
    parameters = make_parameters()
    before = [parameter.grad.clone() for parameter in parameters[:2]]
    norm, clipped = clip_gradients(parameters, clip_norm=None, clip_value=None)
    assert norm == pytest.approx(math.sqrt(sum(float((g**2).sum()) for g in before)))
    assert not clipped
    assert all(torch.equal(p.grad, g) for p, g in zip(parameters[:2], before, strict=True))


@pytest.mark.parametrize(
    "clip", [{"clip_norm": 1.0, "clip_value": None}, {"clip_norm": None, "clip_value": 1.0}]
)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_is_left_to_the_caller(clip: dict[str, float], bad: float):
    parameters = make_parameters()
    parameters[0].grad[0, 0] = bad
    before = parameters[1].grad.clone()
    norm, clipped = clip_gradients(parameters, **clip)
    assert not math.isfinite(norm)
    assert not clipped
    assert torch.equal(parameters[1].grad, before)


@pytest.mark.parametrize(("name", "decays"), [("adam", False), ("adamw", True)])
def test_only_adamw_decays_weights(name: str, decays: bool):
    parameter = nn.Parameter(torch.tensor([2.0]))
    optimizer = make_optimizer([parameter], optimizer=name, lr=0.1, weight_decay=0.5)
    parameter.grad = torch.zeros(1)
    optimizer.step()
    assert float(parameter.detach()) == pytest.approx(2.0 * (1 - 0.1 * 0.5) if decays else 2.0)


def test_the_first_step_of_adam_is_as_long_as_the_rate():
    parameter = nn.Parameter(torch.tensor([2.0, -1.0]))
    optimizer = make_optimizer([parameter], optimizer="adam", lr=0.1, weight_decay=0.0)
    parameter.grad = torch.tensor([5.0, -0.01])
    optimizer.step()
    torch.testing.assert_close(parameter.data, torch.tensor([1.9, -0.9]))


def test_the_average_follows_the_weights_faster_at_first():
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 0.0)
    average = AveragedWeights(model, decay=0.5)
    nn.init.constant_(model.weight, 11.0)
    average.add(model, 1)  # decay 2/11
    assert float(average.weights["weight"]) == pytest.approx(9.0)
    nn.init.constant_(model.weight, 1.0)
    average.add(model, 1000)  # decay 0.5
    assert float(average.weights["weight"]) == pytest.approx(5.0)


def test_swapping_twice_changes_nothing():
    model = nn.Linear(2, 2)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    average = AveragedWeights(model, decay=0.9)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    average.swap(model)
    assert all(torch.equal(p, b) for p, b in zip(model.parameters(), before, strict=True))
    average.swap(model)
    assert not any(parameter.any() for parameter in model.parameters())
    assert all(
        torch.equal(average.weights[n], b) for n, b in zip(("weight", "bias"), before, strict=True)
    )


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((10, None, None), 0.5),
        ((10, 4, None), 0.75),
        ((10, 4, 1.0), 0.9),
        ((None, 2, None), 1.0),
        ((None, None, None), 0.0),
    ],
)
def test_progress_is_that_of_the_nearest_limit(
    limits: tuple[int | None, int | None, float | None], expected: float
):
    assert Budget(*limits).progress(Spent(step=5, epochs=3.0, seconds=54.0)) == pytest.approx(
        expected
    )


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((5, None, None), "max_steps (5) reached"),
        ((6, 3, None), "max_epochs (3) reached"),
        ((6, 4, 0.9), "max_minutes (0.9) reached"),
        ((6, 4, 1.0), None),
        ((None, None, None), None),
    ],
)
def test_the_limit_that_is_used_up_is_named(
    limits: tuple[int | None, int | None, float | None], expected: str | None
):
    assert Budget(*limits).reached(Spent(step=5, epochs=3.0, seconds=54.0)) == expected


def test_l2_is_the_gradient_of_half_the_squared_weights():
    model = nn.Linear(3, 2)
    torch.nn.functional.mse_loss(model(torch.ones(1, 3)), torch.ones(1, 2)).backward()
    plain = [parameter.grad.clone() for parameter in model.parameters()]
    add_l2(model.parameters(), 0.1)
    for parameter, grad in zip(model.parameters(), plain, strict=True):
        half = 0.1 / 2 * (parameter**2).sum()
        torch.testing.assert_close(parameter.grad, grad + torch.autograd.grad(half, parameter)[0])


def test_l2_equals_the_weight_decay_of_pytorchs_adam():
    found = []
    for l2, weight_decay in ((0.2, 0.0), (0.0, 0.2)):
        parameter = nn.Parameter(torch.tensor([2.0, -3.0]))
        optimizer = torch.optim.Adam([parameter], lr=0.1, weight_decay=weight_decay)
        for step in range(4):
            parameter.grad = torch.tensor([0.1, -0.4]) * step
            add_l2([parameter], l2)
            optimizer.step()
        found.append(parameter.detach())
    torch.testing.assert_close(found[0], found[1])


def test_a_plateau_lowers_the_rate_after_so_many_validations_that_were_no_better():
    rate = LearningRate(lr=1.0, schedule="plateau", warmup_steps=0, decay=0.5, patience=2)
    rates = []
    for is_better in (True, False, False, False, True, False, False):
        rate.note_validation(is_better=is_better)
        rates.append(rate.at(5, 0.5))
    assert rates == [1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]


def test_validations_do_not_move_the_rate_of_other_schedules():
    rate = LearningRate(lr=1.0, schedule="constant", warmup_steps=0, decay=0.5, patience=1)
    rate.note_validation(is_better=False)
    assert rate.at(5, 0.5) == 1
