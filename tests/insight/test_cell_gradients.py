from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqcli.insight.backward import judge
from seqcli.insight.cell_gradients import CellGradients, draw_cell, follow_cell

CELLS = ("rnn", "lstm", "gru", "gru-cudnn")
LENGTH, HIDDEN = 6, 5


def follow(cell: str, *, sentences: int = 1, w_scale: float = 1.3) -> CellGradients:
    return follow_cell(
        cell,
        length=LENGTH,
        hidden_size=HIDDEN,
        sentences=sentences,
        w_scale=w_scale,
        keep_bias=None,
        clip_norm=0.01,
        seed=3,
    )


def last_h(cell: str, at: int, part: int, shift: torch.Tensor) -> torch.Tensor:
    """Return h_T by the fused kernels, after one tensor of the state at step ``at`` was shifted."""
    layer, x, _ = draw_cell(cell, LENGTH, HIDDEN, 1, 1.3, None, 3)
    with torch.no_grad():
        _, state = layer(x[:at])
        moved = tuple(each + shift if i == part else each for i, each in enumerate(state))
        if at == LENGTH:
            return moved[0][0]
        _, state = layer(x[at:], moved)
    return state[0][0]


def finite_jacobian(cell: str, at: int, part: int, size: float = 1e-6) -> torch.Tensor:
    """Return dh_T by one tensor of the state at step ``at``, (hidden, hidden)."""
    columns = []
    for unit in torch.eye(HIDDEN, dtype=torch.float64):
        plus, minus = (last_h(cell, at, part, sign * size * unit) for sign in (1, -1))
        columns.append((plus - minus) / (2 * size))
    return torch.stack(columns, dim=1)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_agree_with_finite_differences_through_the_fused_kernels(cell):
    followed = follow(cell)
    _, _, v = draw_cell(cell, LENGTH, HIDDEN, 1, 1.3, None, 3)
    for at in range(1, LENGTH + 1):
        by_h = v[0] @ finite_jacobian(cell, at, 0)
        assert followed.h.mean[at - 1] == pytest.approx(float(by_h.norm()), abs=1e-5)
        if followed.c is not None:
            by_c = v[0] @ finite_jacobian(cell, at, 1)
            whole = torch.cat([by_h, by_c])
            assert followed.c.mean[at - 1] == pytest.approx(float(by_c.norm()), abs=1e-5)
            assert followed.state.mean[at - 1] == pytest.approx(float(whole.norm()), abs=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_jacobians_agree_with_finite_differences_through_the_fused_kernels(cell):
    followed = follow(cell)
    for at in range(1, LENGTH + 1):
        expected = torch.linalg.matrix_norm(finite_jacobian(cell, at, 0), ord=2)
        assert followed.h_jacobian.mean[at - 1] == pytest.approx(float(expected), abs=1e-5)


def test_of_a_plain_rnn_everything_follows_from_the_product_of_the_notes():
    """dh_T/dh_t is the product of diag(1 - h_k^2) W over k = T..t+1."""
    followed = follow("rnn")
    layer, x, v = draw_cell("rnn", LENGTH, HIDDEN, 1, 1.3, None, 3)
    w_x, w_h = (each.detach().numpy() for each in (layer.input_weight, layer.hidden_weight))
    hs = [np.zeros(HIDDEN)]
    for step in x[:, 0].numpy():
        hs.append(np.tanh(w_x @ step + w_h @ hs[-1]))
    product, bound, weight_bound = np.eye(HIDDEN), 1.0, 1.0
    for t in range(LENGTH, 0, -1):
        assert followed.state.mean[t - 1] == pytest.approx(np.linalg.norm(v[0].numpy() @ product))
        assert followed.jacobian.mean[t - 1] == pytest.approx(np.linalg.norm(product, 2))
        assert followed.jacobian_bound.mean[t - 1] == pytest.approx(bound)
        assert followed.weight_bound is not None
        assert followed.weight_bound.mean[t - 1] == pytest.approx(weight_bound)
        step_jacobian = np.diag(1 - hs[t] ** 2) @ w_h
        product = product @ step_jacobian
        bound *= np.linalg.norm(step_jacobian, 2)
        weight_bound *= np.linalg.norm(w_h, 2) * (1 - hs[t] ** 2).max()
    assert followed.spectral_radius["h"] == pytest.approx(abs(np.linalg.eigvals(w_h)).max())


@pytest.mark.parametrize("cell", CELLS)
def test_no_gradient_is_above_the_jacobian_and_no_jacobian_above_its_bound(cell):
    followed = follow(cell, sentences=4)
    small = 1e-12
    for course in (followed.state, followed.h_jacobian):
        pairs = zip(course.mean, followed.jacobian.mean, strict=True)
        assert all(value <= limit + small for value, limit in pairs)
    pairs = zip(followed.jacobian.mean, followed.jacobian_bound.mean, strict=True)
    assert all(value <= limit * (1 + small) for value, limit in pairs)
    if followed.weight_bound is not None:
        pairs = zip(followed.jacobian_bound.mean, followed.weight_bound.mean, strict=True)
        assert all(value <= limit * (1 + small) for value, limit in pairs)


def test_the_gradient_sets_out_with_norm_one_and_clipping_brings_it_to_the_given_norm():
    followed = follow("gru", sentences=3)
    assert followed.state.mean[-1] == pytest.approx(1)
    assert followed.jacobian.mean[-1] == pytest.approx(1)
    assert followed.grad_norm > 0.01
    assert followed.clipped_norm == pytest.approx(0.01)


def test_w_scale_multiplies_the_spectral_radius():
    once, thrice = (follow("lstm", w_scale=scale).spectral_radius for scale in (1, 3))
    assert once == pytest.approx(dict.fromkeys("ifog", 1.0), abs=1e-5)
    assert thrice == pytest.approx(dict.fromkeys("ifog", 3.0), abs=1e-5)


def test_a_seed_is_enough_to_repeat_it_and_no_other_generator_moves():
    torch.manual_seed(7)
    first = follow("lstm")
    drawn = torch.rand(1)
    torch.manual_seed(7)
    assert torch.rand(1) == drawn
    assert follow("lstm") == first


def test_a_plain_rnn_of_large_weights_explodes_and_clipping_holds_its_training():
    followed = follow_cell(
        "rnn",
        length=50,
        hidden_size=64,
        sentences=16,
        w_scale=2,
        keep_bias=None,
        clip_norm=1.0,
        seed=1,
        updates=30,
    )
    assert followed.verdict.word == "exploding"
    free, held = followed.descents
    assert (free.clip_norm, held.clip_norm) == (None, 1.0)
    assert free.loss[0] == held.loss[0]
    assert free.loss[-1] > free.loss[0] > held.loss[-1]
    assert not any(free.clipped)
    assert list(held.clipped) == [norm > 1.0 for norm in held.grad_norm]


def test_a_bias_to_keep_lets_gated_cells_carry_what_they_lose_by_themselves():
    lost, kept = (
        follow_cell(
            "gru",
            length=30,
            hidden_size=16,
            sentences=4,
            w_scale=1,
            keep_bias=bias,
            clip_norm=None,
            seed=1,
        ).verdict
        for bias in (None, 8.0)
    )
    assert (lost.word, kept.word) == ("vanishing", "carried")


@given(start=st.floats(1e-6, 1e6), rate=st.floats(0.5, 2), steps=st.integers(1, 60))
def test_the_rate_is_the_factor_of_a_step_and_the_word_follows_from_the_whole(start, rate, steps):
    verdict = judge([start * rate**step for step in range(steps + 1)])
    assert verdict.rate == pytest.approx(rate, rel=1e-9)
    whole = rate**steps
    if whole > 10.001:
        assert verdict.word == "exploding"
    elif whole < 0.0999:
        assert verdict.word == "vanishing"
    elif 0.1001 < whole < 9.999:
        assert verdict.word == "carried"


@pytest.mark.parametrize(
    ("norms", "word"),
    [
        ([1.0, 0.0], "vanishing"),
        ([0.0, 0.0], "none"),
        ([1.0, float("inf")], "exploding"),
        ([1.0, float("nan")], "exploding"),
    ],
)
def test_norms_at_the_end_of_all_numbers_have_a_word_and_no_rate(norms, word):
    verdict = judge(norms)
    assert verdict.word == word
    assert verdict.rate is None
    assert word in verdict.describe() or verdict.describe() == "no gradient"
