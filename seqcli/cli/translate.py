"""``seqcli translate``: lines in, as many lines out (lines.py), or a document (documents.py)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from seqcli.cli.arriving import iter_line_groups
from seqcli.cli.documents import (
    AllUnitsOption,
    FormatOption,
    look_for_document,
    read_document_from,
    require_document_flags,
    translate_file,
)
from seqcli.cli.flags import (
    BatchSizeOption,
    GivenSettings,
    JsonOption,
    QuietOption,
    settings_flags,
)
from seqcli.cli.lines import READ_AHEAD_BATCHES, translate_lines
from seqcli.cli.remembering import (
    MemoryOption,
    MemoryThresholdOption,
    UseFuzzyOption,
    files_of_memory,
    load_memory,
    require_memory,
)
from seqcli.cli.results import open_results, require_other_outputs
from seqcli.compiling import compile_ahead
from seqcli.errors import SettingsError

if TYPE_CHECKING:
    from seqcli.config import TrainingSettings
    from seqcli.decoding.translator import Translator


def _parse_confidence(text: str | float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise SettingsError(
            f"--min-confidence is {str(text)!r}; it must be a number, at least 0, at most 1"
        )
    return value


ModelOption = Annotated[
    list[Path],
    typer.Option(
        "--model", "-m", metavar="RUN_DIR", help="Run directory; of several, the ensemble."
    ),
]
InputArgument = Annotated[
    Path | None, typer.Argument(metavar="[INPUT]", help="Text, one sentence a line; else stdin.")
]
InputOption = Annotated[
    Path | None, typer.Option("--input", "-i", metavar="FILE", help="The same as INPUT.")
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write here when all is done; what is there is replaced. Else stdout.",
    ),
]
AlignmentsOption = Annotated[
    Path | None,
    typer.Option(
        "--alignments",
        metavar="FILE",
        help="Write which words belong together here, a line for each line, as i-j (Pharaoh).",
    ),
]
PrefixOption = Annotated[
    str, typer.Option("--prefix", metavar="TEXT", help="Words that every translation begins with.")
]
MinConfidenceOption = Annotated[
    float | None,
    typer.Option(
        "--min-confidence",
        metavar="X",
        parser=_parse_confidence,
        help="Print --fallback in the place of translations below this confidence, 0 to 1.",
    ),
]
FallbackOption = Annotated[
    str,
    typer.Option(
        "--fallback", metavar="TEXT", help="What is printed below --min-confidence; default blank."
    ),
]


@settings_flags("decoding", "seed", "device", "threads", "precision")
def command(
    *,
    text: InputArgument = None,
    model: ModelOption,
    input_file: InputOption = None,
    output: OutputOption = None,
    prefix: PrefixOption = "",
    alignments: AlignmentsOption = None,
    min_confidence: MinConfidenceOption = None,
    fallback: FallbackOption = "",
    memory: MemoryOption = None,
    memory_threshold: MemoryThresholdOption = None,
    use_fuzzy_matches: UseFuzzyOption = False,
    file_format: FormatOption = None,
    all_units: AllUnitsOption = False,
    batch_size: BatchSizeOption = 64,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    given: GivenSettings,
) -> None:
    """Translate lines of a file or of standard input, or a document.

    Line N of the output translates line N of the input, blank lines included. With --n-best above 1
    there are that many lines for each line of the input, the best first, filled up with blank ones.
    --json prints one object for each line of the input (docs/json.md). Decoding settings that are
    not given are those of the run. "-" stands for standard input or output.

    A document (.po, .xliff, .tmx, .srt, .md, or by --format) comes out as it went in, with what was
    not translated yet translated in its place and marked as made by a machine (docs/documents.md).
    """
    from seqcli.console import report_to_console
    from seqcli.documents import LINES, kind_of

    if text is not None and input_file is not None:
        raise SettingsError(f"INPUT ({text}) and --input ({input_file}) are both given; keep one")
    aligns = alignments is not None
    output = _path_or_stream(output)
    source = _path_or_stream(text or input_file)
    kind = kind_of("" if source is None else str(source), file_format)
    require_memory(memory or (), memory_threshold, use_fuzzy_matches)
    if fallback and min_confidence is None:
        raise SettingsError(
            "--fallback: is printed below --min-confidence, which is not given; give it too"
        )
    if kind != LINES:
        require_document_flags(
            kind,
            prefix=prefix,
            alignments=aligns,
            fallback=fallback,
            n_best=_asks_for_several(given),
        )
        data = read_document_from(source)
    elif all_units:
        raise SettingsError("--all-units: is of documents; name one, or give its --format")
    else:
        look = None if file_format else partial(look_for_document, source)
        groups = iter_line_groups(source, most=batch_size * READ_AHEAD_BATCHES, look=look)
    results = open_results(output)
    aligned = _open_alignments(alignments, output)
    settings = given.load_for_run(model[0])
    remembered_files = files_of_memory(memory or (), settings.data)
    require_other_outputs(output, _path_or_stream(alignments), (source, *remembered_files))
    translator = _load(model, settings.training, aligns=aligns, judges=min_confidence is not None)
    remembered = load_memory(translator, memory or (), memory_threshold, use_fuzzy_matches)
    with report_to_console(quiet=quiet) as report:
        if kind == LINES:
            translate_lines(
                translator,
                settings,
                report if output is not None else None,
                groups=groups,
                results=results,
                alignments=aligned,
                batch_size=batch_size,
                as_json=as_json,
                prefix=prefix,
                least=min_confidence,
                fallback=fallback,
                memory=remembered,
            )
            return
        translate_file(
            translator,
            settings,
            report,
            data=data,
            name="standard input" if source is None else str(source),
            kind=kind,
            output=output,
            batch_size=batch_size,
            as_json=as_json,
            redo=all_units,
            least=min_confidence,
            memory=remembered,
        )


def _load(
    run_dirs: Sequence[Path], training: TrainingSettings, *, aligns: bool, judges: bool
) -> Translator:
    """Load the models, while the kernels are compiled, if that is still to be done.

    Raises:
        SettingsError: They cannot say which words belong together, or how sure they are, and that
            is asked for.
    """
    if training.kernels != "torch":
        compile_ahead()  # while torch is imported

    from seqcli.decoding.translator import Translator

    translator = Translator.load(
        *run_dirs, device=training.device, threads=training.threads, precision=training.precision
    )
    if aligns:
        _require_attention(translator)
    if judges:
        _require_calibration(translator)
    return translator


def _asks_for_several(given: GivenSettings) -> bool:
    """Tell whether more than one translation is asked for on the command line, not by the run."""
    return str(given.flags.get("n_best", 1)) != "1"


def _open_alignments(
    alignments: Path | None, output: Path | None
) -> AbstractContextManager[TextIO] | None:
    """Return what ``open_results`` does for --alignments; None if it is not given.

    Raises:
        SettingsError: It cannot be written, or would be among the translations.
    """
    if alignments is None:
        return None
    if alignments == Path("-") and output is None:
        raise SettingsError(
            "--alignments -: standard output has the translations; send one of them to a file, "
            "with --output or with --alignments"
        )
    return open_results(_path_or_stream(alignments), flag="--alignments")


def _path_or_stream(path: Path | None) -> Path | None:
    return None if path == Path("-") else path


def _require_attention(translator: Translator) -> None:
    """Refuse to align without attention, before anything is translated.

    Raises:
        SettingsError: If no model has any.
    """
    if not translator.model.has_attention:
        raise SettingsError(
            "--alignments: the model was trained with --attention none, so nothing says which "
            "words belong together; train one with --attention general"
        )


def _require_calibration(translator: Translator) -> None:
    """Refuse to judge translations without knowing how, before anything is translated.

    Raises:
        SettingsError: If nothing was learnt.
    """
    if not translator.is_calibrated:
        raise SettingsError(
            "--min-confidence: nothing is known of the confidence of this model: it is of a single "
            "run that was trained to its end; `seqcli tune RUN_DIR` learns it afterwards"
        )
