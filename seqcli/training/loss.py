"""Readouts and gold ids -> label-smoothed cross-entropy, output layer included.

Place: model -> **loss** -> gradients. A vocabulary is wide, so the logits of a batch are the
largest thing that training makes. Here they are made for a few rows at a time, and loss and
gradient are computed while they are still in the cache; they are never all in memory.
Axes: rows = target positions that are no padding, vocab = target pieces.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

CHUNK_ENTRIES = 4_000_000  # logits made at a time; larger gains nothing once the cache is full


class _OutputCrossEntropy(torch.autograd.Function):
    """Output layer, softmax, smoothed cross-entropy, and the gradients of all three."""

    @staticmethod
    def forward(
        ctx: Any, readouts: Tensor, weight: Tensor, bias: Tensor, gold: Tensor, smoothing: float
    ) -> tuple[Tensor, Tensor]:
        vocab = weight.shape[0]
        narrow_weight, narrow_bias = weight.to(readouts.dtype), bias.to(readouts.dtype)
        wide = torch.promote_types(readouts.dtype, torch.float32)
        nll, uniform = readouts.new_zeros((), dtype=wide), readouts.new_zeros((), dtype=wide)
        needs_grad = any(ctx.needs_input_grad)
        grads = torch.empty_like(readouts), torch.zeros_like(weight), torch.zeros_like(bias)
        for rows in torch.arange(len(readouts)).split(max(1, CHUNK_ENTRIES // vocab)):
            chunk = slice(int(rows[0]), int(rows[-1]) + 1)
            logits = torch.addmm(narrow_bias, readouts[chunk], narrow_weight.t())
            log_probs = logits.log_softmax(dim=-1, dtype=wide)  # (rows, vocab)
            nll -= log_probs.gather(1, gold[chunk, None]).sum()
            if smoothing:
                uniform -= log_probs.sum() / vocab
            if needs_grad:
                _add_gradients(
                    grads, chunk, readouts, narrow_weight, log_probs, gold[chunk], smoothing
                )
        ctx.save_for_backward(*grads)
        ctx.mark_non_differentiable(nll)
        return (1 - smoothing) * nll + smoothing * uniform, nll

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        scale = grads[0]
        readout_grad, weight_grad, bias_grad = ctx.saved_tensors
        return (
            readout_grad * scale.to(readout_grad.dtype),
            weight_grad * scale.to(weight_grad.dtype),
            bias_grad * scale.to(bias_grad.dtype),
            None,
            None,
        )


def _add_gradients(
    grads: tuple[Tensor, Tensor, Tensor],
    chunk: slice,
    readouts: Tensor,
    weight: Tensor,
    log_probs: Tensor,
    gold: Tensor,
    smoothing: float,
) -> None:
    """Add a chunk's share to the gradients; overwrites log_probs.

    The gradient of the loss by the logits is softmax minus the smoothed gold distribution.
    """
    readout_grad, weight_grad, bias_grad = grads
    excess = log_probs.exp_()
    if smoothing:
        excess -= smoothing / weight.shape[0]
    rows = torch.arange(len(gold), device=gold.device)
    excess[rows, gold] -= 1 - smoothing
    bias_grad += excess.sum(dim=0).to(bias_grad.dtype)
    narrow = excess.to(readouts.dtype)
    torch.mm(narrow, weight, out=readout_grad[chunk])
    weight_grad += narrow.t() @ readouts[chunk]


def output_cross_entropy(
    readouts: Tensor, weight: Tensor, bias: Tensor, gold: Tensor, *, label_smoothing: float
) -> tuple[Tensor, Tensor]:
    """Return the summed losses of predicting gold from readouts.

    Source: label smoothing of Szegedy et al. 2016, section 7: the gold distribution is
    (1 - label_smoothing) on the gold piece and label_smoothing spread evenly over all pieces.

    Args:
        readouts: What the decoder says of each position, (rows, readout).
        weight: Output layer, (vocab, readout).
        bias: Output layer, (vocab,).
        gold: Right ids, (rows,).
        label_smoothing: From 0 up to, not including, 1.

    Returns:
        The smoothed loss, which has a gradient, and the plain negative log-likelihood of gold,
        which has none; both summed over the rows, in nats.
    """
    losses: tuple[Tensor, Tensor] = _OutputCrossEntropy.apply(
        readouts, weight, bias, gold, label_smoothing
    )
    return losses
