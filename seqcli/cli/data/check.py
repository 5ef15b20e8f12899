"""``seqcli data check``: looks at parallel text before anything is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from seqcli.cli.flags import DebugOption, JsonOption, QuietOption
from seqcli.cli.results import require_stdout
from seqcli.errors import CorpusError, SettingsError

_PACKED = ".gz"


SrcArgument = Annotated[
    Path, typer.Argument(metavar="SRC", help="Source text, plain or gzip; or one .tsv file.")
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
        "PREFIX.TGT, or a .tsv; may be repeated.",
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
    from seqcli.corpus.sources import ParallelSource, check_file

    require_stdout()
    if tgt is None and not src.name.endswith((".tsv", ".tsv.gz")):
        raise SettingsError(
            f"{src}: TGT is missing; give both sides, SRC and TGT, or one .tsv file"
        )
    paths = (src,) if tgt is None else (src, tgt)
    source = ParallelSource(tuple(check_file(path) for path in paths))
    with report_to_console(quiet=quiet) as report:
        result = check_corpus(
            source,
            src_lang=src_lang or _language_of(src, "src"),
            tgt_lang=tgt_lang or _language_of(tgt or src, "tgt"),
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


def _language_of(path: Path, default: str) -> str:
    suffix = Path(path.name.removesuffix(_PACKED)).suffix.removeprefix(".")
    return default if suffix in ("", "tsv", "txt") else suffix
