"""The resume state: everything a training needs to go on as if it had never stopped.

Place: loop -> **run/last/state.safetensors** -> loop. One file, so that it is whole or absent, with
a seal, so that one changed byte shows. The state before it stays beside it: if the last one is
damaged, a training goes on from there. A state holds the best model too, so whatever lies in the
run directory after a kill, its model.safetensors becomes that of the state again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from seqcli.errors import CheckpointError
from seqcli.files import explaining
from seqcli.integrity import SEAL
from seqcli.tensor_files import read_metadata, write_tensors
from seqcli.training.records import Mark, check_records
from seqcli.training.window import Window
from seqcli.weights import copy_weights, read_tensors

if TYPE_CHECKING:
    from seqcli.training.session import Session

LAST = Path("last") / "state.safetensors"
PREVIOUS = Path("last") / "previous.safetensors"
STATE_FORMAT = "2"
_UNSEALED_FORMAT = "1"  # of older states: no seal, no window, no best model
RATE_COUNTERS = ("peak_progress", "factor", "validations_since_better", "halvings")
_DAMAGED = "the resume state is damaged: train again, into another RUN_DIR or with --overwrite"


@dataclass(frozen=True)
class State:
    """A resume state as it was read."""

    path: Path
    tensors: dict[str, Tensor]
    counters: dict[str, Any]
    is_older: bool  # of a format that knew less

    @property
    def update(self) -> int:
        """The update after which it was saved."""
        return int(self.counters["update"])

    @property
    def mark(self) -> Mark | None:
        """Where the records ended; None for an older state."""
        found = self.counters.get("records")
        return None if found is None else Mark(**found)


def save_state(
    run_dir: Path, session: Session, *, mark: Mark | None = None, replace_last: bool = False
) -> None:
    """Write the state of a training; the one before it is kept until the next is written.

    Args:
        run_dir: The run.
        session: Its state.
        mark: Where its records end, which must be on the disk.
        replace_last: Whether it is of the same update as the last one and takes its place.
    """
    tensors: dict[str, Tensor] = {}
    _add(tensors, "model", dict(session.model.named_parameters()))
    for number, moments in session.optimizer.state_dict()["state"].items():
        _add(tensors, f"optimizer.{number}", moments)
    if session.average is not None:
        _add(tensors, "average", session.average.weights)
    if session.best is not None:
        _add(tensors, "best", session.best.weights)
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
        **asdict(session.progress),
        "window": asdict(session.window),
        "records": None if mark is None else asdict(mark),
        "best": None if session.best is None else session.best.noted,
    }
    metadata = {"format": STATE_FORMAT, "counters": json.dumps(counters)}
    with explaining(run_dir / LAST):
        (run_dir / LAST).parent.mkdir(exist_ok=True)
    before = None if replace_last else run_dir / PREVIOUS
    write_tensors(run_dir / LAST, tensors, metadata, before=before)


def _add(tensors: dict[str, Tensor], prefix: str, values: Mapping[str, Tensor]) -> None:
    for name, value in values.items():
        tensors[f"{prefix}.{name}"] = value.detach().cpu().contiguous()


def has_state(run_dir: Path) -> bool:
    """Tell whether there is something to resume."""
    return any((run_dir / name).is_file() for name in (LAST, PREVIOUS))


def restore_state(
    run_dir: Path, session: Session, *, needs_finite: bool = False
) -> tuple[State, list[str]]:
    """Put a session back to where its run stopped, or to the state before if that is damaged.

    Args:
        run_dir: The run; nothing is written.
        session: Changed.
        needs_finite: Whether a state in a row of skipped updates will not do.

    Returns:
        The state, and what was found wrong with a later one, for a person.

    Raises:
        CheckpointError: If no state is whole and of this model, or the records are damaged.
    """
    problems: list[str] = []
    for name in (LAST, PREVIOUS):
        if problems and not (run_dir / name).is_file():
            break
        if name == LAST and not (run_dir / name).is_file() and (run_dir / PREVIOUS).is_file():
            problems.append(f"{run_dir / name}: is missing")
            continue
        try:
            state = _read(run_dir / name)
            if state.mark is not None:
                check_records(run_dir, state.mark)
            if needs_finite and state.counters.get("skipped_in_a_row"):
                raise CheckpointError(f"{state.path}: was saved between skipped updates")
            _apply(session, state)
        except CheckpointError as error:
            problems.append(str(error))
            continue
        return state, [f"{problem.split('; ')[0]}" for problem in problems]
    raise CheckpointError("; and the state before it: ".join(problems))


def _read(path: Path) -> State:
    metadata = read_metadata(path, advice=_DAMAGED)
    number = metadata.get("format")
    if number not in (STATE_FORMAT, _UNSEALED_FORMAT):
        raise CheckpointError(
            f"{path}: has format {number!r}, but this seqcli reads format {STATE_FORMAT}; resume "
            "with the version that wrote it"
        )
    try:
        if (SEAL in metadata) != (number == STATE_FORMAT):
            raise ValueError("it has no SHA-256")
        counters = json.loads(metadata.get("counters", ""))
        state = State(path, read_tensors(path), counters, number == _UNSEALED_FORMAT)
    except ValueError as error:
        raise CheckpointError(f"{path}: cannot be read ({error}); {_DAMAGED}") from error
    return state


def _apply(session: Session, state: State) -> None:
    tensors, counters = state.tensors, dict(state.counters)
    copy_weights(session.model, _part(tensors, "model"), path=state.path)
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
    noted, _ = counters.pop("best", None), counters.pop("records", None)
    session.keep_best(_part(tensors, "best"), noted)
    session.window = Window(**counters.pop("window", {}))
    session.stream.seek(counters.pop("epoch"), counters.pop("position"))
    for name in RATE_COUNTERS:
        if name in counters:  # an older state lacks some
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
