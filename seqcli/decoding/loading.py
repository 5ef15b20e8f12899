"""Run directories -> a model, or an ensemble, on a device and laid out for searches.

Place: run directories -> **LoadedModels** -> the translator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from seqcli.config import DataSettings, Settings
from seqcli.corpus.formats.languages import is_covered
from seqcli.decoding.candidates import Model
from seqcli.devices import multiplies_bytes_fast, resolve_device, resolve_precision, set_threads
from seqcli.errors import SettingsError
from seqcli.models import Ensemble, FrozenSeq2Seq, Seq2Seq, freeze
from seqcli.models.fixed_products import has_int8_products
from seqcli.models.kernels import have_compiled_kernels
from seqcli.pieces import PiecePair
from seqcli.shortlisting import load_shortlist
from seqcli.weights import load_model


@dataclass(frozen=True)
class LoadedModels:
    """What was loaded; settings and pieces are those of the first run."""

    model: Model  # as it was trained: it says where it looks
    searched: Model  # the same, laid out for searches
    shortened: Model | None  # that with the first run's shortlist, if it has one
    pieces: PiecePair
    settings: Settings
    threads: int


def load_models(
    run_dirs: Sequence[Path], *, device: str, threads: int | None, precision: str
) -> LoadedModels:
    """Load the best model of a run, or of several as an ensemble.

    Args:
        run_dirs: At least one.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        threads: CPU threads; None for one on each core.
        precision: ``fp32``, ``bf16``, ``int8``, or ``auto``: the fastest for this processor.

    Raises:
        CheckpointError: If a run cannot be read.
        SettingsError: If there is no such device or precision, or the runs have different pieces
            or languages.
    """
    where = resolve_device(device)
    dtype, in_int8 = resolve_precision(precision, where), _takes_int8(precision, where)
    threads = set_threads(threads)
    first, *others = run_dirs
    model, pieces, settings = load_model(first)
    if where.type == "cpu" and settings.training.kernels != "torch":
        have_compiled_kernels()
    members = [model, *_load_others(others, first, settings.data)]
    frozen = [freeze(member.to(where), dtype, int8=in_int8) for member in members]
    laid_out = [one for one in frozen if isinstance(one, FrozenSeq2Seq)]
    joined = _join(members)
    if len(laid_out) < len(members):
        return LoadedModels(joined, joined, None, pieces, settings, threads)
    shortlist = load_shortlist(first, pieces)
    shortened = None
    if shortlist is not None:
        shortened = _join([one.with_shortlist(shortlist) for one in laid_out])
    return LoadedModels(joined, _join(laid_out), shortened, pieces, settings, threads)


def _load_others(run_dirs: Sequence[Path], first: Path, data: DataSettings) -> list[Seq2Seq]:
    """Load models that fit the first one, and one another."""
    models: list[Seq2Seq] = []
    loaded = [(first, data)]
    for run_dir in run_dirs:
        model, _, settings = load_model(run_dir)
        if not PiecePair.are_equal(first, run_dir):
            raise SettingsError(
                f"{run_dir}: has other pieces than {first}; the models of an ensemble are trained "
                "on one data directory"
            )
        for other, wanted in loaded:
            _require_languages(run_dir, settings.data, other, wanted)
        models.append(model)
        loaded.append((run_dir, settings.data))
    return models


def _require_languages(
    run_dir: Path, data: DataSettings, other: Path, wanted: DataSettings
) -> None:
    """Check that two runs translate the same way: joint pieces are the same for both directions.

    Raises:
        SettingsError: If they do not. A side whose language one of them does not know fits any.
    """
    unknown = DataSettings()
    for side in ("src_lang", "tgt_lang"):
        here, there = getattr(data, side), getattr(wanted, side)
        if getattr(unknown, side) in (here, there):
            continue
        if not (is_covered(here, there) or is_covered(there, here)):
            raise SettingsError(
                f"{run_dir}: translates {data.src_lang} to {data.tgt_lang}, and {other} translates "
                f"{wanted.src_lang} to {wanted.tgt_lang}; the models of an ensemble translate "
                "between the same languages; leave one of them out"
            )


def _join(members: Sequence[Seq2Seq | FrozenSeq2Seq]) -> Model:
    return Ensemble(members) if len(members) > 1 else members[0]


def _takes_int8(precision: str, device: torch.device) -> bool:
    """Tell whether to multiply whole numbers: if asked to, or, with auto, where that is fastest.

    Raises:
        SettingsError: If that is asked for and not to be had.
    """
    can = device.type == "cpu" and has_int8_products()
    if precision == "int8" and not can:
        raise SettingsError(
            f"--precision int8: this torch has no products of whole numbers on this {device.type}; "
            "use auto"
        )
    return precision == "int8" or (precision == "auto" and can and multiplies_bytes_fast())
