"""``seqcli inspect training``: runs -> what their trainings looked like, over one another."""

from __future__ import annotations

from seqcli.cli.flags import DebugOption, JsonOption
from seqcli.cli.inspect.options import RunDirsArgument
from seqcli.cli.inspect.output import OutputOption, check_output, show_view


def show_training(
    *,
    run_dirs: RunDirsArgument,
    output: OutputOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Draw loss, learning rate, gradient norm, teacher forcing, BLEU and speed of trainings.

    Several runs are drawn over one another, to compare cells, settings or seeds. A run may still
    be training.
    """
    check_output(output)

    from seqcli.insight.training_curves import read_curves
    from seqcli.insight.views import report_training

    runs = [read_curves(run_dir) for run_dir in run_dirs]
    show_view(
        report_training(runs), {"view": "training", "runs": runs}, as_json=as_json, output=output
    )
