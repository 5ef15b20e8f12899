"""Tensors -> **a safetensors file**, whole or not at all, with a seal that shows a changed byte.

Place: models, resume states and checkpoints.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from seqcli.errors import CheckpointError, SeqcliError
from seqcli.files import replacing, sync
from seqcli.integrity import SEAL, UNSEALED, is_sealed, seal
from seqcli.untrusted import read_tensor_headers


def on_cpu(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return weights as they are written."""
    return {name: value.detach().cpu().contiguous() for name, value in weights.items()}


def write_tensors(
    path: Path,
    tensors: dict[str, torch.Tensor],
    metadata: Mapping[str, str],
    *,
    before: Path | None = None,
) -> None:
    """Write a safetensors file with a seal in its metadata, whole or not at all.

    Args:
        path: The file.
        tensors: By name, contiguous, on the CPU.
        metadata: Beside the seal.
        before: Where the file that is there now goes, when the new one is safe on the disk.

    Raises:
        SeqcliError: If the disk refuses.
    """
    with replacing(path) as temporary:
        save_tensors(tensors, temporary, {**metadata, SEAL: UNSEALED}, path=path)
        seal(temporary)
        if before is not None and path.exists():
            sync(temporary)
            path.replace(before)


def save_tensors(
    tensors: dict[str, torch.Tensor],
    temporary: Path,
    metadata: dict[str, str] | None,
    *,
    path: Path,
) -> None:
    """Write a safetensors file under a temporary name; path is what the user knows it by.

    Raises:
        SeqcliError: If the disk refuses.
    """
    try:
        safetensors.torch.save_file(tensors, temporary, metadata)
    except safetensors.SafetensorError as error:  # its word for an OSError
        raise SeqcliError(
            f"{path}: cannot be written ({error}); free some space or choose another place"
        ) from error


def read_metadata(path: Path, *, advice: str) -> dict[str, str]:
    """Return the metadata of a safetensors file; its seal is checked, if it has one.

    Raises:
        CheckpointError: If it is damaged; advice says what that means and what to do.
    """
    try:
        read_tensor_headers(path)  # before anything makes room for what it promises
        with safetensors.safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
        if SEAL not in metadata or is_sealed(path, metadata[SEAL]):
            return metadata
        error: Exception = ValueError("its bytes do not have the SHA-256 that it says")
    except (OSError, ValueError, struct.error, safetensors.SafetensorError) as found:
        error = found
    raise CheckpointError(f"{path}: cannot be read ({error}); {advice}") from error
