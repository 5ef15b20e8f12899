"""A model and the validation pairs -> loss, BLEU and chrF of a free-running greedy decode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from seqcli.batches import iter_in_order
from seqcli.config import DecodingSettings
from seqcli.dataset import Split
from seqcli.decoding.searching import search_ids
from seqcli.devices import autocast
from seqcli.models import Seq2Seq
from seqcli.pieces import Pieces
from seqcli.scoring import score
from seqcli.training.loss import output_cross_entropy

DECODE_BATCH = 256  # sentences


@dataclass(frozen=True)
class Validation:
    """What a validation found."""

    loss: float  # nats per target token, teacher-forced, without label smoothing
    bleu: float
    chrf: float
    hyps: list[str]


@torch.no_grad()
def validate(
    model: Seq2Seq,
    split: Split,
    refs: Sequence[str],
    *,
    tgt_pieces: Pieces,
    decoding: DecodingSettings,
    batch_tokens: int,
    dtype: torch.dtype,
    restore: Callable[[int, str], str] | None = None,
) -> Validation:
    """Score a model; its weights and every random generator are left as they were.

    Args:
        model: Put into evaluation mode for the time.
        split: Ids of the validation pairs.
        refs: Their raw targets.
        tgt_pieces: Turn ids into text.
        decoding: Its length limits are used, with a beam of 1.
        batch_tokens: Most tokens in a batch.
        dtype: Of the products.
        restore: Puts back, into the translation of a line, what its marks stand for.
    """
    was_training = model.training
    model.eval()
    device = model.device
    with autocast(device, dtype):
        loss = _loss(model, split, batch_tokens=batch_tokens, device=device)
        hyps = _decode_greedily(model, split, tgt_pieces=tgt_pieces, decoding=decoding)
    if restore is not None:
        hyps = [restore(number, hyp) for number, hyp in enumerate(hyps)]
    model.train(was_training)
    bleu, chrf = score(hyps, refs, ("bleu", "chrf"), may_have_marks=True)
    return Validation(loss, bleu.value, chrf.value, hyps)


def _loss(model: Seq2Seq, split: Split, *, batch_tokens: int, device: torch.device) -> float:
    nll, num_tokens = 0.0, 0
    for cpu_batch in iter_in_order(split, batch_tokens=batch_tokens):
        batch = cpu_batch.to(device)
        readouts = model.readouts(model.read(batch.src, batch.src_lengths), batch.tgt_in)
        _, plain = output_cross_entropy(
            readouts.flatten(0, 1),
            model.output.weight,
            model.output.bias,
            batch.tgt_out.flatten(),
            label_smoothing=0.0,
        )
        nll += float(plain)
        num_tokens += batch.num_tgt_tokens
    return nll / num_tokens


def _decode_greedily(
    model: Seq2Seq, split: Split, *, tgt_pieces: Pieces, decoding: DecodingSettings
) -> list[str]:
    greedy = decoding.model_copy(update={"beam_size": 1, "n_best": 1, "sample": False})
    lengths = split.src.lengths
    order = sorted(range(len(lengths)), key=lambda i: -int(lengths[i]))
    hyps = [""] * len(order)
    for start in range(0, len(order), DECODE_BATCH):
        rows = order[start : start + DECODE_BATCH]
        found = search_ids(model, [split.src[i].tolist() for i in rows], decoding=greedy)
        for i, (best, *_) in zip(rows, found, strict=True):
            hyps[i] = tgt_pieces.decode(best.ids)
    return hyps
