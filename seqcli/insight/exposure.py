"""A trained model and pairs -> how much worse it is when it reads its own output: exposure bias.

Place: run directory, data directory -> **Exposure** -> views.
The same model predicts the same gold pieces twice: fed the gold piece before each (teacher-forced),
and fed its own likeliest piece before each (free-running). The difference is what teacher forcing
never shows it. A free-running translation that is right but worded otherwise counts as wrong here,
so the gap is an upper bound of the harm.

Source: Ranzato et al. 2016, Sequence level training, section 1 (exposure bias); Bengio et al. 2015.
Axes: batch = sentences, tgt_len = target positions, vocab = target pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from seqcli.batches import Batch, iter_in_order
from seqcli.dataset import Split
from seqcli.devices import resolve_device, set_threads
from seqcli.errors import CorpusError
from seqcli.models import Seq2Seq
from seqcli.pieces import PAD_ID
from seqcli.reporting import Reporter
from seqcli.training.teacher_forcing import readouts_stepwise
from seqcli.weights import load_model

BATCH_TOKENS = 4000


@dataclass(frozen=True)
class FeedingScores:
    """How well gold pieces are predicted, by output position and over all of them."""

    loss: float  # nats per target piece
    accuracy: float  # share of positions where the likeliest piece is gold
    loss_at: tuple[float, ...]  # position 1 onwards
    accuracy_at: tuple[float, ...]


@dataclass(frozen=True)
class Exposure:
    """One model under both feedings."""

    run_dir: str
    text: str
    teacher_forcing: str  # how it was trained: schedule, and start and end of p
    counts: tuple[int, ...]  # sentences that have position 1, 2, ...
    forced: FeedingScores
    free: FeedingScores

    @property
    def loss_gap(self) -> float:
        """Nats per target piece that free running costs."""
        return self.free.loss - self.forced.loss

    @property
    def accuracy_gap(self) -> float:
        """Share of positions that free running loses."""
        return self.forced.accuracy - self.free.accuracy


def measure_exposure(
    run_dir: Path, split: Split, *, device: str, threads: int | None, report: Reporter
) -> Exposure:
    """Predict the pieces of a split under both feedings, in fp32.

    Args:
        run_dir: The run.
        split: Ids of pairs that it was not trained on.
        device: Where to compute.
        threads: CPU threads; None is one for each core.
        report: Hears of the progress.

    Raises:
        CheckpointError: If the run cannot be read.
        CorpusError: If the split is empty.
        SettingsError: If there is no such device.
    """
    where = resolve_device(device)
    set_threads(threads)
    model, _, settings = load_model(run_dir)
    model = model.to(where).eval()
    if not len(split):
        raise CorpusError(f"the set {split.name!r} of the run's data is empty; choose another")
    longest = int(split.tgt.lengths.max()) + 1
    sums = torch.zeros(2, 2, longest, dtype=torch.float64)  # (feeding, nll and hits, tgt_len)
    counts = torch.zeros(longest, dtype=torch.float64)
    done = 0
    for batch in iter_in_order(split, batch_tokens=BATCH_TOKENS):
        found = score_batch(model, batch.to(where)).cpu()  # (feeding, 2, batch, tgt_len)
        length = found.shape[-1]
        sums[..., :length] += found.sum(dim=2)
        counts[:length] += (batch.tgt_out != PAD_ID).sum(dim=0)
        done += len(batch.src)
        report.progress("predicting", done, len(split), None)
    training = settings.training
    how = f"{training.teacher_forcing} {training.teacher_forcing_start:g}"
    if training.teacher_forcing != "constant":
        how += f" to {training.teacher_forcing_end:g}"
    return Exposure(
        run_dir=str(run_dir),
        text=split.name,
        teacher_forcing=how,
        counts=tuple(int(count) for count in counts),
        forced=_sum_up(sums[0], counts),
        free=_sum_up(sums[1], counts),
    )


@torch.no_grad()
def score_batch(model: Seq2Seq, batch: Batch) -> Tensor:
    """Return what each gold piece costs, and whether it was the likeliest, under both feedings.

    Args:
        model: In evaluation mode.
        batch: On its device.

    Returns:
        (2, 2, batch, tgt_len): teacher-forced and free-running; nats, and 1 or 0. Padding is 0.
    """
    reading = model.read(batch.src, batch.src_lengths)
    forced = model.readouts(reading, batch.tgt_in)
    never_gold = torch.zeros_like(batch.tgt_in, dtype=torch.bool)
    free = readouts_stepwise(model, reading, batch.tgt_in, never_gold)
    return torch.stack([_score(model, readouts, batch.tgt_out) for readouts in (forced, free)])


def _score(model: Seq2Seq, readouts: Tensor, gold: Tensor) -> Tensor:
    """Return nats and hits, (2, batch, tgt_len); the logits of one position at a time."""
    nll, hits = [], []
    for position in range(gold.shape[1]):
        logits = model.logits(readouts[:, position]).float()
        nll.append(functional.cross_entropy(logits, gold[:, position], reduction="none"))
        hits.append((logits.argmax(dim=-1) == gold[:, position]).float())
    scores = torch.stack([torch.stack(nll, dim=1), torch.stack(hits, dim=1)])
    return scores.masked_fill(gold == PAD_ID, 0.0)


def _sum_up(sums: Tensor, counts: Tensor) -> FeedingScores:
    (nll, hits), total = sums, float(counts.sum())
    return FeedingScores(
        loss=float(nll.sum()) / total,
        accuracy=float(hits.sum()) / total,
        loss_at=tuple(float(each) for each in nll / counts),
        accuracy_at=tuple(float(each) for each in hits / counts),
    )
