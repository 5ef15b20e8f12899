from __future__ import annotations

import pytest
import torch
from torch import Tensor

from seqcli.models.architecture import Architecture
from seqcli.models.cells import CELLS
from seqcli.models.encoder import Encoded, Encoder

EMB, HIDDEN = 3, 4
LENGTHS = torch.tensor([5, 2, 3])
each_shape = pytest.mark.parametrize(
    ("cell", "layers", "bidirectional"),
    [(cell, layers, both) for cell in CELLS for layers in (1, 3) for both in (False, True)],
)


def make_encoder(cell: str, layers: int, bidirectional: bool) -> Encoder:
    architecture = Architecture(
        cell=cell,
        hidden_size=HIDDEN,
        emb_size=EMB,
        layers=layers,
        bidirectional=bidirectional,
        attention="none",
        input_feeding=False,
        tie_embeddings=True,
        dropout=0.0,
    )
    return Encoder(architecture).double()


def make_embedded(src_len: int = 5) -> Tensor:
    return torch.randn(src_len, len(LENGTHS), EMB, dtype=torch.float64)


def total(encoded: Encoded, lengths: Tensor) -> Tensor:
    """Return a number that depends on every real output and every last state."""
    is_real = torch.arange(encoded.outputs.shape[1]) < lengths[:, None]
    states = sum((part**3).sum() for state in encoded.states for part in state)
    return (encoded.outputs[is_real] ** 2).sum() + states


@each_shape
def test_shapes_do_not_depend_on_the_directions(cell: str, layers: int, bidirectional: bool):
    encoded = make_encoder(cell, layers, bidirectional)(make_embedded(), LENGTHS)
    assert encoded.outputs.shape == (3, 5, HIDDEN)
    assert len(encoded.states) == layers
    for state in encoded.states:
        assert [part.shape for part in state] == [(3, HIDDEN)] * CELLS[cell].states


@each_shape
def test_a_sentence_alone_and_in_a_padded_batch_is_read_alike(
    cell: str, layers: int, bidirectional: bool
):
    encoder = make_encoder(cell, layers, bidirectional)
    embedded = make_embedded()
    together = encoder(embedded, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        alone = encoder(embedded[:length, row : row + 1], torch.tensor([length]))
        torch.testing.assert_close(together.outputs[row, :length], alone.outputs[0])
        for state, expected in zip(together.states, alone.states, strict=True):
            torch.testing.assert_close([part[row] for part in state], [p[0] for p in expected])


@each_shape
def test_more_padding_changes_no_gradient(cell: str, layers: int, bidirectional: bool):
    encoder = make_encoder(cell, layers, bidirectional)
    embedded = make_embedded()
    noise = torch.full((2, 3, EMB), 1e3, dtype=torch.float64)
    found = []
    for source in (embedded, torch.cat([embedded, noise])):
        encoder.zero_grad()
        total(encoder(source, LENGTHS), LENGTHS).backward()
        found.append([parameter.grad.clone() for parameter in encoder.parameters()])
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("cell", list(CELLS))
def test_the_second_direction_reads_from_the_end(cell: str):
    encoder = make_encoder(cell, 1, True)
    embedded = make_embedded()
    lengths = torch.tensor([5, 5, 5])
    encoded = encoder(embedded, lengths)
    forward_layer, backward_layer = encoder.layers[0].children()
    outputs, _ = forward_layer(embedded)
    reversed_outputs, last = backward_layer(embedded.flip(0))
    expected = torch.cat([outputs, reversed_outputs.flip(0)], dim=-1).transpose(0, 1)
    torch.testing.assert_close(encoded.outputs, expected)
    # The last state of the second direction is its output at the first piece.
    torch.testing.assert_close(encoded.states[0][0][:, HIDDEN // 2 :], last[0])
    torch.testing.assert_close(last[0], encoded.outputs[:, 0, HIDDEN // 2 :])


def test_one_direction_does_not_know_what_follows():
    encoder = make_encoder("lstm", 2, False)
    embedded = make_embedded()
    lengths = torch.tensor([5, 5, 5])
    before = encoder(embedded, lengths).outputs
    embedded[3:] += 1
    after = encoder(embedded, lengths).outputs
    torch.testing.assert_close(after[:, :3], before[:, :3])
    assert not torch.allclose(after[:, 3:], before[:, 3:])
