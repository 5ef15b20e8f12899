"""Readouts and gold ids -> label-smoothed cross-entropy, output layer included.

Place: model -> **loss** -> gradients. A vocabulary is wide, so the logits of a batch are the
largest thing that training makes. Here they are made for a few rows at a time, and loss and
gradient are computed while they are still in the cache; they are never all in memory.
Axes: rows = target positions, vocab = target pieces.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from seqcli.pieces import PAD_ID

CHUNK_ENTRIES = 4_000_000  # logits made at a time; larger gains nothing once the cache is full


class _OutputCrossEntropy(torch.autograd.Function):
    """Output layer, softmax, smoothed cross-entropy, and the gradients of all three."""

    @staticmethod
    def forward(
        ctx: Any, readouts: Tensor, weight: Tensor, bias: Tensor, gold: Tensor, smoothing: float
    ) -> tuple[Tensor, Tensor]:
        needs_grad = any(ctx.needs_input_grad)
        narrow_weight, narrow_bias = weight.to(readouts.dtype), bias.to(readouts.dtype)
        wide = torch.promote_types(readouts.dtype, torch.float32)
        nll, uniform = readouts.new_zeros((), dtype=wide), readouts.new_zeros((), dtype=wide)
        grads = torch.empty_like(readouts), torch.zeros_like(weight), torch.zeros_like(bias)
        size = max(1, CHUNK_ENTRIES // weight.shape[0])
        for start in range(0, len(readouts), size):
            chunk = slice(start, start + size)
            logits = torch.addmm(narrow_bias, readouts[chunk], narrow_weight.t())
            log_gold, log_mean, probs = _log_likelihoods(logits, gold[chunk], wide, needs_grad)
            is_real = gold[chunk] != PAD_ID
            nll -= log_gold[is_real].sum()
            uniform -= log_mean[is_real].sum()
            if probs is not None:
                _add_gradients(grads, chunk, readouts, narrow_weight, probs, gold[chunk], smoothing)
        ctx.save_for_backward(*grads)
        ctx.mark_non_differentiable(nll)
        return (1 - smoothing) * nll + smoothing * uniform, nll

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        scale = grads[0]
        return (*(grad * scale.to(grad.dtype) for grad in ctx.saved_tensors), None, None)


def _log_likelihoods(
    logits: Tensor, gold: Tensor, wide: torch.dtype, needs_probs: bool
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return log p of gold, the mean of log p over all pieces, (rows,), and p if it is needed.

    When p is needed it stays in the dtype of the logits, and the likelihoods are read off it: in
    bf16 a log p is then right to about 0.004 nats, without bias.
    """
    gold_logits = logits.gather(1, gold[:, None]).squeeze(1).to(wide)
    mean_logits = logits.mean(dim=-1, dtype=wide)
    if not needs_probs:
        log_total = logits.to(wide).logsumexp(dim=-1)
        return gold_logits - log_total, mean_logits - log_total, None
    largest, index = logits.max(dim=-1, keepdim=True)
    probs = logits.softmax(dim=-1)
    log_total = (largest.to(wide) - probs.gather(1, index).to(wide).log()).squeeze(1)
    return gold_logits - log_total, mean_logits - log_total, probs


def _add_gradients(
    grads: tuple[Tensor, Tensor, Tensor],
    chunk: slice,
    readouts: Tensor,
    weight: Tensor,
    probs: Tensor,
    gold: Tensor,
    smoothing: float,
) -> None:
    """Add a chunk's share to the gradients; overwrites probs.

    The gradient of the loss by the logits is softmax minus the smoothed gold distribution.
    """
    readout_grad, weight_grad, bias_grad = grads
    excess = probs.sub_(smoothing / weight.shape[0]) if smoothing else probs
    rows = torch.arange(len(gold), device=gold.device)
    excess[rows, gold] -= 1 - smoothing
    excess[gold == PAD_ID] = 0
    bias_grad += excess.sum(dim=0, dtype=bias_grad.dtype)
    torch.mm(excess, weight, out=readout_grad[chunk])
    weight_grad += excess.t() @ readouts[chunk]


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
        gold: Right ids, (rows,); rows whose id is PAD_ID add nothing.
        label_smoothing: From 0 up to, not including, 1.

    Returns:
        The smoothed loss, which has a gradient, and the plain negative log-likelihood of gold,
        which has none; both summed over the rows, in nats.
    """
    if not torch.is_grad_enabled():  # inside the function it never is, so it cannot tell
        readouts, weight, bias = readouts.detach(), weight.detach(), bias.detach()
    losses: tuple[Tensor, Tensor] = _OutputCrossEntropy.apply(  # type: ignore[no-untyped-call]
        readouts, weight, bias, gold, label_smoothing
    )
    return losses
