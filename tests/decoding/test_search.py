from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import VOCAB, tiny_model

from seqcli.batches import collate_sources
from seqcli.decoding.candidates import (
    NEVER_PRODUCED,
    best_pieces,
    extend_beams,
    next_log_probs,
    repeats,
)
from seqcli.decoding.hypotheses import Found, max_pieces_out, normalised
from seqcli.decoding.search import beam_search
from seqcli.models import Seq2Seq
from seqcli.pieces import BOS_ID, EOS_ID

SOURCES = [[4, 5, 6, 7], [8], [9, 4], [10, 11, 4, 4, 5, 6], []]
MANY = [[4 + (row * place) % 8 for place in range(1, 2 + row % 7)] for row in range(21)]
SHAPES: list[dict[str, Any]] = [
    {},
    {"attention": "none", "cell": "gru"},
    {"attention": "additive", "input_feeding": True, "layers": 2},
    {"attention": "dot", "cell": "rnn", "bidirectional": False},
]
each_shape = pytest.mark.parametrize(
    "shape", SHAPES, ids=["-".join(map(str, shape.values())) or "default" for shape in SHAPES]
)


def search(
    model: Seq2Seq,
    sources: list[list[int]],
    *,
    limit: int = 6,
    beam_size: int = 1,
    length_penalty: float = 1.0,
    n_best: int = 1,
) -> list[list[Found]]:
    with torch.no_grad():
        return beam_search(
            model,
            model.read(*collate_sources(sources)),
            limits=[limit] * len(sources),
            beam_size=beam_size,
            length_penalty=length_penalty,
            n_best=n_best,
        )


@torch.no_grad()
def piece_log_probs(model: Seq2Seq, source: list[int], ids: list[int]) -> torch.Tensor:
    """Return log p of every piece at every position of a hypothesis, (len(ids) + 1, vocab)."""
    src, src_lengths = collate_sources([source])
    logits = model(src, src_lengths, torch.tensor([[BOS_ID, *ids]]))[0]
    logits[:, list(NEVER_PRODUCED)] = -torch.inf
    return logits.log_softmax(dim=-1)


def log_prob_of(model: Seq2Seq, source: list[int], ids: list[int], *, ended: bool = True) -> float:
    produced = [*ids, EOS_ID] if ended else ids
    log_probs = piece_log_probs(model, source, ids)
    return sum(float(log_probs[at, piece]) for at, piece in enumerate(produced))


def greedy(model: Seq2Seq, source: list[int], limit: int) -> tuple[list[int], bool]:
    """Return the likeliest pieces one by one, and whether they were cut."""
    ids: list[int] = []
    while True:
        piece = int(piece_log_probs(model, source, ids)[-1].argmax())
        if piece == EOS_ID:
            return ids, False
        if len(ids) == limit:
            return ids, True
        ids.append(piece)


@each_shape
@pytest.mark.parametrize("seed", range(4))
def test_beam_of_one_equals_greedy(shape: dict[str, Any], seed: int):
    model = tiny_model(seed=seed, **shape)
    for source, (found,) in zip(SOURCES, search(model, SOURCES), strict=True):
        assert (list(found.ids), found.truncated) == greedy(model, source, 6)


def narrow_model(seed: int) -> Seq2Seq:
    """Return a model that can produce three pieces and EOS, with clear preferences."""
    model = tiny_model(vocab_size=7, seed=seed, tie_embeddings=False)
    with torch.no_grad():
        model.output.weight.mul_(3)
    return model


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("seed", range(6))
def test_a_beam_as_wide_as_the_search_space_finds_what_brute_force_finds(
    length_penalty: float, seed: int
):
    model, source, limit = narrow_model(seed), [4, 6, 5], 3
    everything = [
        list(ids) for size in range(limit + 1) for ids in itertools.product((4, 5, 6), repeat=size)
    ]
    scored = [
        (log_prob_of(model, source, ids) / (len(ids) + 1) ** length_penalty, ids)
        for ids in everything
    ]
    ranked = sorted(scored, reverse=True)
    (found,) = search(
        model,
        [source],
        limit=limit,
        beam_size=3 * len(everything),
        length_penalty=length_penalty,
        n_best=len(everything),
    )
    assert [list(one.ids) for one in found] == [ids for _, ids in ranked]
    assert [one.score for one in found] == pytest.approx([score for score, _ in ranked], rel=1e-4)


@each_shape
@pytest.mark.parametrize("beam_size", [1, 2, 5])
def test_scores_are_those_of_the_model(shape: dict[str, Any], beam_size: int):
    model = tiny_model(**shape)
    results = search(model, SOURCES, beam_size=beam_size, n_best=beam_size, length_penalty=0.7)
    for source, found in zip(SOURCES, results, strict=True):
        for one in found:
            ids = list(one.ids)
            log_prob = log_prob_of(model, source, ids, ended=not one.truncated)
            length = len(ids) + (not one.truncated)
            assert one.log_prob == pytest.approx(log_prob, rel=1e-4)
            assert one.score == pytest.approx(log_prob / length**0.7, rel=1e-4)


@each_shape
@pytest.mark.parametrize("seed", range(4))
def test_n_best_hypotheses_are_distinct_and_sorted(shape: dict[str, Any], seed: int):
    model = tiny_model(seed=seed, **shape)
    for limit in (1, 2, 6):
        for found in search(model, SOURCES, limit=limit, beam_size=4, n_best=4):
            assert 1 <= len(found) <= 4
            assert len({one.ids for one in found}) == len(found)
            ended = [one.score for one in found if not one.truncated]
            cut = [one.score for one in found if one.truncated]
            assert ended == sorted(ended, reverse=True)
            assert cut == sorted(cut, reverse=True)
            # Those that came to an end stand first.
            assert [one.truncated for one in found] == [False] * len(ended) + [True] * len(cut)


def test_the_best_of_many_is_the_one_that_is_returned_alone():
    model = tiny_model()
    alone, many = search(model, SOURCES, beam_size=4), search(model, SOURCES, beam_size=4, n_best=4)
    assert [found[0] for found in many] == [found[0] for found in alone]


@pytest.mark.parametrize("beam_size", [1, 3])
def test_padding_start_and_unknown_are_never_produced(beam_size: int):
    model = tiny_model(tie_embeddings=False)
    with torch.no_grad():
        model.output.bias[list(NEVER_PRODUCED)] += 100
        model.output.bias[EOS_ID] -= 100
    for found in search(model, SOURCES, beam_size=beam_size, n_best=beam_size):
        for one in found:
            assert not set(one.ids) & {*NEVER_PRODUCED, EOS_ID}
            assert math.isfinite(one.log_prob)


@pytest.mark.parametrize("beam_size", [1, 3])
def test_what_never_ends_is_cut_at_its_limit_and_said_to_be(beam_size: int):
    model = tiny_model(tie_embeddings=False)
    with torch.no_grad():
        model.output.bias[EOS_ID] -= 1000
        reading = model.read(*collate_sources(SOURCES))
    limits = [3, 1, 4, 2, 5]
    results = beam_search(
        model, reading, limits=limits, beam_size=beam_size, length_penalty=1.0, n_best=1
    )
    assert [len(found[0].ids) for found in results] == limits
    assert all(found[0].truncated for found in results)


@pytest.mark.parametrize("seed", range(6))
def test_a_translation_as_long_as_its_limit_is_not_cut(seed: int):
    model = narrow_model(seed)
    for limit in range(1, 12):
        (found,) = search(model, [[4, 5]], limit=limit)[0]
        ids, truncated = greedy(model, [4, 5], limit)
        assert (list(found.ids), found.truncated) == (ids, truncated)


def test_a_hypothesis_of_exactly_the_limit_may_end():
    model = tiny_model(tie_embeddings=False)
    with torch.no_grad():
        model.output.bias[EOS_ID] += 1000
    for found in search(model, SOURCES, limit=1):
        assert (found[0].ids, found[0].truncated) == ((), False)


@each_shape
@pytest.mark.parametrize("beam_size", [1, 3])
def test_neither_batching_nor_order_changes_a_translation(shape: dict[str, Any], beam_size: int):
    model = tiny_model(**shape)
    together = search(model, MANY, beam_size=beam_size, n_best=beam_size)
    backwards = search(model, MANY[::-1], beam_size=beam_size, n_best=beam_size)[::-1]
    alone = [search(model, [source], beam_size=beam_size, n_best=beam_size)[0] for source in MANY]
    for one, other in ((together, backwards), (together, alone)):
        for found, expected in zip(one, other, strict=True):
            assert [f.ids for f in found] == [f.ids for f in expected]
            assert [f.score for f in found] == pytest.approx([f.score for f in expected])


@pytest.mark.parametrize("beam_size", [1, 3])
def test_a_sentence_that_is_done_leaves_the_others_alone(beam_size: int):
    model = tiny_model(attention="general")
    reading = model.read(*collate_sources(MANY))

    def run(limits: list[int]) -> list[list[Found]]:
        return beam_search(
            model, reading, limits=limits, beam_size=beam_size, length_penalty=1.0, n_best=1
        )

    with torch.no_grad():
        mixed_limits = [8 if row % 3 == 0 else 1 + row % 2 for row in range(len(MANY))]
        long, mixed = run([8] * len(MANY)), run(mixed_limits)
    for row in range(0, len(MANY), 3):
        assert mixed[row] == long[row]
    for found, limit in zip(mixed, mixed_limits, strict=True):
        assert len(found[0].ids) <= limit


@pytest.mark.parametrize("beam_size", [1, 4])
def test_weights_that_are_no_numbers_still_give_one_hypothesis(beam_size: int):
    """The search used to return none, on which its callers failed."""
    model = tiny_model()
    with torch.no_grad():
        model.output.bias.fill_(torch.nan)
    for found in search(model, SOURCES, beam_size=beam_size, n_best=beam_size):
        assert [(one.ids, one.truncated) for one in found] == [((), True)]


def test_extend_beams_keeps_the_best_sums():
    scores, origins, pieces = extend_beams(
        torch.tensor([[-1.0, -2.0]]),
        torch.tensor([[[-0.5, -3.0, -9.0], [-0.1, -0.2, -0.3]]]),
        torch.tensor([[[7, 3, 5], [4, 7, 9]]]),
        keep=4,
    )
    torch.testing.assert_close(scores, torch.tensor([[-1.5, -2.1, -2.2, -2.3]]))
    assert origins.tolist() == [[0, 1, 1, 1]]
    assert pieces.tolist() == [[7, 4, 7, 9]]


@pytest.mark.parametrize("vocab", [7, 64, 1000])
@pytest.mark.parametrize("keep", [1, 2, 10])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_best_pieces_are_the_largest_of_all_log_probs(
    vocab: int, keep: int, dtype: torch.dtype
):
    class Fixed:
        def logits(self, readout: torch.Tensor) -> torch.Tensor:
            return readout.clone()

    logits = (3 * torch.randn(9, vocab)).to(dtype)
    values, pieces = best_pieces(Fixed(), logits, keep=keep)
    expected = next_log_probs(Fixed(), logits)
    some = min(keep, vocab - len(NEVER_PRODUCED))
    assert values.shape == pieces.shape == (9, some)
    torch.testing.assert_close(values, expected.topk(some, dim=-1).values)
    torch.testing.assert_close(expected.gather(1, pieces), values)
    assert all(len(set(row)) == some for row in pieces.tolist())


@pytest.mark.parametrize(
    ("log_prob", "length", "penalty", "expected"),
    [(-6.0, 4, 0.0, -6.0), (-6.0, 4, 0.5, -3.0), (-6.0, 4, 1.0, -1.5)],
)
def test_length_penalty_divides_by_a_power_of_the_length(
    log_prob: float, length: int, penalty: float, expected: float
):
    assert normalised(log_prob, length, penalty) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("pieces", "ratio", "constant", "expected"),
    [(4, 2.0, 10, 18), (3, 1.5, 0, 5), (0, 2.0, 0, 1), (0, 2.0, 10, 10), (5, 0.0, 0, 1)],
)
def test_most_pieces_out_follow_from_the_pieces_in(
    pieces: int, ratio: float, constant: int, expected: int
):
    src_lengths = torch.tensor([pieces + 1])  # EOS counted
    assert max_pieces_out(src_lengths, ratio=ratio, constant=constant).tolist() == [expected]


def test_next_log_probs_sum_to_one_over_what_may_be_produced():
    model = tiny_model()
    readout = torch.randn(3, 6, dtype=torch.float64)
    probs = next_log_probs(model, readout).exp()
    assert probs.dtype == torch.float32
    assert (probs[:, list(NEVER_PRODUCED)] == 0).all()
    torch.testing.assert_close(probs.sum(-1), torch.ones(3))
    hot = next_log_probs(model, readout, temperature=1e4).exp()
    torch.testing.assert_close(
        hot[:, EOS_ID:], torch.full((3, VOCAB - 3), 1 / (VOCAB - 3)), atol=1e-3, rtol=0
    )


# --- no n-gram twice ------------------------------------------------------------------------------


def has_repeat(ids: tuple[int, ...], ngram: int) -> bool:
    grams = [ids[i : i + ngram] for i in range(len(ids) - ngram + 1)]
    return len(set(grams)) < len(grams)


@given(
    prefix=st.lists(st.integers(4, 7), max_size=12),
    ngram=st.integers(2, 4),
    piece=st.integers(4, 7),
)
def test_a_piece_is_a_repeat_if_it_completes_an_ngram_that_was_said(
    prefix: list[int], ngram: int, piece: int
):
    rows, pieces = repeats(torch.tensor([prefix, prefix], dtype=torch.long).view(2, -1), ngram)
    banned = {int(p) for row, p in zip(rows, pieces, strict=True) if row == 1}
    grams = [tuple(prefix[i : i + ngram]) for i in range(len(prefix) - ngram + 1)]
    candidate = (*prefix, piece)[-ngram:]
    assert (piece in banned) == (candidate in grams)


@each_shape
@pytest.mark.parametrize("beam_size", [1, 3])
@pytest.mark.parametrize("ngram", [2, 3])
def test_a_search_says_no_ngram_twice(shape: dict[str, Any], beam_size: int, ngram: int):
    model = tiny_model(**shape)
    with torch.no_grad():
        model.output.bias[EOS_ID] -= 3  # so that translations are long
        reading = model.read(*collate_sources(MANY))
    plain, blocked = (
        beam_search(
            model,
            reading,
            limits=[14] * len(MANY),
            beam_size=beam_size,
            length_penalty=1.0,
            n_best=beam_size,
            no_repeat_ngram=each,
        )
        for each in (None, ngram)
    )
    assert any(has_repeat(one.ids, ngram) for found in plain for one in found)
    assert not any(has_repeat(one.ids, ngram) for found in blocked for one in found)
    for before, after in zip(plain, blocked, strict=True):
        if beam_size == 1 and not has_repeat(before[0].ids, ngram):
            assert after[0].ids == before[0].ids
