"""What is known of a training before its first update, for people.

Place: settings, session, machine -> **TrainingPlan** -> reporter.
"""

from __future__ import annotations

import math
from pathlib import Path

from seqcli.config import Settings
from seqcli.dataset import Dataset
from seqcli.models.seq2seq import count_parameters
from seqcli.reporting import TrainingPlan
from seqcli.training.machine import Machine, explain_costs, explain_repeats
from seqcli.training.memory import estimate_memory
from seqcli.training.session import Session


def make_plan(
    settings: Settings, session: Session, dataset: Dataset, machine: Machine, *, run_dir: Path
) -> TrainingPlan:
    """Return the plan of a training that is ready to start or to go on."""
    training = settings.training
    return TrainingPlan(
        run_dir=str(run_dir),
        parameters=count_parameters(session.model),
        memory_bytes=estimate_memory(settings, session.model, session.dtype),
        train_pairs=len(dataset.split("train")),
        valid_pairs=len(dataset.split("valid")),
        updates_per_epoch=math.ceil(session.stream.batches_per_epoch / training.grad_accum),
        max_steps=training.max_steps,
        max_epochs=training.max_epochs,
        max_minutes=training.max_minutes,
        device=str(machine.device),
        precision=machine.precision,
        kernels=machine.kernels,
        threads=machine.threads,
        processes=session.ranks.count,
        resumed_from=session.progress.update,
        costs=explain_costs(settings.model, training),
        repeats=explain_repeats(training, machine, processes=session.ranks.count),
    )
