"""``seqcli inspect schedule``: settings of teacher forcing -> its probability at every update."""

from __future__ import annotations

from typing import Annotated

import typer

from seqcli.cli.flags import GivenSettings, JsonOption, settings_flags
from seqcli.cli.inspect.output import OutputOption, check_output, show_view
from seqcli.cli.numbers import parse_whole

FIELDS = ("", "_start", "_end", "_warmup", "_steps")
DEFAULT_UPDATES = 1000  # shown of a schedule that stays as it is


@settings_flags(*(f"teacher_forcing{name}" for name in FIELDS))
def show_schedule(
    *,
    updates: Annotated[
        int | None,
        typer.Option(
            "--updates",
            metavar="N",
            parser=parse_whole("--updates", 1, 10**9),
            help="Last update that is shown. Default: a quarter beyond teacher_forcing_steps.",
        ),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", metavar="", help="Draw the other shapes beside it.")
    ] = False,
    output: OutputOption = None,
    as_json: JsonOption = False,
    given: GivenSettings,
) -> None:
    """Draw the probability of feeding gold over a training, before there is one.

    Takes the settings of teacher forcing that `seqcli train` takes.
    """
    check_output(output)
    training = given.load().training

    from dataclasses import replace

    from seqcli.insight.schedule import trace_schedule
    from seqcli.insight.views import report_schedule
    from seqcli.training.teacher_forcing import POSITIVE_END, TeacherForcing

    steps = training.teacher_forcing_steps
    forcing = TeacherForcing(
        schedule=training.teacher_forcing,
        start=training.teacher_forcing_start,
        end=training.teacher_forcing_end,
        warmup=training.teacher_forcing_warmup,
        steps=steps,
    )
    schedules = [forcing]
    if compare and steps is not None and forcing.end <= forcing.start:
        others = ["linear", *(POSITIVE_END if forcing.end > 0 else ())]
        schedules += [
            replace(forcing, schedule=name) for name in others if name != forcing.schedule
        ]
    last = updates or (DEFAULT_UPDATES if steps is None else steps + -(-steps // 4))
    curves = [trace_schedule(each, updates=last) for each in schedules]
    show_view(
        report_schedule(curves),
        {"view": "schedule", "schedules": curves},
        as_json=as_json,
        output=output,
    )
