from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqcli.models.fixed_products import FixedProduct, ProductKind, has_int8_products
from seqcli.models.frozen_layers import FrozenLayer
from seqcli.models.kernels import CELLS, compiled_for, use_compiled_kernels
from seqcli.models.recurrence import RecurrentLayer
from seqcli.models.shortlist import PieceLists

needs_int8 = pytest.mark.skipif(not has_int8_products(), reason="no int8 products here")


@pytest.fixture(params=[False, True], ids=["torch", "compiled"])
def _kernels(request: pytest.FixtureRequest) -> Iterator[None]:
    use_compiled_kernels(request.param)
    yield
    use_compiled_kernels(False)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@given(
    rows=st.integers(0, 9),
    out=st.integers(1, 20),
    width=st.integers(1, 20),
    has_bias=st.booleans(),
    then_tanh=st.booleans(),
)
def test_it_is_the_product_by_its_equation(
    dtype: torch.dtype, rows: int, out: int, width: int, has_bias: bool, then_tanh: bool
) -> None:
    weight, bias, x = torch.randn(out, width), torch.randn(out), torch.randn(rows, width).to(dtype)
    product = FixedProduct(
        weight, bias if has_bias else None, ProductKind(dtype), then_tanh=then_tanh
    )
    found = product(x)
    expected = x.double() @ weight.to(dtype).double().t()
    if has_bias:
        expected = expected + bias.to(dtype).double()
    expected = expected.tanh() if then_tanh else expected
    bound = 0.05 if dtype == torch.bfloat16 else 1e-5
    assert found.dtype == dtype
    torch.testing.assert_close(found.double(), expected, atol=bound, rtol=bound)


@needs_int8
@pytest.mark.usefixtures("_kernels")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@given(rows=st.integers(1, 9), out=st.integers(1, 20), width=st.integers(1, 40))
def test_a_product_of_bytes_is_off_by_its_roundings_at_most(
    dtype: torch.dtype, rows: int, out: int, width: int
) -> None:
    weight, x = torch.randn(out, width), (2 * torch.rand(rows, width) - 1).to(dtype)
    found = FixedProduct(weight, None, ProductKind(dtype, int8=True))(x)
    # Half a step of x times |w|, half a step of w times |x|, and the rounding of the sum.
    steps = weight.abs().amax(dim=1) / 127
    bound = weight.abs().sum(dim=1) / 254 + width * steps / 2 + width * steps / 254
    expected = x.float() @ weight.t()
    slack = expected.abs() * (2**-8 if dtype == torch.bfloat16 else 1e-5) + 1e-5
    assert ((found.float() - expected).abs() <= bound + slack).all()


@needs_int8
@pytest.mark.usefixtures("_kernels")
def test_a_row_is_the_same_in_any_company() -> None:
    weight, x = torch.randn(30, 64), 2 * torch.rand(7, 64) - 1
    product = FixedProduct(weight, None, ProductKind(torch.float32, int8=True))
    together, alone = product(x), torch.cat([product(row[None]) for row in x])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-6)


@needs_int8
@pytest.mark.usefixtures("_kernels")
@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf, 1e30])
def test_what_is_beyond_the_bounds_becomes_a_bound(value: float) -> None:
    product = FixedProduct(torch.ones(1, 1), None, ProductKind(torch.float32, int8=True))
    found = product(torch.tensor([[value]]))
    assert found.isfinite().all()
    assert found.abs() <= 1.01


def _runs_layers() -> bool:
    use_compiled_kernels(True)
    compiled = compiled_for(torch.zeros(1))
    use_compiled_kernels(False)
    return compiled is not None and compiled.runs_layers()


@pytest.fixture(scope="module")
def _compiled() -> Iterator[None]:
    use_compiled_kernels(True)
    yield
    use_compiled_kernels(False)


@pytest.mark.skipif(not _runs_layers(), reason="no instructions for products of bytes here")
@pytest.mark.usefixtures("_compiled")
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@given(
    steps=st.integers(1, 4),
    rows=st.integers(1, 11),
    hidden=st.sampled_from([1, 3, 4, 16, 63, 70, 130]),
    backwards=st.booleans(),
    padded=st.booleans(),
)
@torch.no_grad()
def test_a_layer_run_in_one_call_is_its_steps(
    cell: str,
    dtype: torch.dtype,
    steps: int,
    rows: int,
    hidden: int,
    backwards: bool,
    padded: bool,
) -> None:
    layer = FrozenLayer(RecurrentLayer(cell, 5, hidden), ProductKind(dtype, int8=True))
    x_part = torch.randn(steps, rows, layer.gates * hidden + 3).to(dtype)[..., 2:-1]
    names = 2 if cell == "lstm" else 1
    begun = layer.start(tuple((2 * torch.rand(rows, hidden) - 1).to(dtype) for _ in range(names)))
    before = [part.clone() for part in begun]
    is_real = (torch.rand(steps, rows, 1) < 0.7) if padded else None
    outputs, expected_outputs = torch.zeros(2, steps, rows, hidden + 1, dtype=dtype)
    found = layer.run(x_part, begun, is_real, outputs[..., 1:], backwards=backwards)
    expected: Any = begun
    for time in reversed(range(steps)) if backwards else range(steps):
        expected = layer.step(x_part[time], expected, None if is_real is None else is_real[time])
        expected_outputs[time, :, 1:] = expected[1]
    bound = 0.02 if dtype == torch.bfloat16 else 1e-5  # a sum may round to the next byte
    for one, other in zip([*found, outputs], [*expected, expected_outputs], strict=True):
        torch.testing.assert_close(one.float(), other.float(), atol=bound, rtol=bound)
    for one, other in zip(begun, before, strict=True):
        assert torch.equal(one, other), "the state before stays as it was"


@needs_int8
@pytest.mark.usefixtures("_compiled")
@pytest.mark.parametrize(
    "kind",
    [
        ProductKind(torch.float32),
        ProductKind(torch.bfloat16),
        ProductKind(torch.float32, int8=True),
        ProductKind(torch.bfloat16, int8=True),
    ],
    ids=["fp32", "bf16", "int8-fp32", "int8-bf16"],
)
@given(
    batch=st.integers(1, 5),
    beams=st.integers(1, 3),
    width=st.integers(1, 70),
    keep=st.integers(1, 6),
)
@torch.no_grad()
def test_the_best_listed_are_the_best_of_all_that_are_allowed(
    kind: ProductKind, batch: int, beams: int, width: int, keep: int
) -> None:
    vocab = 40
    product = FixedProduct(torch.randn(vocab, width), torch.randn(vocab), kind)
    x = (2 * torch.rand(batch * beams, width) - 1).to(kind.dtype)
    allowed = torch.rand(batch, vocab) < 0.3
    allowed[:, 7] = True
    ends = allowed.sum(dim=1).cumsum(dim=0)
    bounds = torch.stack([ends - allowed.sum(dim=1), ends], dim=1)
    lists = PieceLists(allowed.nonzero()[:, 1], bounds, vocab, vocab)
    assert torch.equal(lists.allowed(), allowed)
    best = product.best_listed(x, lists, keep)
    if best is None:
        pytest.skip("no compiler here")
    log_probs, pieces = best
    scores = product(x).float().view(batch, beams, vocab).masked_fill(~allowed[:, None], -torch.inf)
    expected = scores.flatten(0, 1).log_softmax(dim=-1)
    bound = 0.05 if kind.dtype == torch.bfloat16 else 1e-4
    largest = expected.topk(keep, dim=-1).values
    torch.testing.assert_close(log_probs, largest, atol=bound, rtol=0.01)
    is_one = log_probs > -torch.inf
    own = expected.gather(1, pieces)
    torch.testing.assert_close(log_probs[is_one], own[is_one], atol=bound, rtol=0.01)
