from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import tiny_model
from torch import Tensor

from seqcli.batches import Batch, collate
from seqcli.errors import CorpusError
from seqcli.insight.run_gradients import choose_rows, follow_batch, read_by_steps
from seqcli.models import Seq2Seq
from seqcli.models.encoder import Encoded
from seqcli.models.seq2seq import Reading
from seqcli.training.loss import output_cross_entropy

PAIR = ([5, 6, 7, 8], [9, 10, 11])
PAIRS = [PAIR, ([8, 7, 6, 5], [4, 5, 6, 7, 8]), ([4, 4, 9, 9], [10])]
KINDS: list[dict[str, Any]] = [
    {"cell": "rnn", "attention": "none", "bidirectional": False},
    {"cell": "lstm", "attention": "general", "bidirectional": False},
    {"cell": "gru", "attention": "additive", "bidirectional": False, "input_feeding": True},
]
SIZE = 1e-6


def loss_of(model: Seq2Seq, reading: Reading, batch: Batch) -> float:
    """Return the mean loss of a sentence, by the path that training takes."""
    readouts = model.readouts(reading, batch.tgt_in)
    _, nll = output_cross_entropy(
        readouts.flatten(0, 1),
        model.output.weight,
        model.output.bias,
        batch.tgt_out.flatten(),
        label_smoothing=0.0,
    )
    return float(nll) / batch.num_tgt_tokens


def loss_when_shifted(model: Seq2Seq, batch: Batch, at: int, part: int, shift: Tensor) -> float:
    """Return the loss when h or c of the encoder is another after a step, by the fused kernels."""
    (layer,) = model.encoder.layers[0]
    embedded = model.src_embedding(batch.src.t()) * model.emb_scale
    before, state = layer(embedded[:at])
    state = tuple(each + shift if i == part else each for i, each in enumerate(state))
    outputs = torch.cat([before[:-1], state[0][None]])
    if at < len(embedded):
        after, state = layer(embedded[at:], state)
        outputs = torch.cat([outputs, after])
    encoded = Encoded(outputs.transpose(0, 1), (state,))
    return loss_of(model, Reading(*model.decoder.start(encoded, batch.src_lengths)), batch)


def slopes(model: Seq2Seq, batch: Batch, at: int, part: int) -> Tensor:
    """Return the loss by h or c of the encoder after a step, by central differences."""
    units = SIZE * torch.eye(8, dtype=torch.float64)
    losses = [
        [loss_when_shifted(model, batch, at, part, sign * unit) for sign in (1, -1)]
        for unit in units
    ]
    return torch.tensor([(plus - minus) / (2 * SIZE) for plus, minus in losses])


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_agree_with_finite_differences_through_the_path_of_training(kind):
    model, batch = tiny_model(**kind), collate([PAIR])
    encoder, decoder = follow_batch(model, batch, loss_of="all")
    assert (encoder.name, decoder.name) == ("encoder layer 1", "decoder layer 1")
    assert len(decoder.state.mean) == len(PAIR[1]) + 1
    with torch.no_grad():
        for at in range(1, len(PAIR[0]) + 2):
            by_part = [
                slopes(model, batch, at, part) for part in range(1 + (encoder.c is not None))
            ]
            assert encoder.h.mean[at - 1] == pytest.approx(float(by_part[0].norm()), abs=1e-5)
            whole = float(torch.cat(by_part).norm())
            assert encoder.state.mean[at - 1] == pytest.approx(whole, abs=1e-5)


def loss_when_decoder_is_shifted(
    model: Seq2Seq, batch: Batch, at: int, part: int, shift: Tensor
) -> float:
    """Return the loss when h or c of a decoder without attention is another after a step."""
    state, losses = model.read(batch.src, batch.src_lengths).state, []
    for step, fed in enumerate(batch.tgt_in[0], start=1):
        _, state, _ = model.step(fed[None], state, None)
        if step == at:
            parts = (each + shift if i == part else each for i, each in enumerate(state.layers[0]))
            state = replace(state, layers=(tuple(parts),))
        readout = torch.tanh(model.decoder.readout(state.layers[0][0]))
        log_probs = model.logits(readout).log_softmax(dim=-1)
        losses.append(-float(log_probs[0, batch.tgt_out[0, step - 1]]))
    return sum(losses) / len(losses)


def test_gradients_of_a_decoder_agree_with_finite_differences():
    model, batch = tiny_model(cell="lstm", attention="none"), collate([PAIR])
    decoder = follow_batch(model, batch, loss_of="all")[-1]
    with torch.no_grad():
        for at in range(1, len(PAIR[1]) + 2):
            for part, course in ((0, decoder.h), (1, decoder.c)):
                found = []
                for unit in SIZE * torch.eye(8, dtype=torch.float64):
                    plus, minus = (
                        loss_when_decoder_is_shifted(model, batch, at, part, sign * unit)
                        for sign in (1, -1)
                    )
                    found.append((plus - minus) / (2 * SIZE))
                expected = float(torch.tensor(found).norm())
                assert course is not None
                assert course.mean[at - 1] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    "kind",
    [
        *KINDS,
        {"cell": "gru", "layers": 3, "residual": True},
        {"cell": "lstm", "layers": 2, "layer_norm": True},
    ],
)
def test_reading_step_by_step_is_reading_as_the_model_does(kind):
    model, batch = tiny_model(**kind), collate(PAIRS)
    with torch.no_grad():
        expected = model.read(batch.src, batch.src_lengths)
    reading, _ = read_by_steps(model, batch)
    for layer, other in zip(reading.state.layers, expected.state.layers, strict=True):
        for part, of_other in zip(layer, other, strict=True):
            torch.testing.assert_close(part.detach(), of_other)
    if expected.memory is not None and reading.memory is not None:
        torch.testing.assert_close(reading.memory.values.detach(), expected.memory.values)


def test_both_directions_of_every_layer_are_followed():
    model, batch = tiny_model(layers=2), collate(PAIRS)
    layers = follow_batch(model, batch, loss_of="all")
    assert [layer.name for layer in layers] == [
        "encoder layer 1",
        "encoder layer 1, backward",
        "encoder layer 2",
        "encoder layer 2, backward",
        "decoder layer 1",
        "decoder layer 2",
    ]
    assert all(len(layer.spectral_radius) == 4 for layer in layers)


def test_a_step_that_few_sentences_have_is_left_out():
    decoder = follow_batch(tiny_model(), collate(PAIRS), loss_of="all")[-1]
    assert decoder.sentences == (3, 3, 2, 2)  # the longest of three has two steps more
    assert len(decoder.state.mean) == 4


def test_a_batch_has_the_mean_of_its_sentences():
    model = tiny_model(bidirectional=False)
    alone = [follow_batch(model, collate([pair]), loss_of="all")[0] for pair in PAIRS]
    together = follow_batch(model, collate(PAIRS), loss_of="all")[0]
    for t, mean in enumerate(together.state.mean):
        assert mean == pytest.approx(sum(each.state.mean[t] for each in alone) / 3)


def test_of_the_last_piece_nothing_reaches_a_decoder_state_but_through_time():
    """The states before the last have no loss of their own: with W_hh = 0 they get nothing."""
    model = tiny_model(cell="rnn", attention="none", bidirectional=False)
    model.decoder.layers[0].hidden_weight.data.zero_()
    every, last = (follow_batch(model, collate([PAIR]), loss_of=of)[-1] for of in ("all", "last"))
    assert min(every.state.mean) > 0
    assert last.state.mean[:-1] == (0.0, 0.0, 0.0)
    assert last.state.mean[-1] > 0


def test_without_a_length_it_is_the_commonest_of_the_longer_half():
    assert choose_rows([3, 3, 3, 5, 6, 6, 7], None) == [4, 5]
    assert choose_rows([3, 3, 3, 5, 6, 6, 7], 3) == [0, 1, 2]


def test_a_length_that_no_sentence_has_is_refused_with_the_nearest():
    with pytest.raises(CorpusError, match=r"no sentence has 9 .*nearest lengths are 7 and 6"):
        choose_rows([3, 6, 7], 9)


def test_a_set_without_a_sentence_is_refused():
    with pytest.raises(CorpusError, match="has no sentence"):
        choose_rows([], None)


def test_runs_and_cells_are_views_of_the_command(run_cli, tiny_run: Path):
    drawn = run_cli("inspect", "gradients", tiny_run)
    assert drawn.code == 0, drawn.stderr
    assert "encoder layer 1, backward: " in drawn.stdout
    refused = run_cli("inspect", "gradients", tiny_run, "--length", 99)
    assert refused.code == 3
    assert "no sentence has 99" in refused.stderr
