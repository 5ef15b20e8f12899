"""A validation set that is cut off shares no sentence with what is left."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.corpus import SentencePair
from seqcli.corpus.holdout import Overlap, Sentences, cut_holdout
from seqcli.corpus.sampling import draw_sample
from seqcli.errors import CorpusError

# Few different sentences, so that most texts are full of repetitions.
sentence = st.sampled_from(["a", "b", " b", "c", "d", "e", "f", "g", "h ", "i"])
texts = st.lists(st.builds(SentencePair, sentence, sentence), max_size=40)


@given(pairs=texts, size=st.integers(1, 20), seed=st.integers(0, 3))
def test_no_sentence_of_the_cut_is_left_and_half_of_the_text_is(
    pairs: list[SentencePair], size: int, seed: int
) -> None:
    try:
        cut = cut_holdout(lambda: pairs, size=size, seed=seed)
    except CorpusError as error:
        assert "give one with --valid" in str(error)  # noqa: PT017 - either way is right
        return
    covers = Sentences(cut).covers
    left = [pair for pair in pairs if not covers(pair)]
    assert 1 <= len(cut) <= size
    assert 2 * len(left) >= len(pairs)
    assert not {pair.src.strip() for pair in cut} & {pair.src.strip() for pair in left}
    assert not {pair.tgt.strip() for pair in cut} & {pair.tgt.strip() for pair in left}
    assert Counter(cut) <= Counter(pairs)


def numbered(count: int) -> list[SentencePair]:
    return [SentencePair(f"s{number}", f"t{number}") for number in range(count)]


def test_the_cut_is_as_large_as_asked_seeded_and_in_order() -> None:
    pairs = numbered(100)
    cut = cut_holdout(lambda: pairs, size=20, seed=1)
    assert len(cut) == 20
    assert cut == sorted(cut, key=pairs.index)
    assert cut == cut_holdout(lambda: pairs, size=20, seed=1)
    assert cut != cut_holdout(lambda: pairs, size=20, seed=2)


def test_sentences_that_occur_once_are_preferred() -> None:
    pairs = [SentencePair("yes", "ja")] * 50 + numbered(50)
    cut = cut_holdout(lambda: pairs, size=10, seed=1)
    assert SentencePair("yes", "ja") not in cut


@pytest.mark.parametrize(("count", "size"), [(100, 10), (15, 1), (2, 1)])
def test_a_small_text_gives_a_tenth(count: int, size: int) -> None:
    assert len(cut_holdout(lambda: numbered(count), size=1000, seed=1)) == size


@pytest.mark.parametrize("pairs", [[], numbered(1), [SentencePair("a", "b")] * 10])
def test_a_text_that_cannot_be_cut_is_refused(pairs: list[SentencePair]) -> None:
    with pytest.raises(CorpusError, match="too few or too much alike to cut off a validation set"):
        cut_holdout(lambda: pairs, size=1, seed=1)


@given(held=texts, train=texts)
def test_overlap_counts_the_pairs_with_a_sentence_of_the_training_text(
    held: list[SentencePair], train: list[SentencePair]
) -> None:
    overlap = Overlap(held)
    for pair in train:
        overlap.see(pair)
    src = {pair.src.strip() for pair in train}
    tgt = {pair.tgt.strip() for pair in train}
    expected = sum(pair.src.strip() in src or pair.tgt.strip() in tgt for pair in held)
    assert overlap.count() == expected


@given(count=st.integers(0, 50), size=st.integers(1, 60))
def test_a_sample_is_as_large_as_it_can_be_and_has_nothing_twice(count: int, size: int) -> None:
    drawn, total = draw_sample(range(count), size, random.Random(1))
    assert total == count
    assert len(drawn) == len(set(drawn)) == min(size, count)
    assert set(drawn) <= set(range(count))


def test_every_item_has_the_same_chance() -> None:
    rng = random.Random(1)
    hits = Counter(item for _ in range(4000) for item in draw_sample(range(10), 3, rng)[0])
    assert all(abs(hits[item] - 1200) < 150 for item in range(10))
