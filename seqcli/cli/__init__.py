"""The command line: ``seqcli VERB``; one module per verb, imported when the verb is used.

Place: words typed -> one call of a verb's function -> results on stdout, everything else on stderr.
Imports Typer only, so that ``seqcli --help`` is quick.
"""

from __future__ import annotations

import importlib
import io
import signal
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from seqcli.cli.failures import run_guarded
from seqcli.cli.flags import DebugOption
from seqcli.cli.results import require_stdout
from seqcli.version import __version__

# Each verb is the function ``command`` of the module ``seqcli.cli.<verb>``, or its Typer ``group``.
VERBS = {
    "data": "Get, check, clean and cut parallel text.",
    "preprocess": "Cut parallel text into pieces and write a data directory.",
    "train": "Train a translator on a data directory and write a run directory.",
    "translate": "Translate lines of a file or of standard input, or a document.",
    "eval": "Score translations with BLEU, chrF and TER.",
    "tune": "Find the beam size and length penalty that score best on a run's validation set.",
    "average": "Write a run whose weights are the mean of a run's last or best checkpoints.",
    "shortlist": "Learn which target pieces may translate each source piece.",
    "export": "Write a bundle: a run's model in few bytes, with a card that says what it is.",
    "inspect": "Look into a trained model, a training, or a setting.",
    "config": "Print the settings with their descriptions.",
}


class LazyVerb(TyperCommand):
    """A verb that is known by its name and summary until it is used."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Import the verb and parse the command line with its real options."""
        return load_verb(str(self.name)).make_context(*args, **kwargs)


class SeqcliGroup(TyperGroup):
    """All verbs; turns every failure into one paragraph on stderr and an exit code."""

    def __init__(self, **attributes: Any) -> None:
        """Add the verbs, each still to be imported."""
        super().__init__(**attributes)
        for name, summary in VERBS.items():
            self.add_command(LazyVerb(name, help=summary))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Run the command line and leave the process (or a test's runner) with its exit code."""
        words = sys.argv[1:] if args is None else list(args)
        options["standalone_mode"] = False
        run = super().main
        sys.exit(run_guarded(lambda: run(args, *rest, **options), debug="--debug" in words))


def load_verb(name: str) -> Any:
    """Import the module of a verb and return its parsed command.

    The command is a Typer one, with all its options.
    """
    module = importlib.import_module(f"seqcli.cli.{name}")
    if hasattr(module, "group"):
        return get_command(module.group)
    verb = typer.Typer(add_completion=False)
    verb.command(name)(module.command)
    return get_command(verb)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        require_stdout()
        sys.stdout.write(f"seqcli {__version__}\n")
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option(
        "--version", metavar="", callback=_show_version, is_eager=True, help="Print the version."
    ),
]

app = typer.Typer(
    cls=SeqcliGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _seqcli(version: VersionOption = False, debug: DebugOption = False) -> None:
    """Train and run sequence-to-sequence translators with recurrent networks."""


def main() -> None:
    """Run seqcli as a program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # it is None when closed, as in ">&-"
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    for number in (signal.SIGINT, signal.SIGTERM):  # which ends like Ctrl-C, tidily
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    app()
