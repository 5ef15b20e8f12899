"""Weights in fewer bits, for disks and downloads: bf16, or int8 with a scale for each row.

Place: a run's weights -> **export** -> a bundle's weights, and back when it is loaded. What is not
a matrix stays in fp32: it is small, and biases and gains matter more.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from seqcli.errors import CheckpointError

SCALE = ".scale"  # what follows the name of an int8 matrix
LARGEST = 127


def quantize(weights: Mapping[str, torch.Tensor], precision: str) -> dict[str, torch.Tensor]:
    """Return weights as a bundle has them.

    A row of an int8 matrix is round(w / s) with s = max|w| / 127, so that no weight is off by more
    than s / 2.

    Args:
        weights: By name, fp32.
        precision: fp32, bf16 or int8.
    """
    small: dict[str, torch.Tensor] = {}
    for name, value in weights.items():
        if value.dim() != 2 or precision == "fp32":
            small[name] = value
        elif precision == "bf16":
            small[name] = value.to(torch.bfloat16)
        else:
            small[name], small[name + SCALE] = quantize_rows(value)
    return small


def quantize_rows(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a matrix (out, in) in int8, and the scale of each row, (out, 1) in fp32."""
    weight = weight.float()
    scale = weight.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / LARGEST
    return (weight / scale).round().to(torch.int8), scale


def dequantize(weights: Mapping[str, torch.Tensor], *, path: object) -> dict[str, torch.Tensor]:
    """Return weights in fp32, whatever ``quantize`` made of them.

    Raises:
        CheckpointError: If an int8 matrix has no scale that fits it; path is where it was read.
    """
    wide: dict[str, torch.Tensor] = {}
    for name, value in weights.items():
        if name.endswith(SCALE) and name.removesuffix(SCALE) in weights:
            continue
        if value.dtype != torch.int8:
            wide[name] = value.float()
            continue
        scale = weights.get(name + SCALE)
        if scale is None or value.dim() != 2 or scale.shape != (len(value), 1):
            raise CheckpointError(
                f"{path}: {name!r} is of whole numbers without a scale that fits; the file is "
                "damaged: export the model again"
            )
        wide[name] = value.float() * scale.float()
    return wide
