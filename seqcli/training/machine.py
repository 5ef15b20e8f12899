"""What a training computes on, and with what: device, precision, threads, kernels.

Place: names from the settings, this machine -> **Machine** -> session, plan.
"""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sentencepiece
import torch

from seqcli.config import ModelSettings, TrainingSettings
from seqcli.devices import (
    explain_precision,
    precision_name,
    resolve_device,
    resolve_precision,
    set_threads,
)
from seqcli.encoding import count_cores
from seqcli.errors import SettingsError
from seqcli.models.kernels import use_compiled_kernels
from seqcli.training.distributed import local_processes


@dataclass(frozen=True)
class Machine:
    """A device, ready to compute."""

    device: torch.device
    dtype: torch.dtype  # of the products
    threads: int
    precision: str  # for a person: which, and why
    kernels: str  # for a person: which, and why


def take_machine(*, device: str, precision: str, threads: int | None, kernels: str) -> Machine:
    """Resolve the settings of those names for this machine, for the whole process.

    Raises:
        SettingsError: If the machine does not have what they ask for.
    """
    if precision == "int8":
        raise SettingsError(
            "--precision int8: whole numbers are for translating with a trained model, not for "
            "training; use auto, bf16 or fp32"
        )
    resolved = resolve_device(device)
    if threads is None and local_processes() > 1:
        threads = max(1, count_cores() // local_processes())
    if resolved.type == "cpu":
        use = use_compiled_kernels(kernels != "torch")
    else:
        use = f"torch's operations, as kernels are compiled for a CPU, not for {resolved.type}"
    return Machine(
        device=resolved,
        threads=set_threads(threads),
        dtype=resolve_precision(precision, resolved),
        precision=explain_precision(precision, resolved),
        kernels=use,
    )


def describe_machine(machine: Machine, *, processes: int) -> dict[str, object]:
    """Return all that the bits of a result depend on, beside seed, data and settings."""
    return {
        "device": str(machine.device),
        "threads": machine.threads,
        "processes": processes,
        "precision": precision_name(machine.dtype),
        "kernels": machine.kernels,
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "system": f"{platform.system()} {platform.machine()}",
        "torch": torch.__version__,
        "numpy": np.__version__,
        "sentencepiece": sentencepiece.__version__,
        "python": platform.python_version(),
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def explain_changes(before: object, now: Mapping[str, object]) -> str | None:
    """Say what is not as it was when a run was begun, if the bits of its result depend on it."""
    if not isinstance(before, dict):
        return None
    changes = [
        f"{name} was {before[name]}, is {value}"
        for name, value in now.items()
        if name in before and before[name] != value
    ]
    if not changes:
        return None
    return (
        f"{'; '.join(changes)}: the training goes on, but its weights will not be, bit for bit, "
        "those of one that never stopped"
    )


def explain_repeats(training: TrainingSettings, machine: Machine, *, processes: int) -> str:
    """Say whether the same training would give the same weights, bit for bit."""
    against = []
    if training.max_minutes is not None:
        against.append("max_minutes makes it follow the clock")
    if machine.device.type != "cpu":
        against.append(f"{machine.device.type} adds up in an order of its own")
    if against:
        return f"not bit for bit: {' and '.join(against)}"
    also = f", {processes} processes" if processes > 1 else ""
    return (
        f"bit for bit with the same seed, data, settings, threads{also}, versions and kind of "
        "processor"
    )


def explain_costs(model: ModelSettings, training: TrainingSettings) -> tuple[str, ...]:
    """Say which of the settings cost time, and why."""
    costs = []
    if model.input_feeding:
        costs.append(
            "input feeding makes the decoder go step by step, as a step needs the readout before it"
        )
    probabilities = (training.teacher_forcing_start, training.teacher_forcing_end)
    if training.sampling_passes == 1 and min(probabilities) < 1 and not model.input_feeding:
        costs.append(
            "teacher forcing below 1 makes the decoder go step by step; --sampling-passes 2 needs "
            "two fast passes instead"
        )
    if model.layer_norm:
        costs.append(
            "layer norm makes the steps of cells with torch's operations, as the compiled ones "
            "have none"
        )
    if training.r_drop:
        costs.append("R-Drop makes two passes over every batch")
    return tuple(costs)
