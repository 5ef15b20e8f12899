from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqcli.models.fixed_products import FixedProduct, ProductKind, has_int8_products
from seqcli.models.kernels import use_compiled_kernels

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
