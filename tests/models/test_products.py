from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from seqcli.models import products
from seqcli.models.products import linear, outer_sum, times, times_transposed

sizes = st.integers(1, 40)
needs_onednn = pytest.mark.skipif(products._onednn is None, reason="torch has no oneDNN here")


@given(sizes, sizes, sizes)
def test_products_are_those_of_torch(rows: int, wide: int, narrow: int):
    x, weight = torch.randn(rows, narrow), torch.randn(wide, narrow)
    grads = torch.randn(rows, wide)
    for found, expected in (
        (times_transposed(x, weight), x @ weight.t()),
        (times(grads, weight), grads @ weight),
        (outer_sum(grads, x), grads.t() @ x),
    ):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_products_of_views_are_those_of_torch():
    """Both directions of a layer lie side by side, so each is a view with gaps."""
    states, gates = torch.randn(6, 5, 16)[..., 8:], torch.randn(6, 5, 24)[..., :12]
    flat_states, flat_gates = states.flatten(0, 1), gates.flatten(0, 1)
    expected = flat_gates.t() @ flat_states
    torch.testing.assert_close(outer_sum(flat_gates, flat_states), expected, atol=1e-5, rtol=1e-5)
    weight = torch.randn(12, 8)
    torch.testing.assert_close(times(gates[0], weight), gates[0] @ weight, atol=1e-5, rtol=1e-5)


def test_a_product_is_written_where_it_is_wanted():
    x, weight = torch.randn(3, 4), torch.randn(5, 4)
    for function, out, expected in (
        (times_transposed, torch.empty(3, 5), x @ weight.t()),
        (times, torch.empty(3, 4), (x @ weight.t()) @ weight),
    ):
        given_x = x if function is times_transposed else x @ weight.t()
        assert function(given_x, weight, out=out) is out
        torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(7,), (3, 7), (2, 3, 7)])
def test_linear_and_its_gradients_are_those_of_torch(bias: bool, shape: tuple[int, ...]):
    x, weight = torch.randn(*shape, requires_grad=True), torch.randn(4, 7, requires_grad=True)
    inputs = [x, weight, *([torch.randn(4, requires_grad=True)] if bias else [])]
    found = []
    for function in (linear, functional.linear):
        y = function(*inputs)
        found.append((y, *torch.autograd.grad((y**2).sum(), inputs)))
    torch.testing.assert_close(found[0], found[1], atol=1e-5, rtol=1e-5)


def test_torch_serves_where_there_is_no_onednn(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(products, "_onednn", None)
    x, weight = torch.randn(3, 4), torch.randn(5, 4)
    assert torch.equal(linear(x, weight), functional.linear(x, weight))
    assert torch.equal(times_transposed(x, weight), x @ weight.t())
    assert torch.equal(outer_sum(x, x), x.t() @ x)


@needs_onednn
def test_only_fp32_on_a_cpu_goes_to_onednn():
    assert products._is_for_onednn(torch.zeros(1, 1))
    assert not products._is_for_onednn(torch.zeros(1, 1, dtype=torch.float64))
    assert not products._is_for_onednn(torch.zeros(1, 1, device="meta"))
    assert not products._is_for_onednn(torch.zeros(0, 1))
    with torch.autocast("cpu", torch.bfloat16):
        assert linear(torch.zeros(1, 1), torch.zeros(1, 1)).dtype == torch.bfloat16
