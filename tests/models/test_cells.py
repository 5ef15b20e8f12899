from __future__ import annotations

import math
from typing import get_args

import pytest
import torch
from torch import Tensor

from seqcli.config import Cell
from seqcli.models.cells import CELLS

H, C = 0.5, -0.25  # the state before the step
W_R, W_Z, W_N = 0.3, -0.7, 1.1  # recurrent weights of one unit
X_R, X_Z, X_N = 0.2, 0.4, -0.6  # input parts


def sigma(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def column(*values: float) -> Tensor:
    return torch.tensor([[value] for value in values], dtype=torch.float64)


def row(*values: float) -> Tensor:
    return torch.tensor([values], dtype=torch.float64)


def step(cell: str, x_part: Tensor, state: tuple[Tensor, ...], weight: Tensor) -> list[float]:
    bias = torch.tensor([0.9], dtype=torch.float64) if CELLS[cell].has_recurrent_bias else None
    return [float(part) for part in CELLS[cell].step(x_part, state, weight, bias)]


def test_config_offers_exactly_the_cells_we_have():
    assert set(get_args(Cell)) == CELLS.keys()


def test_rnn_of_one_unit_is_the_tanh_of_the_sum():
    assert step("rnn", row(X_N), (row(H),), column(W_N)) == [
        pytest.approx(math.tanh(X_N + W_N * H))
    ]


def test_lstm_of_one_unit_follows_the_printed_equations():
    i, f, o = (sigma(x + w * H) for x, w in ((0.1, 0.4), (0.2, -0.3), (0.3, 0.2)))
    g = math.tanh(0.4 + 0.1 * H)
    c = f * C + i * g
    found = step("lstm", row(0.1, 0.2, 0.3, 0.4), (row(H), row(C)), column(0.4, -0.3, 0.2, 0.1))
    assert found == [pytest.approx(o * math.tanh(c)), pytest.approx(c)]


def test_gru_resets_before_the_product_and_z_weighs_the_new_value():
    r, z = sigma(X_R + W_R * H), sigma(X_Z + W_Z * H)
    n = math.tanh(X_N + W_N * (r * H))
    found = step("gru", row(X_R, X_Z, X_N), (row(H),), column(W_R, W_Z, W_N))
    assert found == [pytest.approx((1 - z) * H + z * n)]


def test_gru_cudnn_resets_after_the_product_and_z_weighs_the_old_value():
    r, z = sigma(X_R + W_R * H), sigma(X_Z + W_Z * H)
    n = math.tanh(X_N + r * (W_N * H + 0.9))
    found = step("gru-cudnn", row(X_R, X_Z, X_N), (row(H),), column(W_R, W_Z, W_N))
    assert found == [pytest.approx((1 - z) * n + z * H)]


@pytest.mark.parametrize("cell", ["gru", "gru-cudnn"])
@pytest.mark.parametrize(("z_input", "keeps"), [(-50.0, "gru"), (50.0, "gru-cudnn")])
def test_a_shut_gate_keeps_the_state_in_one_gru_and_replaces_it_in_the_other(
    cell: str, z_input: float, keeps: str
):
    found = step(cell, row(0.0, z_input, X_N), (row(H),), column(W_R, W_Z, W_N))
    assert (found == [pytest.approx(H)]) == (cell == keeps)
