"""Results for people and programs: tables on a terminal, plain lines in a pipe, or JSON.

Place: what verbs return -> **stdout**.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from seqcli.config import SECTIONS, Settings, describe_settings, setting_fields, show_value
from seqcli.console.progress import describe_seconds, is_terminal
from seqcli.reporting import TrainingResult

if TYPE_CHECKING:
    from seqcli.evaluation import Evaluation
    from seqcli.exporting import Export
    from seqcli.preprocessing import PreprocessResult
    from seqcli.shortlisting import Shortlisting
    from seqcli.tuning import Tuning

METRIC_NAMES = {"bleu": "BLEU", "chrf": "chrF", "ter": "TER"}


def print_settings(settings: Settings, *, as_json: bool) -> None:
    """Print the settings: a table for a person, YAML with comments for a file, or JSON."""
    fields = setting_fields()
    tree = settings.model_dump(mode="json")
    if as_json:
        described = {
            section: {
                name: {
                    "value": value,
                    "default": fields[name].default,
                    "rule": fields[name].rule,
                    "description": fields[name].description,
                }
                for name, value in tree[section].items()
            }
            for section in SECTIONS
        }
        _print_line(json.dumps(described, ensure_ascii=False, indent=2))
    elif not is_terminal(sys.stdout):
        _print_line(describe_settings(settings).rstrip("\n"))
    else:
        for section in SECTIONS:
            rows = [
                (name, show_value(value), fields[name].description, fields[name].rule)
                for name, value in getattr(settings, section)
            ]
            _print_table(section, ("setting", "value", "what it is", "what it may be"), rows)


def print_preprocessing(result: PreprocessResult) -> None:
    """Print what a data directory was made of: a table, or a line for each set."""
    rows = [
        (name, f"{pairs:,}", _describe_dropped(result.dropped[name], result.examples[name]))
        for name, pairs in result.counts.items()
    ]
    if is_terminal(sys.stdout):
        _print_table(str(result.data_dir), ("set", "pairs", "dropped"), rows)
    else:
        for name, pairs, dropped in rows:
            _print_line(f"{name}: {pairs} pairs; dropped: {dropped}")
    _print_line(f"pieces: {_describe_vocabulary(result)}")


def _describe_dropped(dropped: Mapping[str, int], examples: Mapping[str, str]) -> str:
    reasons = [
        f"{count:,} {reason}" + (f" (first: {examples[reason]})" if reason in examples else "")
        for reason, count in dropped.items()
        if count
    ]
    return ", ".join(reasons) or "none"


def _describe_vocabulary(result: PreprocessResult) -> str:
    sizes = result.vocab_sizes
    shown = f"{sizes['src']:,}" if result.joint else f"{sizes['src']:,} and {sizes['tgt']:,}"
    kind = "joint" if result.joint else "separate"
    lowered = max(sizes.values()) < result.vocab_asked
    return f"{shown}, {kind}" + (f", lowered from {result.vocab_asked:,}" if lowered else "")


def print_training(result: TrainingResult) -> None:
    """Print how a training ended."""
    _print_line(
        f"{result.run_dir}: best {result.metric} {result.best_score:.2f} at update "
        f"{result.best_update:,}; {result.updates:,} updates in "
        f"{describe_seconds(result.seconds)}; {result.reason}"
    )


def print_averaging(out_dir: Path, updates: Sequence[int], *, as_json: bool) -> None:
    """Print which checkpoints a run was averaged from."""
    if as_json:
        _print_line(json.dumps({"run_dir": str(out_dir), "average_of": list(updates)}))
    else:
        _print_line(f"{out_dir}: average of updates {', '.join(map(str, updates))}")


def print_shortlisting(made: Shortlisting, *, as_json: bool) -> None:
    """Print what a shortlist has, and what of the validation set it covers."""
    if as_json:
        _print_line(json.dumps(dataclasses.asdict(made)))
        return
    _print_line(
        f"{made.path}: {made.candidates:,} candidates of each piece and {made.common:,} common "
        f"ones, from {made.pairs:,} pairs"
    )
    _print_line(
        f"validation set: {made.length:,.0f} pieces to a sentence, with {made.coverage:.2%} of "
        "those in the references"
    )


def print_tuning(tuning: Tuning, *, as_json: bool) -> None:
    """Print the scores of every beam and penalty, and which were stored."""
    if as_json:
        _print_line(json.dumps(dataclasses.asdict(tuning)))
        return
    rows = [
        (str(trial.beam_size), f"{trial.length_penalty:g}", f"{trial.score:.2f}")
        for trial in tuning.trials
    ]
    metric = METRIC_NAMES.get(tuning.metric, tuning.metric)
    header = ("beam_size", "length_penalty", metric)
    if is_terminal(sys.stdout):
        _print_table(f"{tuning.run_dir} on {tuning.text}", header, rows)
    else:
        for row in (header, *rows):
            _print_line("\t".join(row))
    best, before = tuning.best, tuning.before
    _print_line(
        f"{tuning.run_dir}: beam_size {best.beam_size}, length_penalty {best.length_penalty:g} "
        f"({metric} {best.score:.2f}; {before.score:.2f} with {before.beam_size} and "
        f"{before.length_penalty:g}); " + ("stored" if tuning.is_stored else "not stored")
    )


def print_export(export: Export, *, as_json: bool) -> None:
    """Print what a bundle is, and what it scores."""
    if as_json:
        _print_line(json.dumps(dataclasses.asdict(export), ensure_ascii=False))
        return
    share = export.bytes / export.run_bytes
    _print_line(
        f"{export.bundle}: {export.bytes / 1e6:.1f} MB in all, {share:.0%} of the run's weights; "
        f"matrices in {export.precision}"
    )
    if export.evaluation is not None:
        print_evaluation(export.evaluation, as_json=False)


def print_evaluation(evaluation: Evaluation, *, as_json: bool) -> None:
    """Print scores with their signatures: a table, plain lines, or one JSON object."""
    if as_json:
        _print_line(json.dumps(dataclasses.asdict(evaluation), ensure_ascii=False))
        return
    rows = [
        (METRIC_NAMES.get(score.metric, score.metric), f"{score.value:.2f}", score.signature)
        for score in evaluation.scores
    ]
    if is_terminal(sys.stdout):
        title = f"{evaluation.system} on {evaluation.text}, {evaluation.sentences:,} sentences"
        _print_table(title, ("metric", "score", "signature"), rows)
    else:
        for name, value, signature in rows:
            _print_line(f"{name} {value}  {signature}")


def print_rows(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on a terminal, and its rows with tabs in a pipe."""
    if is_terminal(sys.stdout):
        _print_table(title, header, rows)
        return
    for row in (header, *rows):
        _print_line("\t".join(row))


def _print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=Text(title, style="bold"), title_justify="left")
    for column in header:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(table)


def _print_line(line: str) -> None:
    if sys.stdout is not None:
        sys.stdout.write(line + "\n")
