"""What a training writes for people and programs: metrics.jsonl, train.log, validation/*.hyp.

Place: loop -> **records** -> run directory. metrics.jsonl has one object on a line:
training lines {"kind": "train", ...fields of UpdateReport} and validation lines
{"kind": "valid", "update", "loss", "bleu", "chrf", "best"}; a line of kind "average" has also
"average_of", the updates whose models were averaged at the end.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqcli.files import explaining, write_atomically
from seqcli.reporting import UpdateReport, ValidationReport

METRICS = "metrics.jsonl"
LOG = "train.log"
VALIDATION = "validation"


class Records:
    """Appends to the records of a run."""

    def __init__(self, run_dir: Path, *, resumed_from: int | None, is_writer: bool = True) -> None:
        """Start the records, or cut them back to where a resumed run takes up again.

        Args:
            run_dir: Exists.
            resumed_from: Update of the resume state; None for a new run.
            is_writer: Whether anything is written: one process of a training does.
        """
        self._run_dir = run_dir
        self._metrics = run_dir / METRICS
        self._is_writer = is_writer
        if not is_writer:
            return
        kept: list[str] = []
        if resumed_from is not None and self._metrics.exists():
            kept = [
                line
                for line in self._metrics.read_text("utf-8").split("\n")
                if _update_of(line) <= resumed_from
            ]
        write_atomically(self._metrics, "".join(f"{line}\n" for line in kept))
        if resumed_from is None:
            write_atomically(run_dir / LOG, "")
            with explaining(run_dir / VALIDATION):
                for stale in (run_dir / VALIDATION).glob("*.hyp"):
                    stale.unlink()

    def log(self, text: str) -> None:
        """Append a line with the time to train.log."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        self._append(self._run_dir / LOG, f"{stamp} {text}\n")

    def update(self, report: UpdateReport) -> None:
        """Append a training line."""
        self._append_json({"kind": "train", **rounded(vars(report))})
        self.log(
            f"update {report.update} epoch {report.epoch} loss {report.loss:.4f} "
            f"lr {report.lr:.3g} grad_norm {report.grad_norm:.3f} clipped {report.clipped:.0%} "
            f"teacher_forcing {report.teacher_forcing:.3f} "
            f"{report.tgt_tokens_per_s:,.0f} target tokens/s"
        )

    def validation(self, report: ValidationReport, hyps: Sequence[str]) -> None:
        """Append a validation line, and write the translations to validation/UPDATE.hyp."""
        folder = self._run_dir / VALIDATION
        with explaining(folder):
            folder.mkdir(exist_ok=True)
        write_atomically(folder / f"{report.update:06}.hyp", "".join(f"{hyp}\n" for hyp in hyps))
        self._append_json({"kind": "valid", **_numbers_of(report)})
        self.log(
            f"update {report.update} valid loss {report.loss:.4f} BLEU {report.bleu:.2f} "
            f"chrF {report.chrf:.2f}{' best' if report.best else ''}"
        )

    def average(self, report: ValidationReport, updates: Sequence[int]) -> None:
        """Append a line on the average of the models of some updates."""
        self._append_json({"kind": "average", **_numbers_of(report), "average_of": list(updates)})
        self.log(
            f"average of updates {', '.join(map(str, updates))}: loss {report.loss:.4f} BLEU "
            f"{report.bleu:.2f} chrF {report.chrf:.2f}{' best' if report.best else ''}"
        )

    def _append_json(self, values: dict[str, Any]) -> None:
        self._append(self._metrics, json.dumps(values, allow_nan=False) + "\n")

    def _append(self, path: Path, text: str) -> None:
        if not self._is_writer:
            return
        with explaining(path), path.open("a", encoding="utf-8") as file:
            file.write(text)


def _numbers_of(report: ValidationReport) -> dict[str, Any]:
    return rounded(
        {
            "update": report.update,
            "loss": report.loss,
            "bleu": report.bleu,
            "chrf": report.chrf,
            "best": report.best,
        }
    )


def _update_of(line: str) -> float:
    """Return the update of a line of metrics.jsonl; infinity for one that was cut short."""
    try:
        return float(json.loads(line)["update"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


def rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Shorten floats to what they are good for; one that is not finite becomes null."""
    return {
        name: _rounded_float(value) if isinstance(value, float) else value
        for name, value in values.items()
    }


def _rounded_float(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
