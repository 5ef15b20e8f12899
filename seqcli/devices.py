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
        name: ``fp32``, ``bf16``, or ``auto``: bf16 where the hardware multiplies it natively; as
            for ``int8``, whose sums come out so.
        device: Where they are computed.
    """
    if name in ("auto", "int8"):
        return torch.float32 if _native_bf16(device) is None else torch.bfloat16
    return {"fp32": torch.float32, "bf16": torch.bfloat16}[name]


def multiplies_bytes_fast() -> bool:
    """Tell whether this processor has instructions for products of whole numbers (VNNI, AMX)."""
    return bool(getattr(torch.cpu, "_is_vnni_supported", bool)())


# Private in torch 2.13, and the only place that knows; without them fp32 is right everywhere.
_CPU_TESTS = {"AMX": "_is_amx_tile_supported", "AVX512-BF16": "_is_avx512_bf16_supported"}


def _native_bf16(device: torch.device) -> str | None:
    """Return what multiplies bf16 fast on a device, or None."""
    if device.type == "cuda":
        return "CUDA" if torch.cuda.is_bf16_supported(including_emulation=False) else None
    if device.type == "cpu":
        return next((n for n, test in _CPU_TESTS.items() if getattr(torch.cpu, test, bool)()), None)
    return None


def explain_precision(name: str, device: torch.device) -> str:
    """Return the precision that ``resolve_precision`` gives, and why, for a person."""
    found = precision_name(resolve_precision(name, device))
    if name != "auto":
        return f"{found}, as asked for"
    native = _native_bf16(device)
    if native is not None:
        return f"{found}, which this {device.type} multiplies fast ({native})"
    return f"{found}, as bf16 would not be faster on this {device.type}"


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


def use_one_thread() -> None:
    """Let the calling thread compute alone: for one of several that share out sentences."""
    torch.set_num_threads(1)


def autocast(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    """Return the context in which products of fp32 weights are computed in dtype."""
    return torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32)
