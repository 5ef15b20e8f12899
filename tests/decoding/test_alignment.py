from __future__ import annotations

import pytest
import torch
from tiny import tiny_model

from seqcli.batches import collate_sources
from seqcli.decoding.alignment import align, to_pharaoh, words_of
from seqcli.pieces import BOS_ID

SOURCES = [[4, 5, 6, 7], [8], [9, 4]]
TARGETS = [[6, 5, 4], [], [7, 8, 9, 4]]


def test_each_piece_is_aligned_with_the_largest_weight_whatever_else_is_in_the_batch():
    model = tiny_model(attention="dot")
    found = align(model, SOURCES, TARGETS)
    assert [align(model, [s], [t])[0] for s, t in zip(SOURCES, TARGETS, strict=True)] == found
    for source, target, places in zip(SOURCES, TARGETS, found, strict=True):
        reading = model.read(*collate_sources([source]))
        state, expected = reading.state, []
        for piece in [BOS_ID, *target[:-1]][: len(target)]:
            _, state, weights = model.step(torch.tensor([piece]), state, reading.memory)
            assert weights is not None
            place = int(weights[0].argmax())
            expected.append(-1 if place == len(source) else place)
        assert places == tuple(expected)


def test_without_attention_there_is_no_alignment():
    assert align(tiny_model(attention="none"), SOURCES, TARGETS) == [None, None, None]


def test_words_are_what_spaces_separate():
    assert words_of(["▁Ein", "▁H", "und", "▁", "läuft", "."]) == [0, 1, 1, 2, 2, 2]
    assert words_of([]) == []


@pytest.mark.parametrize(
    ("alignment", "expected"),
    [
        ((0, 1, 1), "0-0 1-1"),
        ((1, 0, 2), "0-1 1-0 1-1"),
        ((-1, -1, -1), ""),
        ((2, -1, 0), "0-1 1-0"),
    ],
)
def test_pharaoh_pairs_are_sorted_and_each_there_once(alignment: tuple[int, ...], expected: str):
    assert to_pharaoh(["▁a", "▁b", "c"], ["▁x", "▁y", "z"], alignment) == expected
