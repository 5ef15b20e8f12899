"""Gradients through time -> what is shown of them.

Place: CellGradients, RunGradients -> **Report** -> pictures on a terminal or in a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seqcli.insight.backward import Course
from seqcli.insight.cell_gradients import CellGradients
from seqcli.insight.descent import Descent
from seqcli.insight.report import (
    Line,
    LinePanel,
    Report,
    ReportTable,
    show,
    with_short_names,
)
from seqcli.insight.run_gradients import LayerGradients, RunGradients


def report_cells(followed: Sequence[CellGradients]) -> Report:
    """Show fresh cells: those of the greatest length as lines, all of them in tables."""
    first = followed[0]
    longest = max(each.length for each in followed)
    drawn = [each for each in followed if each.length == longest]
    scaled = "" if first.w_scale == 1 else f", W_hh times {first.w_scale:g}"
    biased = "" if first.keep_bias is None else f", bias to keep {first.keep_bias:g}"
    return Report(
        title=(
            f"A gradient's way back through {first.hidden_size} fresh units, "
            f"{first.sentences} random sequences, seed {first.seed}{scaled}{biased}"
        ),
        findings=(
            *(f"{each.cell}, {each.length} steps: {each.verdict.describe()}." for each in drawn),
            *_say_clipping(drawn),
            *(_say_descent(descent) for each in drawn for descent in each.descents),
        ),
        tables=(_reach_table(followed), _jacobian_table(followed), _radius_table(drawn)),
        panels=(
            LinePanel(
                title="|dL/ds_t|: what is left of a gradient from the last step",
                x_label="time step t",
                y_label="norm",
                lines=tuple(_line(each.cell, each.state) for each in drawn),
                is_log=True,
            ),
            LinePanel(
                title="|ds_T/ds_t|, and its bound: the product of Jacobian norms",
                x_label="time step t",
                y_label="largest singular value",
                lines=tuple(
                    line for n, each in enumerate(drawn) for line in _jacobian_lines(each, n)
                ),
                is_log=True,
            ),
            *_descent_panels(drawn),
        ),
    )


def _descent_panels(drawn: Sequence[CellGradients]) -> list[LinePanel]:
    descents = [descent for each in drawn for descent in each.descents]
    if not descents:
        return []
    lines = {
        name: tuple(
            Line(
                each.name,
                tuple(float(update) for update in range(1, len(each.loss) + 1)),
                getattr(each, name),
                is_marked=each.clipped if name == "grad_norm" else (),
            )
            for each in descents
        )
        for name in ("loss", "grad_norm")
    }
    title = f"Plain gradient descent, lr {descents[0].lr:g}"
    return [
        LinePanel(f"{title}: loss", "update", "|h_T - target|² / 2", lines["loss"]),
        LinePanel(
            f"{title}: gradient norm before clipping",
            "update",
            "norm",
            lines["grad_norm"],
            is_log=True,
            marks="clipped",
        ),
    ]


def _line(name: str, course: Course) -> Line:
    return Line(name, _steps(course), course.mean, course.low, course.high)


def _steps(course: Course) -> tuple[float, ...]:
    return tuple(float(t) for t in range(1, len(course.mean) + 1))


def _jacobian_lines(each: CellGradients, colour: int) -> tuple[Line, Line]:
    whole, bound = each.jacobian, each.jacobian_bound
    name = f"bound of {each.cell}"
    return (
        Line(each.cell, _steps(whole), whole.mean, whole.low, whole.high, colour=colour),
        Line(name, _steps(bound), bound.mean, is_dotted=True, colour=colour),
    )


def _say_clipping(drawn: Sequence[CellGradients]) -> list[str]:
    return [
        f"{each.cell}: the gradient by the weights has norm {show(each.grad_norm)}; clipped to "
        f"{each.clip_norm:g} the update is {show(each.grad_norm / each.clip_norm)} times smaller."
        for each in drawn
        if each.clip_norm is not None and each.grad_norm > each.clip_norm
    ]


def _say_descent(descent: Descent) -> str:
    return (
        f"{descent.name}: {len(descent.loss):,} updates took the loss from "
        f"{show(descent.loss[0])} to {show(descent.loss[-1])}; the gradient's norm went from "
        f"{show(descent.grad_norm[0])} to {show(descent.grad_norm[-1])}."
    )


def _reach_table(followed: Sequence[CellGradients]) -> ReportTable:
    header = ("cell", "length", "|dL/ds_1|", "|dL/dh_1|", "|dL/dc_1|", "a step", "verdict")
    rows = tuple(
        (
            each.cell,
            str(each.length),
            show(each.state.mean[0]),
            show(each.h.mean[0]),
            show(each.c.mean[0] if each.c else None),
            show(each.verdict.rate),
            each.verdict.word,
        )
        for each in followed
    )
    return ReportTable(
        "Gradient that reaches the first step (1 sets out at the last)", header, rows
    )


def _jacobian_table(followed: Sequence[CellGradients]) -> ReportTable:
    header = ("cell", "length", "|ds_T/ds_1|", "|dh_T/dh_1|", "bound", "|W_hh| max|tanh'|")
    rows = tuple(
        (
            each.cell,
            str(each.length),
            show(each.jacobian.mean[0]),
            show(each.h_jacobian.mean[0]),
            show(each.jacobian_bound.mean[0]),
            show(each.weight_bound.mean[0] if each.weight_bound else None),
        )
        for each in followed
    )
    return ReportTable("Jacobian from the first step to the last, and its bounds", header, rows)


def _radius_table(drawn: Sequence[CellGradients]) -> ReportTable:
    header = ("cell", "spectral radius of W_hh", "norm before clipping", "after")
    rows = tuple(
        (
            each.cell,
            _show_gates(each.spectral_radius),
            show(each.grad_norm),
            show(each.clipped_norm),
        )
        for each in drawn
    )
    return ReportTable("Recurrent weights, and the gradient by all weights", header, rows)


def _show_gates(values: Mapping[str, float]) -> str:
    if len(values) == 1:
        return show(next(iter(values.values())))
    return ", ".join(f"{gate} {show(value)}" for gate, value in values.items())


def report_runs(followed: Sequence[RunGradients]) -> Report:
    """Show trained models: encoders and decoders as lines, every layer in a table."""
    followed = with_short_names(followed)
    first = followed[0]
    what = "the last target piece" if first.loss_of == "last" else "all target pieces"
    named = len(followed) > 1
    return Report(
        title=(
            f"Gradients through time, {first.text}: {first.sentences} sentences of "
            f"{first.src_length} source pieces; loss of {what}"
        ),
        findings=tuple(
            f"{_name(run, layer, named)}: {layer.verdict.describe()}."
            for run in followed
            for layer in run.layers
        ),
        tables=(_layer_table(followed, named),),
        panels=tuple(
            LinePanel(
                title=f"|dL/ds_t| in the {part}",
                x_label=f"{'source' if part == 'encoder' else 'target'} piece t",
                y_label="norm",
                lines=tuple(
                    _line(_name(run, layer, named), layer.state)
                    for run in followed
                    for layer in run.layers
                    if layer.part == part
                ),
                is_log=True,
            )
            for part in ("encoder", "decoder")
        ),
    )


def _name(run: RunGradients, layer: LayerGradients, named: bool) -> str:
    return f"{run.run_dir} {layer.name}" if named else layer.name


def _layer_table(followed: Sequence[RunGradients], named: bool) -> ReportTable:
    header = ("layer", "cell", "first step", "last step", "verdict", "spectral radius of W_hh")
    rows = tuple(
        (
            _name(run, layer, named),
            run.cell,
            show(layer.state.mean[0]),
            show(layer.state.mean[-1]),
            layer.verdict.word,
            _show_gates(layer.spectral_radius),
        )
        for run in followed
        for layer in run.layers
    )
    return ReportTable("|dL/ds_t| at both ends", header, rows)
