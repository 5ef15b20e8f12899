"""Models that validations found -> the last or best of them on disk -> the mean of their weights.

Place: training, ``seqcli average`` -> **RUN_DIR/checkpoints** -> a model. Each checkpoint is a
safetensors file UPDATE.safetensors whose metadata has its score.

Source: Vaswani et al. 2017, section 6.1; Junczys-Dowmunt et al. 2016, section 4 (NMT).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import safetensors
import torch

from seqcli import rundir
from seqcli.deriving import making_of
from seqcli.errors import CheckpointError, SettingsError
from seqcli.files import explaining
from seqcli.integrity import SEAL
from seqcli.pieces import PiecePair
from seqcli.tensor_files import on_cpu, read_metadata, write_tensors
from seqcli.weights import build_model, copy_weights, read_tensors

CHECKPOINTS = "checkpoints"
_ADVICE = "the file is damaged: remove it to do without"
_NAME = re.compile(r"(\d+)\.safetensors")


@dataclass(frozen=True)
class Checkpoint:
    """A model as it was after some update."""

    path: Path
    update: int
    score: float  # of the validation; higher is better


def list_checkpoints(run_dir: Path) -> list[Checkpoint]:
    """Return the checkpoints of a run, oldest first.

    Raises:
        CheckpointError: If one cannot be read.
    """
    found = []
    for path in (run_dir / CHECKPOINTS).glob("*.safetensors"):
        name = _NAME.fullmatch(path.name)
        if name is None:
            continue
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                score = float((file.metadata() or {})["score"])
        except (OSError, ValueError, KeyError, safetensors.SafetensorError) as error:
            raise CheckpointError(f"{path}: cannot be read ({error}); {_ADVICE}") from error
        found.append(Checkpoint(path, int(name[1]), score))
    return sorted(found, key=lambda one: one.update)


def check_checkpoints(paths: Iterable[Path]) -> None:
    """Read through checkpoints, and check that each is what was written.

    Raises:
        CheckpointError: If one is damaged.
    """
    for path in paths:
        strange = read_metadata(path, advice=_ADVICE).keys() - {"score", SEAL}
        if strange:
            raise CheckpointError(f"{path}: cannot be read (it has {strange.pop()!r}); {_ADVICE}")


def choose(checkpoints: Sequence[Checkpoint], *, which: str, count: int) -> list[Checkpoint]:
    """Return the last or best few, oldest first; of equal scores the later ones."""
    if which == "best":
        chosen = sorted(checkpoints, key=lambda one: (one.score, one.update))[-count:]
        return sorted(chosen, key=lambda one: one.update)
    return list(checkpoints[-count:])


def keep_checkpoint(
    run_dir: Path,
    weights: Mapping[str, torch.Tensor],
    *,
    update: int,
    score: float,
    which: str,
    count: int,
) -> None:
    """Write a checkpoint, and remove those that are no longer among the last or best few."""
    folder = run_dir / CHECKPOINTS
    with explaining(folder):
        folder.mkdir(exist_ok=True)
    path = folder / f"{update:06}.safetensors"
    write_tensors(path, on_cpu(weights), {"score": repr(score)})
    present = list_checkpoints(run_dir)
    kept = {one.path for one in choose(present, which=which, count=count)}
    with explaining(folder):
        for one in present:
            if one.path not in kept:
                one.path.unlink()


def drop_checkpoints(run_dir: Path, *, after: int) -> None:
    """Remove the checkpoints of updates after one, which a run that resumes there makes again."""
    folder = run_dir / CHECKPOINTS
    with explaining(folder):
        for path in folder.glob("*.safetensors"):
            name = _NAME.fullmatch(path.name)
            if name is not None and int(name[1]) > after:
                path.unlink()


def average_weights(paths: Sequence[Path]) -> dict[str, torch.Tensor]:
    """Return the mean of the weights in some files, in fp32.

    Raises:
        CheckpointError: If one is damaged, or they are of different models.
    """
    check_checkpoints(paths)
    total: dict[str, torch.Tensor] = {}
    for path in paths:
        weights = read_tensors(path)
        shapes = {name: value.shape for name, value in weights.items()}
        if total and shapes != {name: value.shape for name, value in total.items()}:
            raise CheckpointError(
                f"{path}: has other weights than {paths[0]}; only models of one run have a mean"
            )
        for name, value in weights.items():
            share = value.double() / len(paths)
            total[name] = total[name] + share if name in total else share
    return {name: value.float() for name, value in total.items()}


def average_run(
    run_dir: Path, out_dir: Path, *, which: str, count: int, overwrite: bool
) -> list[Checkpoint]:
    """Write a run directory whose model is the mean of a run's last or best checkpoints.

    Args:
        run_dir: A run that was trained with keep_checkpoints.
        out_dir: The new run; it translates, and cannot be resumed.
        which: ``last`` or ``best``.
        count: Checkpoints, of those that there are.
        overwrite: Replace what is in out_dir.

    Returns:
        The checkpoints that were averaged.

    Raises:
        SettingsError: If there are no checkpoints, or out_dir cannot be used.
        CheckpointError: If the run cannot be read.
    """
    settings = rundir.load_settings_of(run_dir)
    chosen = choose(list_checkpoints(run_dir), which=which, count=count)
    if not chosen:
        raise SettingsError(
            f"{run_dir}: has no checkpoints to average; train with --keep-checkpoints N, or with "
            "--average"
        )
    weights = average_weights([one.path for one in chosen])
    model = build_model(settings, PiecePair.load(run_dir))
    copy_weights(model, weights, path=chosen[0].path)
    manifest = rundir.read_manifest(run_dir)
    updates = [one.update for one in chosen]
    origin: dict[str, object] = {"status": "averaged", "average_of": {str(run_dir): updates}}
    origin |= {
        name: manifest[name]
        for name in ("data_dir", "data", "seed", "comfortable_length")
        if name in manifest
    }
    with making_of(run_dir, out_dir, overwrite=overwrite, what="an averaged run") as work:
        rundir.create_run(work, settings, pieces_dir=run_dir, manifest=origin)
        rundir.save_model(work, weights)
    return chosen
