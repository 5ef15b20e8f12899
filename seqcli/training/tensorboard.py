"""Training and validation lines -> event files that TensorBoard reads, beside everything else.

Place: loop -> **TensorBoardReporter** -> RUN_DIR/tensorboard, and on to the reporter behind it.
Needs the extra ``seqcli[tensorboard]``.
"""

from __future__ import annotations

from pathlib import Path

from seqcli.errors import SettingsError
from seqcli.files import explaining
from seqcli.reporting import Reporter, TrainingPlan, UpdateReport, ValidationReport

FOLDER = "tensorboard"
_TRAIN = (
    "loss", "lr", "grad_norm", "grad_norm_max", "clipped", "teacher_forcing", "tgt_tokens_per_s",
)  # fmt: skip
_VALID = ("loss", "bleu", "chrf")


def require_tensorboard() -> None:
    """Check, before anything is written, that event files can be.

    Raises:
        SettingsError: If the library is not installed.
    """
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError as error:
        raise SettingsError(
            "--tensorboard: event files are written by the package tensorboard, which is not "
            "installed; install it with `pip install 'seqcli[tensorboard]'`, or leave the flag out "
            "(`seqcli inspect training RUN_DIR` draws the same without it)"
        ) from error


class TensorBoardReporter:
    """A Reporter that writes the numbers of every line, and passes everything on."""

    def __init__(self, inner: Reporter, run_dir: Path, *, resumed_from: int) -> None:
        """Open event files in a run; a new run has none of an older one.

        Args:
            inner: Hears everything as well.
            run_dir: The run, which exists.
            resumed_from: Update of the resume state; later ones are hidden. 0 for a new run.
        """
        from torch.utils.tensorboard import SummaryWriter

        self._inner = inner
        folder = run_dir / FOLDER
        with explaining(folder):
            if not resumed_from:
                for stale in folder.glob("events.out.tfevents.*"):
                    stale.unlink()
            purge_step = resumed_from + 1 if resumed_from else None
            self._writer = SummaryWriter(str(folder), purge_step=purge_step)

    def _write(
        self, kind: str, report: UpdateReport | ValidationReport, names: tuple[str, ...]
    ) -> None:
        for name in names:
            self._writer.add_scalar(f"{kind}/{name}", getattr(report, name), report.update)
        self._writer.flush()

    def note(self, text: str) -> None:
        """Pass it on."""
        self._inner.note(text)

    def warn(self, text: str) -> None:
        """Pass it on."""
        self._inner.warn(text)

    def progress(self, task: str, done: float, total: float | None, eta: float | None) -> None:
        """Pass it on."""
        self._inner.progress(task, done, total, eta)

    def plan(self, plan: TrainingPlan) -> None:
        """Pass it on."""
        self._inner.plan(plan)

    def update(self, report: UpdateReport) -> None:
        """Write a training line."""
        self._write("train", report, _TRAIN)
        self._inner.update(report)

    def validation(self, report: ValidationReport) -> None:
        """Write a validation line."""
        self._write("valid", report, _VALID)
        self._inner.validation(report)
