"""``seqcli data check``: looks at parallel text before anything is made of it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqcli.cli.flags import DebugOption, JsonOption, QuietOption
from seqcli.cli.results import require_stdout
from seqcli.errors import CorpusError, SettingsError

if TYPE_CHECKING:
    from seqcli.corpus.sources import ParallelSource


_HAS_PLACE = re.compile(r"[^;]+?:\d+: ")  # file:line
SrcArgument = Annotated[
    Path,
    typer.Argument(
        metavar="SRC",
        help="Source text, plain or packed; or, without TGT, one file of both sides, the prefix of "
        "two, or -.",
    ),
]
TgtArgument = Annotated[
    Path | None, typer.Argument(metavar="TGT", help="Target text, line by line.")
]
AgainstOption = Annotated[
    list[str] | None,
    typer.Option(
        "--against",
        metavar="PREFIX",
        help="Text that must share no pair with this one, such as a test set: PREFIX.SRC and "
        "PREFIX.TGT, or one file of both sides; may be repeated.",
    ),
]
SrcLangOption = Annotated[
    str | None,
    typer.Option("--src-lang", metavar="TEXT", help="Language of SRC; without it, its suffix."),
]
TgtLangOption = Annotated[
    str | None,
    typer.Option("--tgt-lang", metavar="TEXT", help="Language of TGT; without it, its suffix."),
]
SamplesOption = Annotated[
    int,
    typer.Option("--samples", metavar="N", min=0, max=1000, help="Places named for each finding."),
]
StrictOption = Annotated[
    bool, typer.Option("--strict", metavar="", help="Exit with 3 on warnings too.")
]


def command(
    *,
    src: SrcArgument,
    tgt: TgtArgument = None,
    against: AgainstOption = None,
    src_lang: SrcLangOption = None,
    tgt_lang: TgtLangOption = None,
    samples: SamplesOption = 3,
    strict: StrictOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Find what is wrong with a parallel text: shifted, swapped, damaged, copied, or twice there.

    Exits with 3 if there are errors, and with 0 if there are warnings only.
    """
    from seqcli.console import print_check, report_to_console
    from seqcli.corpus.checking import check_corpus

    require_stdout()
    with _telling_the_end(), report_to_console(quiet=quiet) as report:
        source = _find_source(src, tgt, src_lang, tgt_lang)
        src, tgt = source.paths if len(source.paths) > 1 else (src, src)
        result = check_corpus(
            source,
            src_lang=src_lang or _language_of(src, "src"),
            tgt_lang=tgt_lang or _language_of(tgt, "tgt"),
            against=against or (),
            samples=samples,
            report=report,
        )
    print_check(result, as_json=as_json)
    errors, warnings = result.count("error"), result.count("warning")
    if errors or (strict and warnings):
        raise CorpusError(
            f"{source}: {errors} errors and {warnings} warnings; mend the text and check it again"
        )


@contextlib.contextmanager
def _telling_the_end() -> Iterator[None]:
    """Add to a fault that has a place in a file that nothing was checked after it."""
    try:
        yield
    except CorpusError as error:
        if _HAS_PLACE.match(str(error)) is None:
            raise
        raise CorpusError(
            f"{error}; the check ended there, without a finding: mend it and check again"
        ) from error


def _find_source(
    src: Path, tgt: Path | None, src_lang: str | None, tgt_lang: str | None
) -> ParallelSource:
    from seqcli.corpus.formats import format_of
    from seqcli.corpus.sources import ParallelSource, check_file, find_source

    if tgt is not None:
        return ParallelSource((check_file(src), check_file(tgt)))
    file_format = format_of(src.name)
    with contextlib.suppress(OSError):  # which find_source puts in words
        if file_format is None and src.is_file():
            raise SettingsError(
                f"{src}: TGT is missing; give both sides, SRC and TGT, or the prefix of both, or "
                "one file of both, such as a .tsv or a .tmx"
            )
    if file_format is not None and file_format.name == "TMX" and not (src_lang and tgt_lang):
        raise SettingsError(
            f"{src}: has several languages; say which two are meant with --src-lang and --tgt-lang"
        )
    return find_source(src, src_lang or "src", tgt_lang or "tgt")


def _language_of(path: Path, default: str) -> str:
    from seqcli.corpus.formats import format_of, without_packing

    suffix = Path(without_packing(path.name)).suffix.removeprefix(".")
    return default if suffix in ("", "txt") or format_of(path.name) else suffix
