"""Ids come back from disk as they went in; a data dir is whole, or refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.config import load_settings
from seqcli.dataset import Dataset, write_text
from seqcli.errors import CheckpointError, CorpusError, SeqcliError
from seqcli.id_arrays import IdArray, IdWriter, id_type_for
from seqcli.integrity import dump_sealed
from seqcli.piece_training import train_pieces
from seqcli.preprocessing import build_data
from seqcli.reporting import SilentReporter

any_line = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\0"))


@given(
    chunks=st.lists(st.lists(st.lists(st.integers(0, 65_535), max_size=5), max_size=4)),
    id_type=st.sampled_from(["uint16", "uint32"]),
)
def test_ids_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[list[list[int]]], id_type: str
) -> None:
    stem = tmp_path_factory.mktemp("ids") / "train.src"
    with IdWriter(stem, id_type=id_type) as writer:
        for chunk in chunks:
            writer.append(chunk)
    rows = [row for chunk in chunks for row in chunk]
    array = IdArray.open(stem, id_type=id_type)
    assert len(array) == len(rows)
    assert [array[number].tolist() for number in range(len(array))] == rows
    assert [row.tolist() for row in array] == rows  # type: ignore[attr-defined]
    assert array.lengths.tolist() == [len(row) for row in rows]
    assert array.lengths.dtype == np.int64


def test_the_files_are_little_endian_numbers(tmp_path: Path) -> None:
    with IdWriter(tmp_path / "a", id_type="uint16") as writer:
        writer.append([[1, 258], [], [3]])
    assert (tmp_path / "a.ids").read_bytes() == bytes([1, 0, 2, 1, 3, 0])
    assert (tmp_path / "a.offsets").read_bytes() == b"".join(
        number.to_bytes(8, "little") for number in (0, 2, 2, 3)
    )


@pytest.mark.parametrize("index", [2, -3])
def test_a_sentence_that_is_not_there_is_an_index_error(tmp_path: Path, index: int) -> None:
    with IdWriter(tmp_path / "a", id_type="uint16") as writer:
        writer.append([[1], [2]])
    array = IdArray.open(tmp_path / "a", id_type="uint16")
    assert array[-1].tolist() == [2]
    with pytest.raises(IndexError):
        array[index]


@pytest.mark.parametrize(("size", "name"), [(65_536, "uint16"), (65_537, "uint32"), (8, "uint16")])
def test_the_id_type_holds_the_largest_id(tmp_path: Path, size: int, name: str) -> None:
    assert id_type_for(size) == name
    with IdWriter(tmp_path / "a", id_type=name) as writer:
        writer.append([[size - 1]])
    assert IdArray.open(tmp_path / "a", id_type=name)[0].tolist() == [size - 1]


def test_an_id_that_does_not_fit_is_a_bug_and_told(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="do not fit uint16"),
        IdWriter(tmp_path / "a", id_type="uint16") as writer,
    ):
        writer.append([[65_536]])


def test_a_writer_without_a_folder_is_explained(tmp_path: Path) -> None:
    with pytest.raises(SeqcliError, match="make the folder first"):
        IdWriter(tmp_path / "no" / "a", id_type="uint16")


@given(lines=st.lists(any_line, min_size=1))
def test_text_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = tmp_path_factory.mktemp("text") / "x"
    write_text(path, lines)
    assert path.read_bytes().decode().split("\n")[:-1] == lines


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for name, count in (("train", 40), ("valid", 7), ("test", 3)):
        for side, word in (("en", "word"), ("de", "Wort")):
            lines = [f"{name} {word} {number} \u2028 x\r." for number in range(count)]
            (folder / f"{name}.{side}").write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
    build_data(
        load_settings(keywords={"src_lang": "en", "tgt_lang": "de"}),
        folder / "data",
        train=[folder / "train"],
        valid=folder / "valid",
        test={"test": folder / "test"},
        overwrite=False,
        report=SilentReporter(),
    )
    return folder / "data"


@pytest.fixture
def data_dir(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "data"))


def test_a_data_dir_has_its_splits_texts_and_pieces(data_dir: Path) -> None:
    dataset = Dataset.open(data_dir)
    assert dataset.split_names == ("train", "valid", "test")
    assert [len(dataset.split(name)) for name in dataset.split_names] == [40, 7, 3]
    src, tgt = dataset.text("valid")
    assert src == [f"valid word {number} \u2028 x\r." for number in range(7)]
    pieces = dataset.pieces()
    split = dataset.split("valid")
    for number in range(7):
        assert pieces.src.decode(split.src[number]) == src[number]
        assert pieces.tgt.decode(split.tgt[number]) == tgt[number]


def test_a_split_that_is_not_there_is_refused_with_those_that_are(data_dir: Path) -> None:
    dataset = Dataset.open(data_dir)
    with pytest.raises(CorpusError, match="no split 'tset', only train, valid, test"):
        dataset.split("tset")
    with pytest.raises(CorpusError, match="no split 'tset'"):
        dataset.text("tset")
    with pytest.raises(CorpusError, match="the split 'train' is not kept; choose one of valid, t"):
        dataset.text("train")


def test_what_is_not_a_data_dir_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no such directory; .* `seqcli preprocess`"):
        Dataset.open(tmp_path / "no")
    with pytest.raises(CorpusError, match=r"not a finished one \(no manifest\.json\)"):
        Dataset.open(tmp_path)
    with pytest.raises(CorpusError, match=r"cannot be read|no such directory"):
        Dataset.open(tmp_path / ("x" * 5000))
    (tmp_path / "manifest.json").write_text('{"command": "seqcli train"}')
    with pytest.raises(CorpusError, match="not a data directory"):
        Dataset.open(tmp_path)
    with pytest.raises(CorpusError, match="this is a file"):
        Dataset.open(tmp_path / "manifest.json")


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            lambda manifest: manifest.update(format=99),
            "format 99, but this version of seqcli reads",
        ),
        (lambda manifest: manifest.pop("splits"), r"damaged \(has no splits\)"),
        (lambda manifest: manifest.pop("inputs"), r"damaged \(has no inputs\)"),
        (lambda manifest: manifest.update(splits=[]), "damaged"),
        (lambda manifest: manifest.update(splits={"train": {}}), "damaged"),
        (lambda manifest: manifest["splits"].pop("valid"), "damaged .*splits"),
        (lambda manifest: manifest["id_type"].update(src="float"), r"damaged \(id types \['float'"),
        (lambda manifest: manifest["id_type"].update(src="uint32"), "damaged|truncated"),
        (lambda manifest: manifest["splits"]["valid"].update(pairs=6), "the manifest says 6"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(data_dir: Path, change: Change, text: str) -> None:
    path = data_dir / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    change(manifest)
    path.write_text(dump_sealed(manifest), "utf-8")
    with pytest.raises(CorpusError, match=text):
        Dataset.open(data_dir)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\udcff"])
def test_a_manifest_that_is_not_json_is_refused(data_dir: Path, text: str) -> None:
    (data_dir / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CorpusError, match=r"damaged|not a data directory"):
        Dataset.open(data_dir)


@pytest.mark.parametrize("name", ["train.src.ids", "train.tgt.offsets", "valid.tgt.ids"])
@pytest.mark.parametrize("lost", [1, 2, 8, 16, 10_000])
def test_a_truncated_file_is_refused(data_dir: Path, name: str, lost: int) -> None:
    path = data_dir / name
    path.write_bytes(path.read_bytes()[:-lost])
    with pytest.raises(CorpusError, match="run `seqcli preprocess` again"):
        Dataset.open(data_dir)


def test_a_missing_file_is_refused(data_dir: Path) -> None:
    (data_dir / "test.tgt.ids").unlink()
    with pytest.raises(CorpusError, match=r"test\.tgt\.ids: cannot be read \(No such file"):
        Dataset.open(data_dir)


def test_offsets_that_go_back_are_refused(data_dir: Path) -> None:
    path = data_dir / "train.src.offsets"
    offsets = np.fromfile(path, dtype="<i8")
    offsets[3], offsets[4] = offsets[4], offsets[3]
    path.write_bytes(offsets.tobytes())
    with pytest.raises(CorpusError, match="do not rise from 0"):
        Dataset.open(data_dir)


def test_text_that_was_changed_is_refused(data_dir: Path) -> None:
    with (data_dir / "valid.src.txt").open("a", encoding="utf-8") as file:
        file.write("more\n")
    with pytest.raises(CorpusError, match="holds 8 lines where the manifest says 7"):
        Dataset.open(data_dir).text("valid")


def test_pieces_that_did_not_make_the_ids_are_refused(data_dir: Path) -> None:
    train_pieces(
        ["quite another text"],
        data_dir / "pieces.model",
        vocab_size=300,
        model_type="bpe",
        character_coverage=1.0,
        byte_fallback=True,
        user_symbols=(),
        sample=10,
        seed=1,
    )
    with pytest.raises(CheckpointError, match="not the pieces that made the ids"):
        Dataset.open(data_dir).pieces()
