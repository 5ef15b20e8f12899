"""``seqcli tune``: a run -> the beam size and length penalty that suit it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli.flags import GivenSettings, JsonOption, QuietOption, settings_flags
from seqcli.cli.numbers import parse_list, parse_number, parse_whole
from seqcli.cli.results import require_stdout
from seqcli.errors import SettingsError

RunDirArgument = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Run directory to tune.")]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DATA_DIR", help="The run's data directory, if it has moved."),
]
BeamsOption = Annotated[
    str, typer.Option("--beams", metavar="LIST", help="Beam sizes to try, with commas.")
]
PenaltiesOption = Annotated[
    str, typer.Option("--penalties", metavar="LIST", help="Length penalties to try, with commas.")
]
MetricOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Metric: bleu or chrf.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", metavar="", help="Leave the settings of the run alone.")
]


@settings_flags("device", "threads", "precision")
def command(
    *,
    run_dir: RunDirArgument,
    data: DataOption = None,
    beams: BeamsOption = "4,5,8,12",
    penalties: PenaltiesOption = "0.4,0.6,0.8,1,1.2,1.4,1.6",
    metric: MetricOption = "bleu",
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    given: GivenSettings,
) -> None:
    """Find the beam size and length penalty that score best on a run's validation set.

    They are stored in the run as the decoding settings that translate and eval take.
    """
    from seqcli.console import print_tuning, report_to_console
    from seqcli.evaluation import find_text

    require_stdout()
    beam_sizes = parse_list(beams, parse_whole("--beams", 1, 1000))
    length_penalties = parse_list(penalties, parse_number("--penalties", 0, 10))
    if metric not in ("bleu", "chrf"):
        raise SettingsError(f"--by is {metric!r}; it must be bleu or chrf")
    training = given.load_for_run(run_dir).training
    text = find_text(run_dir, split="valid", data_dir=data)

    from seqcli.locking import locked
    from seqcli.tuning import tune_run

    held = nullcontext() if dry_run else locked(run_dir, what="a tuning")
    with held, report_to_console(quiet=quiet) as report:
        tuning = tune_run(
            run_dir,
            text,
            beam_sizes=beam_sizes,
            length_penalties=length_penalties,
            metric=metric,
            device=training.device,
            threads=training.threads,
            precision=training.precision,
            store=not dry_run,
            report=report,
        )
    print_tuning(tuning, as_json=as_json)
