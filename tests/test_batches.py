from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import wait
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import make_split

from seqcli import batches as batches_module
from seqcli.batches import (
    BATCHES_AHEAD,
    SIZE_MULTIPLE,
    Batch,
    BatchStream,
    Ids,
    collate,
    collate_sources,
    group_by_length,
    iter_in_order,
    pad,
)
from seqcli.errors import SettingsError
from seqcli.pieces import BOS_ID, EOS_ID, PAD_ID

lengths = st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=1, max_size=60)


def group(pairs: list[tuple[int, int]], *, batch_tokens: int, seed: int = 1) -> list[list[int]]:
    src, tgt = zip(*pairs, strict=True)
    groups = group_by_length(src, tgt, batch_tokens=batch_tokens, rng=np.random.default_rng(seed))
    return [indices.tolist() for indices in groups]


@given(lengths, st.integers(20, 90), st.integers(0, 5))
def test_every_pair_is_in_one_batch_and_every_batch_within_budget(
    pairs: list[tuple[int, int]], batch_tokens: int, seed: int
):
    groups = group(pairs, batch_tokens=batch_tokens, seed=seed)
    assert sorted(index for indices in groups for index in indices) == list(range(len(pairs)))
    for indices in groups:
        for side in (0, 1):
            assert max(pairs[i][side] for i in indices) * len(indices) <= batch_tokens


@given(lengths, st.integers(20, 90))
def test_another_seed_gives_another_order_but_as_many_batches(
    pairs: list[tuple[int, int]], batch_tokens: int
):
    first, again, other = (group(pairs, batch_tokens=batch_tokens, seed=s) for s in (1, 1, 2))
    assert first == again
    assert sorted(map(len, first)) == sorted(map(len, other))


@given(lengths, st.integers(20, 300))
def test_sentences_come_in_eights_where_there_are_more(
    pairs: list[tuple[int, int]], batch_tokens: int
):
    sizes = [len(indices) for indices in group(pairs, batch_tokens=batch_tokens)]
    odd = [size for size in sizes if size > SIZE_MULTIPLE and size % SIZE_MULTIPLE]
    assert len(odd) <= 1  # the last batch of the corpus


def test_pairs_of_like_length_meet():
    pairs = [(n, n) for n in (1, 9, 1, 9, 1, 9)]
    groups = group(pairs, batch_tokens=27)
    assert sorted(map(sorted, groups)) == [[0, 2, 4], [1, 3, 5]]


def test_a_pair_longer_than_the_budget_is_refused_by_number():
    with pytest.raises(SettingsError) as caught:
        group([(3, 4), (5, 31), (1, 1)], batch_tokens=30)
    assert str(caught.value) == (
        "training pair 2 has 31 tokens, more than batch_tokens (30); raise --batch-tokens, or "
        "preprocess with a smaller --max-pieces"
    )


def test_collate_pads_and_marks_both_sides():
    batch = collate([([5, 6], [7]), ([8], [9, 10, 11])])
    assert batch.src.tolist() == [[5, 6, EOS_ID], [8, EOS_ID, PAD_ID]]
    assert batch.src_lengths.tolist() == [3, 2]
    assert batch.tgt_in.tolist() == [[BOS_ID, 7, PAD_ID, PAD_ID], [BOS_ID, 9, 10, 11]]
    assert batch.tgt_out.tolist() == [[7, EOS_ID, PAD_ID, PAD_ID], [9, 10, 11, EOS_ID]]
    assert batch.num_tgt_tokens == 6
    assert batch.src.dtype == batch.tgt_in.dtype == torch.int64


ids = st.lists(st.integers(4, 60_000), max_size=6)


@given(st.lists(st.tuples(ids, ids), min_size=1, max_size=6))
def test_collate_loses_nothing(pairs: list[tuple[list[int], list[int]]]):
    split = make_split(pairs)
    batch = collate([(split.src[i], split.tgt[i]) for i in range(len(pairs))])
    for row, (src, tgt) in enumerate(pairs):
        assert batch.src[row, : batch.src_lengths[row]].tolist() == [*src, EOS_ID]
        assert not batch.src[row, batch.src_lengths[row] :].any()
        assert batch.tgt_out[row][batch.tgt_out[row] != PAD_ID].tolist() == [*tgt, EOS_ID]
        assert batch.tgt_in[row].tolist()[: len(tgt) + 1] == [BOS_ID, *tgt]
    assert batch.num_tgt_tokens == int((batch.tgt_out != PAD_ID).sum())


def test_a_blank_source_is_its_end():
    src, src_lengths = collate_sources([[], [4]])
    assert src.tolist() == [[EOS_ID, PAD_ID], [4, EOS_ID]]
    assert src_lengths.tolist() == [1, 2]


def test_pad_fills_up_to_the_longest():
    assert pad([[1], [2, 3], []]).tolist() == [[1, 0], [2, 3], [0, 0]]


def test_a_batch_goes_to_a_device_whole():
    batch = collate([([5, 6], [7])]).to(torch.device("meta"))
    tensors = (batch.src, batch.src_lengths, batch.tgt_in, batch.tgt_out)
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert batch.num_tgt_tokens == 2


PAIRS = [([4 + i % 5] * (1 + i % 4), [10 + i] * (1 + i % 3)) for i in range(23)]


def make_stream(*, seed: int = 1, batch_tokens: int = 12) -> BatchStream:
    return BatchStream(make_split(PAIRS), batch_tokens=batch_tokens, seed=seed)


def take_epoch(stream: BatchStream) -> list[Batch]:
    return [stream.take() for _ in range(stream.batches_per_epoch)]


def contents(batches: list[Batch]) -> list[list[list[int]]]:
    return [batch.tgt_out.tolist() for batch in batches]


def test_an_epoch_holds_every_pair_once():
    stream = make_stream()
    for epoch in (1, 2, 3):
        batches = take_epoch(stream)
        assert stream.epoch == epoch
        firsts = sorted(int(row[0]) for batch in batches for row in batch.tgt_out)
        assert firsts == [10 + i for i in range(23)]


def test_the_order_depends_on_seed_and_epoch_only():
    first, same, other = make_stream(seed=1), make_stream(seed=1), make_stream(seed=2)
    epochs = [contents(take_epoch(first)) for _ in range(2)]
    np.random.default_rng().random()
    assert [contents(take_epoch(same)) for _ in range(2)] == epochs
    assert epochs[0] != epochs[1]
    assert contents(take_epoch(other)) != epochs[0]


@pytest.mark.parametrize("taken", [0, 1, 5, 12, 13, 30])
def test_seek_takes_up_where_another_stream_stopped(taken: int):
    stopped, resumed = make_stream(), make_stream()
    for _ in range(taken):
        stopped.take()
    resumed.seek(stopped.epoch, stopped.position)
    assert resumed.epochs_done == stopped.epochs_done
    rest = [[stream.take() for _ in range(20)] for stream in (stopped, resumed)]
    assert contents(rest[0]) == contents(rest[1])


def test_epochs_done_counts_whole_and_begun_epochs():
    stream = make_stream()
    count = stream.batches_per_epoch
    found = [stream.epochs_done]
    for _ in range(2 * count):
        stream.take()
        found.append(stream.epochs_done)
    assert found == pytest.approx([number / count for number in range(2 * count + 1)])


def test_a_position_beyond_an_epoch_that_became_shorter_is_its_end():
    """A run that was resumed with larger batches used to fail on it."""
    small, large = make_stream(batch_tokens=12), make_stream(batch_tokens=200)
    take_epoch(small)
    large.seek(small.epoch, small.position)
    assert large.epochs_done == 1
    assert large.take().src.shape[0] > 0
    assert large.epoch == 2


@given(st.integers(5, 60))
def test_validation_batches_hold_every_pair_once_whatever_the_budget(batch_tokens: int):
    split = make_split(PAIRS)
    batches = list(iter_in_order(split, batch_tokens=batch_tokens))
    firsts = sorted(int(row[0]) for batch in batches for row in batch.tgt_out)
    assert firsts == [10 + i for i in range(23)]
    again = list(iter_in_order(split, batch_tokens=batch_tokens))
    assert contents(batches) == contents(again)


# --- corpora that are larger than a window ----------------------------------------------------


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches_module, "WINDOW_PAIRS", 8)
    monkeypatch.setattr(batches_module, "BLOCK_PAIRS", 2)


@pytest.mark.usefixtures("small_windows")
def test_an_epoch_of_several_windows_holds_every_pair_once():
    stream, orders = make_stream(), []
    for epoch in (1, 2):
        firsts: list[int] = []
        while len(firsts) < len(PAIRS):
            firsts += [int(row[0]) for row in stream.take().tgt_out]
            assert stream.epoch == epoch
        assert sorted(firsts) == [10 + i for i in range(23)]
        assert stream.epochs_done == epoch
        orders.append(firsts)
    assert orders[0] != orders[1]


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize("taken", [0, 1, 4, 9, 11, 12, 13, 20, 31])
def test_seek_finds_the_window(taken: int):
    stopped, resumed = make_stream(), make_stream()
    for _ in range(taken):
        stopped.take()
    resumed.seek(stopped.epoch, stopped.position)
    assert resumed.position == stopped.position
    assert resumed.epochs_done == stopped.epochs_done
    rest = [[stream.take() for _ in range(30)] for stream in (stopped, resumed)]
    assert contents(rest[0]) == contents(rest[1])


@pytest.mark.usefixtures("small_windows")
def test_a_pair_that_is_too_long_is_named_in_any_window():
    with pytest.raises(SettingsError, match=r"training pair 4 has 5 tokens, more than .*\(4\)"):
        make_stream(batch_tokens=4)


def test_what_is_made_ahead_is_not_taken_yet():
    stream = make_stream()
    stream.take()
    assert (stream.epoch, stream.position) == (1, 1)


def test_the_next_batches_are_made_while_nobody_asks():
    stream = make_stream()
    stream.take()
    done, late = wait(stream._ahead, timeout=60)
    assert len(done) == BATCHES_AHEAD - 1
    assert not late


# --- text that is cut anew ------------------------------------------------------------------------


def cut_anew(sentences: Sequence[Ids], seed: int) -> list[list[int]]:
    """Stand in for ``Pieces.resample``: one more piece, or two, and a trace of the seed."""
    rng = np.random.default_rng(seed)
    return [[*map(int, ids), *[4] * int(rng.integers(1, 3))] for ids in sentences]


def stream_of(pairs: list[tuple[list[int], list[int]]], **options: Any) -> BatchStream:
    resample = (cut_anew, cut_anew)
    return BatchStream(make_split(pairs), batch_tokens=20, seed=3, resample=resample, **options)


CUT_PAIRS = [([5 + i % 3] * (1 + i % 4), [8 + i % 2] * (1 + i % 3)) for i in range(20)]


def test_a_stream_cuts_anew_in_every_epoch_and_alike_from_any_place():
    stream = stream_of(CUT_PAIRS)
    per_epoch = stream.batches_per_epoch
    taken = [stream.take() for _ in range(2 * per_epoch)]
    assert sum(len(batch.src) for batch in taken) == 2 * len(CUT_PAIRS)
    other = stream_of(CUT_PAIRS)
    other.seek(2, 1)
    for batch in taken[per_epoch + 1 :]:
        again = other.take()
        assert torch.equal(again.src, batch.src)
        assert torch.equal(again.tgt_out, batch.tgt_out)


def test_processes_share_out_text_that_was_cut_alike():
    whole = stream_of(CUT_PAIRS).take_share()
    shares = [stream_of(CUT_PAIRS, rank=rank, ranks=2).take_share() for rank in range(2)]
    assert sum(share.batch.num_tgt_tokens for share in shares) == whole.batch.num_tgt_tokens
    for share in shares:
        assert share.whole_tgt_tokens == whole.batch.num_tgt_tokens
        assert share.whole_tgt_len == whole.batch.tgt_in.shape[1]
        rows = whole.batch.src[share.rows]
        assert torch.equal(share.batch.src, rows[:, : share.batch.src.shape[1]])
