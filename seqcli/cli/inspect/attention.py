"""``seqcli inspect attention``: a run and a sentence -> where the decoder looked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli.flags import GivenSettings, JsonOption, settings_flags
from seqcli.cli.inspect.output import OutputOption, check_output, show_view


@settings_flags("decoding", "device", "threads", "precision")
def show_attention(
    *,
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Run directory.")],
    line: Annotated[str, typer.Argument(metavar="TEXT", help="A sentence to translate.")],
    output: OutputOption = None,
    as_json: JsonOption = False,
    given: GivenSettings,
) -> None:
    """Translate a sentence and draw where the decoder looked while it wrote each piece.

    The source is written across, the translation down; the fuller a cell, the larger the weight.
    """
    check_output(output)
    settings = given.load_for_run(run_dir)

    from seqcli.decoding.translator import Translator
    from seqcli.insight.attention import map_attention
    from seqcli.insight.views import report_attention

    training = settings.training
    translator = Translator.load(
        run_dir, device=training.device, threads=training.threads, precision=training.precision
    )
    seen = map_attention(translator, line, decoding=settings.decoding)
    show_view(report_attention(seen), vars(seen), as_json=as_json, output=output)
