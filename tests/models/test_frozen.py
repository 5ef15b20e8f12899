from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from tiny import tiny_model
from torch import Tensor

from seqcli.models import FrozenSeq2Seq, Seq2Seq, freeze
from seqcli.models.cells import CELLS
from seqcli.models.fixed_products import has_int8_products
from seqcli.models.kernels import use_compiled_kernels

SRC = torch.tensor([[4, 5, 6, 7, 3], [8, 3, 0, 0, 0], [9, 4, 3, 0, 0]])
SRC_LENGTHS = torch.tensor([5, 2, 3])
FED = torch.tensor([[2, 2, 2], [5, 6, 7], [4, 4, 9]])  # what each sentence is fed, step by step


@pytest.fixture(autouse=True, params=[False, True], ids=["torch", "compiled"])
def _kernels(request: pytest.FixtureRequest) -> Any:
    said = use_compiled_kernels(request.param)
    if request.param and not said.startswith("compiled"):
        pytest.skip(said)
    yield
    use_compiled_kernels(False)


@torch.no_grad()
def what_it_says(model: Seq2Seq | FrozenSeq2Seq, *, beams: int) -> list[Tensor]:
    """Return the logits of some steps, with sentences dropped and beams swapped on the way."""
    reading: Any = model.read(SRC, SRC_LENGTHS)
    rows = torch.arange(len(SRC)).repeat_interleave(beams)
    state, memory, fed = reading.state.select(rows), reading.memory, FED[:, rows]
    said = []
    for step in range(len(FED)):
        readout, state, _ = model.step(fed[step], state, memory)
        said.append(model.logits(readout).float())
        if step == 0:
            kept = torch.tensor([2, 0])
            rows = (kept[:, None] * beams + torch.arange(beams).flip(0)).flatten()
            state, fed = state.select(rows), fed[:, rows]
            memory = None if memory is None else memory.select(kept)
    return said


OPTIONS: list[dict[str, Any]] = [
    {"cell": cell, "attention": attention}
    for cell, attention in itertools.product(CELLS, ["none", "dot", "general", "additive"])
] + [
    {"attention": "general", "attention_heads": 2, "hidden_size": 8},
    {"attention": "additive", "attention_heads": 2, "hidden_size": 8},
    {"cell": "gru", "input_feeding": True},
    {"cell": "lstm", "input_feeding": True, "layers": 2},
    {"cell": "gru", "layers": 3, "residual": True},
    {"cell": "gru", "layers": 2, "attention_layer": "bottom", "residual": True},
    {"cell": "lstm", "layers": 2, "attention_layer": "bottom", "input_feeding": True},
    {"tie_embeddings": False, "bidirectional": False},
]


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(map(str, o.values())))
def test_a_frozen_model_says_what_the_model_says(options: dict[str, Any], beams: int) -> None:
    model = tiny_model(seed=5, **options).float().eval()
    frozen = freeze(model)
    assert isinstance(frozen, FrozenSeq2Seq)
    assert frozen.has_attention == model.has_attention
    for one, other in zip(
        what_it_says(frozen, beams=beams), what_it_says(model, beams=beams), strict=True
    ):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cell", list(CELLS))
def test_in_bf16_it_stays_as_near_as_roundings_allow(cell: str) -> None:
    model = tiny_model(seed=5, cell=cell, hidden_size=32).bfloat16().eval()
    exact = tiny_model(seed=5, cell=cell, hidden_size=32).float().eval()
    said, right = what_it_says(freeze(model), beams=2), what_it_says(exact, beams=2)
    for one, other in zip(said, right, strict=True):
        torch.testing.assert_close(one, other, atol=0.05, rtol=0.05)


@pytest.mark.skipif(not has_int8_products(), reason="no int8 products here")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("cell", list(CELLS))
def test_in_int8_it_stays_as_near_as_roundings_allow(cell: str, dtype: torch.dtype) -> None:
    options: dict[str, Any] = {"cell": cell, "hidden_size": 32, "layers": 2}
    exact = tiny_model(seed=5, **options).float().eval()
    frozen = freeze(tiny_model(seed=5, **options).float().eval(), dtype, int8=True)
    for one, other in zip(what_it_says(frozen, beams=2), what_it_says(exact, beams=2), strict=True):
        torch.testing.assert_close(one, other, atol=0.15, rtol=0.05)


def test_a_model_with_layer_norms_is_left_as_it_is() -> None:
    model = tiny_model(seed=1, layer_norm=True)
    assert freeze(model) is model
