"""What must be right before the first update: settings, budget, run directory.

Place: settings, data directory -> **checks, a new run directory** -> loop.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch

from seqcli import rundir
from seqcli.averaging import CHECKPOINTS, check_checkpoints, drop_checkpoints, list_checkpoints
from seqcli.batches import WINDOW_PAIRS, Resample
from seqcli.config import DataSettings, PiecesSettings, Settings
from seqcli.dataset import Dataset, Split
from seqcli.errors import CheckpointError, CorpusError, SeqcliError, SettingsError
from seqcli.files import explaining, remove_unfinished, require_empty
from seqcli.locking import locked
from seqcli.pieces import PiecePair, Pieces, piece_files
from seqcli.reporting import Reporter
from seqcli.training.budget import Budget
from seqcli.training.checkpoint import LAST, PREVIOUS, State, has_state, restore_state
from seqcli.training.distributed import Ranks, launcher
from seqcli.training.machine import Machine, describe_machine, explain_changes
from seqcli.training.optimization import NEEDS_BUDGET
from seqcli.training.records import VALIDATION
from seqcli.training.session import Session, make_session
from seqcli.weights import build_model, read_tensors

COMFORTABLE_SHARE = 0.999  # of the training sources are no longer than what a model is good at
SHORTEST_COMFORTABLE = 10  # pieces


def open_checked(data_dir: Path) -> tuple[Dataset, PiecePair]:
    """Return a data directory and its pieces, every file and every id of it checked.

    Raises:
        CorpusError: If it cannot be used.
    """
    dataset = Dataset.open(data_dir)
    dataset.check_files()
    pieces = dataset.pieces()
    dataset.check_ids(pieces)
    return dataset, pieces


def with_data_settings(settings: Settings, dataset: Dataset) -> Settings:
    """Return the settings with the sections that were decided by ``preprocess``.

    Raises:
        CorpusError: If the manifest of the data has none that this version knows.
    """
    try:
        options = dataset.manifest["options"]
        decided = {
            "data": DataSettings.model_validate(options["data"]),
            "pieces": PiecesSettings.model_validate(options["pieces"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(
            f"{dataset.data_dir}: its manifest has no options that this version of seqcli knows; "
            "run `seqcli preprocess` again"
        ) from error
    return settings.model_copy(update=decided)


def make_budget(settings: Settings) -> Budget:
    """Return what the training may spend.

    Raises:
        SettingsError: If it would never end, or its learning rate would never fall.
    """
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


def make_resample(settings: Settings, pieces: PiecePair) -> tuple[Resample, Resample] | None:
    """Return what cuts source and target anew in every epoch, if that is asked for.

    Raises:
        SettingsError: If the pieces are of a kind that has one way only to cut a text.
    """
    alpha, kind = settings.training.subword_alpha, settings.pieces.model_type
    if alpha is None:
        return None
    if kind not in ("unigram", "bpe") or (kind == "bpe" and alpha > 1):
        rule = (
            "of bpe pieces it is a probability, at most 1"
            if kind == "bpe"
            else f"pieces of kind {kind} have one way only to cut a text; run `seqcli preprocess` "
            "with --model-type unigram or bpe"
        )
        raise SettingsError(f"--subword-alpha {alpha:g}: {rule}, or turn it off")

    def of_side(side: Pieces) -> Resample:
        return lambda sentences, seed: side.resample(sentences, alpha=alpha, seed=seed)

    return of_side(pieces.src), of_side(pieces.tgt)


def check_run_dir(
    run_dir: Path, settings: Settings, dataset: Dataset, *, resume: bool, overwrite: bool
) -> None:
    """Check that the run can be started, or resumed with these settings on this data.

    Raises:
        SettingsError: If it cannot.
        CheckpointError: If what shall be resumed is no readable run.
    """
    if not resume:
        own = (rundir.MANIFEST, rundir.CONFIG, rundir.MODEL)
        require_empty(run_dir, overwrite=overwrite, what="a new run", own=own)
        rundir.require_no_other(run_dir)
        return
    manifest = rundir.read_manifest(run_dir)
    if manifest.get("status") in ("exported", "averaged"):
        raise SettingsError(
            f"{run_dir}: is {manifest['status']} from a run and has no resume state; resume the "
            "run that it was made from"
        )
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
    if manifest.get("data") != dataset.identity():
        raise SettingsError(
            f"{dataset.data_dir}: not the data that the run in {run_dir} was trained on; resume "
            f"with {manifest.get('data_dir')}, or train into another RUN_DIR"
        )


def hold(run_dir: Path, ranks: Ranks, held: ExitStack, report: Reporter) -> None:
    """Take the lock of a run directory until held is closed; the directory is made if missing.

    Raises:
        SettingsError: If another training has it.
        SeqcliError: When the disk refuses.
    """
    problem: SeqcliError | None = None
    if ranks.is_first:
        try:
            with explaining(run_dir):
                if not run_dir.exists():
                    held.callback(_remove_unstarted, run_dir)
                run_dir.mkdir(parents=True, exist_ok=True)
            warning = held.enter_context(locked(run_dir, what="a training"))
            if warning is not None:
                report.warn(warning)
        except SeqcliError as error:
            problem = error
    if not ranks.from_first(float(problem is None))[0]:
        raise problem or SettingsError(f"{run_dir}: the first process could not take it")


def _remove_unstarted(run_dir: Path) -> None:
    """Remove a directory that was made for a run, if it did not become one that can go on."""
    if not has_state(run_dir):
        shutil.rmtree(run_dir, ignore_errors=True)


def start_run(run_dir: Path, settings: Settings, dataset: Dataset) -> None:
    """Make the run directory, without anything that an older run left in it.

    Its manifest goes first and comes last: without it nothing is a run.
    """
    pieces = piece_files(joint=True) + piece_files(joint=False)
    with explaining(run_dir):
        for stale in (*map(Path, (rundir.MANIFEST, rundir.MODEL, *pieces)), LAST, PREVIOUS):
            (run_dir / stale).unlink(missing_ok=True)
    drop_checkpoints(run_dir, after=-1)
    remove_leftovers(run_dir)
    rundir.create_run(
        run_dir,
        settings,
        pieces_dir=dataset.data_dir,
        manifest={
            "data_dir": str(dataset.data_dir.resolve()),
            "data": dataset.identity(),
            "seed": settings.training.seed,
            "comfortable_length": comfortable_length(dataset.split("train")),
        },
    )


def build_session(
    settings: Settings,
    dataset: Dataset,
    pieces: PiecePair,
    *,
    machine: Machine,
    ranks: Ranks,
) -> Session:
    """Return a session at the state before update 1; its weights are those of the seed."""
    torch.manual_seed(settings.training.seed)
    return make_session(
        settings,
        build_model(settings, pieces).to(machine.device),
        dataset.split("train"),
        device=machine.device,
        dtype=machine.dtype,
        threads=machine.threads,
        ranks=ranks,
        resample=make_resample(settings, pieces),
    )


def restore(run_dir: Path, session: Session, report: Reporter) -> State:
    """Bring a session to the state that was saved last, or to the one before if that is damaged.

    Raises:
        CheckpointError: If both are damaged.
    """
    state, problems = restore_state(run_dir, session)
    for problem in problems:
        report.warn(f"{problem}; goes on from {state.path}, of update {state.update}")
    return state


def mend_run(
    run_dir: Path,
    settings: Settings,
    dataset: Dataset,
    session: Session,
    state: State,
    report: Reporter,
) -> None:
    """Bring a run directory back to what its resume state says, whatever a kill left in it.

    Raises:
        CheckpointError: If a checkpoint that the training would need at its end is damaged.
        SeqcliError: When the disk refuses.
    """
    if state.path != run_dir / LAST:  # what is there is damaged, and must not become the one before
        (run_dir / LAST).unlink(missing_ok=True)
        state.path.replace(run_dir / LAST)
    drop_checkpoints(run_dir, after=state.update)
    check_checkpoints(one.path for one in list_checkpoints(run_dir))
    remove_leftovers(run_dir)
    if not PiecePair.are_equal(dataset.data_dir, run_dir):
        report.warn(f"{run_dir}: its pieces were damaged; copied again from {dataset.data_dir}")
        PiecePair.copy(dataset.data_dir, run_dir)
    rundir.write_settings(run_dir, settings)
    if state.is_older and rundir.has_model(run_dir):  # it says nothing of the best model
        weights = read_tensors(run_dir / rundir.MODEL)
        session.keep_best(weights, rundir.read_manifest(run_dir).get("best", {}))
    restore_best(run_dir, session, report)


def begin_run(
    run_dir: Path,
    settings: Settings,
    dataset: Dataset,
    session: Session,
    state: State | None,
    *,
    overwrite: bool,
    machine: Machine,
    ranks: Ranks,
    report: Reporter,
) -> None:
    """Write the first words into a new run directory, or cut one that goes on back to its state.

    Only the first process writes; the generator that was saved is its own, and the others get one
    that is as good.
    """
    if not ranks.is_first:
        seed = (settings.training.seed, ranks.rank, session.progress.update)
        torch.manual_seed(hash(seed) % 2**63)
        return
    if state is None:
        check_run_dir(run_dir, settings, dataset, resume=False, overwrite=overwrite)
        start_run(run_dir, settings, dataset)
    else:
        mend_run(run_dir, settings, dataset, session, state, report)
    note_start(run_dir, machine, processes=ranks.count, report=report)


def restore_best(run_dir: Path, session: Session, report: Reporter) -> None:
    """Make model.safetensors that of the session; what a later update wrote is made again later.

    Raises:
        SeqcliError: When the disk refuses.
    """
    path = run_dir / rundir.MODEL
    if session.best is None:
        path.unlink(missing_ok=True)
        rundir.update_manifest(run_dir, best=None)
        return
    if rundir.has_model(run_dir):
        try:
            rundir.require_intact(run_dir, rundir.MODEL)
        except CheckpointError as error:
            report.warn(f"{str(error).split('; ')[0]}; made again from the resume state")
        else:
            if rundir.is_model(run_dir, session.best.weights):
                return
    rundir.save_model(run_dir, session.best.weights, best=session.best.noted)


def with_next_step(error: SeqcliError, run_dir: Path, *, again: str) -> SeqcliError:
    """Return an error with what to do next, where that is to go on, as when a disk is full."""
    if type(error) is not SeqcliError or not has_state(run_dir):
        return error
    return SeqcliError(f"{error}. What was saved last is sound; to go on then: {again}")


def remove_leftovers(run_dir: Path) -> None:
    """Remove what writes that were killed have left in a run directory."""
    for folder in (Path(), LAST.parent, Path(CHECKPOINTS), Path(VALIDATION)):
        remove_unfinished(run_dir / folder)


def comfortable_length(train: Split) -> int:
    """Return the pieces of a source that all but a thousandth of the training text keep to."""
    counts = np.zeros(1, dtype=np.int64)  # of sources of each length
    for start in range(0, len(train), WINDOW_PAIRS):
        pairs = np.arange(start, min(start + WINDOW_PAIRS, len(train)))
        found = np.bincount(train.src.lengths_of(pairs), minlength=len(counts))
        found[: len(counts)] += counts
        counts = found
    shares = counts.cumsum() / max(counts.sum(), 1)
    return max(SHORTEST_COMFORTABLE, int(np.searchsorted(shares, COMFORTABLE_SHARE)))


def is_restart(run_dir: Path, ranks: Ranks) -> bool:
    """Tell whether torchrun has started the training in run_dir again, after a process had died.

    Only if this very torchrun had begun it: another run in that place must not be touched.
    """
    if not ranks.restarts:
        return False
    is_own = False
    if ranks.is_first:
        with contextlib.suppress(CheckpointError):
            is_own = rundir.read_manifest(run_dir).get("launcher") == launcher() is not None
    return bool(ranks.from_first(is_own)[0])


def note_start(run_dir: Path, machine: Machine, *, processes: int, report: Reporter) -> None:
    """Say in the manifest of the run what trains it; warn if a run goes on with something else."""
    found = describe_machine(machine, processes=processes)
    change = explain_changes(rundir.read_manifest(run_dir).get("machine"), found)
    if change is not None:
        report.warn(change)
    rundir.update_manifest(
        run_dir,
        status="training",
        command=shlex.join(sys.argv),
        **{
            name: found[name] for name in ("device", "precision", "threads", "kernels", "processes")
        },
        launcher=launcher(),
        machine=found,
    )
