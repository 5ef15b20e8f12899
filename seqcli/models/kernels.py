"""The functions of steps.py, and a few more, compiled from the C sources beside it.

Place: compiling.py -> **compiled steps** -> recurrence.py, loss, search. Each goes over its tensors
once where torch's operations go over them ten times, and lets other threads run meanwhile. Where
there is no compiler, or no fit tensors, torch's operations do the same.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor

from seqcli.compiling import find_libraries
from seqcli.models.shortlist import PieceLists
from seqcli.models.steps import TORCH_STEPS, Steps

CELLS = ("rnn", "lstm", "gru", "gru-cudnn")  # by their numbers in running.c
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}  # of the products


@dataclass(frozen=True)
class Kernels:
    """What was compiled for one dtype of the products."""

    steps: Steps
    library: ctypes.CDLL

    def accumulate(self, total: Tensor, part: Tensor) -> None:
        """Add a matrix in the dtype of the products to an fp32 one."""
        _call(self.library.accumulate, total.shape[1], None, total, part)

    def softmax_excess(
        self, logits: Tensor, gold: Tensor, smoothing: Tensor, bias_grad: Tensor
    ) -> Tensor:
        """Turn logits, in place, into the gradient of the smoothed cross-entropy by them.

        Args:
            logits: (rows, vocab).
            gold: Right ids, (rows,).
            smoothing: Smoothed gold probability of every piece, and what gold has more, (1, 2).
            bias_grad: The sum over the rows is added to it, (1, vocab).

        Returns:
            log p of gold, and the mean of log p over all pieces, (rows, 2).
        """
        likelihoods = bias_grad.new_empty(len(logits), 2)
        exps = torch.empty_like(bias_grad)
        tensors = (logits, gold, smoothing, exps, bias_grad, likelihoods)
        _call(self.library.softmax_excess, logits.shape[1], None, *tensors)
        return likelihoods

    def softmax_excess_of_two(
        self, logits: Tensor, others: Tensor, gold: Tensor, smoothing: Tensor, bias_grad: Tensor
    ) -> Tensor:
        """Do the same for two passes over the same positions that shall agree.

        Args:
            logits: Of one pass, (rows, vocab).
            others: Of the other pass, (rows, vocab).
            gold: Right ids, (rows,).
            smoothing: As for one pass, and the weight of the agreement, (1, 3).
            bias_grad: The sum over the rows of both is added to it, (1, vocab).

        Returns:
            The same, as means over both, and the divergence of both ways, (rows, 3).
        """
        likelihoods = bias_grad.new_empty(len(logits), 3)
        exps = bias_grad.new_empty(2, logits.shape[1])
        tensors = (logits, others, gold, smoothing, exps, bias_grad, likelihoods)
        _call(self.library.softmax_excess_of_two, logits.shape[1], None, *tensors)
        return likelihoods

    def as_bytes(self, x: Tensor) -> Tensor:
        """Return values within -1 and 1 as round(127 x) + 128, (rows, width)."""
        whole = torch.empty_like(x, dtype=torch.uint8)
        _call(self.library.as_bytes, x.shape[1], None, x, whole)
        return whole

    def runs_layers(self) -> bool:
        """Tell whether ``run_layer`` is there: it needs instructions for products of bytes."""
        return bool(self.library.can_run_layers())

    def run_layer(
        self,
        cell: str,
        state: tuple[Tensor, ...],
        x_part: Tensor,
        is_real: Tensor | None,
        weights: Sequence[tuple[Tensor, Tensor, Tensor]],
        bias: Tensor | None,
        outputs: Tensor | None,
        *,
        backwards: bool,
    ) -> None:
        """Run a recurrent layer over a sequence; products are of bytes, weights packed for them.

        Args:
            cell: Its kind.
            state: h in fp32, h in the dtype of the products, and c of an LSTM, (rows, hidden) each,
                contiguous; what it is afterwards is written there.
            x_part: Input products, (steps, rows, gates * hidden).
            is_real: Bool, (steps, rows, 1), or None if no step is padding.
            weights: Of each product packed weights, zeros and scales; the cell has one or two.
            bias: Of gru-cudnn, in the dtype of the products, (hidden,).
            outputs: Takes h of every step, (steps, rows, hidden), if given.
            backwards: Whether to begin at the end.
        """
        h, narrow_h, *rest = state
        rows, hidden = h.shape
        steps, _, width = x_part.shape
        for part in (x_part, outputs, is_real):
            in_order = part is None or rows == 1 or part.stride(0) == rows * part.stride(1)
            assert in_order, "steps lie one after another"
        first, second = weights[0], weights[1] if len(weights) > 1 else (None, None, None)
        shape = _numbers(steps, CELLS.index(cell), int(backwards))
        scratch = (
            h.new_empty(rows, width + 3 * hidden),
            narrow_h.new_empty(rows, width + hidden),
            h.new_empty(rows, -(-hidden // 4) * 4, dtype=torch.uint8),
        )
        tensors = (h, rest[0] if rest else None, narrow_h, x_part, is_real, outputs)
        _call(
            self.library.run_layer, hidden, None, *tensors, *first, *second, bias, shape, *scratch
        )

    def attend(
        self,
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        lengths: Tensor,
        places: Tensor,
        *,
        heads: int,
    ) -> Tensor:
        """Return what ``attention.attend`` reads for dot products, beside the queries.

        Args:
            queries: Decoder states, fp32, (rows, hidden); those of a sentence side by side.
            keys: (batch, src_len, hidden).
            values: (batch, src_len, hidden).
            lengths: Real pieces of each sentence, (batch,).
            places: Which of these sentences ask, (sentences,).
            heads: Each looks with its part of the units.

        Returns:
            [query; context], (rows, 2 * hidden).
        """
        rows, hidden = queries.shape
        shape = _numbers(rows // len(places), heads)
        weights, sums = queries.new_empty(1, keys.shape[1]), queries.new_empty(1, hidden)
        read = keys.new_empty(rows, 2 * hidden)
        tensors = (queries, keys, values, lengths, places, shape, weights, sums, read)
        _call(self.library.attend, hidden, None, *tensors)
        return read

    def best_pieces(self, logits: Tensor, keep: int) -> tuple[Tensor, Tensor]:
        """Return the log-probabilities of the likeliest pieces, and the pieces, (rows, keep) each.

        Args:
            logits: (rows, vocab).
            keep: How many, at most vocab; the likeliest comes first, of equal ones the first.
        """
        rows, vocab = logits.shape
        log_probs = logits.new_empty(rows, keep, dtype=torch.float32)
        pieces = logits.new_empty(rows, keep, dtype=torch.long)
        tops = log_probs.new_empty(1, vocab)
        tensors = (logits, tops, _numbers(keep), log_probs, pieces)
        _call(self.library.best_pieces, vocab, None, *tensors)
        return log_probs, pieces

    def best_listed(
        self,
        x: Tensor,
        weight: Tensor,
        scales: Tensor,
        shifts: Tensor,
        lists: PieceLists,
        keep: int,
    ) -> tuple[Tensor, Tensor]:
        """Return ``best_pieces`` of x @ weight.t(), scaled and shifted, among the listed pieces.

        Args:
            x: Bytes, or in the dtype of the products, (rows, in); rows of a sentence side by side.
            weight: int8, or in the dtype of the products, (vocab, in).
            scales: fp32, (1, vocab).
            shifts: fp32, (1, vocab).
            lists: What each sentence may say.
            keep: How many.
        """
        rows = len(x)
        beams = rows // len(lists.bounds)
        log_probs = scales.new_empty(rows, keep)
        pieces = lists.pieces.new_empty(rows, keep)
        scores = scales.new_empty(beams, lists.most)
        shape = _numbers(beams, keep)
        function = self.library.best_of_bytes if x.dtype == torch.uint8 else self.library.best_of
        tensors = (x, weight, scales, shifts, lists.pieces[None], lists.bounds, shape)
        _call(function, x.shape[1], None, *tensors, scores, log_probs, pieces)
        return log_probs, pieces


_loaded: dict[torch.dtype, Kernels] = {}


def use_compiled_kernels(wanted: bool) -> str:
    """Compile the kernels, or forget them; they serve the whole process.

    Args:
        wanted: Whether to have them if that is possible.

    Returns:
        What will be used and why, for a person: ``compiled by gcc``, or ``torch's operations, as
        ...``.
    """
    _loaded.clear()
    if not wanted:
        return "torch's operations, as asked for"
    libraries = find_libraries()
    _loaded.update(
        {DTYPES[kind]: _wrap(library) for kind, library in libraries.by_precision.items()}
    )
    return libraries.said


def have_compiled_kernels() -> None:
    """Compile the kernels unless they are there, if that is possible."""
    if not _loaded:
        use_compiled_kernels(True)


def compiled_for(tensor: Tensor) -> Kernels | None:
    """Return the kernels for products like a tensor, or None: take torch's operations."""
    return _loaded.get(tensor.dtype) if tensor.device.type == "cpu" else None


def steps_for(tensor: Tensor) -> Steps:
    """Return the fastest steps for products like a tensor."""
    compiled = compiled_for(tensor)
    return TORCH_STEPS if compiled is None else compiled.steps


@lru_cache(maxsize=1024)
def _numbers(*values: int) -> Tensor:
    """Return whole numbers as a kernel takes them; the same few are asked for at every step."""
    return torch.tensor(values)


def _wrap(library: ctypes.CDLL) -> Kernels:
    steps = Steps(**{f.name: partial(_call, getattr(library, f.name)) for f in fields(Steps)})
    return Kernels(steps, library)


def _call(function: Any, hidden: int, is_real: Tensor | None, *tensors: Tensor | None) -> None:
    """Call a C function: rows, hidden, is_real, then address and row stride of each tensor."""
    first = tensors[0]
    assert first is not None
    assert is_real is None or is_real.is_contiguous()
    arguments = [first.shape[0], hidden, None if is_real is None else is_real.data_ptr()]
    for tensor in tensors:
        if tensor is None:
            arguments += None, 0
        else:
            row, unit = tensor.stride()[0], tensor.stride()[-1]
            assert unit == 1, "a row must be one block of memory"
            arguments += tensor.data_ptr(), row
    if function.argtypes is None:  # so that ctypes turns plain numbers into its own
        pairs = [ctypes.c_void_p, ctypes.c_int64] * len(tensors)
        function.argtypes = [ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p, *pairs]
    function(*arguments)
