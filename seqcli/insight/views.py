"""Numbers of a view -> what is shown of them: training, exposure, schedule, length, attention.

Place: TrainingCurves, Exposure, ... -> **Report** -> pictures on a terminal or in a file.
"""

from __future__ import annotations

from collections.abc import Sequence

from seqcli.insight.attention import AttentionMap
from seqcli.insight.exposure import Exposure
from seqcli.insight.length import LengthScores
from seqcli.insight.report import (
    HeatMap,
    Line,
    LinePanel,
    Report,
    ReportTable,
    show,
    with_short_names,
)
from seqcli.insight.schedule import ScheduleCurve
from seqcli.insight.training_curves import TrainingCurves, Values

LEAST_SENTENCES = 30  # at a position, for it to be drawn


def report_training(runs: Sequence[TrainingCurves]) -> Report:
    """Show trainings over one another."""
    runs = with_short_names(runs)
    return Report(
        title="Training of " + ", ".join(run.run_dir for run in runs),
        findings=tuple(finding for run in runs for finding in _say_training(run)),
        tables=(_training_table(runs),),
        panels=(
            _train_panel(runs, "Training loss", "nats per target piece", "loss"),
            _valid_panel(
                runs, "Validation loss, teacher-forced", "nats per target piece", "valid_loss"
            ),
            _valid_panel(runs, "Validation BLEU, free-running", "BLEU", "bleu"),
            _norm_panel(runs),
            _train_panel(runs, "Learning rate", "lr", "lr"),
            _train_panel(runs, "Probability of feeding gold", "p", "teacher_forcing", (0.0, 1.0)),
            _train_panel(runs, "Speed", "target tokens/s", "tgt_tokens_per_s"),
        ),
    )


def _say_training(run: TrainingCurves) -> list[str]:
    said = []
    if run.best_bleu is not None:
        at = run.valid_updates[run.bleu.index(run.best_bleu)]
        said.append(f"{run.run_dir}: best validation BLEU {run.best_bleu:.2f} at update {at:,}.")
    largest = max(
        (each for each in (*run.grad_norm_max, *run.grad_norm) if each is not None), default=None
    )
    if largest is not None and run.clipped_share is not None:
        said.append(
            f"{run.run_dir}: {run.clipped_share:.0%} of the updates were clipped; the largest "
            f"gradient norm was {show(largest)}."
        )
    if run.unreadable_lines:
        said.append(
            f"{run.run_dir}: {run.unreadable_lines:,} lines of its records cannot be read, and are "
            "left out."
        )
    return said


def _training_table(runs: Sequence[TrainingCurves]) -> ReportTable:
    header = ("run", "cell", "attention", "weights", "updates", "tokens/s", "clipped", "best BLEU")
    rows = tuple(
        (
            run.run_dir,
            run.cell,
            run.attention,
            "–" if run.weights is None else f"{run.weights:,}",
            f"{max((*run.updates, *run.valid_updates)):,}",
            "–" if run.median_speed is None else f"{run.median_speed:,.0f}",
            "–" if run.clipped_share is None else f"{run.clipped_share:.0%}",
            "–" if run.best_bleu is None else f"{run.best_bleu:.2f}",
        )
        for run in runs
    )
    return ReportTable("Runs (tokens/s: median of the training lines)", header, rows)


def _train_panel(
    runs: Sequence[TrainingCurves],
    title: str,
    y_label: str,
    name: str,
    y_range: tuple[float, float] | None = None,
) -> LinePanel:
    lines = tuple(_over(run.run_dir, run.updates, getattr(run, name)) for run in runs)
    return LinePanel(title, "update", y_label, lines, y_range=y_range)


def _valid_panel(runs: Sequence[TrainingCurves], title: str, y_label: str, name: str) -> LinePanel:
    lines = tuple(
        _over(run.run_dir, run.valid_updates, getattr(run, name), has_points=True) for run in runs
    )
    return LinePanel(title, "update", y_label, lines)


def _over(name: str, updates: Sequence[int], values: Values, *, has_points: bool = False) -> Line:
    return Line(name, tuple(float(update) for update in updates), values, has_points=has_points)


def _norm_panel(runs: Sequence[TrainingCurves]) -> LinePanel:
    lines = tuple(
        Line(
            run.run_dir,
            tuple(float(update) for update in run.updates),
            run.grad_norm,
            is_marked=tuple(bool(share) for share in run.clipped),
        )
        for run in runs
    )
    return LinePanel(
        "Gradient norm before clipping",
        "update",
        "norm",
        lines,
        is_log=True,
        marks="some of the updates up to here were clipped",
    )


def report_exposure(measured: Sequence[Exposure]) -> Report:
    """Show what free running costs, by output position."""
    measured = with_short_names(measured)
    first = measured[0]
    return Report(
        title=f"Exposure bias on {first.text}, {first.counts[0]:,} sentences",
        findings=tuple(
            f"{each.run_dir} (teacher forcing {each.teacher_forcing}): free running costs "
            f"{each.loss_gap:.3f} nats a piece, and {100 * each.accuracy_gap:.1f} points of "
            "accuracy."
            for each in measured
        ),
        tables=(_exposure_table(measured),),
        panels=(
            _position_panel(measured, "Loss by output position", "nats per piece", "loss_at"),
            _position_panel(measured, "Accuracy by output position", "share right", "accuracy_at"),
        ),
    )


def _exposure_table(measured: Sequence[Exposure]) -> ReportTable:
    header = (
        "run", "teacher forcing", "loss forced", "free", "gap", "accuracy forced", "free", "gap",
    )  # fmt: skip
    rows = tuple(
        (
            each.run_dir,
            each.teacher_forcing,
            f"{each.forced.loss:.3f}",
            f"{each.free.loss:.3f}",
            f"{each.loss_gap:.3f}",
            f"{each.forced.accuracy:.1%}",
            f"{each.free.accuracy:.1%}",
            f"{100 * each.accuracy_gap:.1f}",
        )
        for each in measured
    )
    return ReportTable("Fed gold (forced) and fed its own output (free)", header, rows)


def _position_panel(measured: Sequence[Exposure], title: str, y_label: str, name: str) -> LinePanel:
    lines = []
    for number, each in enumerate(measured):
        shown = max(1, sum(count >= LEAST_SENTENCES for count in each.counts))
        positions = tuple(float(position) for position in range(1, shown + 1))
        of_run = f"{each.run_dir}, " if len(measured) > 1 else ""
        for feeding, scores in (("fed its own", each.free), ("fed gold", each.forced)):
            values = getattr(scores, name)[:shown]
            is_forced = scores is each.forced
            lines.append(
                Line(f"{of_run}{feeding}", positions, values, is_dotted=is_forced, colour=number)
            )
    return LinePanel(title, "output position", y_label, tuple(lines))


def report_schedule(curves: Sequence[ScheduleCurve]) -> Report:
    """Show schedules over one another; the first is the one that was asked for."""
    first = curves[0]
    until = "" if first.steps is None else f" by update {first.steps:,}"
    rows = tuple(
        (f"{update:,}", *(f"{curve.probability[at]:.3f}" for curve in curves))
        for at, update in _some(first.updates)
    )
    halfway = f"half of the way is done at update {first.halfway:,}" if first.halfway else ""
    return Report(
        title=f"Teacher forcing {first.schedule}: p from {first.start:g} to {first.end:g}{until}",
        findings=(
            "p is the probability of feeding the gold piece"
            + (f"; {halfway}." if halfway else "; it stays as it is."),
        ),
        tables=(ReportTable("p", ("update", *(curve.schedule for curve in curves)), rows),),
        panels=(
            LinePanel(
                "Probability of feeding gold",
                "update",
                "p",
                tuple(
                    Line(
                        curve.schedule,
                        tuple(float(update) for update in curve.updates),
                        curve.probability,
                        is_dotted=curve is not first,
                    )
                    for curve in curves
                ),
                y_range=(0.0, 1.0),
            ),
        ),
    )


def _some(updates: Sequence[int]) -> list[tuple[int, int]]:
    """Return about ten evenly spaced updates, each with its place."""
    places = sorted({round(i * (len(updates) - 1) / 10) for i in range(11)})
    return [(place, updates[place]) for place in places]


def report_length(measured: Sequence[LengthScores]) -> Report:
    """Show scores by length, runs over one another."""
    measured = with_short_names(measured)
    first = measured[0]
    unit = "word" if first.unit == "words" else "character"
    names = tuple(each.name for each in first.bins)
    return Report(
        title=f"Scores on {first.text} by {first.unit} of the source",
        findings=tuple(_say_length(each, unit) for each in measured),
        tables=(
            _length_table(measured, "BLEU", "bleu"),
            _length_table(measured, "chrF", "chrf"),
        ),
        panels=tuple(
            LinePanel(
                f"{title} by length of the source",
                f"{first.unit} of the source",
                title,
                tuple(
                    Line(
                        each.run_dir,
                        tuple(float(place) for place in range(len(names))),
                        tuple(getattr(one, name) for one in each.bins),
                        has_points=True,
                    )
                    for each in measured
                ),
                x_names=names,
            )
            for title, name in (("BLEU", "bleu"), ("chrF", "chrf"))
        ),
    )


def _say_length(each: LengthScores, unit: str) -> str:
    short, long = each.bins[0], each.bins[-1]
    return (
        f"{each.run_dir} ({each.cell}, attention {each.attention}): BLEU {short.bleu:.1f} on the "
        f"shortest ({short.name} {unit}s) and {long.bleu:.1f} on the longest ({long.name}); "
        f"{each.whole.bleu:.1f} on all."
    )


def _length_table(measured: Sequence[LengthScores], title: str, name: str) -> ReportTable:
    first = measured[0]
    header = (first.unit, "sentences", *(each.run_dir for each in measured))
    bins = [(each.name, each.sentences) for each in (*first.bins, first.whole)]
    bins[-1] = ("all", bins[-1][1])
    rows = tuple(
        (
            label,
            f"{sentences:,}",
            *(f"{getattr((*each.bins, each.whole)[row], name):.1f}" for each in measured),
        )
        for row, (label, sentences) in enumerate(bins)
    )
    signature = first.signatures[name]
    return ReportTable(f"{title} ({signature})", header, rows)


def report_attention(seen: AttentionMap) -> Report:
    """Show where the decoder looked."""
    return Report(
        title=seen.src,
        findings=(seen.hyp,),
        panels=(
            HeatMap(
                "Attention: source across, translation down",
                seen.src_pieces,
                seen.tgt_pieces,
                seen.weights,
            ),
        ),
    )
