"""``seqcli translate`` of documents: the same file out, with its open units translated."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqcli.cli.results import open_results
from seqcli.errors import SettingsError
from seqcli.files import write_atomically

if TYPE_CHECKING:
    from seqcli.config import Settings
    from seqcli.decoding.translation import Translation
    from seqcli.decoding.translator import Translator
    from seqcli.documents import Outcome
    from seqcli.memory import TranslationMemory
    from seqcli.reporting import Reporter

FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="po, xliff, tmx, srt, markdown, paragraphs or lines; default by the name of INPUT.",
    ),
]
AllUnitsOption = Annotated[
    bool,
    typer.Option(
        "--all-units", metavar="", help="Of a document, also units that have a translation."
    ),
]


def require_document_flags(kind: str, **given: object) -> None:
    """Refuse flags of lines, by their names (with ``_`` for ``-``), before anything is loaded.

    Raises:
        SettingsError: A flag of lines is given.
    """
    for flag, value in given.items():
        if value:
            raise SettingsError(
                f"--{flag.replace('_', '-')}: is of lines, and INPUT is a document ({kind}); leave "
                "it out, or give --format lines"
            )


def look_for_document(path: Path | None, start: bytes) -> None:
    """Refuse to read a document line by line, if its first bytes tell that it is one.

    Of XML of other kinds and of JSONL there is a warning.

    Raises:
        SettingsError: It is one.
    """
    from seqcli.corpus.formats.kinds import JSONL, XML, tell_kind

    name = "standard input" if path is None else str(path)
    kind = tell_kind(start)
    if kind in (JSONL, XML):
        from seqcli.console import report_to_console

        with report_to_console(quiet=True) as report:
            report.warn(
                f"{name}: begins as {kind}, and is translated line by line, with all that is no "
                "text; take the text out of it first, or give --format lines if this is meant"
            )
    elif kind:
        raise SettingsError(
            f"{name}: begins as a document, {kind}, and no name says that it is one; give --format "
            f"{kind} (or --format lines to translate it line by line)"
        )


def read_document_from(path: Path | None) -> bytes:
    """Return the bytes of a document, or of standard input if there is no path.

    Raises:
        CorpusError: It cannot be read, or is too large.
        SettingsError: Standard input is needed and closed.
    """
    from seqcli.documents import read_document

    if path is None and sys.stdin is None:
        raise SettingsError("standard input is closed; give a file as INPUT, or pipe text in")
    return read_document(sys.stdin.buffer if path is None else path)


def translate_file(
    translator: Translator,
    settings: Settings,
    report: Reporter,
    *,
    data: bytes,
    name: str,
    kind: str,
    output: Path | None,
    batch_size: int,
    as_json: bool,
    redo: bool,
    least: float | None,
    memory: TranslationMemory | None,
) -> None:
    """Translate a document and write it, or an object a unit; say how many there were.

    Raises:
        CorpusError: The document cannot be read.
    """
    from seqcli.documents import translate_with, write_document

    def translate(lines: Sequence[str]) -> Iterable[Translation]:
        made = translator.iter_translations(
            lines,
            decoding=settings.decoding,
            batch_size=batch_size,
            seed=settings.training.seed,
            memory=memory,
        )
        for done, translation in enumerate(made, 1):
            yield translation
            if done % batch_size == 0:
                report.progress("translating", done, len(lines), None)

    document, outcomes = translate_with(
        translator, data, name, kind, translate, redo=redo, least=least, memory=memory
    )
    if as_json:
        with open_results(output) as results:
            results.writelines(_to_json(each) for each in outcomes)
    else:
        _write(output, write_document(document, outcomes))
    report.note(_count(outcomes, document.skipped))


def _write(output: Path | None, data: bytes) -> None:
    if output is not None:
        write_atomically(output, data)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _count(outcomes: Sequence[Outcome], skipped: int) -> str:
    from seqcli.documents import iter_flagged

    made = sum(each.text is not None for each in outcomes)
    flagged = sum(1 for _ in iter_flagged(outcomes))
    text = f"{len(outcomes):,} units: {made:,} translated, {len(outcomes) - made:,} kept, "
    text += f"{flagged:,} flagged"
    return text + (f"; {skipped:,} obsolete ones left alone" if skipped else "")


def _to_json(outcome: Outcome) -> str:
    from seqcli.corpus.formats.document import as_text

    record = {
        "version": 1,
        "id": outcome.number + 1,
        "line": outcome.unit.line,
        "src": as_text(outcome.unit.src),
        "tgt": outcome.unit.tgt,
        "hyp": None if outcome.text is None else as_text(outcome.text),
        "flags": list(outcome.flags),
    }
    return json.dumps(record, ensure_ascii=False) + "\n"
