"""``seqcli inspect VIEW``: looks into a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli.flags import GivenSettings, JsonOption, settings_flags
from seqcli.cli.results import require_stdout

group = typer.Typer(add_completion=False, no_args_is_help=True)


@group.callback()
def _inspect() -> None:
    """Look into a trained model."""


@settings_flags("decoding", "device", "threads", "precision")
def show_attention(
    *,
    run_dir: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Run directory.")],
    line: Annotated[str, typer.Argument(metavar="TEXT", help="A sentence to translate.")],
    as_json: JsonOption = False,
    given: GivenSettings,
) -> None:
    """Translate a sentence and draw where the decoder looked while it wrote each piece.

    The source is written across, the translation down; the darker a cell, the larger the weight.
    """
    from seqcli.console import print_attention

    require_stdout()
    settings = given.load_for_run(run_dir)

    from seqcli.decoding.translator import Translator
    from seqcli.insight.attention import map_attention

    training = settings.training
    translator = Translator.load(
        run_dir, device=training.device, threads=training.threads, precision=training.precision
    )
    print_attention(map_attention(translator, line, decoding=settings.decoding), as_json=as_json)


group.command("attention")(show_attention)
