"""Progress for people: Rich on a terminal, plain lines in a pipe or a log.

Place: what verbs report -> **stderr**.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column, Table
from rich.text import Text

from seqcli.reporting import (
    Reporter,
    TrainingPlan,
    UpdateReport,
    ValidationReport,
)

if TYPE_CHECKING:
    from typing import TextIO

PLAIN_SECONDS = 10.0  # between plain lines of the same kind


@contextmanager
def report_to_console(*, quiet: bool) -> Iterator[Reporter]:
    """Lend a reporter that writes to stderr: bars on a terminal, else plain lines.

    Args:
        quiet: Whether to write warnings only.
    """
    if quiet or not is_terminal(sys.stderr):
        yield PlainReporter(sys.stderr, quiet=quiet)
        return
    with LiveReporter() as reporter:
        yield reporter


def is_terminal(stream: TextIO | None) -> bool:
    """Tell a terminal that can move its cursor; FORCE_COLOR does not make a pipe one."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") not in ("dumb", "")


class PlainReporter:
    """A Reporter that writes lines, none of them wrapped, and few of a kind that comes often."""

    def __init__(self, stream: TextIO | None, *, quiet: bool) -> None:
        """Write to a stream.

        Args:
            stream: Such as sys.stderr; None when it is closed.
            quiet: Whether to write warnings only.
        """
        self._stream = stream
        self._quiet = quiet
        self._last_times: dict[str, float] = {}
        self._tasks_with_eta: set[str] = set()

    def note(self, text: str) -> None:
        """Write the text."""
        if not self._quiet:
            self._write(text)

    def warn(self, text: str) -> None:
        """Write the text as a warning."""
        self._write(f"warning: {text}")

    def progress(self, task: str, done: float, total: float | None, eta: float | None) -> None:
        """Write the state from time to time; not at the start, for most tasks are short."""
        key = f"progress of {task}"
        self._last_times.setdefault(key, time.monotonic())
        is_first_eta = eta is not None and task not in self._tasks_with_eta
        if self._is_due(key) or is_first_eta:
            self.note(f"{task}: {describe_progress(done, total, eta)}")
        if is_first_eta:
            self._tasks_with_eta.add(task)

    def plan(self, plan: TrainingPlan) -> None:
        """Write one line for each thing that is known."""
        for name, value in describe_plan(plan):
            self.note(f"{name}: {value}")

    def update(self, report: UpdateReport) -> None:
        """Write a line from time to time."""
        if self._is_due("training line"):
            self.note(f"update {report.update:,}: {describe_update(report)}")

    def validation(self, report: ValidationReport) -> None:
        """Write the scores and a sample."""
        self.note(f"validation at update {report.update:,}: {describe_validation(report)}")
        for name, text in describe_sample(report):
            self.note(f"  {name}: {text}")

    def _is_due(self, kind: str) -> bool:
        now = time.monotonic()
        if now - self._last_times.get(kind, -PLAIN_SECONDS) < PLAIN_SECONDS:
            return False
        self._last_times[kind] = now
        return True

    def _write(self, line: str) -> None:
        if self._stream is not None:
            self._stream.write(line + "\n")
            self._stream.flush()


class LiveReporter:
    """A Reporter that keeps one bar at the foot of a terminal and prints the rest above it."""

    def __init__(self) -> None:
        """Make the bar; it shows when there is progress."""
        self._console = Console(stderr=True, highlight=False, emoji=False, markup=False)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[state]}", markup=False, table_column=Column(no_wrap=True)),
            console=self._console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._task_name = ""
        self._last_update = ""
        self._last_score = ""

    def __enter__(self) -> LiveReporter:
        """Start with nothing to show."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Take the bar away and give the cursor back."""
        self._progress.stop()

    def note(self, text: str) -> None:
        """Print the text."""
        self._console.print(text)

    def warn(self, text: str) -> None:
        """Print the text as a warning."""
        self._console.print(Text(f"warning: {text}", style="yellow"))

    def progress(self, task: str, done: float, total: float | None, eta: float | None) -> None:
        """Move the bar; another task takes the place of the one before."""
        self._progress.start()
        if task != self._task_name and self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None
        if self._task is None:
            self._task = self._progress.add_task(task, total=total, state="")
            self._task_name = task
        parts = [describe_progress(done, total, eta), self._last_update, self._last_score]
        state = "  ".join(filter(None, parts))
        self._progress.update(self._task, completed=done, total=total, state=state)

    def plan(self, plan: TrainingPlan) -> None:
        """Print a small table."""
        self._console.print(_grid(describe_plan(plan)))

    def update(self, report: UpdateReport) -> None:
        """Keep for the bar what matters while one waits."""
        self._last_update = f"loss {report.loss:.2f}  {report.tgt_tokens_per_s:,.0f} tok/s"

    def validation(self, report: ValidationReport) -> None:
        """Print the scores and a sample."""
        style = "bold green" if report.best else "bold"
        line = f"validation at update {report.update:,}: {describe_validation(report)}"
        self._console.print(Text(line, style=style))
        self._console.print(_grid(describe_sample(report)))
        self._last_score = f"BLEU {report.bleu:.1f}"


def describe_progress(done: float, total: float | None, eta: float | None) -> str:
    """Write the state of a task in one line."""
    parts = [f"{done:,.0f}" if total is None else f"{done:,.0f}/{total:,.0f}"]
    if eta is not None:
        parts.append(f"{describe_seconds(eta)} left")
    return ", ".join(parts)


def describe_plan(plan: TrainingPlan) -> list[tuple[str, str]]:
    """Name and write what is known before the first update."""
    limits = [
        f"{plan.max_epochs:,} epochs" if plan.max_epochs is not None else "",
        f"{plan.max_steps:,} updates" if plan.max_steps is not None else "",
        f"{plan.max_minutes:g} minutes" if plan.max_minutes is not None else "",
    ]
    lines = [
        ("run", plan.run_dir),
        ("parameters", f"{plan.parameters:,}"),
        ("memory", f"about {plan.memory_bytes / 2**30:.1f} GiB"),
        ("pairs", f"{plan.train_pairs:,} for training, {plan.valid_pairs:,} for validation"),
        ("updates per epoch", f"{plan.updates_per_epoch:,}"),
        ("ends after", " or ".join(filter(None, limits)) or "early stopping"),
        ("device", f"{plan.device}, {plan.threads} threads{_describe_processes(plan)}"),
        ("precision", plan.precision),
        ("kernels", plan.kernels),
    ]
    if plan.repeats:
        lines.append(("repeats", plan.repeats))
    lines += [("slow", cost) for cost in plan.costs]
    if plan.resumed_from:
        lines.append(("continues", f"from update {plan.resumed_from:,}"))
    return lines


def _describe_processes(plan: TrainingPlan) -> str:
    return f" in each of {plan.processes} processes" if plan.processes > 1 else ""


def describe_update(report: UpdateReport) -> str:
    """Write a training line."""
    parts = [
        f"epoch {report.epoch}",
        f"loss {report.loss:.3f}",
        f"lr {report.lr:.2e}",
        f"norm {report.grad_norm:.2f}",
        f"clipped {report.clipped:.0%}",
        f"{report.tgt_tokens_per_s:,.0f} tok/s",
    ]
    if report.teacher_forcing < 1:
        parts.append(f"teacher forcing {report.teacher_forcing:.2f}")
    return "  ".join(parts)


def describe_validation(report: ValidationReport) -> str:
    """Write the scores of a validation."""
    best = ", the best so far" if report.best else ""
    return f"loss {report.loss:.3f}, BLEU {report.bleu:.2f}, chrF {report.chrf:.2f}{best}"


def describe_sample(report: ValidationReport) -> list[tuple[str, str]]:
    """Name the three lines of a sample translation; what moves a cursor is made visible."""
    sample = [("src", report.sample_src), ("hyp", report.sample_hyp), ("ref", report.sample_ref)]
    return [
        (name, "".join(char if char.isprintable() else "\ufffd" for char in text))
        for name, text in sample
    ]


def describe_seconds(seconds: float) -> str:
    """Write a duration as 0:42, 12:05 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _grid(rows: Sequence[tuple[str, str]]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    for name, text in rows:
        grid.add_row(Text(name, style="dim"), Text(text))
    return grid
