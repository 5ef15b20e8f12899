"""The resume state: everything a training needs to go on as if it had never stopped.

Place: loop -> **run/last/state.safetensors** -> loop. One file, so that it is whole or absent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors
import torch
from torch import Tensor

from seqcli.errors import CheckpointError
from seqcli.rundir import copy_weights, write_tensors

if TYPE_CHECKING:
    from seqcli.training.session import Session

LAST = Path("last") / "state.safetensors"
STATE_FORMAT = "1"
RATE_COUNTERS = ("peak_progress", "factor", "validations_since_better")  # of the learning rate


def save_state(run_dir: Path, session: Session) -> None:
    """Write the state of a training; the one before it is replaced when this one is complete."""
    tensors: dict[str, Tensor] = {}
    _add(tensors, "model", dict(session.model.named_parameters()))
    for number, moments in session.optimizer.state_dict()["state"].items():
        _add(tensors, f"optimizer.{number}", moments)
    if session.average is not None:
        _add(tensors, "average", session.average.weights)
    tensors["random.torch"] = torch.get_rng_state()
    tensors["random.coins"] = session.coins.get_state()
    if session.device.type == "cuda":
        tensors["random.cuda"] = torch.cuda.get_rng_state(session.device)
    if session.device.type == "mps":
        tensors["random.mps"] = torch.mps.get_rng_state()
    counters = {
        "epoch": session.stream.epoch,
        "position": session.stream.position,
        **{name: getattr(session.learning_rate, name) for name in RATE_COUNTERS},
        **{name: getattr(session.progress, name) for name in vars(session.progress)},
    }
    metadata = {"format": STATE_FORMAT, "counters": json.dumps(counters)}
    (run_dir / LAST).parent.mkdir(exist_ok=True)
    write_tensors(run_dir / LAST, tensors, metadata)


def _add(tensors: dict[str, Tensor], prefix: str, values: Mapping[str, Tensor]) -> None:
    for name, value in values.items():
        tensors[f"{prefix}.{name}"] = value.detach().cpu().contiguous()


def has_state(run_dir: Path) -> bool:
    """Tell whether there is something to resume."""
    return (run_dir / LAST).is_file()


def restore_state(run_dir: Path, session: Session) -> None:
    """Put a session back to where its run stopped.

    Raises:
        CheckpointError: If the state is damaged, or of another model.
    """
    path = run_dir / LAST
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        counters = json.loads(metadata.get("counters", ""))
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise CheckpointError(
            f"{path}: cannot be read ({error}); the resume state is damaged: train again, into "
            "another RUN_DIR or with --overwrite"
        ) from error
    if metadata.get("format") != STATE_FORMAT:
        raise CheckpointError(
            f"{path}: has format {metadata.get('format')!r}, but this seqcli reads format "
            f"{STATE_FORMAT}; resume with the version that wrote it"
        )
    copy_weights(session.model, _part(tensors, "model"), path=path)
    _restore_optimizer(session, tensors)
    if session.average is not None:
        session.average.weights = {
            name: value.to(session.device)
            for name, value in (_part(tensors, "average") or _part(tensors, "model")).items()
        }
    torch.set_rng_state(tensors["random.torch"])
    session.coins.set_state(tensors["random.coins"])
    if session.device.type == "cuda" and "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"], session.device)
    if session.device.type == "mps" and "random.mps" in tensors:
        torch.mps.set_rng_state(tensors["random.mps"])
    session.stream.seek(counters.pop("epoch"), counters.pop("position"))
    for name in RATE_COUNTERS:
        if name in counters:  # an older state lacks those of the plateau
            setattr(session.learning_rate, name, counters.pop(name))
    for name, value in counters.items():
        setattr(session.progress, name, value)


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {n.removeprefix(start): value for n, value in tensors.items() if n.startswith(start)}


def _restore_optimizer(session: Session, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Any]] = {}
    for name, value in _part(tensors, "optimizer").items():
        number, moment = name.split(".")
        state.setdefault(int(number), {})[moment] = value
    groups = session.optimizer.state_dict()["param_groups"]
    session.optimizer.load_state_dict({"state": state, "param_groups": groups})
