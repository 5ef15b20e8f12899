from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import tiny_model

from seqcli.batches import collate_sources
from seqcli.decoding.candidates import next_log_probs
from seqcli.decoding.hypotheses import Found
from seqcli.decoding.sampling import keep_likely, sample
from seqcli.decoding.search import beam_search
from seqcli.models import Seq2Seq
from seqcli.pieces import BOS_ID, EOS_ID, PAD_ID, UNK_ID

SOURCES = [[4, 5, 6, 7], [8], [9, 4], [10, 11, 4, 4, 5, 6]]


def draw(
    model: Seq2Seq,
    sources: list[list[int]],
    *,
    seeds: list[int] | None = None,
    limit: int = 6,
    **options: Any,
) -> list[Found]:
    chosen = {"temperature": 1.0, "top_k": None, "top_p": None, "length_penalty": 1.0, **options}
    seeds = seeds or [100 + len(source) for source in sources]
    with torch.no_grad():
        return sample(
            model,
            model.read(*collate_sources(sources)),
            limits=[limit] * len(sources),
            generators=[torch.Generator().manual_seed(seed) for seed in seeds],
            **chosen,
        )


def test_the_same_seed_draws_the_same_and_another_seed_something_else():
    model = tiny_model()
    first, again, other = (
        [found.ids for found in draw(model, SOURCES * 4, seeds=list(range(start, start + 16)))]
        for start in (0, 0, 100)
    )
    assert first == again
    assert first != other


def test_a_draw_does_not_depend_on_what_else_is_in_the_batch():
    model = tiny_model()
    together = draw(model, SOURCES)
    backwards = draw(model, SOURCES[::-1])[::-1]
    alone = [draw(model, [source])[0] for source in SOURCES]
    assert [f.ids for f in together] == [f.ids for f in backwards] == [f.ids for f in alone]
    assert [f.score for f in together] == pytest.approx([f.score for f in alone])


def test_sampling_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    model = tiny_model()
    before = torch.get_rng_state()
    draw(model, SOURCES)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("options", [{"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-4}])
def test_where_only_the_likeliest_is_left_drawing_is_greedy(options: dict[str, Any]):
    model = tiny_model()
    with torch.no_grad():
        reading = model.read(*collate_sources(SOURCES))
        greedy = beam_search(model, reading, limits=[6] * 4, beam_size=1, length_penalty=1.0)
    drawn = draw(model, SOURCES, **options)
    assert [found.ids for found in drawn] == [best.ids for (best,) in greedy]
    assert [found.truncated for found in drawn] == [best.truncated for (best,) in greedy]


def first_piece_probs(model: Seq2Seq, source: list[int], temperature: float) -> torch.Tensor:
    with torch.no_grad():
        reading = model.read(*collate_sources([source]))
        readout, _, _ = model.step(torch.tensor([BOS_ID]), reading.state, reading.memory)
        return next_log_probs(model, readout, temperature=temperature)[0].exp()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_pieces_are_drawn_as_often_as_they_are_likely(temperature: float):
    model, count = tiny_model(), 4000
    drawn = draw(
        model, [[4, 5]] * count, seeds=list(range(count)), limit=1, temperature=temperature
    )
    probs = first_piece_probs(model, [4, 5], temperature)
    firsts = torch.tensor([found.ids[0] if found.ids else EOS_ID for found in drawn])
    seen = firsts.bincount(minlength=len(probs)).double()
    expected = probs.double() * count
    possible = expected > 0
    assert not seen[~possible].any()
    chi_square = float(((seen - expected)[possible] ** 2 / expected[possible]).sum())
    assert chi_square < 40  # 8 degrees of freedom: seen once in 300,000


def test_nothing_outside_the_nucleus_is_drawn():
    model, count = tiny_model(), 500
    probs = first_piece_probs(model, [4, 5], 1.0)
    drawn = draw(model, [[4, 5]] * count, seeds=list(range(count)), limit=1, top_k=2)
    likeliest = set(probs.topk(2).indices.tolist())
    assert {found.ids[0] if found.ids else EOS_ID for found in drawn} == likeliest


def test_padding_start_and_unknown_are_never_drawn():
    model = tiny_model(tie_embeddings=False)
    with torch.no_grad():
        model.output.bias[[PAD_ID, UNK_ID, BOS_ID]] += 50
    for found in draw(model, SOURCES * 10, seeds=list(range(40)), temperature=5.0):
        assert not set(found.ids) & {PAD_ID, UNK_ID, BOS_ID, EOS_ID}


def test_what_never_ends_is_cut_at_its_limit_and_said_to_be():
    model = tiny_model(tie_embeddings=False)
    with torch.no_grad():
        model.output.bias[EOS_ID] -= 1000
    for found in draw(model, SOURCES, limit=3):
        assert (len(found.ids), found.truncated) == (3, True)


@torch.no_grad()
def test_the_score_is_that_of_the_pieces_that_are_returned():
    """The log-probability of a cut translation used to hold that of a piece beyond the cut."""
    model = tiny_model()
    for limit in (1, 2, 6):
        for source, found in zip(
            SOURCES, draw(model, SOURCES, limit=limit, length_penalty=0.5), strict=True
        ):
            src, src_lengths = collate_sources([source])
            logits = model(src, src_lengths, torch.tensor([[BOS_ID, *found.ids]]))[0].float()
            logits[:, [PAD_ID, UNK_ID, BOS_ID]] = -torch.inf
            produced = list(found.ids) if found.truncated else [*found.ids, EOS_ID]
            rows = logits.log_softmax(-1)
            log_prob = sum(float(rows[at, piece]) for at, piece in enumerate(produced))
            assert found.log_prob == pytest.approx(log_prob, rel=1e-4)
            assert found.score == pytest.approx(log_prob / math.sqrt(len(produced)), rel=1e-4)


PROBS = torch.tensor([[0.1, 0.4, 0.2, 0.3]])


@pytest.mark.parametrize(
    ("top_k", "top_p", "kept"),
    [
        (None, None, [0, 1, 2, 3]),
        (1, None, [1]),
        (2, None, [1, 3]),
        (9, None, [0, 1, 2, 3]),
        (None, 0.3, [1]),
        (None, 0.5, [1, 3]),
        (None, 0.71, [1, 2, 3]),
        (None, 1.0, [0, 1, 2, 3]),
        (3, 0.5, [1, 3]),
    ],
)
def test_keep_likely_keeps_the_fewest_that_hold_enough(
    top_k: int | None, top_p: float | None, kept: list[int]
):
    found = keep_likely(PROBS.log(), top_k=top_k, top_p=top_p)
    assert (found > -torch.inf).nonzero()[:, 1].tolist() == kept
    assert torch.equal(found[:, kept], PROBS.log()[:, kept])


@given(
    st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=12),
    st.floats(0.01, 1),
    st.integers(1, 12),
)
def test_keep_likely_never_drops_the_likeliest(logits: list[float], top_p: float, top_k: int):
    log_probs = torch.tensor([logits]).log_softmax(-1)
    found = keep_likely(log_probs, top_k=top_k, top_p=top_p)
    assert found.max() == log_probs.max()
    alone = keep_likely(log_probs, top_k=None, top_p=top_p)
    assert float(alone.exp().sum()) >= top_p - 1e-5
