"""``seqcli inspect gradients``: runs, or fresh cells -> what becomes of a gradient through time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqcli.cli.flags import GivenSettings, JsonOption, settings_flags
from seqcli.cli.inspect.options import DataOption, choose
from seqcli.cli.inspect.output import OutputOption, check_output, show_view
from seqcli.cli.numbers import parse_list, parse_number, parse_whole
from seqcli.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seqcli.insight.report import Report

MOST_STEPS = 2000
OF_CELLS = ("hidden_size", "w_scale", "keep_bias", "descend")
OF_RUNS = ("split", "data", "loss_of")


RunDirsArgument = Annotated[
    list[Path] | None, typer.Argument(metavar="[RUN_DIR...]", help="Run directories.")
]
CellsOption = Annotated[
    str | None,
    typer.Option("--cells", metavar="LIST", help="Fresh cells instead: rnn, lstm, gru, ..."),
]
LengthOption = Annotated[
    str | None,
    typer.Option(
        "--length",
        metavar="LIST",
        help="Time steps of fresh cells (default 100; several with commas); of a run, the "
        "source pieces of the sentences taken (default: a common length).",
    ),
]
SentencesOption = Annotated[
    int,
    typer.Option(
        "--sentences",
        metavar="N",
        parser=parse_whole("--sentences", 1, 1000),
        help="In the batch.",
    ),
]
HiddenSizeOption = Annotated[
    int | None,
    typer.Option(
        "--hidden-size",
        metavar="N",
        parser=parse_whole("--hidden-size", 1, 512),
        help="Units of fresh cells (default 64).",
    ),
]
WScaleOption = Annotated[
    float | None,
    typer.Option(
        "--w-scale",
        metavar="X",
        parser=parse_number("--w-scale", 0, 100),
        help="Factor of W_hh of fresh cells (default 1).",
    ),
]
KeepBiasOption = Annotated[
    float | None,
    typer.Option(
        "--keep-bias",
        metavar="X",
        parser=parse_number("--keep-bias", -100, 100),
        help="Bias of fresh LSTMs and GRUs towards the old state (default 1, as in training).",
    ),
]
DescendOption = Annotated[
    int | None,
    typer.Option(
        "--descend",
        metavar="N",
        parser=parse_whole("--descend", 1, 10_000),
        help="Train fresh cells for N updates of plain gradient descent, clipped and not.",
    ),
]
SplitOption = Annotated[
    str | None,
    typer.Option("--split", metavar="NAME", help="A set of the runs' data (default valid)."),
]
LossOfOption = Annotated[
    str | None,
    typer.Option(
        "--loss-of",
        metavar="NAME",
        help="all (default): the loss of all target pieces; last: of the last one only.",
    ),
]


@settings_flags("seed", "clip_norm", "threads")
def show_gradients(
    *,
    run_dirs: RunDirsArgument = None,
    cells: CellsOption = None,
    length: LengthOption = None,
    sentences: SentencesOption = 16,
    hidden_size: HiddenSizeOption = None,
    w_scale: WScaleOption = None,
    keep_bias: KeepBiasOption = None,
    descend: DescendOption = None,
    split: SplitOption = None,
    data: DataOption = None,
    loss_of: LossOfOption = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
    given: GivenSettings,
) -> None:
    """Draw the norm of dL/dh_t at every time step, of trained runs or of fresh cells.

    Fresh cells show |ds_T/ds_t| as well, beside the product of Jacobian norms that bounds it, the
    spectral radius of W_hh, and what clipping makes of the gradient. A run needs its data.
    """
    check_output(output)
    values = {
        "hidden_size": hidden_size,
        "w_scale": w_scale,
        "keep_bias": keep_bias,
        "descend": descend,
        "split": split,
        "data": data,
        "loss_of": loss_of,
    }
    _check_kind(run_dirs, cells, values)
    lengths = None
    if length is not None:
        lengths = parse_list(length, parse_whole("--length", 2, MOST_STEPS))
    if cells is not None:
        names = _parse_cells(cells)
        report, numbers = _follow_cells(names, lengths or [100], sentences, values, given)
    else:
        if lengths is not None and len(lengths) > 1:
            raise SettingsError(f"--length {length}: the sentences of runs have one length")
        where = choose("--loss-of", loss_of or "all", ("all", "last"))
        one = None if lengths is None else lengths[0]
        report, numbers = _follow_runs(
            run_dirs or [], one, sentences, split or "valid", data, where, given
        )
    show_view(report, numbers, as_json=as_json, output=output)


def _check_kind(
    run_dirs: list[Path] | None, cells: str | None, values: Mapping[str, object]
) -> None:
    if bool(run_dirs) == (cells is not None):
        raise SettingsError("give runs, or fresh cells with --cells (such as --cells rnn,lstm,gru)")
    other, what = (OF_CELLS, "fresh cells") if run_dirs else (OF_RUNS, "runs")
    for name in other:
        if values[name] is not None:
            flag = f"--{name.replace('_', '-')}"
            raise SettingsError(f"{flag} is of {what}, which are not looked at here; leave it out")


def _parse_cells(text: str) -> list[str]:
    from seqcli.models.cells import CELLS

    names = [name.strip() for name in text.split(",")]
    return [choose("--cells", name, tuple(CELLS)) for name in dict.fromkeys(names)]


def _follow_cells(
    cells: list[str],
    lengths: list[int],
    sentences: int,
    values: Mapping[str, Any],
    given: GivenSettings,
) -> tuple[Report, Mapping[str, object]]:
    training = given.load().training

    from seqcli.devices import set_threads
    from seqcli.insight.cell_gradients import follow_cell
    from seqcli.insight.gradient_views import report_cells

    set_threads(training.threads)
    followed = [
        follow_cell(
            cell,
            length=each,
            hidden_size=64 if values["hidden_size"] is None else values["hidden_size"],
            sentences=sentences,
            w_scale=1.0 if values["w_scale"] is None else values["w_scale"],
            keep_bias=values["keep_bias"],
            clip_norm=training.clip_norm,
            seed=training.seed,
            updates=values["descend"] or 0,
        )
        for cell in cells
        for each in lengths
    ]
    return report_cells(followed), {"view": "gradients", "cells": followed}


def _follow_runs(
    run_dirs: list[Path],
    length: int | None,
    sentences: int,
    split: str,
    data: Path | None,
    loss_of: str,
    given: GivenSettings,
) -> tuple[Report, Mapping[str, object]]:
    training = given.load().training

    from seqcli.devices import set_threads
    from seqcli.evaluation import find_dataset
    from seqcli.insight.gradient_views import report_runs
    from seqcli.insight.run_gradients import follow_run

    set_threads(training.threads)
    followed = []
    for run_dir in run_dirs:
        pairs = find_dataset(run_dir, data).split(split)
        followed.append(
            follow_run(run_dir, pairs, length=length, sentences=sentences, loss_of=loss_of)
        )
    return report_runs(followed), {"view": "gradients", "runs": followed}
