"""What a training writes for people and programs: metrics.jsonl, train.log, validation/*.hyp.

Place: loop -> **records** -> run directory. metrics.jsonl has one object on a line:
training lines {"kind": "train", ...fields of UpdateReport} and validation lines
{"kind": "valid", "update", "loss", "bleu", "chrf", "best"}; a line of kind "average" has also
"average_of", the updates whose models were averaged at the end; one of kind "rollback" has
"gave_up_at", "skipped" and "lr_factor": training went back to the state of "update".
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqcli.errors import CheckpointError
from seqcli.files import HASH_BLOCK, explaining, sync, write_atomically
from seqcli.reporting import UpdateReport, ValidationReport

METRICS = "metrics.jsonl"
LOG = "train.log"
VALIDATION = "validation"


@dataclass(frozen=True)
class Mark:
    """How far metrics.jsonl had been written, and what it held."""

    size: int  # bytes
    sha256: str  # of them


def check_records(run_dir: Path, mark: Mark) -> None:
    """Check that metrics.jsonl still begins with what was there at a mark, if it is there at all.

    Raises:
        CheckpointError: If it does not.
    """
    path = run_dir / METRICS
    try:
        found = _digest(path, mark.size)
    except FileNotFoundError:
        return
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror}); mend that") from error
    if found.hexdigest() != mark.sha256:
        raise CheckpointError(
            f"{path}: its first {mark.size:,} bytes are not what training wrote (damaged, cut "
            "short, edited, or of another run); put the right file back, or move it away to go on "
            "without these lines"
        )


def _digest(path: Path, size: int) -> Any:
    """Return the running SHA-256 of the first bytes of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size > 0 and (block := file.read(min(size, HASH_BLOCK))):
            digest.update(block)
            size -= len(block)
    return digest


class Records:
    """Appends to the records of a run."""

    def __init__(
        self,
        run_dir: Path,
        *,
        resumed_from: int | None,
        mark: Mark | None = None,
        is_writer: bool = True,
    ) -> None:
        """Start the records, or cut them back to where a resumed run takes up again.

        Args:
            run_dir: Exists.
            resumed_from: Update of the resume state; None for a new run.
            mark: Where the records ended then; None to find that by the updates in the lines.
            is_writer: Whether anything is written: one process of a training does.
        """
        self._run_dir = run_dir
        self._metrics = run_dir / METRICS
        self._is_writer = is_writer
        if not is_writer:
            return
        if resumed_from is None:
            write_atomically(self._metrics, "")
            write_atomically(run_dir / LOG, "")
        elif mark is None or not self._metrics.exists():
            write_atomically(self._metrics, _lines_until(self._metrics, resumed_from))
        self.cut(mark, after=-1 if resumed_from is None else resumed_from)
        self._mend_log()

    def cut(self, mark: Mark | None, *, after: int) -> None:
        """Cut back to a mark, which ``check_records`` has passed, and forget later validations."""
        with explaining(self._metrics):
            size = self._metrics.stat().st_size
            if mark is not None and size > mark.size:
                os.truncate(self._metrics, mark.size)
                size = mark.size
            self._digest, self._size = _digest(self._metrics, size), size
        with explaining(self._run_dir / VALIDATION):
            for path in (self._run_dir / VALIDATION).glob("*.hyp"):
                if path.stem.isdecimal() and int(path.stem) > after:
                    path.unlink()

    def mark(self) -> Mark:
        """Bring metrics.jsonl to the disk, and return how far it goes."""
        with explaining(self._metrics):
            sync(self._metrics)
        return Mark(self._size, self._digest.hexdigest())

    def _mend_log(self) -> None:
        """End a line that was cut off."""
        path = self._run_dir / LOG
        with explaining(path):
            text = path.read_bytes() if path.exists() else b""
        if text and not text.endswith(b"\n"):
            self._append(path, "\n")

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
            f"{f' skipped {report.skipped}' if report.skipped else ''}"
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

    def rollback(self, *, gave_up_at: int, update: int, skipped: int, halvings: int) -> None:
        """Append a line on a return to the state of an update, as gradients were not finite."""
        numbers = {"update": update, "gave_up_at": gave_up_at, "skipped": skipped}
        self._append_json({"kind": "rollback", **numbers, "lr_factor": 0.5**halvings})
        self.log(
            f"update {gave_up_at}: {skipped} updates skipped, as their loss or gradient was not "
            f"finite; back to update {update} with {0.5**halvings:g} of the learning rate"
        )

    def _append_json(self, values: dict[str, Any]) -> None:
        if not self._is_writer:
            return
        line = json.dumps(values, allow_nan=False) + "\n"
        self._append(self._metrics, line)
        self._digest.update(line.encode("utf-8"))
        self._size += len(line.encode("utf-8"))

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


def _lines_until(path: Path, update: int) -> str:
    """Return the lines of metrics.jsonl up to an update."""
    if not path.exists():
        return ""
    with explaining(path):
        lines = path.read_bytes().decode("utf-8", "replace").split("\n")
    return "".join(f"{line}\n" for line in lines if _update_of(line) <= update)


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
