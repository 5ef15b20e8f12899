"""``seqcli inspect VIEW``: shows what a model, a training or a setting does.

One module per view; each computes with one function of insight and shows what that returned.
"""

from __future__ import annotations

import typer

from seqcli.cli.inspect.attention import show_attention
from seqcli.cli.inspect.exposure import show_exposure
from seqcli.cli.inspect.gradients import show_gradients
from seqcli.cli.inspect.length import show_length
from seqcli.cli.inspect.schedule import show_schedule
from seqcli.cli.inspect.training import show_training

group = typer.Typer(add_completion=False, no_args_is_help=True)


@group.callback()
def _inspect() -> None:
    """Look into a trained model, a training, or a setting.

    Every view is printed as a picture, as numbers with --json, and drawn into a file with --output.
    """


group.command("attention")(show_attention)
group.command("exposure")(show_exposure)
group.command("gradients")(show_gradients)
group.command("length")(show_length)
group.command("schedule")(show_schedule)
group.command("training")(show_training)
