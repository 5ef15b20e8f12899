"""``seqcli eval``: a run and a split, a run and files, or two files -> scores."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli.flags import BatchSizeOption, GivenSettings, JsonOption, QuietOption, settings_flags
from seqcli.cli.results import require_stdout
from seqcli.corpus import decode_lines
from seqcli.errors import SettingsError, ThresholdError

RunDirArgument = Annotated[
    Path | None, typer.Argument(metavar="[RUN_DIR]", help="Run directory to score.")
]
ModelOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--model", "-m", metavar="RUN_DIR", help="The same as RUN_DIR; of several, the ensemble."
    ),
]
SplitOption = Annotated[
    str | None,
    typer.Option("--split", metavar="NAME", help="A set of the run's data (default test)."),
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DATA_DIR", help="The run's data directory, if it has moved."),
]
SrcOption = Annotated[
    Path | None, typer.Option("--src", metavar="FILE", help="Source text for RUN_DIR.")
]
HypOption = Annotated[
    Path | None, typer.Option("--hyp", metavar="FILE", help="Translations to score, without a run.")
]
RefOption = Annotated[
    Path | None, typer.Option("--ref", metavar="FILE", help="Reference translations.")
]
MetricsOption = Annotated[
    str, typer.Option("--metrics", metavar="NAMES", help="Some of bleu, chrf and ter, with commas.")
]


def _parse_min_bleu(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise SettingsError(f"--min-bleu is {text!r}; it must be a number, at least 0, at most 100")
    return value


MinBleuOption = Annotated[
    float | None,
    typer.Option(
        "--min-bleu", metavar="X", parser=_parse_min_bleu, help="Exit with 5 if BLEU is below X."
    ),
]


@settings_flags("decoding", "seed", "device", "threads", "precision")
def command(
    *,
    run_dir: RunDirArgument = None,
    model: ModelOption = None,
    split: SplitOption = None,
    data: DataOption = None,
    src: SrcOption = None,
    hyp: HypOption = None,
    ref: RefOption = None,
    metrics: MetricsOption = "bleu,chrf,ter",
    min_bleu: MinBleuOption = None,
    batch_size: BatchSizeOption = 64,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    given: GivenSettings,
) -> None:
    """Score translations with BLEU, chrF and TER.

    Give a run to score on a test set of its data (--split), a run and files (--src and --ref), or
    translations as they are (--hyp and --ref). Several runs (-m A -m B) are scored as an ensemble.
    Scores are of raw text, with sacreBLEU signatures.
    """
    from seqcli.console import print_evaluation, report_to_console
    from seqcli.evaluation import check_metrics, evaluate_files, evaluate_runs, find_text

    require_stdout()
    names = check_metrics([name.strip() for name in metrics.lower().split(",") if name.strip()])
    if min_bleu is not None and "bleu" not in names:
        raise SettingsError(f"--min-bleu needs bleu among --metrics, which is {metrics!r}")
    runs = [*([] if run_dir is None else [run_dir]), *(model or [])]
    run_dir = runs[0] if runs else None
    settings = given.load_for_run(run_dir) if run_dir else given.load()
    if run_dir is None and given.flags:
        name = next(iter(given.flags)).replace("_", "-")
        raise SettingsError(
            f"--{name} is of decoding, but --hyp is translated already; leave it out"
        )
    if run_dir is None and hyp and ref and not (src or split or data):
        lines = _read_stdin() if str(hyp) == "-" else None
        evaluation = evaluate_files(hyp, ref, metrics=names, hyps=lines)
    elif run_dir is not None and hyp is None:
        text = find_text(run_dir, split=split, data_dir=data, src=src, ref=ref)
        with report_to_console(quiet=quiet) as report:
            evaluation = evaluate_runs(
                runs,
                text,
                metrics=names,
                decoding=settings.decoding,
                seed=settings.training.seed,
                batch_size=batch_size,
                device=settings.training.device,
                threads=settings.training.threads,
                precision=settings.training.precision,
                report=report,
            )
    else:
        raise SettingsError(
            "what to score is not clear; give RUN_DIR (with --split, or with --src and --ref), or "
            "--hyp and --ref alone"
        )
    print_evaluation(evaluation, as_json=as_json)
    if min_bleu is not None:
        _check_bleu(evaluation.value_of("bleu"), min_bleu)


def _read_stdin() -> list[str]:
    if sys.stdin is None:
        raise SettingsError("standard input is closed; give a file to --hyp, or pipe text in")
    return list(decode_lines(sys.stdin.buffer, "standard input"))


def _check_bleu(bleu: float, min_bleu: float) -> None:
    if bleu < min_bleu:
        raise ThresholdError(f"BLEU is {bleu:.2f}; --min-bleu asks for {min_bleu:g} or more")
