"""Products with weights that never change, each laid out once as the fastest library reads it.

Place: weights of a trained model -> **fixed products** -> frozen.py. A product of few rows is four
times as fast so: otherwise each call lays its weight out anew.
Axes: rows = whatever is multiplied, in = width of the input, out = width of the output.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from seqcli.models.kernels import compiled_for
from seqcli.quantization import quantize_rows

LEVELS = 127  # of an input on either side of 0
ZERO = 128  # where 0 is among the unsigned ones
_ONEDNN_DTYPES = (torch.float32, torch.bfloat16)


@dataclass(frozen=True)
class ProductKind:
    """How a product is computed."""

    dtype: torch.dtype  # of what goes in and comes out
    int8: bool = False  # whether it is of whole numbers, for inputs within -1 and 1

    @property
    def unbounded(self) -> ProductKind:
        """The same for inputs of any size."""
        return replace(self, int8=False)


def has_int8_products() -> bool:
    """Tell whether this torch and this processor multiply whole numbers."""
    try:
        FixedProduct(torch.zeros(1, 1), None, ProductKind(torch.float32, int8=True))(
            torch.zeros(1, 1)
        )
    except (AttributeError, RuntimeError):
        return False
    return True


class FixedProduct:
    """x @ weight.t() + bias, and tanh of it if asked for."""

    def __init__(
        self, weight: Tensor, bias: Tensor | None, kind: ProductKind, *, then_tanh: bool = False
    ) -> None:
        """Lay a weight out.

        Args:
            weight: (out, in).
            bias: (out,), or None.
            kind: How it is computed; what oneDNN does not have, torch's own product does.
            then_tanh: Whether tanh is taken of the sum.
        """
        self._kind, self._then_tanh = kind, then_tanh
        weight = weight.detach()
        bias = None if bias is None else bias.detach()
        self._then = "tanh" if then_tanh else "none"
        self._packed: Tensor | None
        self._scales = weight.new_empty(0)
        if kind.int8:
            weight, scales = quantize_rows(weight)
            self._scales = scales[:, 0].contiguous()
            self._bias = None if bias is None else bias.float()
        else:
            weight = weight.to(kind.dtype).contiguous()
            self._bias = None if bias is None else bias.to(kind.dtype)
        self._weight = weight
        self._pack()

    def _pack(self) -> None:
        if self._kind.int8:
            self._packed = torch.ops.onednn.qlinear_prepack(self._weight, None)
            self._zeros = torch.zeros(len(self._weight), dtype=torch.long)
        else:
            self._packed = _packed(self._weight)

    def some(self, rows: Tensor) -> FixedProduct:
        """Return the product with some rows of the weight only; rows are indices, (rows,)."""
        part = copy(self)
        part._weight = self._weight[rows]
        part._bias = None if self._bias is None else self._bias[rows]
        part._scales = self._scales[rows] if self._kind.int8 else self._scales
        part._pack()
        return part

    def __call__(self, x: Tensor) -> Tensor:
        """Return the product, (rows, out), for x (rows, in)."""
        product: Tensor
        if self._kind.int8:
            product = torch.ops.onednn.qlinear_pointwise(
                *(_whole(x), 1 / LEVELS, ZERO),
                *(self._packed, self._scales, self._zeros, self._bias),
                *(1.0, 0, self._kind.dtype, self._then, [], ""),
            )
        elif self._packed is None or not len(x):
            product = functional.linear(x, self._weight, self._bias)
            product = product.tanh() if self._then_tanh else product
        else:
            product = torch.ops.mkldnn._linear_pointwise(
                x, self._packed, self._bias, self._then, [], ""
            )
        return product


def _packed(weight: Tensor) -> Tensor | None:
    """Return a weight as oneDNN reads it, or None where that is not to be had."""
    if weight.device.type != "cpu" or weight.dtype not in _ONEDNN_DTYPES:
        return None
    try:  # what torch's own compiler calls; it has no public name
        packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight)
    except (AttributeError, RuntimeError):
        return None
    return packed


def _whole(x: Tensor) -> Tensor:
    """Return values within -1 and 1 as whole numbers from 1 to 255, (rows, in)."""
    compiled = compiled_for(x)
    if compiled is not None:
        return compiled.as_bytes(x)
    return (x.float() * LEVELS + ZERO).round().clamp(0, 255).to(torch.uint8)
