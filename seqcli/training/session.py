"""Everything that changes while a model is trained, and the one update that changes it.

Place: batches, model -> **train_step** -> loop. ``make_session`` is where settings stop: what it
builds knows sizes and rates only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from seqcli.batches import Batch, BatchStream, Resample, Share
from seqcli.config import Settings, TrainingSettings
from seqcli.dataset import Split
from seqcli.devices import autocast
from seqcli.errors import SeqcliError
from seqcli.models import Seq2Seq
from seqcli.training.distributed import Ranks
from seqcli.training.loss import output_cross_entropy
from seqcli.training.optimization import (
    AveragedWeights,
    LearningRate,
    add_l2,
    clip_gradients,
    make_optimizer,
)
from seqcli.training.teacher_forcing import PASSES, TeacherForcing, toss_coins
from seqcli.training.window import StepStats, Window
from seqcli.training.workers import Workers

MAX_SKIPPED = 20  # updates in a row with a gradient that is not finite
MAX_SKIPPED_IN_ALL = 200


class DivergedError(SeqcliError):
    """Too many updates had to be skipped, as their loss or gradient was not finite."""


@dataclass
class Progress:
    """Counters of a training; saved with it."""

    update: int = 0
    seconds: float = 0.0
    skipped: int = 0  # updates skipped so far because of a gradient that was not finite
    skipped_in_a_row: int = 0
    best_update: int = 0
    best_score: float | None = None
    best_loss: float = math.inf  # of the validation with the best score
    validations_since_best: int = 0
    last_validated: int = 0
    last_finished: int = 0  # update after which the training was brought to its end
    rollbacks: int = 0  # to an earlier state, as gradients were not finite


@dataclass(frozen=True)
class Best:
    """The model with the best score so far."""

    weights: dict[str, Tensor]  # on the CPU
    noted: dict[str, Any]  # about it in the manifest


@dataclass
class Session:
    """A training under way."""

    model: Seq2Seq
    optimizer: torch.optim.Optimizer
    stream: BatchStream
    learning_rate: LearningRate
    forcing: TeacherForcing
    coins: torch.Generator  # of teacher forcing alone
    average: AveragedWeights | None
    grad_accum: int
    label_smoothing: float
    agreement: float  # R-Drop's alpha; 0 for a single pass
    clip_norm: float | None
    clip_value: float | None
    l2: float
    device: torch.device
    dtype: torch.dtype
    workers: Workers
    ranks: Ranks = field(default_factory=Ranks)
    progress: Progress = field(default_factory=Progress)
    window: Window = field(default_factory=Window)
    best: Best | None = None

    def keep_best(self, weights: Mapping[str, Tensor], noted: dict[str, Any] | None) -> None:
        """Remember a copy of the best model's weights, or that there is none (noted is None)."""
        copies = {name: weight.detach().cpu().clone() for name, weight in weights.items()}
        self.best = None if noted is None else Best(copies, noted)


def _make_forcing(training: TrainingSettings) -> TeacherForcing:
    return TeacherForcing(
        schedule=training.teacher_forcing,
        start=training.teacher_forcing_start,
        end=training.teacher_forcing_end,
        warmup=training.teacher_forcing_warmup,
        steps=training.teacher_forcing_steps,
        scope=training.teacher_forcing_scope,
        passes=training.sampling_passes,
    )


def make_session(
    settings: Settings,
    model: Seq2Seq,
    train: Split,
    *,
    device: torch.device,
    dtype: torch.dtype,
    threads: int = 1,
    ranks: Ranks | None = None,
    resample: tuple[Resample, Resample] | None = None,
) -> Session:
    """Put together what the settings ask for, at the state before update 1.

    Args:
        settings: Sections model and training.
        model: On the device.
        train: The training pairs.
        device: Where to compute.
        dtype: Of the products.
        threads: CPU threads that share out the sentences of a batch.
        ranks: This process among those that do; each of them then has threads of torch's own.
        resample: Cuts the text of a batch anew, source and target.

    Raises:
        SettingsError: If the settings do not fit the corpus or each other.
    """
    training = settings.training
    ranks = ranks or Ranks()
    shares_out = device.type == "cpu" and ranks.count == 1
    return Session(
        model=model,
        optimizer=make_optimizer(
            model.parameters(),
            optimizer=training.optimizer,
            lr=training.lr,
            weight_decay=training.weight_decay,
        ),
        stream=BatchStream(
            train,
            batch_tokens=training.batch_tokens,
            seed=training.seed,
            rank=ranks.rank,
            ranks=ranks.count,
            resample=resample,
        ),
        learning_rate=LearningRate(
            lr=training.lr,
            schedule=training.lr_schedule,
            warmup_steps=training.warmup_steps,
            decay=training.lr_decay,
            patience=training.lr_patience,
        ),
        forcing=_make_forcing(training),
        coins=torch.Generator().manual_seed(training.seed),
        average=AveragedWeights(model, decay=training.ema) if training.ema else None,
        grad_accum=training.grad_accum,
        label_smoothing=training.label_smoothing,
        agreement=training.r_drop,
        clip_norm=training.clip_norm,
        clip_value=training.clip_value,
        l2=training.l2,
        device=device,
        dtype=dtype,
        workers=Workers(model, count=threads if shares_out else 1, ranks=ranks),
        ranks=ranks,
    )


def summed_losses(
    session: Session,
    model: Seq2Seq,
    batch: Batch,
    is_gold: Tensor | None,
    *,
    scale: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Return a batch's smoothed loss, which has a gradient, and its plain one; summed, in nats.

    Args:
        session: Says how; not changed.
        model: The session's, or a worker's.
        batch: On the session's device.
        is_gold: Where gold is fed, (batch, tgt_len); None is everywhere, the whole-sequence path.
        scale: Factor of the smoothed loss.
    """
    if session.agreement:
        batch = batch.twice()
        is_gold = None if is_gold is None else is_gold.repeat(2, 1)
    with autocast(session.device, session.dtype):
        reading = model.read(batch.src, batch.src_lengths)
        if is_gold is None:
            readouts = model.readouts(reading, batch.tgt_in)
        else:
            readouts_of = PASSES[session.forcing.passes]
            readouts = readouts_of(model, reading, batch.tgt_in, is_gold)
    return output_cross_entropy(
        readouts.flatten(0, 1),
        model.output.weight,
        model.output.bias,
        batch.tgt_out.flatten(),
        label_smoothing=session.label_smoothing,
        scale=scale,
        agreement=session.agreement,
    )


def toss(session: Session, share: Share, probability: float) -> Tensor | None:
    """Return where gold is fed, (batch, tgt_len), or None if that is certain and costs no coin.

    Coins are tossed for the whole batch, so they do not depend on the number of processes.
    """
    if probability >= 1:
        return None
    coins = toss_coins(
        (share.whole_size, share.whole_tgt_len),
        probability=probability,
        scope=session.forcing.scope,
        generator=session.coins,
    )
    batch_size, tgt_len = share.batch.tgt_in.shape
    own = coins[share.rows, :tgt_len]
    if len(own) < batch_size:  # the blank line of a process for which there is no sentence
        own = torch.ones(batch_size, tgt_len, dtype=torch.bool)
    return own.to(session.device)


def train_step(session: Session, *, spent: float) -> StepStats:
    """Make one update, from grad_accum batches.

    The gradient is that of the mean over all target tokens of the update, however they are spread
    over its batches. It is thrown away if it, or the loss, is not finite.

    Args:
        session: Changed.
        spent: Share of the budget spent so far, 0 to 1.

    Raises:
        DivergedError: If too many updates had to be skipped.
    """
    progress = session.progress
    update = progress.update + 1
    shares = [session.stream.take_share() for _ in range(session.grad_accum)]
    num_tokens = sum(share.whole_tgt_tokens for share in shares)
    probability = session.forcing.probability(update)
    nll = 0.0

    def work(model: Seq2Seq, batch: Batch, is_gold: Tensor | None) -> tuple[Tensor, Tensor]:
        return summed_losses(session, model, batch, is_gold, scale=1 / num_tokens)

    session.workers.train()
    for number, share in enumerate(shares, start=1):
        is_gold = toss(session, share, probability)
        batch, last = share.batch.to(session.device), number == len(shares)
        nll += sum(map(float, session.workers.learn(work, batch, is_gold, last=last)))
    nll = session.ranks.sum(nll)
    session.workers.gather_gradients()
    norm, clipped = clip_gradients(
        session.model.parameters(), clip_norm=session.clip_norm, clip_value=session.clip_value
    )
    lr = session.learning_rate.at(update, spent)
    progress.update = update
    is_finite = math.isfinite(norm) and math.isfinite(nll)
    if is_finite:
        for group in session.optimizer.param_groups:
            group["lr"] = lr
        add_l2(session.model.parameters(), session.l2)
        session.optimizer.step()
        if session.average is not None:
            session.average.add(session.model, update)
        progress.skipped_in_a_row = 0
    else:
        _count_skipped(session)
    return StepStats(nll, num_tokens, norm, clipped, not is_finite, lr, probability)


def _count_skipped(session: Session) -> None:
    progress = session.progress
    progress.skipped += 1
    progress.skipped_in_a_row += 1
    if progress.skipped_in_a_row >= MAX_SKIPPED or progress.skipped >= MAX_SKIPPED_IN_ALL:
        raise DivergedError(
            f"update {progress.update}: the loss or the gradient was not finite "
            f"{progress.skipped} times, {progress.skipped_in_a_row} of them in a row, "
            "so training has diverged; take a lower --lr, a longer --warmup-steps or a smaller "
            "--clip-norm, and start again"
        )
