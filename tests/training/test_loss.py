from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from seqcli.models.kernels import use_compiled_kernels
from seqcli.pieces import PAD_ID
from seqcli.training import loss as loss_module
from seqcli.training.loss import output_cross_entropy

ROWS, READOUT, VOCAB = 7, 3, 5
smoothings = pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
chunks = pytest.mark.parametrize("rows_at_a_time", [1, 3, ROWS, 1000])


def make_parts(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    readouts = torch.randn(ROWS, READOUT, dtype=dtype, requires_grad=True)
    weight = torch.randn(VOCAB, READOUT, dtype=dtype, requires_grad=True)
    bias = torch.randn(VOCAB, dtype=dtype, requires_grad=True)
    return readouts, weight, bias, torch.tensor([PAD_ID, 4, 2, 2, 1, 3, PAD_ID])


def set_chunk(monkeypatch: pytest.MonkeyPatch, rows_at_a_time: int) -> None:
    monkeypatch.setattr(loss_module, "CHUNK_ENTRIES", rows_at_a_time * VOCAB)


@smoothings
@chunks
def test_loss_and_gradients_equal_those_of_torch(
    monkeypatch: pytest.MonkeyPatch, smoothing: float, rows_at_a_time: int
):
    set_chunk(monkeypatch, rows_at_a_time)
    readouts, weight, bias, gold = make_parts()
    parts = (readouts, weight, bias)
    logits = functional.linear(readouts, weight, bias)
    sums = {"ignore_index": PAD_ID, "reduction": "sum"}
    expected = functional.cross_entropy(logits, gold, label_smoothing=smoothing, **sums)
    loss, nll = output_cross_entropy(readouts, weight, bias, gold, label_smoothing=smoothing)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(nll, functional.cross_entropy(logits, gold, **sums))
    torch.testing.assert_close(
        torch.autograd.grad(loss / 3, parts), torch.autograd.grad(expected / 3, parts)
    )


@smoothings
@chunks
def test_gradients_equal_finite_differences(
    monkeypatch: pytest.MonkeyPatch, smoothing: float, rows_at_a_time: int
):
    set_chunk(monkeypatch, rows_at_a_time)
    *parts, gold = make_parts()

    def run(readouts: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        # Without a gradient the loss may be computed another way; gradcheck would not see that.
        return output_cross_entropy(readouts, weight, bias, gold, label_smoothing=smoothing)[0]

    assert torch.autograd.gradcheck(run, parts)


@smoothings
def test_the_loss_is_the_same_whether_or_not_a_gradient_is_wanted(smoothing: float):
    readouts, weight, bias, gold = make_parts()
    wanted = output_cross_entropy(readouts, weight, bias, gold, label_smoothing=smoothing)
    with torch.no_grad():
        unwanted = output_cross_entropy(readouts, weight, bias, gold, label_smoothing=smoothing)
    torch.testing.assert_close(wanted, unwanted)


def test_no_gradient_is_computed_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch):
    """Validation used to spend twice its time on gradients that nobody read."""

    def fail(*_: object) -> None:
        raise AssertionError("computed a gradient")

    monkeypatch.setattr(loss_module._OutputLayer, "learn", fail)
    readouts, weight, bias, gold = make_parts()
    with torch.no_grad():
        loss, _ = output_cross_entropy(readouts, weight, bias, gold, label_smoothing=0.1)
    assert not loss.requires_grad
    with pytest.raises(AssertionError, match="computed a gradient"):
        output_cross_entropy(readouts, weight, bias, gold, label_smoothing=0.1)


def test_the_plain_loss_has_no_gradient():
    readouts, weight, bias, gold = make_parts()
    _, nll = output_cross_entropy(readouts, weight, bias, gold, label_smoothing=0.1)
    assert not nll.requires_grad


def test_logits_far_from_zero_do_not_overflow():
    readouts = torch.tensor([[300.0], [-300.0]], requires_grad=True)
    weight, bias = torch.tensor([[10.0], [-10.0]]), torch.zeros(2)
    loss, nll = output_cross_entropy(
        readouts, weight, bias, torch.tensor([1, 1]), label_smoothing=0.0
    )
    assert float(nll.detach()) == pytest.approx(6000)
    loss.backward()
    torch.testing.assert_close(readouts.grad, torch.tensor([[20.0], [0.0]]))


def test_bf16_readouts_give_the_same_loss_and_gradients_roughly():
    readouts, weight, bias, gold = make_parts(torch.float32)
    found = []
    for dtype in (torch.float32, torch.bfloat16):
        loss, nll = output_cross_entropy(
            readouts.to(dtype), weight, bias, gold, label_smoothing=0.1
        )
        assert loss.dtype == nll.dtype == torch.float32
        grads = torch.autograd.grad(loss, (readouts, weight, bias))
        assert {grad.dtype for grad in grads} == {torch.float32}
        found.append((loss.detach(), nll, *grads))
    torch.testing.assert_close(found[0], found[1], atol=0.1, rtol=0.05)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@smoothings
@pytest.mark.parametrize("rows_at_a_time", [1, 3, 1000])
def test_compiled_kernels_give_the_loss_and_gradients_of_torch(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, smoothing: float, rows_at_a_time: int
):
    set_chunk(monkeypatch, rows_at_a_time)
    readouts, weight, bias, gold = make_parts(torch.float32)
    readouts = readouts.detach().to(dtype).requires_grad_()
    found = []
    for wanted in (True, False):
        use_compiled_kernels(wanted)
        losses = output_cross_entropy(readouts, weight, bias, gold, label_smoothing=smoothing)
        found.append((*losses, *torch.autograd.grad(losses[0], (readouts, weight, bias))))
    use_compiled_kernels(False)
    bound = 1e-5 if dtype == torch.float32 else 0.02
    torch.testing.assert_close(found[0], found[1], atol=bound, rtol=bound)


def test_the_scale_is_a_factor_of_the_loss_and_not_of_the_likelihood():
    readouts, weight, bias, gold = make_parts()
    parts = (readouts, weight, bias)
    loss, nll = output_cross_entropy(*parts, gold, label_smoothing=0.1)
    scaled, same = output_cross_entropy(*parts, gold, label_smoothing=0.1, scale=0.25)
    torch.testing.assert_close(scaled, loss / 4)
    torch.testing.assert_close(same, nll)
    torch.testing.assert_close(
        torch.autograd.grad(scaled, parts), torch.autograd.grad(loss / 4, parts)
    )


def test_padding_alone_has_no_loss_and_no_gradient():
    readouts, weight, bias, gold = make_parts()
    loss, nll = output_cross_entropy(
        readouts, weight, bias, torch.full_like(gold, PAD_ID), label_smoothing=0.1
    )
    assert loss == nll == 0
    for grad in torch.autograd.grad(loss, (readouts, weight, bias)):
        assert (grad == 0).all()


# --- two passes that shall agree (R-Drop) ---------------------------------------------------------


def agreeing_loss(
    readouts: Tensor, weight: Tensor, bias: Tensor, gold: Tensor, *, smoothing: float, alpha: float
) -> Tensor:
    """Return Liang et al. 2021, equation 4, halved, with torch's own losses."""
    is_real = gold[:ROWS] != PAD_ID
    logits = functional.linear(readouts, weight, bias).unflatten(0, (2, -1))[:, is_real]
    first, second = logits.log_softmax(dim=-1)
    entropy = sum(
        functional.cross_entropy(
            each, gold[:ROWS][is_real], label_smoothing=smoothing, reduction="sum"
        )
        for each in logits
    )
    both_ways = [
        functional.kl_div(a, b, log_target=True, reduction="sum")
        for a, b in ((first, second), (second, first))
    ]
    return (entropy + alpha * sum(both_ways) / 2) / 2


def make_two_passes(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    _, weight, bias, gold = make_parts(dtype)
    readouts = torch.randn(2 * ROWS, READOUT, dtype=dtype, requires_grad=True)
    return readouts, weight, bias, gold.repeat(2)


@smoothings
@chunks
@pytest.mark.parametrize("alpha", [0.5, 5.0])
def test_the_loss_of_two_passes_is_that_of_the_paper(
    monkeypatch: pytest.MonkeyPatch, smoothing: float, rows_at_a_time: int, alpha: float
):
    set_chunk(monkeypatch, rows_at_a_time)
    *parts, gold = make_two_passes()
    expected = agreeing_loss(*parts, gold, smoothing=smoothing, alpha=alpha)
    settings = {"label_smoothing": smoothing, "agreement": alpha}
    loss, nll = output_cross_entropy(*parts, gold, **settings)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(
        torch.autograd.grad(loss / 3, parts), torch.autograd.grad(expected / 3, parts)
    )
    with torch.no_grad():
        torch.testing.assert_close(output_cross_entropy(*parts, gold, **settings), (loss, nll))


def test_gradients_of_two_passes_equal_finite_differences():
    *parts, gold = make_two_passes()

    def run(readouts: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return output_cross_entropy(
            readouts, weight, bias, gold, label_smoothing=0.1, agreement=3.0
        )[0]

    assert torch.autograd.gradcheck(run, parts)


def test_two_equal_passes_cost_nothing_more():
    readouts, weight, bias, gold = make_parts()
    one = output_cross_entropy(readouts, weight, bias, gold, label_smoothing=0.1)
    two = output_cross_entropy(
        torch.cat([readouts, readouts]),
        weight,
        bias,
        gold.repeat(2),
        label_smoothing=0.1,
        agreement=5.0,
    )
    torch.testing.assert_close(two, one)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@chunks
def test_compiled_two_passes_equal_those_of_torch(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, rows_at_a_time: int
):
    set_chunk(monkeypatch, rows_at_a_time)
    readouts, weight, bias, gold = make_two_passes(torch.float32)
    found = []
    for compiled in (True, False):
        use_compiled_kernels(compiled)
        loss, nll = output_cross_entropy(
            readouts.to(dtype), weight, bias, gold, label_smoothing=0.1, agreement=2.0
        )
        found.append((loss, nll, *torch.autograd.grad(loss, (readouts, weight, bias))))
    use_compiled_kernels(False)
    tolerance = 1e-5 if dtype == torch.float32 else 0.02
    torch.testing.assert_close(found[0], found[1], atol=tolerance, rtol=tolerance)
