"""Products with weights that never change, each laid out once as the fastest library reads it.

Place: weights of a trained model -> **fixed products** -> frozen.py. A product of few rows is four
times as fast so: otherwise each call lays its weight out anew.
Axes: rows = whatever is multiplied, in = width of the input, out = width of the output.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from seqcli.models.kernels import compiled_for
from seqcli.models.shortlist import PieceLists
from seqcli.quantization import quantize_rows

LEVELS = 127  # of an input on either side of 0
ZERO = 128  # where 0 is among the unsigned ones
_BLOCK, _QUAD = 64, 4  # of running.c
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


@dataclass(frozen=True)
class PackedBytes:
    """The weight of a product of whole numbers, (out, in), in the order in which it is read."""

    weights: Tensor  # int8, by 64 outputs, then by 4 inputs, then by output: (1, out * in), padded
    zeros: Tensor  # int32, what 128 in the place of every 0 of the input takes off, (out,), padded
    scales: Tensor  # fp32, of the sums, (out,), padded


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
        if kind.int8:
            self._packed = torch.ops.onednn.qlinear_prepack(weight, None)
            self._zeros = torch.zeros(len(weight), dtype=torch.long)
        else:
            self._packed = _packed(weight)

    @cached_property
    def _affine(self) -> tuple[Tensor, Tensor]:
        """Return what turns the product of x as it is multiplied into that of x, (1, out) each."""
        weight = self._weight.float()
        shifts = weight.new_zeros(len(weight)) if self._bias is None else self._bias.float()
        if not self._kind.int8:
            return torch.ones_like(shifts)[None], shifts[None]
        scales = self._scales / LEVELS
        return scales[None], (shifts - ZERO * weight.sum(dim=1) * scales)[None]

    def packed_bytes(self) -> PackedBytes | None:
        """Return the weight as ``run_layer`` reads it; None if it is not of whole numbers."""
        if not self._kind.int8:
            return None
        out, width = self._weight.shape
        more = (0, -width % _QUAD, 0, -out % _BLOCK)
        padded = functional.pad(self._weight, more)
        by_block = padded.view(-1, _BLOCK, padded.shape[1] // _QUAD, _QUAD).transpose(1, 2)
        scales = functional.pad(self._scales / LEVELS, (0, -out % _BLOCK))
        zeros = -ZERO * padded.sum(dim=1, dtype=torch.int32)
        return PackedBytes(by_block.reshape(1, -1).contiguous(), zeros, scales)

    def best_listed(self, x: Tensor, lists: PieceLists, keep: int) -> tuple[Tensor, Tensor] | None:
        """Return the largest outputs among those that are listed, as log-probabilities of these.

        Args:
            x: (rows, in); the rows of a sentence are side by side.
            lists: Which outputs each sentence has.
            keep: How many.

        Returns:
            Log-probabilities, largest first, -inf where a list is shorter, and which outputs they
            are, (rows, keep) each; None where that is not compiled.
        """
        compiled = compiled_for(x)
        if compiled is None:
            return None
        if self._kind.int8:
            x = _whole(x)
        return compiled.best_listed(x, self._weight, *self._affine, lists, keep)

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
