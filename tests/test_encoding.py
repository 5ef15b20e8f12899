"""Threads change neither the order of the pairs nor which of them are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seqcli import encoding
from seqcli.corpus import SentencePair
from seqcli.corpus.text import TOO_LONG, Dropped, PlacedPair
from seqcli.encoding import write_ids
from seqcli.id_arrays import IdArray
from seqcli.piece_training import train_pieces
from seqcli.pieces import PiecePair, Pieces


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> PiecePair:
    path = tmp_path_factory.mktemp("pieces") / "pieces.model"
    train_pieces(
        ["0 1 2 3 4 5 6 7 8 9"],
        path,
        vocab_size=300,
        model_type="char",
        character_coverage=1.0,
        byte_fallback=True,
        user_symbols=(),
        sample=10,
        seed=1,
    )
    both = Pieces.load(path)
    return PiecePair(both, both, joint=True)


def place(lines: list[str]) -> Iterator[PlacedPair]:
    for number, line in enumerate(lines, start=1):
        yield PlacedPair(Path("x.en"), number, SentencePair(line, line[::-1]))


@pytest.mark.parametrize("cores", [1, 3])
@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 1234])
def test_pairs_are_written_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: PiecePair, cores: int, count: int
) -> None:
    monkeypatch.setattr(encoding, "count_cores", lambda: cores)
    monkeypatch.setattr(encoding, "_CHUNK_PAIRS", 50)
    lines = [str(number) for number in range(count)]
    written = write_ids(tmp_path, "x", place(lines), pieces, max_pieces=None, dropped=Dropped())
    assert written == count
    src = IdArray.open(tmp_path / "x.src", id_type="uint16")
    tgt = IdArray.open(tmp_path / "x.tgt", id_type="uint16")
    assert [pieces.src.decode(src[number]) for number in range(count)] == lines
    assert [pieces.tgt.decode(tgt[number])[::-1] for number in range(count)] == lines


def test_pairs_that_are_too_long_are_dropped_as_pairs_and_counted(
    tmp_path: Path, pieces: PiecePair
) -> None:
    pairs = [("1", "1"), ("123", "1"), ("1", "123"), ("12", "12")]
    placed = (
        PlacedPair(Path("x.en"), number, SentencePair(*pair))
        for number, pair in enumerate(pairs, 1)
    )
    dropped = Dropped()
    assert write_ids(tmp_path, "x", placed, pieces, max_pieces=3, dropped=dropped) == 2
    assert dropped.counts == {TOO_LONG: 2}
    assert dropped.examples == {TOO_LONG: "x.en:2"}
    assert str(dropped) == "2 too long (such as x.en:2)"
    tgt = IdArray.open(tmp_path / "x.tgt", id_type="uint16")
    assert [pieces.tgt.decode(row) for row in tgt] == ["1", "12"]  # type: ignore[attr-defined]


def test_only_a_few_chunks_are_ahead_of_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: PiecePair
) -> None:
    monkeypatch.setattr(encoding, "count_cores", lambda: 2)
    monkeypatch.setattr(encoding, "_CHUNK_PAIRS", 10)
    ahead = []

    class Watching(encoding.IdWriter):
        done = 0

        def append(self, rows: list[list[int]]) -> None:  # type: ignore[override]
            super().append(rows)
            Watching.done += len(rows)

    def watched() -> Iterator[PlacedPair]:
        for placed in place(["1"] * 1000):
            ahead.append(placed.number - Watching.done / 2)
            yield placed

    monkeypatch.setattr(encoding, "IdWriter", Watching)
    write_ids(tmp_path, "x", watched(), pieces, max_pieces=None, dropped=Dropped())
    assert max(ahead) <= 10 * 6


def test_an_error_while_reading_comes_through(tmp_path: Path, pieces: PiecePair) -> None:
    def broken() -> Iterator[PlacedPair]:
        yield from place(["1"] * 100)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_ids(tmp_path, "x", broken(), pieces, max_pieces=None, dropped=Dropped())
