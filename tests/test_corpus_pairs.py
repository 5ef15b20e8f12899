"""Pairs in are pairs out: nothing is split, merged, shifted or lost."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.corpus import ParallelSource, SentencePair, is_blank, iter_pairs
from seqcli.errors import CorpusError

# A carriage return at the end of a line is part of its end, and a mark at the start of a file too.
any_line = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\0\r\ufeff"))
any_cell = any_line.map(lambda line: line.replace("\t", " "))
any_pair = st.builds(SentencePair, any_line, any_line)


def write_lines(path: Path, lines: list[str], *, packed: bool = False) -> Path:
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


@given(pairs=st.lists(any_pair), packed=st.booleans())
def test_pairs_of_two_files_come_out_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[SentencePair], packed: bool
) -> None:
    folder = tmp_path_factory.mktemp("pairs")
    source = ParallelSource(
        (
            write_lines(folder / "x.en", [pair.src for pair in pairs], packed=packed),
            write_lines(folder / "x.de", [pair.tgt for pair in pairs]),
        )
    )
    assert list(iter_pairs(source)) == pairs


@given(pairs=st.lists(st.builds(SentencePair, any_cell, any_cell)))
def test_pairs_of_a_tsv_come_out_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[SentencePair]
) -> None:
    path = tmp_path_factory.mktemp("pairs") / "x.tsv"
    write_lines(path, [f"{pair.src}\t{pair.tgt}" for pair in pairs])
    assert list(iter_pairs(ParallelSource((path,)))) == pairs


def test_quotes_have_no_meaning_in_a_tsv(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x.tsv", ['"to be\t"sein', 'or not"\tnicht', '"a""b"\t\'c'])
    assert list(iter_pairs(ParallelSource((path,)))) == [
        ('"to be', '"sein'),
        ('or not"', "nicht"),
        ('"a""b"', "'c"),
    ]


def test_a_blank_line_of_a_tsv_is_a_blank_pair(tmp_path: Path) -> None:
    """An empty last line used to be an error."""
    path = write_lines(tmp_path / "x.tsv", ["a\tb", "", " "])
    assert list(iter_pairs(ParallelSource((path,)))) == [("a", "b"), ("", ""), ("", "")]


@pytest.mark.parametrize(("line", "columns"), [("one", 1), ("a\tb\tc", 3), ("a\tb\t", 3)])
def test_a_tsv_line_needs_two_columns(tmp_path: Path, line: str, columns: int) -> None:
    path = write_lines(tmp_path / "x.tsv", ["a\tb", line])
    with pytest.raises(CorpusError) as caught:
        list(iter_pairs(ParallelSource((path,))))
    assert str(caught.value) == (
        f"{path}:2: {columns} columns; a line must be the source, one tab and the target (quotes "
        "have no meaning); mend the line"
    )


@given(src=st.integers(0, 30), tgt=st.integers(0, 30))
def test_unequal_numbers_of_lines_are_named_both(
    tmp_path_factory: pytest.TempPathFactory, src: int, tgt: int
) -> None:
    folder = tmp_path_factory.mktemp("pairs")
    paths = (write_lines(folder / "x.en", ["a"] * src), write_lines(folder / "x.de", ["b"] * tgt))
    pairs = iter_pairs(ParallelSource(paths))
    if src == tgt:
        assert len(list(pairs)) == src
        return
    with pytest.raises(CorpusError) as caught:
        list(pairs)
    assert str(caught.value) == (
        f"{paths[0]} has {src} lines but {paths[1]} has {tgt}; line N of one must translate line N "
        "of the other; find where they part with "
        f"`seqcli data check {paths[0]} {paths[1]}`"
    )


@pytest.mark.parametrize("blank", ["", " ", "\t", "\u00a0", "\u3000", "\u2028", "\u2581 \u2581"])
def test_a_pair_is_blank_if_a_side_is(blank: str) -> None:
    assert is_blank(SentencePair(blank, "x"))
    assert is_blank(SentencePair("x", blank))
    assert not is_blank(SentencePair(f"{blank}.", "\u200b"))
