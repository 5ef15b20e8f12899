"""What a training computes on, and with what: device, precision, threads, kernels.

Place: names from the settings, this machine -> **Machine** -> session, plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from seqcli.config import ModelSettings, TrainingSettings
from seqcli.devices import explain_precision, resolve_device, resolve_precision, set_threads
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
