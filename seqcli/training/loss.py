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

from seqcli.models.kernels import compiled_for
from seqcli.models.products import linear, outer_sum, times
from seqcli.pieces import PAD_ID

CHUNK_ENTRIES = 4_000_000  # logits made at a time; larger gains nothing once the cache is full


class _OutputCrossEntropy(torch.autograd.Function):
    """Output layer, softmax, smoothed cross-entropy, and the gradients of all three."""

    @staticmethod
    def forward(
        ctx: Any,
        all_readouts: Tensor,
        weight: Tensor,
        bias: Tensor,
        gold: Tensor,
        smoothing: float,
        scale: float,
        agreement: float,
    ) -> tuple[Tensor, Tensor]:
        is_real = gold != PAD_ID
        has_padding = not bool(is_real.all())
        readouts = all_readouts[is_real] if has_padding else all_readouts
        gold = gold[is_real] if has_padding else gold
        make = _AgreeingOutputLayer if agreement else _OutputLayer
        layer = make(readouts, weight, bias, smoothing, agreement)
        work = layer.learn if any(ctx.needs_input_grad) else layer.score
        size = max(1, CHUNK_ENTRIES // (weight.shape[0] * layer.passes))
        gold = gold[: len(gold) // layer.passes]
        found = readouts.new_zeros(3, dtype=layer.wide)
        for start in range(0, len(gold), size):
            chunk = slice(start, start + size)
            found += work(chunk, gold[chunk])
        nll, uniform, divergence = -found[0], -found[1], found[2]
        if any(ctx.needs_input_grad):
            readout_grad, weight_grad, bias_grad = layer.grads(scale)
            if has_padding:
                grad_of_real = readout_grad
                readout_grad = torch.zeros_like(all_readouts)
                readout_grad[is_real] = grad_of_real
            ctx.save_for_backward(readout_grad, weight_grad, bias_grad)
        ctx.mark_non_differentiable(nll)
        smoothed = (1 - smoothing) * nll + smoothing * uniform + agreement / 4 * divergence
        return scale * smoothed, nll

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        if float(grad) == 1:  # as when the loss is what backward() is called on
            return (*ctx.saved_tensors, None, None, None, None)
        return (*(part * grad.to(part.dtype) for part in ctx.saved_tensors), *(None,) * 4)


class _OutputLayer:
    """The output layer on some rows after others, and the sum of its gradients.

    The gradient of the loss by the logits, here called excess, is softmax minus the smoothed gold
    distribution.
    """

    passes = 1  # over the same positions

    def __init__(
        self, readouts: Tensor, weight: Tensor, bias: Tensor, smoothing: float, agreement: float
    ) -> None:
        self.readouts = readouts
        self.weight, self.bias = weight.to(readouts.dtype), bias.to(readouts.dtype)
        self.wide = torch.promote_types(readouts.dtype, torch.float32)
        self.kernels = compiled_for(readouts)
        floor = smoothing / weight.shape[0]
        self.smoothing = torch.tensor([[floor, 1 - smoothing, agreement]], dtype=self.wide)
        self.readout_grad = torch.empty_like(readouts)
        self.weight_grad: Tensor | None = None
        self.bias_grad = torch.zeros_like(bias, dtype=self.wide)[None]  # (1, vocab)

    def logits(self, chunk: slice) -> Tensor:
        """Return the scores of every piece, (rows, vocab)."""
        return linear(self.readouts[chunk], self.weight, self.bias)

    def score(self, chunk: slice, gold: Tensor) -> Tensor:
        """Return the sums over the rows of log p of gold, of the mean of log p, and 0, (3,)."""
        log_probs = self.logits(chunk).to(self.wide).log_softmax(dim=-1)
        gold_log_probs = log_probs.gather(1, gold[:, None])
        sums = [gold_log_probs.sum(), log_probs.mean(dim=-1).sum()]
        return torch.stack([*sums, sums[0].new_zeros(())])

    def learn(self, chunk: slice, gold: Tensor) -> Tensor:
        """Return the same, and add up the gradients."""
        logits = self.logits(chunk)
        if self.kernels is not None:
            found = self.kernels.softmax_excess(logits, gold, self.smoothing, self.bias_grad)
        else:
            logits, found = self._softmax_excess(logits, gold)
        times(logits, self.weight, out=self.readout_grad[chunk])
        self._add_weight_grad(outer_sum(logits, self.readouts[chunk]))
        sums: Tensor = torch.cat([found.sum(dim=0), found.new_zeros(1)])
        return sums

    def _add_weight_grad(self, weight_grad: Tensor) -> None:
        if self.weight_grad is None:
            self.weight_grad = weight_grad.to(self.wide)
        elif self.kernels is not None and weight_grad.dtype != self.wide:
            self.kernels.accumulate(self.weight_grad, weight_grad)
        else:
            self.weight_grad += weight_grad

    def _softmax_excess(self, logits: Tensor, gold: Tensor) -> tuple[Tensor, Tensor]:
        """Do the same as ``Kernels.softmax_excess``, but not in place.

        The likelihoods are read off p as it is stored: in bf16 log p is then right to about 0.004
        nats, without bias.
        """
        floor, more, _ = self.smoothing[0].tolist()
        gold_logits = logits.gather(1, gold[:, None]).to(self.wide)
        mean_logits = logits.mean(dim=-1, keepdim=True, dtype=self.wide)
        probs = logits.softmax(dim=-1)
        gold_probs = probs.gather(1, gold[:, None]).to(self.wide)
        log_gold = gold_probs.log()
        lost = (gold_probs < torch.finfo(self.wide).tiny)[:, 0]
        if lost.any():  # too small to be stored
            log_totals = logits[lost].to(self.wide).logsumexp(dim=-1, keepdim=True)
            log_gold[lost] = gold_logits[lost] - log_totals
        probs -= floor
        probs.scatter_add_(1, gold[:, None], probs.new_full((len(gold), 1), -more))
        self.bias_grad += probs.sum(dim=0, dtype=self.wide)
        return probs, torch.cat([log_gold, mean_logits - gold_logits + log_gold], dim=1)

    def grads(self, scale: float) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients by readouts, weight and bias, times scale."""
        if self.weight_grad is None:  # no rows
            self.weight_grad = torch.zeros_like(self.weight, dtype=self.wide)
        return self.readout_grad * scale, self.weight_grad.mul_(scale), self.bias_grad[0] * scale


class _AgreeingOutputLayer(_OutputLayer):
    """The same for two passes, the first and second half of the rows, pulled together."""

    passes = 2

    def logits(self, chunk: slice) -> Tensor:
        """Return the scores of every piece, of both passes, (2 * rows, vocab)."""
        return linear(self._of_both(self.readouts, chunk).flatten(0, 1), self.weight, self.bias)

    def _of_both(self, rows: Tensor, chunk: slice) -> Tensor:
        """Return the chunk's rows of both passes, (2, rows, width)."""
        return rows.view(2, -1, rows.shape[1])[:, chunk]

    def score(self, chunk: slice, gold: Tensor) -> Tensor:
        """Return the sums of log p of gold, of the mean of log p, and of the divergence, (3,)."""
        first, second = self.logits(chunk).to(self.wide).log_softmax(dim=-1).chunk(2)
        mean: Tensor = (first + second) / 2
        divergence = ((first.exp() - second.exp()) * (first - second)).sum()
        sums = [mean.gather(1, gold[:, None]).sum(), mean.mean(dim=-1).sum(), divergence]
        return torch.stack(sums)

    def learn(self, chunk: slice, gold: Tensor) -> Tensor:
        """Return the same, and add up the gradients."""
        logits = self.logits(chunk)
        if self.kernels is not None:
            first, second = logits.chunk(2)
            found = self.kernels.softmax_excess_of_two(
                first, second, gold, self.smoothing, self.bias_grad
            ).sum(dim=0)
        else:
            found = self.score(chunk, gold)
            logits = self._excess_of_both(logits, gold)
        self._of_both(self.readout_grad, chunk).copy_(
            times(logits, self.weight).unflatten(0, (2, -1))
        )
        readouts = self._of_both(self.readouts, chunk).flatten(0, 1)
        self._add_weight_grad(outer_sum(logits, readouts))
        return found

    def _excess_of_both(self, logits: Tensor, gold: Tensor) -> Tensor:
        """Return the gradient by logits: what ``Kernels.softmax_excess_of_two`` says."""
        floor, more, agreement = self.smoothing[0].tolist()
        log_probs = logits.to(self.wide).log_softmax(dim=-1).unflatten(0, (2, -1))
        probs = log_probs.exp()
        apart = log_probs - log_probs.flip(0)
        divergence = (probs * apart).sum(dim=-1, keepdim=True)
        excess = probs / 2 - floor / 2
        excess += agreement / 4 * (probs * (apart - divergence) + probs - probs.flip(0))
        index = gold[None, :, None].expand(2, -1, 1)
        excess.scatter_add_(2, index, torch.full_like(index, -more / 2, dtype=self.wide))
        self.bias_grad += excess.sum(dim=(0, 1))
        narrow: Tensor = excess.flatten(0, 1).to(logits.dtype)
        return narrow


def output_cross_entropy(
    readouts: Tensor,
    weight: Tensor,
    bias: Tensor,
    gold: Tensor,
    *,
    label_smoothing: float,
    scale: float = 1.0,
    agreement: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Return the summed losses of predicting gold from readouts.

    Source: label smoothing of Szegedy et al. 2016, section 7: the gold distribution is
    (1 - label_smoothing) on the gold piece and label_smoothing spread evenly over all pieces.
    Agreement of two passes: Liang et al. 2021, R-Drop, equation 4, halved, so that the loss has the
    size of one pass.

    Args:
        readouts: What the decoder says of each position, (rows, readout).
        weight: Output layer, (vocab, readout).
        bias: Output layer, (vocab,).
        gold: Right ids, (rows,); rows whose id is PAD_ID add nothing.
        label_smoothing: From 0 up to, not including, 1.
        scale: Factor of the smoothed loss.
        agreement: R-Drop's alpha. Above 0 the second half of the rows is another pass over the
            positions of the first; losses are means over both, and the mean of KL(p||q) and
            KL(q||p) of their distributions, times agreement / 2, is part of the smoothed loss.

    Returns:
        The smoothed loss, which has a gradient, and the plain negative log-likelihood of gold,
        which has none; both summed over the rows, in nats.
    """
    if not torch.is_grad_enabled():  # inside the function it never is, so it cannot tell
        readouts, weight, bias = readouts.detach(), weight.detach(), bias.detach()
    losses: tuple[Tensor, Tensor] = _OutputCrossEntropy.apply(  # type: ignore[no-untyped-call]
        readouts, weight, bias, gold, label_smoothing, scale, agreement
    )
    return losses
