"""A model on disk: settings, weights, pieces. Written whole or not at all; loaded and checked.

Place: training -> **run directory** -> decoding, evaluation. The directory is complete on its own:
a copy of it translates anywhere.
"""

from __future__ import annotations

import contextlib
import json
import platform
import shutil
import struct
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from seqcli.config import Settings, dump_settings, load_settings
from seqcli.errors import CheckpointError, SeqcliError, SettingsError
from seqcli.files import filling, replacing, require_empty, sha256_of, write_atomically
from seqcli.models import Architecture, Seq2Seq
from seqcli.pieces import PiecePair, piece_files
from seqcli.quantization import dequantize
from seqcli.version import __version__

FORMAT = 1
KIND = "seqcli run"
CONFIG = "config.yaml"
MANIFEST = "manifest.json"
MODEL = "model.safetensors"
CARD = "README.md"  # of a bundle
# What a training writes beside these, and what is made of a run has not.
_RECORDS = ("metrics.jsonl", "train.log")
_FOLDERS = ("last", "checkpoints", "validation", "tensorboard")


def build_model(settings: Settings, pieces: PiecePair) -> Seq2Seq:
    """Return a new model with the sizes that the settings and the pieces ask for.

    Raises:
        SettingsError: If the sizes do not fit together.
    """
    model = settings.model
    if model.bidirectional and model.hidden_size % 2:
        raise SettingsError(
            f"--hidden-size {model.hidden_size}: a bidirectional encoder gives half to each "
            "direction, so it must be even; change it, or add --no-bidirectional"
        )
    if model.hidden_size % model.attention_heads:
        raise SettingsError(
            f"--attention-heads {model.attention_heads}: each head has a part of the "
            f"{model.hidden_size} units of --hidden-size, which must be a multiple of it"
        )
    return Seq2Seq(
        Architecture(**dict(model)),
        src_vocab_size=len(pieces.src),
        tgt_vocab_size=len(pieces.tgt),
        joint=pieces.joint,
    )


def require_no_other(run_dir: Path) -> None:
    """Check that what a run would overwrite does not belong to something else.

    Raises:
        SettingsError: If run_dir has the manifest of something else, such as a data directory.
    """
    path = run_dir / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError, RecursionError):
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise SettingsError(
            f"{path}: belongs to something that is not a run directory, and what is written here "
            "needs that name; choose another directory"
        )


@contextlib.contextmanager
def making_of(run_dir: Path, out_dir: Path, *, overwrite: bool, what: str) -> Iterator[Path]:
    """Lend a directory; what is written there becomes out_dir, whole or not at all.

    What an older run had in out_dir is gone then, its resume state and records too.

    Args:
        run_dir: The run that it is made of.
        out_dir: Where it goes; empty or missing, unless overwrite.
        overwrite: Replace a run that is there.
        what: It is, for a person.

    Raises:
        SettingsError: If out_dir is the run or a part of it, or holds something else.
        SeqcliError: When the disk refuses.
    """
    _require_elsewhere(out_dir, run_dir)
    require_empty(out_dir, overwrite=overwrite, what=what, own=(MANIFEST, CONFIG, MODEL))
    require_no_other(out_dir)
    stale = [*piece_files(joint=True), *piece_files(joint=False), CARD, *_RECORDS]
    with filling(out_dir, last=MANIFEST, stale=stale) as work:
        yield work
        for folder in _FOLDERS:
            shutil.rmtree(out_dir / folder, ignore_errors=True)


def _require_elsewhere(out_dir: Path, run_dir: Path) -> None:
    out, run = out_dir.resolve(), run_dir.resolve()
    if out == run or run in out.parents:
        raise SettingsError(
            f"{out_dir}: is the run that is read, or in it, and must stay as it is; choose another "
            "directory to write"
        )


def create_run(
    run_dir: Path, settings: Settings, *, pieces_dir: Path, manifest: Mapping[str, Any]
) -> None:
    """Make a run directory: settings, pieces and manifest; the weights come later.

    Args:
        run_dir: Made if it is missing.
        settings: All of them, resolved.
        pieces_dir: The data directory whose pieces are copied in.
        manifest: What to record, beside versions and time.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    PiecePair.copy(pieces_dir, run_dir)
    write_settings(run_dir, settings)
    versions = {
        "format": FORMAT,
        "kind": KIND,
        "seqcli": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    _write_manifest(run_dir, {**versions, **manifest})


def write_settings(run_dir: Path, settings: Settings) -> None:
    """Write every setting, resolved, to config.yaml."""
    write_atomically(run_dir / CONFIG, dump_settings(settings))


def update_manifest(run_dir: Path, **fields: Any) -> None:
    """Record more in the manifest of a run.

    Raises:
        CheckpointError: If there is no readable manifest.
    """
    _write_manifest(run_dir, {**read_manifest(run_dir), **fields})


def _write_manifest(run_dir: Path, manifest: Mapping[str, Any]) -> None:
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(run_dir / MANIFEST, text + "\n")


def read_manifest(run_dir: Path) -> dict[str, Any]:
    """Return the manifest of a run.

    Raises:
        CheckpointError: If run_dir is no run directory, or one of another format.
    """
    if not run_dir.is_dir():
        what = "this is a file" if run_dir.exists() else "there is no such directory"
        raise CheckpointError(
            f"{run_dir}: {what}; a model is a run directory, as `seqcli train` writes it"
        )
    path = run_dir / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CheckpointError(
            f"{run_dir}: not a run directory, as it has no {MANIFEST}; give the RUN_DIR of "
            "`seqcli train`"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path}: cannot be read ({error}); restore it from a copy, or train again"
        ) from error
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise CheckpointError(
            f"{run_dir}: not a run directory (its {MANIFEST} is of something else); give the "
            "RUN_DIR of `seqcli train`"
        )
    if manifest.get("format") != FORMAT:
        raise CheckpointError(
            f"{path}: has format {manifest.get('format')!r}, but seqcli {__version__} reads format "
            f"{FORMAT}; it was written by seqcli {manifest.get('seqcli')!r}, use that version"
        )
    return manifest


def load_settings_of(run_dir: Path) -> Settings:
    """Return the settings that a run was trained with.

    Raises:
        CheckpointError: If run_dir is no run directory, or its settings cannot be read.
    """
    read_manifest(run_dir)
    try:
        return load_settings(config=run_dir / CONFIG, environ={})
    except SettingsError as error:
        raise CheckpointError(f"{run_dir}: its settings cannot be read: {error}") from error


def save_model(run_dir: Path, weights: Mapping[str, torch.Tensor]) -> None:
    """Write the weights of the best model."""
    write_tensors(run_dir / MODEL, on_cpu(weights))


def on_cpu(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return weights as they are written."""
    return {name: value.detach().cpu().contiguous() for name, value in weights.items()}


def write_tensors(
    path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write a safetensors file, whole or not at all.

    Raises:
        SeqcliError: If the disk refuses.
    """
    with replacing(path) as temporary:
        try:
            safetensors.torch.save_file(tensors, temporary, metadata)
        except safetensors.SafetensorError as error:  # its word for an OSError
            raise SeqcliError(
                f"{path}: cannot be written ({error}); free some space or choose another place"
            ) from error


def has_model(run_dir: Path) -> bool:
    """Tell whether a run has got as far as its first model."""
    return (run_dir / MODEL).is_file()


def load_model(run_dir: Path) -> tuple[Seq2Seq, PiecePair, Settings]:
    """Return the best model of a run, in evaluation mode on the CPU, its pieces and settings.

    Raises:
        CheckpointError: If anything is missing, damaged, or does not fit the rest.
    """
    settings = load_settings_of(run_dir)
    pieces = PiecePair.load(run_dir)
    _check_pieces(run_dir)
    path = run_dir / MODEL
    if not path.is_file():
        raise CheckpointError(
            f"{run_dir}: has no {MODEL}: training stopped before its first validation (go on with "
            "`seqcli train DATA_DIR RUN_DIR --resume`), or the file was lost (restore it from a "
            "copy, or train again)"
        )
    weights = dequantize(read_tensors(path), path=path)
    try:
        model = build_model(settings, pieces)
    except SettingsError as error:
        raise CheckpointError(f"{run_dir / CONFIG}: {error}") from error
    copy_weights(model, weights, path=path)
    return model.eval(), pieces, settings


def _check_pieces(run_dir: Path) -> None:
    """Check that the pieces are those that the model was trained with."""
    data = read_manifest(run_dir).get("data")
    digests = data.get("pieces_sha256") if isinstance(data, dict) else None
    for name, digest in digests.items() if isinstance(digests, dict) else ():
        path = run_dir / name
        if not path.is_file() or sha256_of(path) != digest:
            raise CheckpointError(
                f"{path}: not the pieces that the model was trained with; put the right file back, "
                "such as from the data directory"
            )


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a safetensors file.

    Raises:
        CheckpointError: If it is damaged.
    """
    try:
        tensors: dict[str, torch.Tensor] = safetensors.torch.load_file(path)
    except (OSError, ValueError, struct.error, safetensors.SafetensorError) as error:
        raise CheckpointError(
            f"{path}: cannot be read ({error}); the file is damaged or cut short: copy it again, "
            "or train again"
        ) from error
    return tensors


@torch.no_grad()
def copy_weights(model: nn.Module, weights: Mapping[str, torch.Tensor], *, path: Path) -> None:
    """Fill a model with weights by name.

    Raises:
        CheckpointError: If a name or a shape does not fit; path is where they were read.
    """
    parameters = dict(model.named_parameters())
    different = sorted(parameters.keys() ^ weights.keys())
    if different:
        raise CheckpointError(
            f"{path}: does not fit {CONFIG} ({different[0]!r} is in one and not in the other); "
            "the two are of different runs"
        )
    for name, parameter in parameters.items():
        if parameter.shape != weights[name].shape:
            raise CheckpointError(
                f"{path}: {name!r} has shape {tuple(weights[name].shape)}, but {CONFIG} and the "
                f"pieces ask for {tuple(parameter.shape)}; the files are of different runs"
            )
        if not weights[name].isfinite().all():
            raise CheckpointError(
                f"{path}: {name!r} holds values that are not finite, as after a training that "
                "diverged or in a damaged file; copy it again, or train again with a lower --lr"
            )
        parameter.copy_(weights[name])
