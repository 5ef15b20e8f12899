"""``seqcli data stats``: what there is in a parallel text."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from seqcli.cli.data.options import InArgument
from seqcli.cli.flags import GivenSettings, JsonOption, QuietOption, settings_flags
from seqcli.cli.inspect.output import OutputOption, check_output, plain_values
from seqcli.cli.numbers import parse_whole

if TYPE_CHECKING:
    from seqcli.corpus.counting import CorpusStats
    from seqcli.insight.report import Report

TopOption = Annotated[
    int,
    typer.Option(
        "--top",
        metavar="N",
        parser=parse_whole("--top", 0, 1000),
        help="Most frequent words and sentences that are named.",
    ),
]


@settings_flags("src_lang", "tgt_lang")
def command(
    *,
    source: InArgument,
    output: OutputOption = None,
    top: TopOption = 5,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    given: GivenSettings,
) -> None:
    """Count what there is in a parallel text: lengths, vocabulary, coverage, copies.

    --output draws the length ratios and the lengths into a file.
    """
    from seqcli.console import print_stats, report_to_console

    check_output(output)
    settings = given.load()

    from seqcli.corpus import find_source
    from seqcli.corpus.counting import count_corpus

    src_lang, tgt_lang = settings.data.src_lang, settings.data.tgt_lang
    found = find_source(source, src_lang, tgt_lang)
    check_output(output, *found.paths)
    with report_to_console(quiet=quiet) as report:
        stats = count_corpus(
            found,
            src_lang=src_lang,
            tgt_lang=tgt_lang,
            top=top,
            report=report,
        )
    if output is not None:
        from seqcli.insight.drawing import write_picture

        numbers = json.dumps(plain_values(stats), ensure_ascii=False, allow_nan=False)
        command_line = shlex.join(["seqcli", *sys.argv[1:]])
        write_picture(picture_of(stats), output, numbers=numbers, command=command_line)
    print_stats(stats, as_json=as_json)


def picture_of(stats: CorpusStats) -> Report:
    """Return the length ratios and the lengths as panels that can be drawn."""
    from seqcli.insight.report import Line, LinePanel, Report

    ratios = Line(
        "pairs",
        tuple(each.ratio for each in stats.ratios),
        tuple(each.pairs / stats.pairs for each in stats.ratios),
    )
    lengths = tuple(
        Line(
            side.language,
            tuple((each.least + each.most) / 2 for each in side.lengths[:-1]),
            tuple(each.lines / stats.pairs for each in side.lengths[:-1]),
        )
        for side in (stats.src, stats.tgt)
    )
    finding = "No pair has text on both sides."
    if stats.median_ratio is not None:
        finding = (
            f"A target has {stats.median_ratio:.2f} characters for one of its source (median)."
        )
    return Report(
        title=f"{stats.source}: {stats.pairs:,} pairs",
        findings=(finding,),
        panels=(
            LinePanel("Length ratio", "characters of target / source", "share of pairs", (ratios,)),
            LinePanel("Lengths", "words", "share of lines", lengths),
        ),
    )
