from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from seqcli.models.cell_runs import RUNS
from seqcli.models.cells import CELLS, State
from seqcli.models.layer_norm import normalize
from seqcli.models.recurrence import RecurrentLayer, read_directions

LENGTH, BATCH, INPUT, HIDDEN = 6, 3, 4, 5
LENGTHS = torch.tensor([6, 2, 4])
each_cell = pytest.mark.parametrize("cell", list(CELLS))


def make_layer(cell: str, input_size: int = INPUT, hidden_size: int = HIDDEN) -> RecurrentLayer:
    layer = RecurrentLayer(cell, input_size, hidden_size).double()
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.7)
    return layer


def make_inputs(layer: RecurrentLayer) -> tuple[Tensor, State]:
    x = torch.randn(LENGTH, BATCH, INPUT, dtype=torch.float64)
    state = tuple(torch.randn(BATCH, HIDDEN, dtype=torch.float64) for _ in range(layer.kind.states))
    return x, state


def make_is_real() -> Tensor:
    return (torch.arange(LENGTH)[:, None] < LENGTHS)[:, :, None]


def in_order(weight: Tensor, *gates: int) -> Tensor:
    """Return the gates of a weight or bias in another order."""
    blocks = weight.detach().split(HIDDEN)
    return torch.cat([blocks[gate] for gate in gates])


def assert_same(found: tuple[Tensor, State], outputs: Tensor, *last: Tensor) -> None:
    torch.testing.assert_close(found[0], outputs)
    for part, expected in zip(found[1], last, strict=True):
        torch.testing.assert_close(part, expected)


def test_every_cell_has_a_sequence():
    assert RUNS.keys() == CELLS.keys()


@each_cell
@pytest.mark.parametrize("padded", [False, True])
def test_whole_sequence_equals_one_step_after_another(cell: str, padded: bool):
    layer = make_layer(cell)
    x, state = make_inputs(layer)
    is_real = make_is_real()
    outputs, last = layer(x, state, is_real if padded else None)
    for t in range(LENGTH):
        stepped = layer.step(x[t], state)
        state = tuple(
            torch.where(is_real[t], new, old) if padded else new
            for new, old in zip(stepped, state, strict=True)
        )
        torch.testing.assert_close(outputs[t], state[0])
    assert_same((outputs, last), outputs, *state)


@each_cell
def test_a_sequence_starts_from_zeros_when_no_state_is_given(cell: str):
    layer = make_layer(cell)
    x, state = make_inputs(layer)
    outputs, last = layer(x, tuple(torch.zeros_like(part) for part in state))
    assert_same(layer(x), outputs, *last)


@each_cell
def test_a_sequence_in_two_parts_equals_the_whole(cell: str):
    layer = make_layer(cell)
    x, state = make_inputs(layer)
    outputs, last = layer(x, state)
    first, between = layer(x[:1], state)
    second, end = layer(x[1:], between)
    assert_same((torch.cat([first, second]), end), outputs, *last)


def test_rnn_equals_torch():
    layer = make_layer("rnn")
    x, (h,) = make_inputs(layer)
    torch_rnn = nn.RNN(INPUT, HIDDEN).double()
    torch_rnn.weight_ih_l0.data.copy_(layer.input_weight)
    torch_rnn.weight_hh_l0.data.copy_(layer.hidden_weight)
    torch_rnn.bias_ih_l0.data.copy_(layer.bias)
    torch_rnn.bias_hh_l0.data.zero_()
    outputs, last = torch_rnn(x, h[None])
    assert_same(layer(x, (h,)), outputs, last[0])


def test_lstm_equals_torch():
    layer = make_layer("lstm")
    x, (h, c) = make_inputs(layer)
    torch_lstm = nn.LSTM(INPUT, HIDDEN).double()
    order = (0, 1, 3, 2)  # theirs is i, f, g, o
    torch_lstm.weight_ih_l0.data.copy_(in_order(layer.input_weight, *order))
    torch_lstm.weight_hh_l0.data.copy_(in_order(layer.hidden_weight, *order))
    torch_lstm.bias_ih_l0.data.copy_(in_order(layer.bias, *order))
    torch_lstm.bias_hh_l0.data.zero_()
    outputs, (last_h, last_c) = torch_lstm(x, (h[None], c[None]))
    assert_same(layer(x, (h, c)), outputs, last_h[0], last_c[0])


def test_gru_cudnn_equals_torch():
    layer = make_layer("gru-cudnn")
    x, (h,) = make_inputs(layer)
    torch_gru = nn.GRU(INPUT, HIDDEN).double()
    torch_gru.weight_ih_l0.data.copy_(layer.input_weight)
    torch_gru.weight_hh_l0.data.copy_(layer.hidden_weight)
    torch_gru.bias_ih_l0.data.copy_(layer.bias)
    torch_gru.bias_hh_l0.data.zero_()
    assert layer.recurrent_bias is not None
    torch_gru.bias_hh_l0.data[2 * HIDDEN :] = layer.recurrent_bias
    outputs, last = torch_gru(x, h[None])
    assert_same(layer(x, (h,)), outputs, last[0])


def run_onnx_gru(layer: RecurrentLayer, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    """Run a gru layer's weights through the GRU operator of ONNX, reset before the product.

    Its gates are z, r, h, and its z weighs the old state: 1 - σ(a) = σ(-a), so z is negated.
    """
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    node = helper.make_node(
        "GRU",
        ["X", "W", "R", "B", "", "h"],
        ["Y", "Y_h"],
        hidden_size=HIDDEN,
        linear_before_reset=0,
    )
    made = [helper.make_tensor_value_info(n, TensorProto.DOUBLE, None) for n in "XWRBh"]
    given = [helper.make_tensor_value_info(n, TensorProto.DOUBLE, None) for n in ("Y", "Y_h")]
    graph = helper.make_graph([node], "gru", made, given)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
    assert onnx.__version__
    sign = torch.tensor([-1.0] * HIDDEN + [1.0] * 2 * HIDDEN, dtype=torch.float64)
    weights = [
        in_order(weight, 1, 0, 2) * (sign[:, None] if weight.dim() == 2 else sign)
        for weight in (layer.input_weight, layer.hidden_weight, layer.bias)
    ]
    bias = torch.cat([weights[2], torch.zeros_like(weights[2])])
    outputs, last = ReferenceEvaluator(model).run(
        None,
        {
            "X": x.numpy(),
            "W": weights[0][None].numpy(),
            "R": weights[1][None].numpy(),
            "B": bias[None].numpy(),
            "h": h[None].numpy(),
        },
    )
    outputs = np.asarray(outputs).reshape(LENGTH, BATCH, HIDDEN)
    return torch.from_numpy(outputs), torch.from_numpy(np.asarray(last).reshape(BATCH, HIDDEN))


def test_gru_equals_the_operator_of_onnx():
    layer = make_layer("gru")
    x, (h,) = make_inputs(layer)
    outputs, last = run_onnx_gru(layer, x, h)
    assert_same(layer(x, (h,)), outputs, last)


@each_cell
@pytest.mark.parametrize("padded", [False, True])
def test_gradients_equal_finite_differences(cell: str, padded: bool):
    layer = make_layer(cell, input_size=2, hidden_size=3)
    names = [name for name, _ in layer.named_parameters()]
    x = torch.randn(3, 2, 2, dtype=torch.float64)
    state = [torch.randn(2, 3, dtype=torch.float64) for _ in range(layer.kind.states)]
    is_real = torch.tensor([[True, True], [True, False], [True, False]])[:, :, None]

    def run(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        weights, first = rest[: len(names)], rest[len(names) :]
        arguments = (x, first, is_real if padded else None)
        outputs, last = functional_call(layer, dict(zip(names, weights, strict=True)), arguments)
        return outputs, *last

    inputs = [part.detach().clone() for part in (x, *layer.parameters(), *state)]
    assert torch.autograd.gradcheck(run, [part.requires_grad_() for part in inputs])


@each_cell
def test_a_padded_step_neither_moves_the_state_nor_learns(cell: str):
    layer = make_layer(cell)
    x, _ = make_inputs(layer)
    x.requires_grad_()
    outputs, last = layer(x, None, make_is_real())
    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(last[0][row], outputs[length - 1, row])
        assert (outputs[length:, row] == outputs[length - 1, row]).all()
    sum(part.sum() for part in (*last, outputs)).backward()
    assert x.grad is not None
    assert (x.grad[~make_is_real().expand_as(x)] == 0).all()
    assert (x.grad[make_is_real().expand_as(x)] != 0).all()


@each_cell
def test_low_precision_gives_the_same_states_and_gradients_roughly(cell: str):
    layer = make_layer(cell).float()
    x = torch.randn(LENGTH, BATCH, INPUT)
    found = []
    for dtype in (torch.float32, torch.bfloat16):
        layer.zero_grad()
        with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
            outputs, last = layer(x, None, make_is_real())
        assert outputs.dtype == last[0].dtype == dtype
        outputs.float().sum().backward()
        assert layer.hidden_weight.grad is not None
        found.append((outputs.float(), layer.hidden_weight.grad.clone()))
    torch.testing.assert_close(found[0], found[1], atol=0.1, rtol=0.1)


@pytest.mark.parametrize(
    ("cell", "biases"),
    [("rnn", [0]), ("lstm", [0, 1, 0, 0]), ("gru", [0, -1, 0]), ("gru-cudnn", [0, 1, 0])],
)
def test_the_gate_that_weighs_the_old_state_alone_starts_with_a_bias(cell: str, biases: list[int]):
    layer = RecurrentLayer(cell, INPUT, HIDDEN)
    expected = torch.tensor(biases, dtype=torch.float32).repeat_interleave(HIDDEN)
    assert torch.equal(layer.bias.detach(), expected)


@pytest.mark.parametrize("cell", ["lstm", "gru", "gru-cudnn"])
def test_a_gated_cell_keeps_most_of_its_state_at_first(cell: str):
    """With no input, a step leaves sigma(1) = 0.731 of an LSTM's c; of a GRU's h at least that."""
    layer = RecurrentLayer(cell, INPUT, HIDDEN)
    with torch.no_grad():
        layer.hidden_weight.zero_()
        start = tuple(torch.ones(1, HIDDEN) for _ in range(layer.kind.states))
        kept = layer.step(torch.zeros(1, INPUT), start)[-1]
    torch.testing.assert_close(kept, torch.full((1, HIDDEN), 0.7310586))


@each_cell
def test_recurrent_weights_start_orthogonal_gate_by_gate(cell: str):
    for gate in RecurrentLayer(cell, INPUT, HIDDEN).hidden_weight.detach().split(HIDDEN):
        torch.testing.assert_close(gate @ gate.t(), torch.eye(HIDDEN))


@pytest.mark.parametrize(
    ("cell", "gates", "more"),
    [("rnn", 1, 0), ("lstm", 4, 0), ("gru", 3, 0), ("gru-cudnn", 3, HIDDEN)],
)
def test_a_layer_has_as_many_weights_as_its_equations_say(cell: str, gates: int, more: int):
    layer = RecurrentLayer(cell, INPUT, HIDDEN)
    one_map = HIDDEN * (INPUT + HIDDEN + 1)
    assert sum(p.numel() for p in layer.parameters()) == gates * one_map + more


# --- layer norm, masks, both directions -------------------------------------------------------


def step_by_step(
    layer: RecurrentLayer, x: Tensor, state: State, is_real: Tensor | None, mask: Tensor | None
) -> tuple[Tensor, State]:
    """Return what cells.py gives, one step after another."""
    outputs = []
    for t in range(len(x)):
        stepped = layer.step(x[t], state, mask)
        if is_real is not None:
            pairs = zip(stepped, state, strict=True)
            stepped = tuple(torch.where(is_real[t], new, old) for new, old in pairs)
        state = stepped
        outputs.append(state[0])
    return torch.stack(outputs), state


@each_cell
@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_the_fast_path_equals_the_equations_in_values_and_gradients(
    cell: str, layer_norm: bool, masked: bool, padded: bool
):
    layer = RecurrentLayer(cell, INPUT, HIDDEN, layer_norm=layer_norm).double()
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.7)
    x, state = make_inputs(layer)
    mask = 2.0 * (torch.rand(BATCH, HIDDEN, dtype=torch.float64) < 0.5) if masked else None
    is_real = make_is_real() if padded else None
    inputs = [x, *state, *layer.parameters()]
    found = []
    for run in (step_by_step, lambda layer, *rest: layer(*rest)):
        for tensor in inputs:
            tensor.requires_grad_()
        outputs, last = run(layer, x, state, is_real, mask)
        total = (outputs**2).sum() + sum((part**3).sum() for part in last)
        found.append((outputs, *last, *torch.autograd.grad(total, inputs)))
    torch.testing.assert_close(found[1], found[0])


@each_cell
@pytest.mark.parametrize("layer_norm", [False, True])
def test_two_directions_together_equal_each_alone(cell: str, layer_norm: bool):
    layers = [RecurrentLayer(cell, INPUT, HIDDEN, layer_norm=layer_norm).double() for _ in "ab"]
    x, _ = make_inputs(layers[0])
    is_real = make_is_real()
    nothing: list[None] = [None, None]
    outputs, last = read_directions(layers, x, states=nothing, is_real=is_real, masks=nothing)
    ahead, state = layers[0](x, None, is_real)
    back, state_of_back = layers[1](x.flip(0), None, is_real.flip(0))
    torch.testing.assert_close(outputs, torch.cat([ahead, back.flip(0)], dim=-1))
    torch.testing.assert_close(last, [state, state_of_back])


def test_a_normalised_sum_has_mean_shift_and_deviation_gain():
    gain, shift = torch.tensor([[2.0], [3.0]]), torch.tensor([[0.5], [-1.0]])
    sums = normalize(torch.randn(4, 2, 200), gain.expand(2, 200), shift.expand(2, 200))
    torch.testing.assert_close(sums.mean(dim=-1), shift.T.expand(4, 2), atol=1e-5, rtol=1e-5)
    deviation = sums.std(dim=-1, correction=0)
    torch.testing.assert_close(deviation, gain.T.expand(4, 2), atol=1e-3, rtol=1e-3)


@each_cell
@pytest.mark.parametrize("layer_norm", [False, True])
def test_going_back_twice_gives_the_same_gradients(cell: str, layer_norm: bool):
    layer = RecurrentLayer(cell, INPUT, HIDDEN, layer_norm=layer_norm).double()
    x, state = make_inputs(layer)
    outputs, _ = layer(x, state)
    inputs = list(layer.parameters())
    first, second = (
        torch.autograd.grad((outputs**2).sum(), inputs, retain_graph=True) for _ in range(2)
    )
    torch.testing.assert_close(first, second, rtol=0, atol=0)
