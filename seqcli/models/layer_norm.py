"""Layer normalisation of the sums inside the gates, over the units of each gate.

Place: sums of products -> **layer norm** -> nonlinearity of the gate.

Source: Ba et al. 2016, Layer Normalization, equation 4: f[g/σ ∘ (a - μ) + b] with a the sum that
enters a nonlinearity; gate by gate, as in RNMT+ (Chen et al. 2018, section 3.1).
Axes: batch = sentences, hidden = units, gates = number of affine maps in the cell.
"""

from __future__ import annotations

import torch
from torch import Tensor

EPSILON = 1e-5


def normalize(sums: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
    """Return the normalised sums of some gates: the readable form, for ``cells.py``.

    Args:
        sums: (batch, gates, hidden).
        gain: g, (gates, hidden).
        shift: b, (gates, hidden).
    """
    centred = sums - sums.mean(dim=-1, keepdim=True)
    deviation = (centred.square().mean(dim=-1, keepdim=True) + EPSILON).sqrt()
    return gain * centred / deviation + shift


class LayerNormRun:
    """The same for all steps of a sequence, with its gradients."""

    def __init__(self, gain: Tensor, shift: Tensor, *, length: int, batch: int, gates: int) -> None:
        """Start before the first step.

        Args:
            gain: g, (gates * hidden,).
            shift: b, (gates * hidden,).
            length: Steps.
            batch: Sentences.
            gates: Gates of the cell.
        """
        wide = torch.promote_types(gain.dtype, torch.float32)
        self._gain, self._shift = gain.to(wide).view(gates, -1), shift.to(wide).view(gates, -1)
        self._normal = self._gain.new_empty(length, batch, *self._gain.shape)
        self._scale = self._gain.new_empty(length, batch, gates, 1)
        self.step = 0
        self.forget_grads()

    def forget_grads(self) -> None:
        """Start before the last step of the way back."""
        self.gain_grad = torch.zeros_like(self._gain)
        self.shift_grad = torch.zeros_like(self._shift)

    def forward_(self, sums: Tensor, first: int) -> None:
        """Normalise, in place, the sums of the gates from ``first`` on, (batch, some * hidden)."""
        hidden = self._gain.shape[1]
        some = slice(first, first + sums.shape[1] // hidden)
        split = sums.view(len(sums), -1, hidden)
        normal, _, scale = torch.native_layer_norm(split, (hidden,), None, None, EPSILON)
        self._normal[self.step, :, some], self._scale[self.step, :, some] = normal, scale
        torch.addcmul(self._shift[some], normal, self._gain[some], out=split)

    def backward_(self, grads: Tensor, first: int) -> None:
        """Turn gradients by what ``forward_`` gave, in place, into those by what it was given."""
        hidden = self._gain.shape[1]
        some = slice(first, first + grads.shape[1] // hidden)
        normal, scale = self._normal[self.step, :, some], self._scale[self.step, :, some]
        split = grads.view(len(grads), -1, hidden)
        self.shift_grad[some] += split.sum(dim=0)
        self.gain_grad[some] += (split * normal).sum(dim=0)
        split *= self._gain[some]
        along = (split * normal).mean(dim=-1, keepdim=True)
        split -= split.mean(dim=-1, keepdim=True)
        split -= normal * along
        split *= scale
