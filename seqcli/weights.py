"""model.safetensors -> **a model**: every name, size and digest is checked first.

Place: run directory -> **weights** -> averaging, decoding, training. Nothing makes room for what a
file only promises.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from seqcli.config import Settings
from seqcli.errors import CheckpointError, SettingsError
from seqcli.files import sha256_of
from seqcli.models import Architecture, Seq2Seq
from seqcli.pieces import PiecePair, piece_files
from seqcli.quantization import SCALE, dequantize
from seqcli.rundir import CONFIG, MANIFEST, MODEL, load_settings_of, read_manifest, require_intact
from seqcli.untrusted import TensorHeader, UnsoundFileError, read_tensor_headers

_DRAWING = (
    *(nn.init.kaiming_uniform_, nn.init.normal_, nn.init.uniform_),
    *(torch.Tensor.normal_, torch.Tensor.uniform_),
)


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
    _check_sizes(run_dir, settings, pieces)
    weights = dequantize(read_tensors(path), path=path)
    with _UnsetWeights():
        model = build_model(settings, pieces)
    copy_weights(model, weights, path=path)
    require_intact(run_dir, MODEL)
    return model.eval(), pieces, settings


class _UnsetWeights(TorchFunctionMode):
    """Lets a model be made whose weights come from a file: none is drawn, nor turned orthogonal.

    On the meta device drawing would import torch's compiler, which takes longer than torch itself.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Call a function of torch, unless it fills a tensor with random numbers."""
        if func in _DRAWING:
            return args[0] if args else kwargs["tensor"]
        if func is torch.linalg.qr:
            return args[0], args[0]
        return func(*args, **(kwargs or {}))


def _check_sizes(run_dir: Path, settings: Settings, pieces: PiecePair) -> None:
    """Check that the model that the settings ask for is the one in the file, before it is made.

    Raises:
        CheckpointError: If it is not: the settings may ask for more memory than there is.
    """
    path, architecture = run_dir / MODEL, settings.model
    headers = _read_headers(path)
    largest = max((max(header.shape, default=1) for header in headers.values()), default=0)
    limits = {"hidden_size": largest, "emb_size": largest, "layers": len(headers)}
    for name, most in limits.items():
        if (size := getattr(architecture, name)) > most:
            raise CheckpointError(
                f"{run_dir / CONFIG}: {name} is {size}, more than {path.name} has; the two are of "
                "different runs, or damaged; copy the run again"
            )
    try:
        with torch.device("meta"), _UnsetWeights():  # shapes without memory
            model = build_model(settings, pieces)
    except (SettingsError, RuntimeError, TypeError) as error:
        raise CheckpointError(f"{run_dir / CONFIG}: {error}") from error
    _check_shapes(model, {name: header.shape for name, header in headers.items()}, path=path)


def _read_headers(path: Path) -> dict[str, TensorHeader]:
    try:
        return read_tensor_headers(path)
    except (OSError, UnsoundFileError) as error:
        raise CheckpointError(_unreadable(path, error)) from error


def _unreadable(path: Path, error: Exception) -> str:
    return (
        f"{path}: cannot be read ({error}); the file is damaged or cut short: copy it again, or "
        "train again"
    )


def _check_pieces(run_dir: Path) -> None:
    """Check that the pieces are those that the model was trained with."""
    data = read_manifest(run_dir).get("data")
    digests = data.get("pieces_sha256") if isinstance(data, dict) else None
    names = {*piece_files(joint=True), *piece_files(joint=False)}
    for name, digest in digests.items() if isinstance(digests, dict) else ():
        path = run_dir / name
        if name not in names:  # a path could lead anywhere
            raise CheckpointError(
                f"{run_dir / MANIFEST}: damaged (names {name[:80]!r} among the pieces); copy the "
                "run again"
            )
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
        _read_headers(path)
        tensors: dict[str, torch.Tensor] = safetensors.torch.load_file(path)
    except (OSError, ValueError, KeyError, struct.error, safetensors.SafetensorError) as error:
        raise CheckpointError(_unreadable(path, error)) from error
    return tensors


@torch.no_grad()
def copy_weights(model: nn.Module, weights: Mapping[str, torch.Tensor], *, path: Path) -> None:
    """Fill a model with weights by name.

    Raises:
        CheckpointError: If a name or a shape does not fit; path is where they were read.
    """
    _check_shapes(model, {name: tuple(value.shape) for name, value in weights.items()}, path=path)
    for name, parameter in model.named_parameters():
        if not weights[name].isfinite().all():
            raise CheckpointError(
                f"{path}: {name!r} holds values that are not finite, as after a training that "
                "diverged or in a damaged file; copy it again, or train again with a lower --lr"
            )
        parameter.copy_(weights[name])


def _check_shapes(model: nn.Module, shapes: Mapping[str, tuple[int, ...]], *, path: Path) -> None:
    """Check that a file has what a model needs and nothing else; scales of int8 matrices apart.

    Raises:
        CheckpointError: If a name or a shape does not fit; path is where they were read.
    """
    wanted = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    scales = {
        name for name in shapes if name.endswith(SCALE) and name.removesuffix(SCALE) in wanted
    }
    different = sorted(wanted.keys() ^ (shapes.keys() - scales))
    if different:
        raise CheckpointError(
            f"{path}: does not fit {CONFIG} ({different[0]!r} is in one and not in the other); "
            "the two are of different runs"
        )
    for name, shape in wanted.items():
        if shape != shapes[name]:
            raise CheckpointError(
                f"{path}: {name!r} has shape {shapes[name]}, but {CONFIG} and the pieces ask for "
                f"{shape}; the files are of different runs"
            )
