"""A run -> a bundle to give away: small weights, pieces, settings, and a card that says what it is.

Place: run directory -> **bundle**. A bundle is a run directory that cannot be resumed: translate,
eval and tune take either.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqcli import rundir
from seqcli.config import Settings
from seqcli.deriving import making_of
from seqcli.errors import CorpusError, SettingsError
from seqcli.evaluation import Evaluation, EvaluationText, evaluate_runs, find_text
from seqcli.files import write_atomically
from seqcli.models.seq2seq import count_parameters
from seqcli.quantization import quantize
from seqcli.reporting import Reporter
from seqcli.tensor_files import on_cpu
from seqcli.version import __version__
from seqcli.weights import load_model

PRECISIONS = ("fp32", "bf16", "int8")
_KEPT = ("data", "seed", "best", "tuned", "calibration", "comfortable_length", "updates", "seconds")


@dataclass(frozen=True)
class Export:
    """What a bundle is."""

    bundle: str
    precision: str
    parameters: int
    bytes: int  # of all its files
    run_bytes: int  # of the run's weights
    evaluation: Evaluation | None  # of the bundle, not of the run


def export_run(
    run_dir: Path,
    bundle: Path,
    *,
    precision: str,
    licence: str,
    split: str | None,
    data_dir: Path | None,
    overwrite: bool,
    report: Reporter,
) -> Export:
    """Write a bundle: all of it, or nothing.

    Args:
        run_dir: A run with a model.
        bundle: The directory to write.
        precision: Of the matrices, one of PRECISIONS.
        licence: Under which it is given away, for the card.
        split: Set of the run's data that the bundle is scored on; None for no score.
        data_dir: Where that data is, if it has moved.
        overwrite: Replace what is in the bundle's directory.
        report: Hears of the progress.

    Raises:
        SettingsError: If the directory is in use.
        CheckpointError: If the run cannot be read.
        CorpusError: If there is no such set, or not that data.
    """
    model, _, settings = load_model(run_dir)
    manifest = rundir.read_manifest(run_dir)
    text = None if split is None else _find_text(run_dir, split, data_dir)
    with making_of(run_dir, bundle, overwrite=overwrite, what="a bundle") as work:
        about: dict[str, Any] = {name: manifest[name] for name in _KEPT if name in manifest}
        about |= {"status": "exported", "licence": licence, "weights": precision}
        rundir.create_run(work, settings, pieces_dir=run_dir, manifest=about)
        weights = on_cpu(dict(model.named_parameters()))
        rundir.save_model(work, quantize(weights, precision))
        evaluation = None if text is None else _score(work, text, settings, report)
        parameters = count_parameters(model)
        card = describe(about, settings, evaluation, parameters, precision=precision)
        write_atomically(work / rundir.CARD, card)
        size = sum(path.stat().st_size for path in work.iterdir())
    return Export(
        bundle=str(bundle),
        precision=precision,
        parameters=parameters,
        bytes=size,
        run_bytes=(run_dir / rundir.MODEL).stat().st_size,
        evaluation=evaluation,
    )


def _find_text(run_dir: Path, split: str, data_dir: Path | None) -> EvaluationText:
    try:
        return find_text(run_dir, split=split, data_dir=data_dir)
    except CorpusError as error:
        raise CorpusError(f"{error} (or leave the score out with --no-score)") from error


def _score(bundle: Path, text: EvaluationText, settings: Settings, report: Reporter) -> Evaluation:
    return evaluate_runs(
        [bundle],
        text,
        metrics=("bleu", "chrf"),
        decoding=settings.decoding,
        seed=settings.training.seed,
        batch_size=64,
        device="auto",
        threads=None,
        precision="auto",
        report=report,
    )


def describe(
    about: dict[str, Any],
    settings: Settings,
    evaluation: Evaluation | None,
    parameters: int,
    *,
    precision: str,
) -> str:
    """Return the model card, as Markdown."""
    data, model = settings.data, settings.model
    best = about.get("best", {})
    direction = "both ways" if model.bidirectional else "one way"
    lines = [
        f"# {data.src_lang} to {data.tgt_lang}, by seqcli",
        "",
        "`seqcli translate -m THIS_FOLDER < text` translates, one sentence a line.",
        "",
        f"- Model: {model.cell} encoder–decoder, {model.layers} layer(s), hidden "
        f"{model.hidden_size}, embeddings {model.emb_size}, source read {direction}, attention "
        f"{model.attention}; "
        f"{parameters:,} weights, matrices in {precision}.",
        f"- Made by seqcli {__version__} on {time.strftime('%Y-%m-%d', time.gmtime())}, seed "
        f"{about.get('seed')}, {about.get('updates', 'unknown')} updates.",
        f"- Licence: {about['licence']}.",
        "",
        "## Scores",
        "",
    ]
    if evaluation is None:
        lines.append("No test set was scored.")
    else:
        lines += [
            f"Of this bundle on the set `{evaluation.text}` ({evaluation.sentences:,} sentences):",
            "",
            "| metric | score | signature |",
            "|---|---|---|",
            *(f"| {s.metric} | {s.value:.2f} | `{s.signature}` |" for s in evaluation.scores),
        ]
    if best:
        lines += [
            "",
            f"On the validation set, greedy, in training: BLEU {best.get('bleu', 0):.2f}, chrF "
            f"{best.get('chrf', 0):.2f}.",
        ]
    lines += ["", "## Data", "", "SHA-256 of the text that it was trained and validated on:", ""]
    inputs = about.get("data", {}).get("inputs", [])
    lines += [f"- {split}: `{digest}`" for split, digest in inputs] or ["- not known"]
    lines += ["", "What it was trained with is in `config.yaml`.", ""]
    return "\n".join(lines)


def check_precision(precision: str) -> str:
    """Return the precision.

    Raises:
        SettingsError: If there is no such.
    """
    if precision not in PRECISIONS:
        raise SettingsError(
            f"--precision is {precision!r}; it must be one of {', '.join(PRECISIONS)}"
        )
    return precision
