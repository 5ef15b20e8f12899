"""Where a view goes: a picture or JSON on stdout, and a file that is drawn.

Place: numbers of a view, and its Report -> **show_view** -> stdout, file.
"""

from __future__ import annotations

import dataclasses
import importlib
import logging
import math
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqcli.cli.results import require_stdout
from seqcli.errors import SettingsError
from seqcli.files import require_other_file

if TYPE_CHECKING:
    from seqcli.insight.report import Report

KINDS = (".svg", ".png", ".html")
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Draw it into a file too, which is replaced: .svg, .png or .html.",
    ),
]


def check_output(path: Path | None, *inputs: Path | None) -> None:
    """Check, before anything is computed, that a view can be printed and drawn.

    Args:
        path: What --output names.
        inputs: Files that are read.

    Raises:
        SettingsError: If stdout is closed, the file cannot be written, is of no kind that can be
            drawn, is one that is read, or the library that draws is not installed.
    """
    require_stdout()
    if path is None:
        return
    if path.suffix.lower() not in KINDS:
        raise SettingsError(
            f"--output {path}: the ending says what is drawn; it must be one of {', '.join(KINDS)}"
        )
    if path.is_dir():
        raise SettingsError(f"--output {path}: is a directory; give the path of a file")
    if not path.parent.is_dir():
        raise SettingsError(f"--output {path}: there is no directory {path.parent}; make it first")
    require_other_file(path, [each for each in inputs if each is not None], what="--output")
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)  # it tells of its cache
    try:
        importlib.import_module("matplotlib")
    except ImportError as error:
        raise SettingsError(
            f"--output {path}: pictures in files are drawn by matplotlib, which is not installed; "
            "install it with `pip install 'seqcli[plots]'`, or leave out --output"
        ) from error


def show_view(
    report: Report, numbers: Mapping[str, object], *, as_json: bool, output: Path | None
) -> None:
    """Print a view, and draw it into a file if there is one.

    Args:
        report: What is shown.
        numbers: What it was made of: values, dataclasses, and sequences of them.
        as_json: Whether the numbers are printed in the place of pictures.
        output: As ``check_output`` found it good.
    """
    from seqcli.console import print_json, print_report, report_to_console

    plain = plain_values(numbers)
    if output is not None:
        import json

        from seqcli.insight.drawing import write_picture

        command = shlex.join(["seqcli", *sys.argv[1:]])
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False)
        missing = write_picture(report, output, numbers=text, command=command)
        if missing:
            with report_to_console(quiet=False) as reporter:
                reporter.warn(
                    f"{output}: no font on this machine has {' '.join(missing[:10])}, so boxes are "
                    "drawn; write .svg or .html, which use the fonts of whoever reads them"
                )
    if as_json:
        print_json(plain)
    else:
        print_report(report)


def plain_values(value: Any) -> Any:
    """Return dataclasses as dicts, and numbers that are not finite as None: what JSON can say."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain_values(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain_values(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
