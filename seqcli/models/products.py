"""Matrix products, each by the fastest library that torch has for it.

Place: every layer with weights -> **products**. On a CPU torch multiplies fp32 matrices with MKL,
which leaves half of a processor that is not Intel's unused; oneDNN, which torch has too and takes
for bf16, does not. So fp32 on a CPU goes to oneDNN here, and everything else is left to torch.
Axes: rows = whatever is multiplied, in = width of the input, out = width of the output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional


def _find_onednn() -> Callable[[Tensor, Tensor, Tensor | None], Tensor] | None:
    """Return oneDNN's x @ weight.t() + bias, (rows, in), (out, in), (out,); None without it."""
    try:  # what torch's own compiler calls; it has no public name
        linear: Callable[..., Tensor] = torch.ops.mkldnn._linear_pointwise
        probe = torch.zeros(1, 1)
        linear(probe, probe, None, "none", [], "")
    except (AttributeError, RuntimeError):
        return None
    return lambda x, weight, bias: linear(x, weight, bias, "none", [], "")


_onednn = _find_onednn()
_ONEDNN_DTYPES = (torch.float32, torch.bfloat16)


def _is_for_onednn(x: Tensor) -> bool:
    return (
        _onednn is not None
        and x.dtype == torch.float32
        and x.device.type == "cpu"
        and x.numel() > 0
        and not torch.is_autocast_enabled("cpu")
    )


def times_transposed(x: Tensor, weight: Tensor, out: Tensor | None = None) -> Tensor:
    """Return x @ weight.t(), (rows, out), for x (rows, in) and weight (out, in); in ``out``."""
    if _onednn is not None and _is_for_onednn(x):
        product = _onednn(x, weight, None)
        return product if out is None else out.copy_(product)
    return torch.mm(x, weight.t(), out=out)


def times(x: Tensor, weight: Tensor, out: Tensor | None = None) -> Tensor:
    """Return x @ weight, (rows, in), for x (rows, out) and weight (out, in); in ``out``."""
    if _onednn is not None and _is_for_onednn(x):
        product = _onednn(x, weight.t(), None)
        return product if out is None else out.copy_(product)
    return torch.mm(x, weight, out=out)


def outer_sum(grads: Tensor, x: Tensor) -> Tensor:
    """Return the sum over rows of grad ⊗ x, (out, in), for grads (rows, out) and x (rows, in)."""
    if _onednn is not None and _is_for_onednn(x):
        # Faster than the product the other way round; of views it has no fast kernel.
        return _onednn(x.contiguous().t(), grads.contiguous().t(), None).t()
    return grads.t() @ x


class _OneDnnLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        assert _onednn is not None
        rows = x.flatten(0, -2)
        ctx.save_for_backward(rows, weight)
        return _onednn(rows, weight, bias).view(*x.shape[:-1], -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight = ctx.saved_tensors
        grads = grad.flatten(0, -2)
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad
        return (
            times(grads, weight).view(*grad.shape[:-1], -1) if needs_x else None,
            outer_sum(grads, rows) if needs_weight else None,
            grads.sum(dim=0) if needs_bias else None,
        )


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return x @ weight.t() + bias, (..., out), with its gradients.

    Args:
        x: (..., in).
        weight: (out, in).
        bias: (out,), or None.
    """
    if x.dim() > 1 and _is_for_onednn(x):
        product: Tensor = _OneDnnLinear.apply(x, weight, bias)  # type: ignore[no-untyped-call]
        return product
    return functional.linear(x, weight, bias)
