from __future__ import annotations

import pytest
import torch

from seqcli.models.dropout import Dropout

rates = pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.9])


@rates
def test_about_the_asked_share_is_zeroed_and_the_rest_scaled_up(rate: float):
    dropped = Dropout(rate)(torch.ones(200, 500))
    kept = dropped[dropped != 0]
    assert float((dropped == 0).float().mean()) == pytest.approx(rate, abs=0.005)
    assert float(kept.min()) == float(kept.max()) == pytest.approx(1 / (1 - rate), rel=0.02)
    assert float(dropped.mean()) == pytest.approx(1, abs=0.02)


@rates
def test_each_of_the_coins_of_a_draw_is_fair(rate: float):
    dropped = Dropout(rate)(torch.ones(20_000, 8))
    shares = (dropped == 0).float().mean(dim=0)
    torch.testing.assert_close(shares, torch.full((8,), rate), atol=0.02, rtol=0)


def test_a_gradient_passes_where_a_value_did():
    x = torch.ones(7, 5, requires_grad=True)
    dropped = Dropout(0.5)(x)
    dropped.sum().backward()
    assert torch.equal(x.grad, dropped.detach())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_the_dtype_stays(dtype: torch.dtype):
    assert Dropout(0.3)(torch.ones(3, dtype=dtype)).dtype == dtype


def test_the_same_state_of_the_global_generator_drops_the_same():
    first, second = (torch.manual_seed(5) and Dropout(0.3)(torch.ones(99)) for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize(("rate", "is_training"), [(0.0, True), (0.3, False)])
def test_nothing_is_done_or_drawn_without_a_rate_or_outside_training(
    rate: float, is_training: bool
):
    x, before = torch.ones(5), torch.get_rng_state()
    assert Dropout(rate).train(is_training)(x) is x
    assert torch.equal(torch.get_rng_state(), before)


@rates
def test_drawn_factors_are_those_of_dropout(rate: float):
    dropout = Dropout(rate)
    torch.manual_seed(2)
    factors = dropout.draw((30, 40), torch.empty(0))
    torch.manual_seed(2)
    assert torch.equal(dropout(torch.ones(30, 40)), factors)


@pytest.mark.parametrize(("rate", "is_training"), [(0.0, True), (0.3, False)])
def test_there_are_no_factors_where_everything_is_kept(rate: float, is_training: bool):
    before = torch.get_rng_state()
    assert Dropout(rate).train(is_training).draw((3, 4), torch.empty(0)) is None
    assert torch.equal(torch.get_rng_state(), before)
