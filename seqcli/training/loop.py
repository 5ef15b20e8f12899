"""A data directory and settings -> a run directory: the whole training.

Place: dataset, models, decoding -> **train_model** -> run directory. Validates by decoding, so it
stands above decoding.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch

from seqcli import rundir
from seqcli.config import DataSettings, PiecesSettings, Settings
from seqcli.dataset import Dataset
from seqcli.devices import precision_name, resolve_device, resolve_precision, set_threads
from seqcli.errors import InterruptedRun, SettingsError
from seqcli.files import require_empty
from seqcli.models.seq2seq import count_parameters
from seqcli.pieces import PiecePair, piece_files
from seqcli.reporting import (
    Reporter,
    TrainingPlan,
    TrainingResult,
    UpdateReport,
    ValidationReport,
)
from seqcli.training.budget import Budget
from seqcli.training.checkpoint import LAST, has_state, restore_state, save_state
from seqcli.training.interruption import Interruption
from seqcli.training.memory import estimate_memory
from seqcli.training.optimization import NEEDS_BUDGET
from seqcli.training.records import Records
from seqcli.training.session import Session, StepStats, make_session, train_step
from seqcli.training.validation import validate

ETA_AFTER = 20  # updates


def train_model(
    settings: Settings,
    data_dir: Path,
    run_dir: Path,
    *,
    resume: bool,
    overwrite: bool,
    report: Reporter,
) -> TrainingResult:
    """Train a model until its budget is spent, or until it has not got better for a while.

    Args:
        settings: Sections model, training and decoding; data and pieces come from data_dir.
        data_dir: What ``preprocess`` wrote.
        run_dir: Written; must be empty or missing, unless resume or overwrite.
        resume: Go on with the training that stopped in run_dir.
        overwrite: Start anew in a run_dir that holds something.
        report: Hears of the progress.

    Raises:
        SettingsError: If settings do not fit each other, the data, the machine, or the run.
        CorpusError: If data_dir cannot be used.
        CheckpointError: If the run to resume is damaged.
        InterruptedRun: If Ctrl-C or SIGTERM stopped it; it was saved before.
    """
    training = _Training.prepare(
        settings, data_dir, run_dir, resume=resume, overwrite=overwrite, report=report
    )
    with Interruption() as interruption:
        while (reason := training.reason_to_stop()) is None:
            training.update()
            if training.is_time_to_validate():
                training.validate()
            if training.is_time_to_save():
                training.save()
            if interruption.is_asked:
                raise training.interrupted()
        return training.finish(reason)


@dataclass
class _Window:
    """The updates since the last training line."""

    stats: list[StepStats] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class _Training:
    """A session with what surrounds it: data, directory, budget, reporter."""

    settings: Settings
    session: Session
    dataset: Dataset
    pieces: PiecePair
    data_dir: Path
    run_dir: Path
    budget: Budget
    records: Records
    report: Reporter
    window: _Window = field(default_factory=_Window)
    updates_here: int = 0  # since this process began
    validation_seconds: float = 0.0
    eta: float | None = None
    started: float = 0.0
    saved_update: int = -1
    whole_epochs: int = 0

    @classmethod
    def prepare(
        cls,
        settings: Settings,
        data_dir: Path,
        run_dir: Path,
        *,
        resume: bool,
        overwrite: bool,
        report: Reporter,
    ) -> _Training:
        """Check everything, then build everything; write nothing before all of it is sound."""
        dataset = Dataset.open(data_dir)
        pieces = dataset.pieces()
        settings = _with_data_settings(settings, dataset)
        budget = _make_budget(settings)
        _check_run_dir(run_dir, settings, dataset, resume=resume, overwrite=overwrite)
        device = resolve_device(settings.training.device)
        threads = set_threads(settings.training.threads)
        dtype = resolve_precision(settings.training.precision, device)
        torch.manual_seed(settings.training.seed)
        model = rundir.build_model(settings, pieces).to(device)
        session = make_session(settings, model, dataset.split("train"), device=device, dtype=dtype)
        if resume:
            restore_state(run_dir, session)
            rundir.write_settings(run_dir, settings)
        else:
            _start_run(run_dir, settings, dataset)
        update = session.progress.update
        training = cls(
            settings=settings,
            session=session,
            dataset=dataset,
            pieces=pieces,
            data_dir=data_dir,
            run_dir=run_dir,
            budget=budget,
            records=Records(run_dir, resumed_from=update if resume else None),
            report=report,
            started=time.monotonic() - session.progress.seconds,
            whole_epochs=int(session.stream.epochs_done),
        )
        report.plan(training.plan(threads))
        return training

    def plan(self, threads: int) -> TrainingPlan:
        """Say what is known before the first update."""
        training, session = self.settings.training, self.session
        return TrainingPlan(
            run_dir=str(self.run_dir),
            parameters=count_parameters(session.model),
            memory_bytes=estimate_memory(self.settings, session.model, session.dtype),
            train_pairs=len(self.dataset.split("train")),
            valid_pairs=len(self.dataset.split("valid")),
            updates_per_epoch=math.ceil(session.stream.batches_per_epoch / training.grad_accum),
            max_steps=training.max_steps,
            max_epochs=training.max_epochs,
            max_minutes=training.max_minutes,
            device=str(session.device),
            precision=precision_name(session.dtype),
            threads=threads,
            resumed_from=session.progress.update,
        )

    def spent(self) -> dict[str, float]:
        """Return what of the budget is spent."""
        progress = self.session.progress
        progress.seconds = time.monotonic() - self.started
        return {
            "step": progress.update,
            "epochs": self.session.stream.epochs_done,
            "seconds": progress.seconds,
        }

    def reason_to_stop(self) -> str | None:
        """Return why training ends before the next update, or None."""
        patience = self.settings.training.patience
        if patience is not None and self.session.progress.validations_since_best >= patience:
            return f"no better {self.settings.training.metric} in {patience} validations"
        spent = self.spent()
        spent["seconds"] += self.validation_seconds  # leave time for the last one
        return self.budget.reached(**spent)  # type: ignore[arg-type]

    def update(self) -> None:
        """Make one update, and report when it is time."""
        before = time.monotonic()
        share = self.budget.progress(**self.spent())  # type: ignore[arg-type]
        stats = train_step(self.session, self.settings, spent=share)
        self.window.stats.append(stats)
        self.window.seconds += time.monotonic() - before
        self.updates_here += 1
        update = self.session.progress.update
        if stats.skipped:
            self.report.warn(
                f"update {update} was skipped: its gradient was not finite "
                f"({self.session.progress.skipped} skipped so far)"
            )
        if update % self.settings.training.log_every == 0:
            self._log_window()
        self._show_progress()

    def _log_window(self) -> None:
        window, self.window = self.window, _Window()
        if not window.stats:
            return
        stats, session = window.stats, self.session
        num_tokens = sum(one.num_tokens for one in stats)
        line = UpdateReport(
            update=session.progress.update,
            epoch=session.stream.epoch,
            loss=sum(one.nll for one in stats) / num_tokens,
            lr=stats[-1].lr,
            grad_norm=sum(one.grad_norm for one in stats) / len(stats),
            clipped=sum(one.clipped for one in stats) / len(stats),
            teacher_forcing=stats[-1].teacher_forcing,
            tgt_tokens_per_s=num_tokens / window.seconds,
            seconds=session.progress.seconds,
        )
        self.records.update(line)
        self.report.update(line)

    def _show_progress(self) -> None:
        share = self.budget.progress(**self.spent())  # type: ignore[arg-type]
        if self.updates_here == 1:
            self._share_at_start, self._time_at_start = share, time.monotonic()
        elif self.updates_here > ETA_AFTER and share > self._share_at_start:
            pace = (time.monotonic() - self._time_at_start) / (share - self._share_at_start)
            self.eta = (1 - share) * pace
        update = self.session.progress.update
        self.report.progress("update", update, round(update / share) if share else None, self.eta)

    def is_time_to_validate(self) -> bool:
        """Tell whether this update ends a validation interval, or the training."""
        every = self.settings.training.valid_every
        if every is not None:
            return self.session.progress.update % every == 0
        epochs_before, self.whole_epochs = self.whole_epochs, int(self.session.stream.epochs_done)
        return self.whole_epochs > epochs_before

    def validate(self) -> None:
        """Decode and score the validation pairs; keep the model if it is the best so far."""
        before = time.monotonic()
        session, progress = self.session, self.session.progress
        src_lines, refs = self.dataset.text("valid")
        if session.average is not None:
            session.average.swap(session.model)
        try:
            found = validate(
                session.model,
                self.dataset.split("valid"),
                refs,
                tgt_pieces=self.pieces.tgt,
                decoding=self.settings.decoding,
                batch_tokens=self.settings.training.batch_tokens,
                dtype=session.dtype,
            )
            metric = self.settings.training.metric
            value = {"bleu": found.bleu, "chrf": found.chrf, "loss": -found.loss}[metric]
            # Of equal scores, such as BLEU 0 at first, the one with the lower loss is better.
            is_best = math.isfinite(value) and (
                progress.best_score is None
                or (value, -found.loss) > (progress.best_score, -progress.best_loss)
            )
            if is_best:
                rundir.save_model(self.run_dir, dict(session.model.named_parameters()))
                progress.best_score, progress.best_loss = value, found.loss
                progress.best_update = progress.update
        finally:
            if session.average is not None:
                session.average.swap(session.model)
        progress.validations_since_best = 0 if is_best else progress.validations_since_best + 1
        progress.last_validated = progress.update
        sample = progress.update % len(refs)
        line = ValidationReport(
            update=progress.update,
            loss=found.loss,
            bleu=found.bleu,
            chrf=found.chrf,
            best=is_best,
            sample_src=src_lines[sample],
            sample_hyp=found.hyps[sample],
            sample_ref=refs[sample],
        )
        self.records.validation(line, found.hyps)
        self.report.validation(line)
        self.validation_seconds = time.monotonic() - before

    def is_time_to_save(self) -> bool:
        """Tell whether the resume state is to be written after this update."""
        every = self.settings.training.save_every
        progress = self.session.progress
        if every is not None:
            return progress.update % every == 0
        return progress.last_validated == progress.update

    def save(self) -> None:
        """Write the resume state, once for each update."""
        if self.saved_update != self.session.progress.update:
            self.spent()  # sets the clock
            save_state(self.run_dir, self.session)
            self.saved_update = self.session.progress.update

    def interrupted(self) -> InterruptedRun:
        """Save, and return the error that says so."""
        self._log_window()
        self.save()
        update = self.session.progress.update
        self.records.log(f"interrupted at update {update}")
        return InterruptedRun(
            f"stopped at update {update}, and saved; to go on: "
            f"seqcli train {self.data_dir} {self.run_dir} --resume"
        )

    def finish(self, reason: str) -> TrainingResult:
        """Validate and save what was not yet, and sum up."""
        self._log_window()
        progress = self.session.progress
        if progress.last_validated != progress.update:
            self.validate()
        self.save()
        metric = self.settings.training.metric
        score = progress.best_score or 0.0
        result = TrainingResult(
            run_dir=str(self.run_dir),
            updates=progress.update,
            reason=reason,
            best_update=progress.best_update,
            metric=metric,
            best_score=-score if metric == "loss" else score,
            seconds=progress.seconds,
        )
        rundir.update_manifest(
            self.run_dir,
            status=reason,
            updates=result.updates,
            best={"update": result.best_update, metric: result.best_score},
            seconds=round(result.seconds, 1),
        )
        self.records.log(f"done: {reason}; best {metric} {result.best_score:.4g}")
        return result


def _with_data_settings(settings: Settings, dataset: Dataset) -> Settings:
    """Return the settings with the sections that were decided by ``preprocess``."""
    options = dataset.manifest["options"]
    return settings.model_copy(
        update={
            "data": DataSettings.model_validate(options["data"]),
            "pieces": PiecesSettings.model_validate(options["pieces"]),
        }
    )


def _make_budget(settings: Settings) -> Budget:
    training = settings.training
    budget = Budget(training.max_steps, training.max_epochs, training.max_minutes)
    if training.lr_schedule in NEEDS_BUDGET and not budget.is_bounded:
        raise SettingsError(
            f"--lr-schedule {training.lr_schedule} falls to zero at the end of training, but "
            "max_steps, max_epochs and max_minutes are all off; set one of them, or take the "
            "constant or inverse-sqrt schedule"
        )
    if training.patience is None and not budget.is_bounded:
        raise SettingsError(
            "max_steps, max_epochs, max_minutes and patience are all off, so training would never "
            "end; set one of them"
        )
    return budget


def _check_run_dir(
    run_dir: Path, settings: Settings, dataset: Dataset, *, resume: bool, overwrite: bool
) -> None:
    """Check that the run can be started, or resumed with these settings on this data."""
    if not resume:
        require_empty(run_dir, overwrite=overwrite, what="a new run")
        rundir.require_no_other(run_dir)
        return
    manifest = rundir.read_manifest(run_dir)
    if not has_state(run_dir):
        raise SettingsError(
            f"{run_dir}: has no resume state, as training stopped before its first save; start it "
            "again with --overwrite instead of --resume"
        )
    before = rundir.load_settings_of(run_dir)
    for name, value in settings.model:
        if value != getattr(before.model, name):
            raise SettingsError(
                f"--{name.replace('_', '-')} {value}: the run in {run_dir} has "
                f"{getattr(before.model, name)}, and a resumed run keeps its model; leave the flag "
                "out, or train into another RUN_DIR"
            )
    if manifest.get("data") != data_identity(dataset):
        raise SettingsError(
            f"{dataset.data_dir}: not the data that the run in {run_dir} was trained on; resume "
            f"with {manifest.get('data_dir')}, or train into another RUN_DIR"
        )


def data_identity(dataset: Dataset) -> dict[str, object]:
    """Return what tells one data directory from another, wherever it lies."""
    manifest = dataset.manifest
    inputs = [[entry["split"], entry["sha256"]] for entry in manifest["inputs"]]
    return {"inputs": inputs, **{key: manifest[key] for key in ("options", "pieces_sha256")}}


def _start_run(run_dir: Path, settings: Settings, dataset: Dataset) -> None:
    pieces = piece_files(joint=True) + piece_files(joint=False)
    for stale in (Path(rundir.MODEL), LAST, *map(Path, pieces)):
        (run_dir / stale).unlink(missing_ok=True)
    rundir.create_run(
        run_dir,
        settings,
        pieces_dir=dataset.data_dir,
        manifest={
            "status": "training",
            "data_dir": str(dataset.data_dir.resolve()),
            "data": data_identity(dataset),
            "seed": settings.training.seed,
        },
    )
