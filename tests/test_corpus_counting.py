"""Counts are what one counts by hand."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.corpus import find_source
from seqcli.corpus.counting import CorpusStats, Repeated, count_corpus
from seqcli.errors import CorpusError
from seqcli.reporting import SilentReporter


def count(folder: Path, pairs: list[tuple[str, str]], *, top: int = 3) -> CorpusStats:
    for side, lang in enumerate(("en", "ja")):
        text = "".join(f"{pair[side]}\n" for pair in pairs)
        (folder / f"x.{lang}").write_text(text, "utf-8", newline="\n")
    source = find_source(folder / "x", "en", "ja")
    return count_corpus(
        source, src_lang="en", tgt_lang="ja", top=top, report=SilentReporter()
    )  # fmt: skip


def test_a_text_that_was_counted_by_hand(tmp_path: Path):
    stats = count(
        tmp_path,
        [
            ("The dog, the cat.", "犬と猫。"),
            ("A dog.", "犬。"),
            (" A  dog. ", "犬。"),
            ("", "空"),
            ("A dog.", "犬だ。"),
        ],
    )
    assert (stats.pairs, stats.blank_pairs, stats.different_pairs) == (5, 1, 4)
    src, tgt = stats.src, stats.tgt
    assert (src.words, src.blank, src.vocabulary, src.once) == (15, 1, 6, 2)
    assert src.common_words[:2] == (Repeated(".", 4), Repeated("dog", 4))
    assert src.common_sentences == (Repeated("A dog.", 3),)
    assert (src.sentences, tgt.sentences) == (3, 4)
    assert (src.median_words, src.most_words, src.mean_words) == (3, 6, 3.0)
    assert (tgt.words, tgt.characters, tgt.most_words) == (12, 12, 4)  # a letter is a word
    assert tgt.common_sentences == (Repeated("犬。", 2),)
    # 4/17, 2/6, 2/6, 3/6
    assert stats.median_ratio == pytest.approx(1 / 3)
    assert sum(each.pairs for each in stats.ratios) == 4


LINES = st.text("ab 犬.", max_size=8)


@given(st.lists(st.tuples(LINES, LINES), min_size=1, max_size=40))
def test_every_line_and_word_is_counted_once(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
):
    stats = count(tmp_path_factory.mktemp("any"), [*pairs, ("a", "a")], top=1000)
    for number, side in enumerate((stats.src, stats.tgt)):
        lines = [" ".join(pair[number].split()) for pair in [*pairs, ("a", "a")]]
        assert sum(each.lines for each in side.lengths) == len(lines)
        assert sum(each.count for each in side.common_words) == side.words
        assert side.sentences == len(set(lines))
        repeated = {line: n for line, n in Counter(lines).items() if n > 1 and line}
        assert {each.text: each.count for each in side.common_sentences} == repeated
        assert all(
            a.most + 1 == b.least for a, b in zip(side.lengths, side.lengths[1:], strict=False)
        )
        assert side.lengths[-1].most >= side.most_words


def test_coverage_rises_with_the_words(tmp_path: Path):
    words = [f"w{'x' * (n % 40)}{n}" for n in range(2500)]
    pairs = [(" ".join(words[n : n + 50] + words[:10]), "x") for n in range(0, 2500, 50)]
    stats = count(tmp_path, pairs)
    assert list(stats.src.coverage) == [1000, 2000]
    # ten words 51 times and 990 once, of 3,000
    assert stats.src.coverage[1000] == pytest.approx((510 + 990) / 3000)
    assert stats.tgt.coverage == {}


def test_no_pair_is_no_text(tmp_path: Path):
    (tmp_path / "x.tsv.gz").write_bytes(gzip.compress(b""))
    source = find_source(tmp_path / "x.tsv.gz", "en", "ja")
    with pytest.raises(CorpusError, match="there is no pair in it"):
        count_corpus(source, src_lang="en", tgt_lang="ja", top=1, report=SilentReporter())
