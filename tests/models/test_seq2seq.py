from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny import SIZES, VOCAB, tiny_model
from torch import Tensor

from seqcli.models import Architecture, Seq2Seq
from seqcli.models.attention import ATTENTIONS
from seqcli.models.cells import CELLS
from seqcli.models.seq2seq import count_parameters

SRC = torch.tensor([[4, 5, 6, 7, 3], [8, 3, 0, 0, 0], [9, 4, 3, 0, 0]])
SRC_LENGTHS = torch.tensor([5, 2, 3])
TGT_IN = torch.tensor([[2, 6, 5, 4], [2, 9, 0, 0], [2, 7, 8, 0]])

SHAPES = [
    {"attention": attention, "input_feeding": feeding, "layers": layers, "bidirectional": both}
    for attention in ATTENTIONS
    for feeding in (False, True)
    for layers, both in ((1, True), (2, False), (3, True))
]
SHAPES += [
    {"cell": cell, "layers": 2, "attention": kind} for cell in CELLS for kind in ("none", "dot")
]
SHAPES += [
    {"cell": cell, "layers": 3, "layer_norm": True, "residual": True, "input_feeding": feeding}
    for cell in CELLS
    for feeding in (False, True)
]
SHAPES += [
    {"attention": kind, "attention_layer": layer, "attention_heads": 2, "layers": layers, **more}
    for kind in ATTENTIONS
    for layer, layers in (("bottom", 1), ("bottom", 3), ("top", 2))
    for more in ({}, {"input_feeding": True, "residual": True})
]
each_shape = pytest.mark.parametrize(
    "shape",
    SHAPES,
    ids=["-".join(f"{name}={value}" for name, value in shape.items()) for shape in SHAPES],
)


def step_by_step(model: Seq2Seq, src: Tensor, src_lengths: Tensor, tgt_in: Tensor) -> Tensor:
    """Return the logits of a decoder that is fed one piece at a time."""
    reading = model.read(src, src_lengths)
    state, logits = reading.state, []
    for prev_ids in tgt_in.t():
        readout, state, weights = model.step(prev_ids, state, reading.memory)
        logits.append(model.logits(readout))
        if weights is not None:
            is_pad = torch.arange(src.shape[1]) >= src_lengths[:, None]
            assert (weights[is_pad] == 0).all()
            torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[:, 0]))
    return torch.stack(logits, dim=1)


@each_shape
def test_whole_sequence_equals_step_by_step(shape: dict[str, Any]):
    model = tiny_model(**shape)
    logits = model(SRC, SRC_LENGTHS, TGT_IN)
    assert logits.shape == (3, 4, VOCAB)
    torch.testing.assert_close(step_by_step(model, SRC, SRC_LENGTHS, TGT_IN), logits)


@each_shape
def test_a_sentence_alone_and_in_a_padded_batch_has_equal_logits(shape: dict[str, Any]):
    model = tiny_model(**shape)
    together = model(SRC, SRC_LENGTHS, TGT_IN)
    for row, src_len in enumerate(SRC_LENGTHS.tolist()):
        tgt_len = int((TGT_IN[row] != 0).sum())
        alone = model(
            SRC[row : row + 1, :src_len],
            SRC_LENGTHS[row : row + 1],
            TGT_IN[row : row + 1, :tgt_len],
        )
        torch.testing.assert_close(together[row, :tgt_len], alone[0])


@each_shape
def test_a_later_target_piece_leaves_earlier_logits_unchanged(shape: dict[str, Any]):
    model = tiny_model(**shape)
    changed = TGT_IN.clone()
    changed[:, 2] = 10
    before, after = (model(SRC, SRC_LENGTHS, tgt_in) for tgt_in in (TGT_IN, changed))
    assert torch.equal(after[:, :2], before[:, :2])
    assert not torch.allclose(after[:, 2:], before[:, 2:])


@each_shape
def test_padding_of_the_source_changes_no_gradient(shape: dict[str, Any]):
    model = tiny_model(**shape)
    found = []
    for src in (SRC, torch.nn.functional.pad(SRC, (0, 3), value=11)):
        model.zero_grad()
        (model(src, SRC_LENGTHS, TGT_IN)[TGT_IN != 0] ** 2).sum().backward()
        found.append([parameter.grad.clone() for parameter in model.parameters()])
    torch.testing.assert_close(found[0], found[1])


@each_shape
def test_every_weight_learns(shape: dict[str, Any]):
    model = tiny_model(**shape, tie_embeddings=False)
    (model(SRC, SRC_LENGTHS, TGT_IN) ** 2).sum().backward()
    idle = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert idle == []


@pytest.mark.parametrize("attention", list(ATTENTIONS))
@pytest.mark.parametrize("input_feeding", [False, True])
def test_beams_of_a_sentence_share_its_memory(attention: str, input_feeding: bool):
    model = tiny_model(attention=attention, input_feeding=input_feeding)
    reading = model.read(SRC, SRC_LENGTHS)
    rows = torch.arange(3).repeat_interleave(2)
    prev_ids = torch.tensor([4, 5, 6, 7, 8, 9])
    state = reading.state.select(rows)
    shared, shared_state, _ = model.step(prev_ids, state, reading.memory)
    copied = None if reading.memory is None else reading.memory.select(rows)
    repeated, repeated_state, _ = model.step(prev_ids, state, copied)
    torch.testing.assert_close(shared, repeated)
    torch.testing.assert_close(shared_state.layers, repeated_state.layers)


@pytest.mark.parametrize("input_feeding", [False, True])
def test_only_input_feeding_carries_the_readout_on(input_feeding: bool):
    model = tiny_model(input_feeding=input_feeding)
    reading = model.read(SRC, SRC_LENGTHS)
    readout, state, _ = model.step(TGT_IN[:, 0], reading.state, reading.memory)
    assert state.fed is (readout if input_feeding else None)


@pytest.mark.parametrize("cell", list(CELLS))
def test_without_attention_only_the_last_states_are_translated(cell: str):
    model = tiny_model(cell=cell, attention="none")
    reading = model.read(SRC, SRC_LENGTHS)
    assert reading.memory is None
    _, _, weights = model.step(TGT_IN[:, 0], reading.state, None)
    assert weights is None


def test_tied_joint_embeddings_are_one_matrix():
    model = tiny_model(tie_embeddings=True, joint=True)
    assert model.output.weight is model.tgt_embedding.weight
    assert model.src_embedding.weight is model.tgt_embedding.weight


def test_tied_separate_embeddings_share_the_target_side_only():
    model = tiny_model(tie_embeddings=True, joint=False)
    assert model.output.weight is model.tgt_embedding.weight
    assert model.src_embedding.weight is not model.tgt_embedding.weight


@pytest.mark.parametrize("joint", [False, True])
def test_untied_embeddings_are_three_matrices(joint: bool):
    model = tiny_model(tie_embeddings=False, joint=joint)
    matrices = (model.output.weight, model.tgt_embedding.weight, model.src_embedding.weight)
    assert len({id(matrix) for matrix in matrices}) == 3


def test_both_sides_may_have_vocabularies_of_their_own():
    model = Seq2Seq(Architecture(**SIZES), src_vocab_size=30, tgt_vocab_size=9, joint=False)
    logits = model(torch.tensor([[29, 3]]), torch.tensor([2]), torch.tensor([[2, 8]]))
    assert logits.shape == (1, 2, 9)


def expected_parameters(gates: int) -> int:
    """Count the weights of the default tiny model by the equations of DESIGN.md section 5."""
    emb, hidden = SIZES["emb_size"], SIZES["hidden_size"]
    half = hidden // 2
    encoder = 2 * gates * half * (emb + half + 1)
    decoder = gates * hidden * (emb + hidden + 1)
    attention = hidden * hidden
    readout = (2 * hidden + 1) * emb
    return VOCAB * emb + VOCAB + encoder + decoder + attention + readout


@pytest.mark.parametrize(("cell", "gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_count_parameters_counts_shared_weights_once(cell: str, gates: int):
    assert count_parameters(tiny_model(cell=cell)) == expected_parameters(gates)


def test_a_gru_has_three_quarters_of_the_recurrent_weights_of_an_lstm():
    def recurrent(cell: str) -> int:
        parameters = tiny_model(cell=cell, layers=2).named_parameters()
        return sum(p.numel() for name, p in parameters if ".layers." in name)

    assert recurrent("gru") * 4 == recurrent("lstm") * 3


def test_dropout_acts_in_training_only():
    model = tiny_model(dropout=0.5)
    assert torch.equal(model(SRC, SRC_LENGTHS, TGT_IN), model(SRC, SRC_LENGTHS, TGT_IN))
    model.train()
    assert not torch.equal(model(SRC, SRC_LENGTHS, TGT_IN), model(SRC, SRC_LENGTHS, TGT_IN))


def test_the_same_seed_makes_the_same_model():
    first, second = tiny_model(seed=3), tiny_model(seed=3)
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


# --- dropout ----------------------------------------------------------------------------------

ALL_DROPOUT = {
    "dropout": 0.3,
    "recurrent_dropout": 0.3,
    "context_dropout": 0.3,
    "variational_dropout": True,
}


@pytest.mark.parametrize("cell", list(CELLS))
@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"layers": 2, "attention_layer": "bottom", "layer_norm": True},
        {"input_feeding": True, "layers": 2, "residual": True},
        {"attention": "none"},
    ],
)
def test_variational_dropout_is_the_same_whole_and_step_by_step(cell: str, shape: dict[str, Any]):
    model = tiny_model(cell=cell, **ALL_DROPOUT, **shape).train()
    torch.manual_seed(3)
    logits = model(SRC, SRC_LENGTHS, TGT_IN)
    torch.manual_seed(3)
    reading = model.read(SRC, SRC_LENGTHS)
    state, stepped = reading.state, []
    for prev_ids in TGT_IN.t():
        readout, state, _ = model.step(prev_ids, state, reading.memory)
        stepped.append(model.logits(readout))
    torch.testing.assert_close(torch.stack(stepped, dim=1), logits)
    assert not torch.allclose(logits, model.eval()(SRC, SRC_LENGTHS, TGT_IN))


@pytest.mark.parametrize("variational", [False, True])
def test_a_sentence_has_one_mask_at_all_steps_if_and_only_if_dropout_is_variational(
    variational: bool,
):
    model = tiny_model(
        dropout=0.5, variational_dropout=variational, hidden_size=64, emb_size=64
    ).train()
    model.decoder.readout.bias.data.fill_(9.0)  # so that no readout is near 0 by itself
    tgt_in = torch.full((2, 6), 5)
    readouts = model.readouts(model.read(SRC[:2], SRC_LENGTHS[:2]), tgt_in)
    is_zero = readouts == 0
    assert 0.3 < is_zero.double().mean() < 0.7
    assert (is_zero == is_zero[:, :1]).all() == variational
    assert not torch.equal(is_zero[0], is_zero[1])


@pytest.mark.parametrize(
    "rate",
    ["dropout", "recurrent_dropout", "context_dropout", "src_word_dropout", "tgt_word_dropout"],
)
@pytest.mark.parametrize("variational", [False, True])
def test_each_rate_of_dropout_works_alone_in_training_only(rate: str, variational: bool):
    model = tiny_model(variational_dropout=variational, **{rate: 0.5})
    expected = model(SRC, SRC_LENGTHS, TGT_IN)
    torch.testing.assert_close(model(SRC, SRC_LENGTHS, TGT_IN), expected)
    torch.manual_seed(1)
    assert not torch.allclose(model.train()(SRC, SRC_LENGTHS, TGT_IN), expected)


@pytest.mark.parametrize("side", ["src", "tgt"])
def test_word_dropout_zeroes_whole_embeddings_and_scales_the_rest(side: str):
    model = tiny_model(**{f"{side}_word_dropout": 0.5}).train()
    ids = torch.randint(4, VOCAB, (40, 50))
    word_dropout = model.src_word_dropout if side == "src" else model.tgt_word_dropout
    embedding = model.src_embedding if side == "src" else model.tgt_embedding
    embedded = model._embed(embedding, ids, word_dropout)
    is_zero = (embedded == 0).all(dim=-1)
    assert float(is_zero.double().mean()) == pytest.approx(0.5, abs=0.05)
    expected = 2 * embedding(ids) * model.emb_scale
    torch.testing.assert_close(embedded[~is_zero], expected[~is_zero])


def test_context_from_the_bottom_reaches_every_layer_above():
    model = tiny_model(layers=3, attention_layer="bottom")
    hidden = SIZES["hidden_size"]
    widths = [layer.input_weight.shape[1] for layer in model.decoder.layers]
    assert widths == [SIZES["emb_size"], 2 * hidden, 2 * hidden]
    assert model.decoder.readout.weight.shape[1] == 2 * hidden
    assert model.decoder.layers[0].hidden_weight.shape[1] == hidden


def test_a_residual_layer_of_zero_weights_passes_its_input_on():
    model = tiny_model(cell="rnn", layers=3, residual=True, attention="none")
    plain = tiny_model(cell="rnn", layers=1, attention="none")
    weights = plain.state_dict()
    for name, value in model.state_dict().items():
        value.copy_(weights[name] if name in weights else torch.zeros_like(value))
    torch.testing.assert_close(model(SRC, SRC_LENGTHS, TGT_IN), plain(SRC, SRC_LENGTHS, TGT_IN))
