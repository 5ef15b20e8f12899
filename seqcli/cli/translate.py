"""``seqcli translate``: lines in, as many lines out, in their order."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from seqcli.cli.arriving import iter_line_groups
from seqcli.cli.documents import (
    AllUnitsOption,
    FormatOption,
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
from seqcli.cli.remembering import (
    MemoryOption,
    MemoryThresholdOption,
    UseFuzzyOption,
    files_of_memory,
    load_memory,
)
from seqcli.cli.results import open_results, require_other_outputs
from seqcli.compiling import compile_ahead
from seqcli.errors import SettingsError

if TYPE_CHECKING:
    from seqcli.config import DecodingSettings, TrainingSettings
    from seqcli.decoding.translation import Hypothesis, Translation
    from seqcli.decoding.translator import Translator
    from seqcli.memory import Match, TranslationMemory

# Batches that are read ahead, so that lines of like length are translated together; a compromise
# between speed and the wait for the first line, which only a person at a pipe feels.
READ_AHEAD_BATCHES = 8


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
JSON_VERSION = 1  # of the objects that --json prints; docs/json.md


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
    memory_threshold: MemoryThresholdOption = 0.75,
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
    output = _path_or_stream(output)
    source = _path_or_stream(text or input_file)
    kind = kind_of("" if source is None else str(source), file_format)
    if use_fuzzy_matches and not memory:
        raise SettingsError("--use-fuzzy-matches: there is no memory; give one with --memory")
    if kind != LINES:
        require_document_flags(
            kind, prefix=prefix, alignments=alignments is not None, fallback=fallback
        )
        data = read_document_from(source)
    elif all_units:
        raise SettingsError("--all-units: is of documents; name one, or give its --format")
    else:
        groups = iter_line_groups(source, most=batch_size * READ_AHEAD_BATCHES)
    output_stream = open_results(output)
    alignments_stream = (
        nullcontext(None) if alignments is None else open_results(alignments, flag="--alignments")
    )
    settings = given.load_for_run(model[0])
    remembered_files = files_of_memory(memory or (), settings.data)
    require_other_outputs(output, alignments, (source, *remembered_files))
    translator = _load(model, settings.training)
    if alignments is not None:
        _require_attention(translator)
    if min_confidence is not None:
        _require_calibration(translator)
    remembered = load_memory(translator, memory or (), memory_threshold, use_fuzzy_matches)
    if kind != LINES:
        with report_to_console(quiet=quiet) as report:
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
        return
    with (
        report_to_console(quiet=quiet) as report,
        output_stream as results,
        alignments_stream as aligned,
    ):
        for done in write_translations(
            translator,
            groups,
            results,
            decoding=settings.decoding,
            batch_size=batch_size,
            seed=settings.training.seed,
            as_json=as_json,
            prefix=prefix,
            alignments=aligned,
            least=min_confidence,
            fallback=_one_line(fallback),
            memory=remembered,
        ):
            if output is not None:
                report.progress("translating", done, None, None)


def _load(run_dirs: Sequence[Path], training: TrainingSettings) -> Translator:
    """Load the models, while the kernels are compiled, if that is still to be done."""
    if training.kernels != "torch":
        compile_ahead()  # while torch is imported

    from seqcli.decoding.translator import Translator

    return Translator.load(
        *run_dirs, device=training.device, threads=training.threads, precision=training.precision
    )


def _path_or_stream(path: Path | None) -> Path | None:
    return None if path == Path("-") else path


def write_translations(
    translator: Translator,
    groups: Iterable[Iterable[str]],
    results: TextIO,
    *,
    decoding: DecodingSettings,
    batch_size: int,
    seed: int,
    as_json: bool,
    prefix: str = "",
    alignments: TextIO | None = None,
    least: float | None = None,
    fallback: str = "",
    memory: TranslationMemory | None = None,
) -> Iterator[int]:
    """Translate groups of lines and write them; nobody waits for a translation that is made.

    Yields:
        The number of lines done, after each batch.
    """
    done = 0
    for group in groups:
        for translation in translator.iter_translations(
            group,
            decoding=decoding,
            batch_size=batch_size,
            sorted_batches=READ_AHEAD_BATCHES,
            seed=seed,
            first_line=done,
            aligned=as_json or alignments is not None,
            prefix=prefix,
            memory=memory,
        ):
            done += 1
            translation = _withhold(translation, least, fallback)
            if alignments is not None:
                alignments.write(format_alignment(translation.hyps[0]))
            if as_json:
                has_memory = memory is not None
                line = format_json(translation, done, n_best=decoding.n_best, has_memory=has_memory)
                results.write(line)
            else:
                results.write(format_lines(translation, n_best=decoding.n_best))
            if done % batch_size == 0:
                results.flush()
                yield done
        results.flush()
        yield done


def _withhold(translation: Translation, least: float | None, fallback: str) -> Translation:
    """Put the fallback in the place of translations that are not sure enough."""
    if least is None:
        return translation
    hyps = tuple(
        replace(hyp, text=fallback, is_withheld=True)
        if hyp.confidence is not None and hyp.confidence < least
        else hyp
        for hyp in translation.hyps
    )
    return replace(translation, hyps=hyps)


def format_lines(translation: Translation, *, n_best: int) -> str:
    """Return exactly ``n_best`` lines, the best first; blank ones stand for what was not found."""
    texts = [_one_line(hyp.text) for hyp in translation.hyps[:n_best]]
    texts += [""] * (n_best - len(texts))
    return "".join(f"{text}\n" for text in texts)


def format_alignment(hyp: Hypothesis) -> str:
    """Return the words that belong together on one line, as i-j (Pharaoh)."""
    from seqcli.decoding.alignment import to_pharaoh

    # None of a blank line, or one that was put together; a fallback is no translation.
    if hyp.alignment is None or hyp.is_withheld:
        return "\n"
    return to_pharaoh(hyp.src_pieces, hyp.pieces, hyp.alignment) + "\n"


def format_json(
    translation: Translation, number: int, *, n_best: int, has_memory: bool = False
) -> str:
    """Return one JSON object on one line; ``id`` counts the lines of the input from 1.

    docs/json.md says what is in it; JSON_VERSION changes when that does.
    """
    hyps = [_describe(hyp) for hyp in translation.hyps[:n_best]]
    record: dict[str, object] = {
        "version": JSON_VERSION,
        "id": number,
        "src": translation.src,
        "src_tokens": list(translation.hyps[0].src_pieces),
        **hyps[0],
    }
    if has_memory:
        record["memory"] = _describe_match(translation.match)
    if n_best > 1:
        record["nbest"] = hyps
    return json.dumps(record, ensure_ascii=False) + "\n"


def _describe(hyp: Hypothesis) -> dict[str, object]:
    return {
        "hyp": hyp.text,
        "score": _finite(hyp.score),
        "confidence": None if hyp.confidence is None else round(hyp.confidence, 4),
        "tokens": list(hyp.pieces),
        "alignment": None if hyp.alignment is None else list(hyp.alignment),
        "flags": _flags_of(hyp),
    }


def _describe_match(match: Match | None) -> dict[str, object] | None:
    if match is None:
        return None
    return {
        "match": "exact" if match.is_exact else "fuzzy",
        "score": round(match.score, 4),
        "src": match.src,
        "tgt": match.tgt,
        "used": match.is_used,
    }


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


def _finite(score: float) -> float | None:
    """JSON has no word for what is not finite."""
    return score if math.isfinite(score) else None


def _flags_of(hyp: Hypothesis) -> list[str]:
    flags = {"truncated": hyp.truncated, "looped": hyp.looped, "split": hyp.is_split}
    flags |= {"reassembled": hyp.is_reassembled, "withheld": hyp.is_withheld}
    flags["memory"] = hyp.is_from_memory
    return [name for name, is_set in flags.items() if is_set]


def _one_line(text: str) -> str:
    """Keep a model that spells a line feed in bytes from shifting all lines that follow."""
    return text.replace("\n", " ")
