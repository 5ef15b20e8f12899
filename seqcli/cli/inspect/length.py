"""``seqcli inspect length``: runs and a text -> BLEU and chrF by the length of the source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli.flags import GivenSettings, JsonOption, QuietOption, settings_flags
from seqcli.cli.inspect.options import DataOption, RunDirsArgument, choose
from seqcli.cli.inspect.output import OutputOption, check_output, show_view
from seqcli.cli.numbers import parse_list, parse_whole
from seqcli.errors import SettingsError

UNITS = ("words", "characters")


SplitOption = Annotated[
    str | None,
    typer.Option("--split", metavar="NAME", help="A set of the runs' data (default test)."),
]
SrcOption = Annotated[
    Path | None, typer.Option("--src", metavar="FILE", help="Source text instead of a set.")
]
RefOption = Annotated[
    Path | None, typer.Option("--ref", metavar="FILE", help="Its reference translations.")
]
UnitOption = Annotated[
    str, typer.Option("--unit", metavar="NAME", help="Of lengths: words or characters.")
]
BinsOption = Annotated[
    int,
    typer.Option(
        "--bins",
        metavar="N",
        parser=parse_whole("--bins", 1, 100),
        help="Ranges of length, with about as many sentences each.",
    ),
]
EndsOption = Annotated[
    str | None,
    typer.Option("--ends", metavar="LIST", help="Last length of each range, with commas."),
]


@settings_flags("decoding", "device", "threads", "precision")
def show_length(
    *,
    run_dirs: RunDirsArgument,
    split: SplitOption = None,
    data: DataOption = None,
    src: SrcOption = None,
    ref: RefOption = None,
    unit: UnitOption = "words",
    bins: BinsOption = 5,
    ends: EndsOption = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    given: GivenSettings,
) -> None:
    """Score short and long sentences apart, for several runs side by side.

    The sentences of a range are scored as a corpus of their own. Long lines are not split, unless
    --split-long asks for it: what is looked at is the model.
    """
    check_output(output, src, ref)
    choose("--unit", unit, UNITS)
    last = None if ends is None else parse_list(ends, parse_whole("--ends", 1, 10**6))

    from seqcli.console import report_to_console
    from seqcli.evaluation import find_text
    from seqcli.insight.length import cut_at, cut_evenly, measure_lengths, score_lengths
    from seqcli.insight.views import report_length

    settings = [given.load_for_run(run_dir) for run_dir in run_dirs]
    texts = [
        find_text(run_dir, split=split, data_dir=data, src=src, ref=ref) for run_dir in run_dirs
    ]
    for run_dir, text in zip(run_dirs, texts, strict=True):
        if text.src != texts[0].src:
            raise SettingsError(
                f"{run_dir}: its data has another {text.name!r} set than that of {run_dirs[0]}; "
                "name one text for all with --src and --ref"
            )
    lengths = measure_lengths(texts[0], unit=unit)
    ranges = cut_evenly(lengths, bins) if last is None else cut_at(lengths, last)
    measured = []
    with report_to_console(quiet=quiet) as report:
        for run_dir, text, of_run in zip(run_dirs, texts, settings, strict=True):
            whole = {"n_best": 1, "sample": False}
            if "split_long" not in given.flags:
                whole["split_long"] = False
            measured.append(
                score_lengths(
                    run_dir,
                    text,
                    ranges,
                    unit=unit,
                    decoding=of_run.decoding.model_copy(update=whole),
                    device=of_run.training.device,
                    threads=of_run.training.threads,
                    precision=of_run.training.precision,
                    report=report,
                )
            )
    show_view(
        report_length(measured),
        {"view": "length", "runs": measured},
        as_json=as_json,
        output=output,
    )
