from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import tiny_model, tiny_settings

from seqcli.batches import collate
from seqcli.dataset import Dataset
from seqcli.decoding.translator import Translator
from seqcli.models import Seq2Seq
from seqcli.scoring import score
from seqcli.training.memory import estimate_memory
from seqcli.training.validation import Validation, validate


@pytest.fixture
def dataset(tiny_data: Path) -> Dataset:
    return Dataset.open(tiny_data)


def make_model(dataset: Dataset, **sizes: Any) -> Seq2Seq:
    return tiny_model(vocab_size=len(dataset.pieces().src), **sizes).float()


def run(dataset: Dataset, model: Seq2Seq, *, batch_tokens: int = 1000) -> Validation:
    return validate(
        model,
        dataset.split("valid"),
        dataset.text("valid")[1],
        tgt_pieces=dataset.pieces().tgt,
        decoding=tiny_settings().decoding,
        batch_tokens=batch_tokens,
        dtype=torch.float32,
    )


def test_the_loss_is_that_of_a_gold_piece(dataset: Dataset):
    model, split = make_model(dataset), dataset.split("valid")
    batch = collate([(split.src[i], split.tgt[i]) for i in range(len(split))])
    log_probs = model(batch.src, batch.src_lengths, batch.tgt_in).log_softmax(-1)
    gold = log_probs.gather(2, batch.tgt_out[:, :, None]).squeeze(2)[batch.tgt_out != 0]
    assert run(dataset, model).loss == pytest.approx(-float(gold.mean().detach()), rel=1e-5)


def test_batching_changes_nothing(dataset: Dataset):
    model = make_model(dataset)
    whole, small = run(dataset, model), run(dataset, model, batch_tokens=1)
    assert small.loss == pytest.approx(whole.loss)
    assert small.hyps == whole.hyps


def test_hypotheses_are_greedy_translations_in_order(dataset: Dataset):
    model = make_model(dataset)
    src, refs = dataset.text("valid")
    found = run(dataset, model)
    translator = Translator(model, dataset.pieces(), tiny_settings())
    assert found.hyps == translator.translate(src, beam_size=1, on_loop="keep")
    bleu, chrf = score(found.hyps, refs, ("bleu", "chrf"))
    assert (found.bleu, found.chrf) == (bleu.value, chrf.value)


def test_nothing_is_different_afterwards(dataset: Dataset):
    model = make_model(dataset, dropout=0.3).train()
    weights = [parameter.detach().clone() for parameter in model.parameters()]
    before = torch.get_rng_state()
    run(dataset, model)
    assert model.training
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(p, w) for p, w in zip(model.parameters(), weights, strict=True))
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("attention", ["none", "dot", "additive"])
def test_the_memory_estimate_grows_with_what_costs_memory(attention: str):
    def estimate(**settings: Any) -> int:
        resolved = tiny_settings(attention=attention, **settings)
        model = tiny_model(**dict(resolved.model))
        return estimate_memory(resolved, model, torch.float32)

    least = estimate()
    assert least > 100_000_000
    assert estimate(batch_tokens=6000) > least
    assert estimate(hidden_size=80) > least
    assert estimate(layers=3) > least
