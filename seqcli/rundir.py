"""A model on disk: settings, weights, pieces, and a manifest that seals them.

Place: training -> **run directory** -> weights, decoding, evaluation. It is written whole or not
at all, and complete on its own: a copy of it translates anywhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from seqcli.config import Settings, dump_settings, load_settings
from seqcli.errors import CheckpointError, SettingsError
from seqcli.files import explaining, replacing, sha256_of, sync, write_atomically
from seqcli.integrity import (
    SEAL,
    dump_sealed,
    has_digest,
    text_is_sealed,
)
from seqcli.pieces import PiecePair, piece_files, pieces_in
from seqcli.tensor_files import on_cpu, save_tensors
from seqcli.untrusted import (
    MOST_JSON_BYTES,
    parse_json,
    read_bounded,
    require_inside,
)
from seqcli.version import __version__

FORMAT = 1
KIND = "seqcli run"
CONFIG = "config.yaml"
MANIFEST = "manifest.json"
MODEL = "model.safetensors"
CARD = "README.md"  # of a bundle
# What a training writes beside a model, and what is made of a run has not.
RECORDS = ("metrics.jsonl", "train.log")
FOLDERS = ("last", "checkpoints", "validation", "tensorboard")
FILES = "files"  # key of the manifest: file -> SHA-256 that it may have, the latest first
_COPY = "put the right file back from a copy, or train again"
_NEXT_STEPS = {
    CONFIG: f"{_COPY} (settings are changed with flags and `seqcli tune`, not in this file)",
    MODEL: "copy it again, or have `seqcli train DATA_DIR RUN_DIR --resume` make it again from the "
    "resume state",
}


def require_no_other(run_dir: Path) -> None:
    """Check that what a run would overwrite does not belong to something else.

    Raises:
        SettingsError: If run_dir has the manifest of something else, such as a data directory, or
            a link that leads elsewhere.
    """
    require_own_files(run_dir)
    path = run_dir / MANIFEST
    if not path.exists():
        return
    try:
        with explaining(path):
            manifest = parse_json(read_bounded(path, MOST_JSON_BYTES))
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise SettingsError(
            f"{path}: belongs to something that is not a run directory, and what is written here "
            "needs that name; choose another directory"
        )


def require_own_files(run_dir: Path) -> None:
    """Check that what is written into a run stays in it, whoever made it.

    Raises:
        SettingsError: If a file or folder of the run is a link that leads elsewhere.
    """
    pieces = (*piece_files(joint=True), *piece_files(joint=False))
    require_inside(run_dir, (MANIFEST, CONFIG, MODEL, CARD, *pieces, *RECORDS, *FOLDERS))


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
    with explaining(run_dir):
        run_dir.mkdir(parents=True, exist_ok=True)
        write_settings(run_dir, settings)
        PiecePair.copy(pieces_dir, run_dir)
        digests = {name: [sha256_of(run_dir / name)] for name in (CONFIG, *pieces_in(run_dir))}
    versions = {
        "format": FORMAT,
        "kind": KIND,
        "seqcli": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    _write_manifest(run_dir, {**versions, **manifest, FILES: digests})


def write_settings(run_dir: Path, settings: Settings) -> None:
    """Write every setting, resolved, to config.yaml."""
    text = dump_settings(settings).encode("utf-8")
    if (run_dir / MANIFEST).exists():
        note_digest(run_dir, CONFIG, hashlib.sha256(text).hexdigest())
    write_atomically(run_dir / CONFIG, text)


def note_digest(run_dir: Path, name: str, digest: str, **fields: Any) -> None:
    """Say in the manifest what SHA-256 a file of the run is about to have.

    The digest before it stays beside it: the process may be killed before it writes the file.

    Args:
        run_dir: The run.
        name: Of the file.
        digest: Of its bytes.
        fields: To record with it, in the same write.
    """
    files = read_manifest(run_dir).get(FILES, {})
    before = [one for one in files.get(name, []) if one != digest]
    update_manifest(run_dir, **{FILES: {**files, name: [digest, *before[:1]]}}, **fields)


def require_intact(run_dir: Path, *names: str) -> None:
    """Check that files of a run are, byte for byte, what its manifest says.

    Raises:
        CheckpointError: If one is not; it is named.
    """
    for name in names:
        # Read twice: a training may have replaced both the file and the manifest in between.
        if not _is_intact(run_dir, name) and not _is_intact(run_dir, name):
            raise CheckpointError(
                f"{run_dir / name}: not the file that belongs to this run (its SHA-256 is not the "
                f"one in {MANIFEST}): it was damaged, swapped or edited; "
                f"{_NEXT_STEPS.get(name, _COPY)}"
            )


def _is_intact(run_dir: Path, name: str) -> bool:
    files = read_manifest(run_dir).get(FILES)
    digests = files.get(name) if isinstance(files, dict) else None
    try:
        return has_digest(run_dir / name, digests)
    except OSError:  # whoever reads it says why
        return True


def update_manifest(run_dir: Path, **fields: Any) -> None:
    """Record more in the manifest of a run.

    Raises:
        CheckpointError: If there is no readable manifest.
    """
    _write_manifest(run_dir, {**read_manifest(run_dir), **fields})


def _write_manifest(run_dir: Path, manifest: Mapping[str, Any]) -> None:
    write_atomically(run_dir / MANIFEST, dump_sealed(manifest))


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
        data = read_bounded(path, MOST_JSON_BYTES)
        manifest = parse_json(data)
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
    # An older run has neither digests nor a seal.
    is_older = FILES not in manifest and SEAL not in manifest
    if not is_older and not text_is_sealed(data, manifest.get(SEAL)):
        raise CheckpointError(
            f"{path}: damaged or edited (its bytes do not have the SHA-256 that it says); restore "
            "it from a copy, or train again"
        )
    return manifest


def load_settings_of(run_dir: Path) -> Settings:
    """Return the settings that a run was trained with.

    Raises:
        CheckpointError: If run_dir is no run directory, or its settings cannot be read.
    """
    read_manifest(run_dir)
    try:
        settings = load_settings(config=run_dir / CONFIG, environ={})
    except SettingsError as error:
        raise CheckpointError(f"{run_dir}: its settings cannot be read: {error}") from error
    require_intact(run_dir, CONFIG)
    return settings


def save_model(run_dir: Path, weights: Mapping[str, torch.Tensor], **fields: Any) -> None:
    """Write the weights of the best model.

    Args:
        run_dir: The run; it has a manifest.
        weights: By name.
        fields: To record in the manifest with it.
    """
    path = run_dir / MODEL
    with replacing(path) as temporary:
        save_tensors(on_cpu(weights), temporary, None, path=path)
        sync(temporary)
        note_digest(run_dir, MODEL, sha256_of(temporary), **fields)


def is_model(run_dir: Path, weights: Mapping[str, torch.Tensor]) -> bool:
    """Tell whether model.safetensors is, byte for byte, what ``save_model`` makes of weights."""
    expected = hashlib.sha256(safetensors.torch.save(on_cpu(weights))).hexdigest()
    with contextlib.suppress(OSError):
        return sha256_of(run_dir / MODEL) == expected
    return False


def has_model(run_dir: Path) -> bool:
    """Tell whether a run has got as far as its first model."""
    return (run_dir / MODEL).is_file()
