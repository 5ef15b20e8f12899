from __future__ import annotations

import math
from typing import get_args

import pytest
import torch
from torch import Tensor

from seqcli.config import Attention
from seqcli.models.attention import (
    ATTENTIONS,
    AdditiveAttention,
    AttentionKind,
    DotAttention,
    GeneralAttention,
    Memory,
    attend,
    make_can_attend,
)

KINDS = [kind for kind in ATTENTIONS if kind != "none"]
STATES = torch.tensor([[[1.0, 2.0], [-1.0, 0.5], [3.0, 0.0]]])  # (batch, src_len, hidden)
QUERY = torch.tensor([[[0.5, -1.0]]])  # (batch, queries, hidden)


def scores_of(attention: AttentionKind) -> list[float]:
    scores = attention.scores(QUERY, attention.remember(STATES, torch.tensor([3])).keys)
    assert scores.shape == (1, 1, 1, 3)
    return scores.flatten().tolist()


def make_attention(kind: str, hidden_size: int, heads: int = 1) -> AttentionKind:
    make = ATTENTIONS[kind]
    assert make is not None
    return make(hidden_size, heads).double()


def make_memory(attention: AttentionKind, lengths: list[int]) -> Memory:
    outputs = torch.randn(len(lengths), max(lengths), 4, dtype=torch.float64)
    return attention.remember(outputs, torch.tensor(lengths))


def test_config_offers_exactly_the_attentions_we_have():
    assert set(get_args(Attention)) == ATTENTIONS.keys()


def test_can_attend_is_true_at_real_pieces():
    assert make_can_attend(torch.tensor([3, 1]), 3).tolist() == [
        [[True, True, True]],
        [[True, False, False]],
    ]


def test_dot_scores_are_dot_products():
    assert scores_of(DotAttention(2)) == pytest.approx([-1.5, -1.0, 1.5])


def test_general_scores_put_a_matrix_between():
    attention = GeneralAttention(2)
    attention.projection.weight.data = torch.tensor([[1.0, 2.0], [0.0, -1.0]]) * math.sqrt(2)
    # W s is (5, -2), (0, -0.5), (3, 0)
    assert scores_of(attention) == pytest.approx([4.5, 0.5, 1.5])


def test_additive_scores_are_those_of_bahdanau():
    attention = AdditiveAttention(2)
    attention.query_projection.weight.data = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    attention.query_projection.bias.data = torch.tensor([0.25, 0.0])
    attention.key_projection.weight.data = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    attention.score_weight.weight.data = torch.tensor([[2.0, -1.0]])
    expected = [
        2 * math.tanh(0.75 + swapped[0]) - math.tanh(-2 + swapped[1])
        for swapped in ((2.0, 1.0), (0.5, -1.0), (0.0, 3.0))
    ]
    assert scores_of(attention) == pytest.approx(expected)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_zero_at_padding_and_sum_to_one(kind: str):
    attention = make_attention(kind, 4)
    memory = make_memory(attention, [5, 1, 3])
    _, weights = attend(attention, torch.randn(3, 2, 4, dtype=torch.float64), memory)
    assert weights.shape == (3, 2, 5)
    assert (weights[~memory.can_attend.expand_as(weights)] == 0).all()
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 2, dtype=torch.float64))


@pytest.mark.parametrize("kind", KINDS)
def test_contexts_are_weighted_sums_of_the_states(kind: str):
    attention = make_attention(kind, 4)
    memory = make_memory(attention, [4, 2])
    contexts, weights = attend(attention, torch.randn(2, 3, 4, dtype=torch.float64), memory)
    expected = torch.stack(
        [w @ values[0] for w, values in zip(weights, memory.values, strict=True)]
    )
    torch.testing.assert_close(contexts, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_each_head_reads_its_part_as_a_smaller_attention_would(kind: str):
    heads, size = 2, 3
    attention = make_attention(kind, heads * size, heads)
    outputs = torch.randn(2, 5, heads * size, dtype=torch.float64)
    queries = torch.randn(2, 4, heads * size, dtype=torch.float64)
    lengths = torch.tensor([5, 2])
    contexts, weights = attend(attention, queries, attention.remember(outputs, lengths))
    assert attention.value_projection is not None
    values = outputs @ attention.value_projection.weight.t()
    keys = attention.project(outputs)
    if isinstance(attention, AdditiveAttention):
        queries = attention.query_projection(queries)
    found = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        if isinstance(attention, AdditiveAttention):
            sums = torch.tanh(queries[:, :, None, part] + keys[:, None, :, part])
            scores = sums @ attention.score_weight.weight[head]
        else:
            scores = queries[..., part] @ keys[..., part].transpose(1, 2)
        scores = scores.masked_fill(~make_can_attend(lengths, 5), -torch.inf)
        found.append(scores.softmax(dim=-1))
        torch.testing.assert_close(contexts[..., part], found[-1] @ values[..., part])
    torch.testing.assert_close(weights, torch.stack(found).mean(dim=0))


@pytest.mark.parametrize("kind", KINDS)
def test_what_lies_in_the_padding_does_not_matter(kind: str):
    attention = make_attention(kind, 4)
    memory = make_memory(attention, [5, 2])
    queries = torch.randn(2, 3, 4, dtype=torch.float64)
    is_real = memory.can_attend[..., None]  # (batch, 1, src_len, 1)
    noisy = Memory(
        *(torch.where(is_real, part, 1e6) for part in (memory.keys, memory.values)),
        memory.can_attend,
    )
    torch.testing.assert_close(
        attend(attention, queries, noisy), attend(attention, queries, memory)
    )


def test_select_takes_the_rows_of_every_part():
    memory = make_memory(make_attention("general", 4), [3, 1, 2])
    rows = torch.tensor([2, 2, 0])
    selected = memory.select(rows)
    parts: list[tuple[Tensor, Tensor]] = [
        (selected.keys, memory.keys),
        (selected.values, memory.values),
        (selected.can_attend, memory.can_attend),
    ]
    for found, whole in parts:
        assert torch.equal(found, whole[rows])
