from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqcli import compiling
from seqcli.models.cells import CELLS
from seqcli.models.kernels import compiled_for, use_compiled_kernels
from seqcli.models.recurrence import RecurrentLayer, read_directions

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="there is no C compiler here"
)
each_cell = pytest.mark.parametrize("cell", list(CELLS))
Parts = tuple[list[Tensor], list[Tensor]]


@pytest.fixture(autouse=True)
def _torch_afterwards() -> Iterator[None]:
    yield
    use_compiled_kernels(False)


@pytest.fixture
def compiled() -> None:
    assert use_compiled_kernels(True).startswith("compiled by")


def run_layers(
    layers: list[RecurrentLayer],
    x: Tensor,
    *,
    is_real: Tensor | None,
    masks: list[Tensor | None],
    dtype: torch.dtype,
) -> Parts:
    """Return outputs and last states, and the gradients of everything by their sum of squares."""
    x = x.clone().requires_grad_()
    states = [layer.zero_state(x, x.shape[1]) for layer in layers]
    inputs = [x, *(p for layer in layers for p in layer.parameters())]
    with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
        outputs, last = read_directions(layers, x, states=states, is_real=is_real, masks=masks)
    found = [outputs.float(), *(part.float() for state in last for part in state)]
    loss = sum((part**2).sum() for part in found)
    assert isinstance(loss, Tensor)
    return found, list(torch.autograd.grad(loss, inputs))


def make_case(
    cell: str, *, length: int, batch: int, hidden: int, directions: int, dropped: bool, padded: bool
) -> tuple[list[RecurrentLayer], Tensor, Tensor | None, list[Tensor | None]]:
    layers = [RecurrentLayer(cell, 5, hidden) for _ in range(directions)]
    x = torch.randn(length, batch, 5)
    is_real = None
    if padded:
        lengths = torch.randint(1, length + 1, (batch,))
        is_real = (torch.arange(length)[:, None] < lengths)[:, :, None]
    masks = [2.0 * (torch.rand(batch, hidden) < 0.5) if dropped else None for _ in layers]
    return layers, x, is_real, masks


@needs_compiler
@given(
    cell=st.sampled_from(list(CELLS)),
    length=st.integers(1, 6),
    batch=st.integers(1, 5),
    hidden=st.integers(1, 40),
    directions=st.integers(1, 2),
    dropped=st.booleans(),
    padded=st.booleans(),
)
def test_compiled_steps_equal_those_of_torch_in_fp32(cell: str, **case: int) -> None:
    layers, x, is_real, masks = make_case(cell, **case)
    found = []
    for wanted in (False, True):
        use_compiled_kernels(wanted)
        found.append(run_layers(layers, x, is_real=is_real, masks=masks, dtype=torch.float32))
    for some, others in zip(*found, strict=True):
        for one, other in zip(some, others, strict=True):
            largest = max(1.0, float(other.detach().abs().max()))
            torch.testing.assert_close(one, other, rtol=0, atol=1e-5 * largest)


@needs_compiler
@each_cell
@pytest.mark.usefixtures("compiled")
def test_bf16_stays_within_two_percent_of_fp32(cell: str) -> None:
    """Of the norm of each tensor: states 1 %, gradients 2 %, as products round to 8 bits."""
    layers, x, is_real, masks = make_case(
        cell, length=12, batch=16, hidden=64, directions=2, dropped=False, padded=True
    )
    wide, narrow = (
        run_layers(layers, x, is_real=is_real, masks=masks, dtype=dtype)
        for dtype in (torch.float32, torch.bfloat16)
    )
    for bound, exact, rounded in zip((0.01, 0.02), wide, narrow, strict=True):
        for expected, found in zip(exact, rounded, strict=True):
            assert (found - expected).norm() <= bound * expected.norm()


@needs_compiler
@each_cell
@pytest.mark.usefixtures("compiled")
def test_compiled_steps_equal_those_of_torch_in_bf16(cell: str) -> None:
    layers, x, is_real, masks = make_case(
        cell, length=9, batch=6, hidden=33, directions=2, dropped=True, padded=True
    )
    found = []
    for wanted in (True, False):
        use_compiled_kernels(wanted)
        found.append(run_layers(layers, x, is_real=is_real, masks=masks, dtype=torch.bfloat16))
    for some, others in zip(*found, strict=True):
        for one, other in zip(some, others, strict=True):
            assert (one - other).norm() <= 0.02 * other.norm()


@needs_compiler
@each_cell
@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
@pytest.mark.usefixtures("compiled")
def test_what_is_not_finite_is_not_hidden(cell: str, wrong: float) -> None:
    """An update with such a gradient must be noticed and thrown away."""
    layers, x, is_real, masks = make_case(
        cell, length=3, batch=2, hidden=17, directions=1, dropped=False, padded=False
    )
    x[1, 0, 2] = wrong
    _, grads = run_layers(layers, x, is_real=is_real, masks=masks, dtype=torch.float32)
    assert not all(grad.isfinite().all() for grad in grads)


@needs_compiler
@pytest.mark.usefixtures("compiled")
def test_extreme_sums_give_the_limits_of_the_gates() -> None:
    layer = RecurrentLayer("lstm", 1, 1)
    for parameter in layer.parameters():
        parameter.data.fill_(1.0)
    for value in (-1e30, -100.0, 100.0, 1e30):
        outputs, (_, c) = layer(torch.full((2, 1, 1), value))
        gate = float(value > 0)
        expected = torch.tensor([1.0, 2.0])[:, None, None].tanh() * gate
        torch.testing.assert_close(outputs, expected, atol=1e-6, rtol=1e-6)
        assert c.isfinite().all()


@needs_compiler
@pytest.mark.usefixtures("compiled")
@given(st.integers(1, 50), st.integers(2, 300), st.floats(0, 0.9))
def test_softmax_excess_equals_autograd(rows: int, vocab: int, smoothing: float) -> None:
    logits = (3 * torch.randn(rows, vocab)).requires_grad_()
    gold = torch.randint(vocab, (rows,))
    log_probs = logits.log_softmax(dim=-1)
    gold_part, mean_part = log_probs.gather(1, gold[:, None])[:, 0], log_probs.mean(dim=-1)
    loss = -((1 - smoothing) * gold_part + smoothing * mean_part).sum()
    (expected,) = torch.autograd.grad(loss, [logits])
    compiled = compiled_for(logits)
    assert compiled is not None
    found, bias_grad = logits.detach().clone(), torch.zeros(1, vocab)
    parts = torch.tensor([[smoothing / vocab, 1 - smoothing]])
    likelihoods = compiled.softmax_excess(found, gold, parts, bias_grad)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(bias_grad[0], expected.sum(dim=0), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(likelihoods[:, 0], gold_part.detach(), atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(likelihoods[:, 1], mean_part.detach(), atol=1e-4, rtol=1e-5)


@needs_compiler
@pytest.mark.usefixtures("compiled")
def test_a_narrow_matrix_is_added_to_a_wide_one() -> None:
    total, part = torch.randn(7, 33), torch.randn(7, 33).bfloat16()
    compiled = compiled_for(part)
    assert compiled is not None
    expected = total + part.float()
    compiled.accumulate(total, part)
    assert torch.equal(total, expected)


@needs_compiler
@pytest.mark.usefixtures("compiled")
@given(
    rows=st.integers(1, 4),
    vocab=st.integers(1, 300),
    keep=st.integers(1, 300),
    values=st.integers(1, 5),
    banned=st.floats(0, 0.9),
    narrow=st.booleans(),
)
def test_the_likeliest_pieces_are_those_of_a_stable_sort(
    rows: int, vocab: int, keep: int, values: int, banned: float, narrow: bool
) -> None:
    """Many logits are equal, and some are -inf."""
    logits = torch.randint(values, (rows, vocab)).float()
    logits[:, 1:][torch.rand(rows, vocab - 1) < banned] = -torch.inf
    logits, keep = logits.bfloat16() if narrow else logits, min(keep, vocab)
    compiled = compiled_for(logits)
    assert compiled is not None
    log_probs, pieces = compiled.best_pieces(logits, keep)
    order = logits.float().sort(dim=-1, descending=True, stable=True).indices[:, :keep]
    assert torch.equal(pieces, order)
    expected = logits.float().log_softmax(dim=-1).gather(1, order)
    torch.testing.assert_close(log_probs, expected, atol=1e-5, rtol=1e-5)


@needs_compiler
@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("value", [torch.nan, -torch.inf, torch.inf])
def test_pieces_stay_in_range_whatever_the_logits_are(value: float) -> None:
    logits = torch.full((2, 100), value)
    compiled = compiled_for(logits)
    assert compiled is not None
    _, pieces = compiled.best_pieces(logits, 70)
    assert ((pieces >= 0) & (pieces < 100)).all()


@needs_compiler
@pytest.mark.usefixtures("compiled")
@given(
    batch=st.integers(1, 4),
    beams=st.integers(1, 3),
    src_len=st.integers(1, 9),
    heads=st.integers(1, 3),
    units=st.integers(1, 20),
)
def test_attend_reads_as_attention_by_its_equation(
    batch: int, beams: int, src_len: int, heads: int, units: int
) -> None:
    queries = torch.randn(batch, beams, heads, units)
    all_keys, all_values = torch.randn(2, batch + 2, src_len, heads, units)
    all_lengths = torch.randint(1, src_len + 1, (batch + 2,))
    places = torch.randperm(batch + 2)[:batch]
    keys, values, lengths = all_keys[places], all_values[places], all_lengths[places]
    scores = torch.einsum("bqhu,bshu->bqhs", queries, keys)
    is_padding = torch.arange(src_len) >= lengths[:, None, None, None]
    weights = scores.masked_fill(is_padding, -torch.inf).softmax(dim=-1)
    contexts = torch.einsum("bqhs,bshu->bqhu", weights, values)
    compiled = compiled_for(keys)
    assert compiled is not None
    remembered = (all_keys.flatten(2), all_values.flatten(2), all_lengths, places)
    read = compiled.attend(queries.flatten(2).flatten(0, 1), *remembered, heads=heads)
    expected = torch.cat([queries.flatten(2), contexts.flatten(2)], dim=-1).flatten(0, 1)
    torch.testing.assert_close(read, expected, atol=1e-5, rtol=1e-5)


# --- choosing ---------------------------------------------------------------------------------


def test_torch_serves_where_there_is_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("CC", raising=False)
    assert use_compiled_kernels(True) == (
        "torch's operations, as there is no C compiler (cc, gcc or clang)"
    )
    assert compiled_for(torch.zeros(1)) is None


@pytest.mark.skipif(os.name == "nt", reason="makes a program with a shell script")
def test_torch_serves_where_the_compiler_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    assert "cannot compile here" in use_compiled_kernels(True)
    assert compiled_for(torch.zeros(1)) is None


def test_nobody_is_given_kernels_that_do_not_fit() -> None:
    use_compiled_kernels(True)
    assert compiled_for(torch.zeros(1, dtype=torch.float64)) is None
    assert compiled_for(torch.zeros(1, device="meta")) is None


@needs_compiler
def test_kernels_are_compiled_once_and_only_ours_are_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    use_compiled_kernels(True)
    made = sorted((tmp_path / "seqcli").iterdir())
    assert [path.suffix for path in made] == [".so"] * 2
    calls = []
    monkeypatch.setattr(compiling, "_keep", lambda *paths: calls.append(paths))
    assert use_compiled_kernels(True).startswith("compiled by")
    assert not calls
    for path in made:  # anybody could have written there
        path.chmod(path.stat().st_mode | stat.S_IWOTH)
    assert use_compiled_kernels(True).startswith("compiled by")
    assert len(calls) == 2


@needs_compiler
def test_a_cache_that_cannot_be_written_is_no_loss(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert use_compiled_kernels(True).startswith("compiled by")
