"""What people see: progress on stderr, results on stdout. Nothing else in seqcli imports Rich."""

from __future__ import annotations

from seqcli.console.canvas import draw_lines
from seqcli.console.checking import print_check
from seqcli.console.corpus import (
    print_catalogue,
    print_cleaning,
    print_got,
    print_split,
    print_stats,
)
from seqcli.console.pictures import print_json, print_report
from seqcli.console.progress import (
    LiveReporter,
    PlainReporter,
    describe_plan,
    describe_progress,
    describe_sample,
    describe_seconds,
    describe_update,
    describe_validation,
    report_to_console,
)
from seqcli.console.results import (
    print_averaging,
    print_evaluation,
    print_export,
    print_preprocessing,
    print_settings,
    print_shortlisting,
    print_training,
    print_tuning,
)
from seqcli.console.shades import draw_shades

__all__ = [
    "LiveReporter",
    "PlainReporter",
    "describe_plan",
    "describe_progress",
    "describe_sample",
    "describe_seconds",
    "describe_update",
    "describe_validation",
    "draw_lines",
    "draw_shades",
    "print_averaging",
    "print_catalogue",
    "print_check",
    "print_cleaning",
    "print_evaluation",
    "print_export",
    "print_got",
    "print_json",
    "print_preprocessing",
    "print_report",
    "print_settings",
    "print_shortlisting",
    "print_split",
    "print_stats",
    "print_training",
    "print_tuning",
    "report_to_console",
]
