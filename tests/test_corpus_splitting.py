"""No sentence is on both sides of a cut, and every pair is in exactly one part."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.corpus import find_source
from seqcli.corpus.splitting import SplitReport, deal_groups, group_pairs, split_corpus
from seqcli.errors import CorpusError, SettingsError
from seqcli.reporting import SilentReporter

Pair = tuple[str, str]


def write(prefix: Path, pairs: list[Pair]) -> Path:
    for side, lang in enumerate(("en", "de")):
        text = "".join(f"{pair[side]}\n" for pair in pairs)
        Path(f"{prefix}.{lang}").write_text(text, "utf-8", newline="\n")
    return prefix


def read(folder: Path, name: str) -> list[Pair]:
    sides = ((folder / f"{name}.{lang}").read_text("utf-8").split("\n") for lang in ("en", "de"))
    return list(zip(*sides, strict=True))[:-1]


def split(prefix: Path, folder: Path, *, seed: int = 1, **sizes: float) -> SplitReport:
    return split_corpus(
        find_source(prefix, "en", "de"),
        folder,
        sizes=sizes,
        src_lang="en",
        tgt_lang="de",
        seed=seed,
        overwrite=True,
        report=SilentReporter(),
    )


def letters(text: str) -> str:
    """Write down what two sentences share, another way than the code does."""
    return re.sub(r"[\W\d_]", "", text.lower())


def naive_groups(links: list[tuple[int, int]]) -> list[set[int]]:
    """Return the groups of linked pairs by walking from each to all that share a number."""
    groups: list[set[int]] = []
    for start in range(len(links)):
        if any(start in group for group in groups):
            continue
        group, todo = {start}, [start]
        while todo:
            here = links[todo.pop()]
            for other, there in enumerate(links):
                shares = any(a == b != 0 for a, b in zip(here, there, strict=True))
                if other not in group and shares:
                    group.add(other)
                    todo.append(other)
        groups.append(group)
    return groups


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40))
def test_groups_are_what_hangs_together(links: list[tuple[int, int]]):
    keys = [np.array([link[side] for link in links], np.uint64) for side in (0, 1)]
    found = group_pairs(*keys).tolist()
    expected = naive_groups(links)
    assert {frozenset(np.flatnonzero(np.array(found) == n).tolist()) for n in set(found)} == {
        frozenset(group) for group in expected
    }
    assert all(found[first] == first for first in set(found))


def test_a_long_chain_is_one_group():
    numbers = np.arange(1, 20_001, dtype=np.uint64)
    shuffled = np.random.default_rng(1).permutation(20_000)
    links = group_pairs(numbers[shuffled] // np.uint64(2) + np.uint64(1),
                        (numbers[shuffled] + np.uint64(1)) // np.uint64(2))  # fmt: skip
    assert set(links.tolist()) == {0}


WORDS = st.sampled_from(["dog", "Dog!", "cat", "dog 7", "a cat", "x", "", "12", "13", "été"])
TEXTS = st.lists(st.lists(WORDS, max_size=2).map(" ".join), min_size=2, max_size=2)


@given(st.lists(TEXTS, min_size=2, max_size=30), st.integers(0, 99))
def test_no_sentence_is_on_both_sides_of_a_cut(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]], seed: int
):
    folder = tmp_path_factory.mktemp("split")
    pairs = [
        *((src, tgt) for src, tgt in texts),
        *zip(("only here", "one", "two"), ("nur hier", "eins", "zwei"), strict=True),
    ]
    write(folder / "x", pairs)
    report = split(folder / "x", folder / "out", seed=seed, valid=0.2, test=1)
    parts = {name: read(folder / "out", name) for name in ("train", "valid", "test")}
    assert {name: len(part) for name, part in parts.items()} == report.parts
    assert Counter(pair for part in parts.values() for pair in part) == Counter(pairs)
    for name, part in parts.items():
        others = [pair for other in parts if other != name for pair in parts[other]]
        for side in (0, 1):
            mine = {letters(pair[side]) for pair in part} - {""}
            assert not mine & {letters(pair[side]) for pair in others}
        left = iter(pairs)
        assert all(pair in left for pair in part)  # in the order of the text


@pytest.fixture
def numbered(tmp_path: Path) -> Path:
    word = {n: "".join("abcdefghij"[int(digit)] for digit in str(n)) for n in range(1000)}
    return write(tmp_path / "x", [(f"The {word[n]}.", f"Das {word[n]}.") for n in range(1000)])


def test_sizes_are_met_and_the_seed_decides(numbered: Path, tmp_path: Path):
    report = split(numbered, tmp_path / "a", valid=100, test=0.05)
    assert report.parts == {"train": 850, "valid": 100, "test": 50}
    split(numbered, tmp_path / "b", valid=100, test=0.05)
    split(numbered, tmp_path / "c", seed=2, valid=100, test=0.05)
    assert read(tmp_path / "a", "valid") == read(tmp_path / "b", "valid")
    assert read(tmp_path / "a", "valid") != read(tmp_path / "c", "valid")


@given(st.integers(2, 3000), st.integers(1, 99))
def test_a_share_is_met_from_below_and_is_never_none(total: int, percent: int):
    groups = np.arange(total)
    wanted = percent * total // 100
    if not wanted:
        with pytest.raises(CorpusError, match="is less than one pair; ask for a number"):
            deal_groups(groups, {"valid": percent / 100}, seed=1)
    else:
        parts = deal_groups(groups, {"valid": percent / 100}, seed=1)
        assert (parts == 1).sum() == wanted


def test_what_cannot_be_cut_is_said_with_what_can(tmp_path: Path):
    groups = np.repeat(np.arange(0, 100, 2), 2)  # pairs of pairs
    assert np.bincount(deal_groups(groups, {"valid": 10}, seed=1)).tolist() == [90, 10]
    with pytest.raises(CorpusError, match=r"valid: 11 pairs are wanted, and 10 can .*ask for 10"):
        deal_groups(groups, {"valid": 11}, seed=1)
    assert np.bincount(deal_groups(groups, {"valid": 0.11}, seed=1)).tolist() == [90, 10]
    with pytest.raises(CorpusError, match=r"the smallest group .* has 2 of them"):
        deal_groups(groups, {"valid": 1}, seed=1)
    with pytest.raises(CorpusError, match="60 for valid and 40 for test are wanted, which leaves"):
        deal_groups(groups, {"valid": 60, "test": 40}, seed=1)
    write(tmp_path / "x", [("same", f"{n} {'x' * n}") for n in range(1, 50)])
    with pytest.raises(CorpusError, match="valid: 5 pairs are wanted, and 0 can be cut"):
        split(tmp_path / "x", tmp_path / "out", valid=5)
    assert not (tmp_path / "out").exists()


def test_large_groups_go_to_training_where_small_ones_do():
    groups = np.concatenate([np.zeros(90, np.int64), np.arange(90, 1000)])
    for seed in range(5):
        assert not deal_groups(groups, {"valid": 100}, seed=seed)[:90].any()


def test_a_text_that_changes_meanwhile_is_noticed(numbered: Path, tmp_path: Path, monkeypatch):
    from seqcli.corpus import splitting

    real = splitting.deal_groups

    def shorten(*words, **options):
        for lang in ("en", "de"):
            path = Path(f"{numbered}.{lang}")
            path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
        return real(*words, **options)

    monkeypatch.setattr(splitting, "deal_groups", shorten)
    with pytest.raises(CorpusError, match="has 999 pairs, and had 1,000 a moment ago"):
        split(numbered, tmp_path / "out", valid=10)
    assert not (tmp_path / "out").exists()


def test_an_output_is_not_the_input(numbered: Path, tmp_path: Path):
    for lang in ("en", "de"):
        Path(f"{numbered}.{lang}").rename(tmp_path / f"train.{lang}")
    with pytest.raises(SettingsError, match="this is the text that is read"):
        split(tmp_path / "train", tmp_path, valid=10)
