"""A data directory and settings -> a run directory: the whole training.

Place: dataset, models, decoding -> **train_model** -> run directory. Validates by decoding, so it
stands above decoding.
"""

from __future__ import annotations

import contextlib
import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from seqcli import rundir
from seqcli.calibrating import calibrate_run
from seqcli.config import Settings
from seqcli.dataset import Dataset
from seqcli.errors import InterruptedRun, SeqcliError
from seqcli.reporting import (
    Reporter,
    SilentReporter,
    TrainingResult,
)
from seqcli.training.budget import Budget, Spent
from seqcli.training.checkpoint import has_state
from seqcli.training.distributed import Ranks, joined
from seqcli.training.interruption import Interruption
from seqcli.training.machine import Machine, take_machine
from seqcli.training.memory import give_back_unused
from seqcli.training.plan import make_plan
from seqcli.training.preparation import (
    begin_run,
    build_session,
    check_run_dir,
    hold,
    is_restart,
    make_budget,
    open_checked,
    restore,
    with_data_settings,
    with_next_step,
)
from seqcli.training.records import Records
from seqcli.training.saves import Saves
from seqcli.training.selection import Selection
from seqcli.training.session import DivergedError, Session, train_step
from seqcli.training.tensorboard import TensorBoardReporter, require_tensorboard
from seqcli.training.window import Window

ETA_AFTER = 20  # updates
TRIM_EVERY = 10  # updates: batches of ever other shapes leave gaps in the memory


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
    machine = take_machine(
        device=settings.training.device,
        precision=settings.training.precision,
        threads=settings.training.threads,
        kernels=settings.training.kernels,
    )
    if settings.training.tensorboard:
        require_tensorboard()
    with joined(machine.device) as ranks, contextlib.ExitStack() as held:
        if is_restart(run_dir, ranks):
            resume = has_state(run_dir)
            overwrite = not resume
        training = _Training.prepare(
            settings,
            data_dir,
            run_dir,
            resume=resume,
            overwrite=overwrite,
            report=report if ranks.is_first else SilentReporter(),
            machine=machine,
            ranks=ranks,
            held=held,
        )
        try:
            with Interruption() as interruption:
                return training.run(interruption)
        except SeqcliError as error:
            training.note_end(str(error))
            raise with_next_step(error, run_dir, again=training.again) from error


@dataclass
class _Training:
    """A session with what surrounds it: data, directory, budget, reporter."""

    settings: Settings
    session: Session
    dataset: Dataset
    selection: Selection
    data_dir: Path
    run_dir: Path
    budget: Budget
    records: Records
    saves: Saves
    report: Reporter
    updates_here: int = 0  # since this process began
    validation_seconds: float = 0.0
    eta: float | None = None
    paced_from: tuple[float, float] = (0.0, 0.0)  # share and time after the first update here
    started: float = 0.0
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
        machine: Machine,
        ranks: Ranks,
        held: contextlib.ExitStack,
    ) -> _Training:
        """Check everything, then build everything; write nothing before all of it is sound."""
        dataset, pieces = open_checked(data_dir)
        settings = with_data_settings(settings, dataset)
        budget = make_budget(settings)
        check_run_dir(run_dir, settings, dataset, resume=resume, overwrite=overwrite)
        if resume:
            hold(run_dir, ranks, held, report)
        selection = Selection(settings, dataset, pieces, run_dir=run_dir)
        session = build_session(settings, dataset, pieces, machine=machine, ranks=ranks)
        state = restore(run_dir, session, report) if resume else None
        ranks.from_first(0)  # all have read before the first writes
        update = None if state is None else session.progress.update
        if state is None:
            hold(run_dir, ranks, held, report)
        begin_run(
            run_dir,
            settings,
            dataset,
            session,
            state,
            overwrite=overwrite,
            machine=machine,
            ranks=ranks,
            report=report,
        )
        records = Records(
            run_dir,
            resumed_from=update,
            mark=None if state is None else state.mark,
            is_writer=ranks.is_first,
        )
        if settings.training.tensorboard and ranks.is_first:
            report = TensorBoardReporter(report, run_dir, resumed_from=update or 0)
        training = cls(
            settings=settings,
            session=session,
            dataset=dataset,
            selection=selection,
            data_dir=data_dir,
            run_dir=run_dir,
            budget=budget,
            records=records,
            saves=Saves(
                run_dir,
                session,
                records,
                every=settings.training.save_every,
                last_update=update,
            ),
            report=report,
            started=time.monotonic() - session.progress.seconds,
            whole_epochs=int(session.stream.epochs_done),
        )
        if state is None:
            training.save()  # so that there is always something to go on from
        else:
            training.records.log(f"goes on from update {update}")
        report.plan(make_plan(settings, session, dataset, machine, run_dir=run_dir))
        return training

    def count_spent(self) -> Spent:
        """Set the clock, and return what of the budget is spent; time for a validation is kept."""
        progress = self.session.progress
        progress.seconds = time.monotonic() - self.started
        return Spent(
            step=progress.update,
            epochs=self.session.stream.epochs_done,
            seconds=progress.seconds + self.validation_seconds,
        )

    def run(self, interruption: Interruption) -> TrainingResult:
        """Train to the end.

        Raises:
            InterruptedRun: If the interruption was asked for; the training was saved.
        """
        ranks = self.session.ranks
        while True:
            reason = self.reason_to_stop()
            share = self.budget.progress(self.count_spent())
            rate = self.session.learning_rate  # whose factor follows validations, as of rank 0
            stops, share, rate.factor = ranks.from_first(
                float(reason is not None), share, rate.factor
            )
            if stops:
                return self.finish(reason or "as the first process says")
            try:
                self.update(share)
            except DivergedError as error:
                self.roll_back(error)
                continue
            if self.ends_interval():
                self.validate()
            if self.saves.are_due():
                self.save()
            if ranks.sum(interruption.is_asked):
                raise self.interrupted()

    def reason_to_stop(self) -> str | None:
        """Return why training ends before the next update, or None."""
        patience = self.settings.training.patience
        if patience is not None and self.session.progress.validations_since_best >= patience:
            return f"no better {self.settings.training.metric} in {patience} validations"
        return self.budget.reached(self.count_spent())

    def update(self, share: float) -> None:
        """Make one update at a share of the budget, and report when it is time."""
        before = time.monotonic()
        stats = train_step(self.session, spent=share)
        self.session.window.add(stats, time.monotonic() - before)
        self.updates_here += 1
        update = self.session.progress.update
        if stats.skipped:
            self.report.warn(
                f"update {update} was skipped: its loss or gradient was not finite "
                f"({self.session.progress.skipped} skipped so far)"
            )
        if update % self.settings.training.log_every == 0:
            self._log_window()
        if update % TRIM_EVERY == 1:
            give_back_unused()
        self._show_progress()

    def _log_window(self) -> None:
        session, window = self.session, self.session.window
        if window.is_empty:
            return
        session.window = Window()
        line = window.describe(
            update=session.progress.update,
            epoch=session.stream.epoch,
            seconds=session.progress.seconds,
        )
        self.records.update(line)
        self.report.update(line)

    def _show_progress(self) -> None:
        share = self.budget.progress(self.count_spent())
        if self.updates_here == 1:
            self.paced_from = share, time.monotonic()
        share_then, time_then = self.paced_from
        if self.updates_here > ETA_AFTER and share > share_then:
            self.eta = (1 - share) * (time.monotonic() - time_then) / (share - share_then)
        update = self.session.progress.update
        self.report.progress("update", update, round(update / share) if share else None, self.eta)

    def ends_interval(self) -> bool:
        """Tell whether this update ends an interval of validation; to be asked once an update."""
        every = self.settings.training.valid_every
        if every is not None:
            return self.session.progress.update % every == 0
        epochs_before, self.whole_epochs = self.whole_epochs, int(self.session.stream.epochs_done)
        return self.whole_epochs > epochs_before

    def make_room(self) -> None:
        """Free what only updates need: validating and saving would add their memory to it."""
        self.session.workers.drop_gradients()
        give_back_unused()

    def validate(self) -> None:
        """Validate, and note how long that takes."""
        before = time.monotonic()
        self.make_room()
        self.selection.validate(self.session, self.records, self.report)
        self.saves.forget()  # the resume state knows nothing of this validation yet
        self.validation_seconds = time.monotonic() - before

    def save(self) -> None:
        """Write the resume state, once for each update."""
        self.count_spent()
        self.make_room()
        self.saves.write()

    def roll_back(self, error: DivergedError) -> None:
        """Go back to the last good state with half of the learning rate; once in a training.

        Raises:
            DivergedError: If that was done already, or there is no such state.
        """
        self.saves.roll_back(error, self.report)
        self.whole_epochs = int(self.session.stream.epochs_done)

    def interrupted(self) -> InterruptedRun:
        """Save, and return the error that says so."""
        self._log_window()
        self.save()
        update = self.session.progress.update
        return InterruptedRun(f"stopped at update {update}, and saved; to go on: {self.again}")

    @property
    def again(self) -> str:
        """The command that goes on with this training."""
        return shlex.join(["seqcli", "train", str(self.data_dir), str(self.run_dir), "--resume"])

    def finish(self, reason: str) -> TrainingResult:
        """Validate and save what was not yet, and sum up."""
        self._log_window()
        progress = self.session.progress
        if progress.last_validated != progress.update or not rundir.has_model(self.run_dir):
            self.validate()  # of the first process only, as the one that writes
        if progress.last_finished != progress.update:
            self.selection.finish(self.session, self.records, self.report)
            progress.last_finished = progress.update
            self.saves.forget()
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
            rank=self.session.ranks.rank,
        )
        if not self.session.ranks.is_first:
            return result
        if self.settings.training.calibrate and rundir.has_model(self.run_dir):
            self.calibrate()
        rundir.update_manifest(
            self.run_dir,
            status=reason,
            updates=result.updates,
            seconds=round(result.seconds, 1),
        )
        self.records.log(f"done: {reason}; best {metric} {result.best_score:.4g}")
        return result

    def calibrate(self) -> None:
        """Learn what the scores of the best model mean."""
        training = self.settings.training
        calibrate_run(
            self.run_dir,
            *self.dataset.text("valid"),
            device=training.device,
            threads=training.threads,
            precision=training.precision,
        )

    def note_end(self, reason: str) -> None:
        """Record why the training ended early, if the disk still takes it."""
        if not self.session.ranks.is_first:
            return
        with contextlib.suppress(SeqcliError):
            self.records.log(reason)
            rundir.update_manifest(self.run_dir, status=reason)
