"""A trained model and sentences of one length -> dL/dh_t at every step of encoder and decoder.

Place: run directory, data directory -> **RunGradients** -> views.
The model is run by the readable cells of models/cells.py, step by step and in float64, so that
every hidden state is a tensor of its own that autograd can say the gradient of.
Axes: src_len, tgt_len = time steps; batch = sentences; hidden = units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from seqcli.batches import Batch, collate
from seqcli.dataset import Split
from seqcli.errors import CorpusError
from seqcli.insight.backward import (
    Course,
    Verdict,
    course_of,
    judge,
    norms_of,
    spectral_radii,
    watch,
)
from seqcli.models import Seq2Seq
from seqcli.models.cells import State
from seqcli.models.encoder import Encoded, Encoder
from seqcli.models.recurrence import RecurrentLayer
from seqcli.models.seq2seq import Reading
from seqcli.pieces import PAD_ID
from seqcli.weights import load_model


@dataclass(frozen=True)
class LayerGradients:
    """One recurrent layer in one direction; t = 1 to its last step."""

    part: str  # encoder or decoder
    layer: int  # counted from 1
    direction: str  # forward or backward
    h: Course  # |dL/dh_t|, c_t held
    c: Course | None  # |dL/dc_t|, h_t held; None in a cell without c
    state: Course  # |dL/ds_t| with s = (h, c), or h alone
    sentences: tuple[int, ...]  # that have step t
    spectral_radius: dict[str, float]  # of W_hh, by gate
    verdict: Verdict  # of ``state``, in the order in which the gradient passes

    @property
    def name(self) -> str:
        """Which it is, in words."""
        way = "" if self.direction == "forward" else ", backward"
        return f"{self.part} layer {self.layer}{way}"


@dataclass(frozen=True)
class RunGradients:
    """Gradients through time in a trained model."""

    run_dir: str
    cell: str
    attention: str
    text: str
    src_length: int  # pieces, with the end mark
    sentences: int
    loss_of: str  # all target pieces, or the last
    layers: tuple[LayerGradients, ...]


def follow_run(
    run_dir: Path, split: Split, *, length: int | None, sentences: int, loss_of: str
) -> RunGradients:
    """Follow the gradient of a run's loss back through time.

    A sentence's loss is the mean negative log-likelihood of its target pieces, gold being fed, or
    that of its last one: then all that reaches earlier steps has come through time.

    Args:
        run_dir: The run.
        split: Ids of sentences.
        length: Source pieces of those that are taken, with the end mark; None for the commonest
            length in the longer half.
        sentences: At most so many of them.
        loss_of: ``all`` or ``last``.

    Raises:
        CheckpointError: If the run cannot be read.
        CorpusError: If no sentence has this length.
    """
    model, _, settings = load_model(run_dir)
    model = model.double().eval()
    rows = choose_rows([int(each) + 1 for each in split.src.lengths], length)[:sentences]
    batch = collate([(split.src[i], split.tgt[i]) for i in rows])
    layers = follow_batch(model, batch, loss_of=loss_of)
    return RunGradients(
        run_dir=str(run_dir),
        cell=settings.model.cell,
        attention=settings.model.attention,
        text=split.name,
        src_length=int(batch.src.shape[1]),
        sentences=len(rows),
        loss_of=loss_of,
        layers=tuple(layers),
    )


def choose_rows(lengths: Sequence[int], length: int | None) -> list[int]:
    """Return the numbers of the sentences of one length.

    Raises:
        CorpusError: If there are none.
    """
    if not lengths:
        raise CorpusError("this set of the run's data has no sentence; choose another with --split")
    if length is None:
        longer = sorted(lengths)[len(lengths) // 2 :]
        length = max(sorted(set(longer)), key=longer.count)
    rows = [row for row, each in enumerate(lengths) if each == length]
    if not rows:
        nearest = sorted(set(lengths), key=lambda each: (abs(each - length), each))[:2]
        raise CorpusError(
            f"no sentence has {length} source pieces (with the end mark); the nearest lengths are "
            f"{' and '.join(map(str, nearest))}"
        )
    return rows


def follow_batch(model: Seq2Seq, batch: Batch, *, loss_of: str) -> list[LayerGradients]:
    """Follow the gradient through every layer of a model.

    Args:
        model: In float64 and evaluation mode.
        batch: Its sources have one length.
        loss_of: ``all`` or ``last`` of the target pieces.
    """
    model.requires_grad_(True)
    reading, read = read_by_steps(model, batch)
    logits, written = _write_by_steps(model, reading, batch.tgt_in)
    is_real = batch.tgt_out != PAD_ID  # (batch, tgt_len)
    nll = functional.cross_entropy(logits.transpose(1, 2), batch.tgt_out, reduction="none")
    lengths = is_real.sum(dim=1)
    if loss_of == "last":
        losses = nll.gather(1, lengths[:, None] - 1)[:, 0]
    else:
        losses = nll.masked_fill(~is_real, 0.0).sum(dim=1) / lengths
    losses.sum().backward()
    everywhere = torch.ones(batch.src.t().shape, dtype=torch.bool)
    layers = [
        _sum_up("encoder", number, direction, layer, states, everywhere)
        for number, direction, layer, states in read
    ]
    for number, layer in enumerate(model.decoder.layers, start=1):
        states = [of_step[number - 1] for of_step in written]
        assert isinstance(layer, RecurrentLayer)
        layers.append(_sum_up("decoder", number, "forward", layer, states, is_real.t()))
    model.zero_grad(set_to_none=True)
    return layers


_Read = list[tuple[int, str, RecurrentLayer, list[State]]]


def read_by_steps(model: Seq2Seq, batch: Batch) -> tuple[Reading, _Read]:
    """Read sources as ``Seq2Seq.read`` does, and keep the state of every step.

    Args:
        model: In evaluation mode.
        batch: Its sources have one length.
    """
    encoder: Encoder = model.encoder
    outputs = model.src_embedding(batch.src.t()) * model.emb_scale  # (src_len, batch, emb)
    found: _Read = []
    last: list[State] = []
    for number, directions in enumerate(encoder.layers, start=1):
        each = []
        for way, layer in zip(
            ("forward", "backward"),
            cast("list[RecurrentLayer]", list(directions.children())),
            strict=False,
        ):
            states = _read_one_way(layer, outputs if way == "forward" else outputs.flip(0))
            in_order = states if way == "forward" else states[::-1]
            each.append((states[-1], torch.stack([state[0] for state in in_order])))
            found.append((number, way, layer, in_order))
        read = torch.cat([of_way for _, of_way in each], dim=-1)
        outputs = outputs + read if encoder.residual and number > 1 else read
        last.append(
            tuple(torch.cat(parts, dim=-1) for parts in zip(*(s for s, _ in each), strict=True))
        )
    encoded = Encoded(outputs.transpose(0, 1), tuple(last))
    return Reading(*model.decoder.start(encoded, batch.src_lengths)), found


def _read_one_way(layer: RecurrentLayer, inputs: Tensor) -> list[State]:
    state = layer.zero_state(inputs, inputs.shape[1])
    states = []
    for x in inputs:
        state = watch(layer.step(x, state))
        states.append(state)
    return states


def _write_by_steps(
    model: Seq2Seq, reading: Reading, tgt_in: Tensor
) -> tuple[Tensor, list[tuple[State, ...]]]:
    """Return logits, (batch, tgt_len, vocab), and the states of all layers at every step."""
    state, readouts, states = reading.state, [], []
    for fed in tgt_in.t():
        readout, state, _ = model.step(fed, state, reading.memory)
        state = replace(state, layers=tuple(map(watch, state.layers)))
        readouts.append(readout)
        states.append(state.layers)
    return model.logits(torch.stack(readouts, dim=1)), states


def _sum_up(
    part: str,
    number: int,
    direction: str,
    layer: RecurrentLayer,
    states: Sequence[State],
    is_real: Tensor,
) -> LayerGradients:
    """Put norms together, over the sentences that have a step; is_real is (length, batch)."""
    kept = [t for t, row in enumerate(is_real) if 2 * int(row.sum()) >= is_real.shape[1]]
    norms = norms_of(states)

    def courses(of_part: Tensor) -> Course:
        each = [course_of(of_part[t][is_real[t]][None]) for t in kept]
        return Course(
            *(tuple(getattr(one, name)[0] for one in each) for name in ("mean", "low", "high"))
        )

    state = courses(norms)
    return LayerGradients(
        part=part,
        layer=number,
        direction=direction,
        h=courses(norms_of(states, 0)),
        c=courses(norms_of(states, 1)) if layer.kind.states > 1 else None,
        state=state,
        sentences=tuple(int(is_real[t].sum()) for t in kept),
        spectral_radius=spectral_radii(layer),
        verdict=judge(state.mean[::-1] if direction == "forward" else state.mean),
    )
