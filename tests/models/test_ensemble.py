from __future__ import annotations

import pytest
import torch
from tiny import tiny_model

from seqcli.decoding.sampling import sample
from seqcli.decoding.search import beam_search
from seqcli.models import Ensemble, Seq2Seq

SRC = torch.tensor([[4, 5, 6, 7, 3], [8, 3, 0, 0, 0], [9, 4, 3, 0, 0]])
SRC_LENGTHS = torch.tensor([5, 2, 3])
LIMITS = [6, 6, 6]


def members() -> list[Seq2Seq]:
    return [
        tiny_model(seed=1),
        tiny_model(seed=2, cell="gru", attention="none"),
        tiny_model(seed=3, hidden_size=6, attention="additive", input_feeding=True),
    ]


@torch.no_grad()
def test_it_says_the_mean_of_the_members_probabilities():
    models = members()
    ensemble = Ensemble(models)
    reading = ensemble.read(SRC, SRC_LENGTHS)
    state, states = reading.state, [model.read(SRC, SRC_LENGTHS) for model in models]
    own = [each.state for each in states]
    for prev_ids in torch.tensor([[2, 2, 2], [5, 6, 7]]):
        readouts, state, weights = ensemble.step(prev_ids, state, reading.memory)
        probs, seen = [], []
        for number, (model, of_one) in enumerate(zip(models, states, strict=True)):
            readout, own[number], looked = model.step(prev_ids, own[number], of_one.memory)
            probs.append(model.logits(readout).softmax(dim=-1))
            seen += [] if looked is None else [looked]
        torch.testing.assert_close(
            ensemble.logits(readouts).exp().double(),
            torch.stack(probs).mean(dim=0),
            atol=1e-6,
            rtol=1e-5,
        )
        torch.testing.assert_close(weights.double(), torch.stack(seen).mean(dim=0))


@torch.no_grad()
@pytest.mark.parametrize("beam_size", [1, 3])
def test_an_ensemble_of_one_model_twice_translates_as_the_model(beam_size: int):
    model = tiny_model(seed=4).float()
    found = []
    for one in (model, Ensemble([model]), Ensemble([model, model])):
        searched = beam_search(
            one,
            one.read(SRC, SRC_LENGTHS),
            limits=LIMITS,
            beam_size=beam_size,
            length_penalty=1.0,
            n_best=beam_size,
        )
        found.append([[each.ids for each in of_source] for of_source in searched])
    assert found[0] == found[1] == found[2]


@torch.no_grad()
def test_an_ensemble_samples_too():
    ensemble = Ensemble([model.float() for model in members()])
    drawn = sample(
        ensemble,
        ensemble.read(SRC, SRC_LENGTHS),
        limits=LIMITS,
        temperature=1.0,
        top_k=3,
        top_p=None,
        length_penalty=1.0,
        generators=[torch.Generator().manual_seed(i) for i in range(3)],
    )
    assert len(drawn) == 3


@torch.no_grad()
def test_the_order_of_the_members_does_not_matter():
    models = [model.float() for model in members()]
    found = []
    for order in (models, models[::-1]):
        ensemble = Ensemble(order)
        searched = beam_search(
            ensemble,
            ensemble.read(SRC, SRC_LENGTHS),
            limits=LIMITS,
            beam_size=2,
            length_penalty=1.0,
        )
        found.append([[each.ids for each in of_source] for of_source in searched])
    assert found[0] == found[1]
