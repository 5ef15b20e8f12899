"""Names of devices and precisions -> what torch needs; nothing else in seqcli names a device."""

from __future__ import annotations

import torch

from seqcli.encoding import count_cores
from seqcli.errors import SettingsError

MOST_THREADS = 4096


def resolve_device(name: str) -> torch.device:
    """Return the device to compute on.

    Args:
        name: ``auto`` (CUDA, else MPS, else CPU), ``cpu``, ``cuda`` or ``mps``.

    Raises:
        SettingsError: If this machine, or this build of torch, does not have it.
    """
    is_there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, there in is_there.items() if there)
    if not is_there[name]:
        raise SettingsError(
            f"--device {name}: torch {torch.__version__} finds no such device here; "
            "leave --device out to take the best there is"
        )
    return torch.device(name)


def resolve_precision(name: str, device: torch.device) -> torch.dtype:
    """Return the dtype of the products.

    Args:
        name: ``fp32``, ``bf16``, or ``auto``: bf16 where the hardware multiplies it natively.
        device: Where they are computed.
    """
    if name == "auto":
        return torch.bfloat16 if _has_native_bf16(device) else torch.float32
    return {"fp32": torch.float32, "bf16": torch.bfloat16}[name]


def _has_native_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        # Private in torch 2.13, and the only place that knows; without it fp32 is right everywhere.
        tests = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(torch.cpu, test, bool)() for test in tests)
    return False


def precision_name(dtype: torch.dtype) -> str:
    """Return the setting that stands for a dtype."""
    return "bf16" if dtype == torch.bfloat16 else "fp32"


def set_threads(threads: int | None) -> int:
    """Use that many CPU threads, or one for each core that this process may use; return them.

    Raises:
        SettingsError: If there are too many.
    """
    if threads is not None and threads > MOST_THREADS:
        raise SettingsError(
            f"--threads {threads}: more than {MOST_THREADS:,} are of no use; leave it out to have "
            "one for each core"
        )
    if threads is None:
        threads = count_cores()
    torch.set_num_threads(threads)
    return threads


def autocast(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    """Return the context in which products of fp32 weights are computed in dtype."""
    return torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32)
