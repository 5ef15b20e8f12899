"""Parallel text becomes a data dir: all of it, counted, or nothing."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqcli import preprocessing
from seqcli.config import load_settings
from seqcli.corpus import SentencePair, is_blank
from seqcli.dataset import Dataset
from seqcli.errors import CorpusError, SeqcliError, SettingsError
from seqcli.files import UNFINISHED, explaining, sha256_of
from seqcli.preprocessing import PreprocessResult, build_data
from seqcli.reporting import SilentReporter

Pairs = Sequence[tuple[str, str]]


class Listener(SilentReporter):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.tasks: list[tuple[str, float, float | None]] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def progress(self, task: str, done: float, total: float | None, eta: float | None) -> None:
        self.tasks.append((task, done, total))


def numbered(name: str, count: int) -> list[tuple[str, str]]:
    return [(f"{name} word {number}", f"{name} Wort {number}") for number in range(count)]


def write_pairs(prefix: Path, pairs: Pairs) -> Path:
    for side, suffix in enumerate(("en", "de")):
        text = "".join(f"{pair[side]}\n" for pair in pairs)
        Path(f"{prefix}.{suffix}").write_bytes(text.encode())
    return prefix


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pairs(tmp_path / "train", numbered("train", 60))
    write_pairs(tmp_path / "valid", numbered("valid", 8))
    write_pairs(tmp_path / "test", numbered("test", 5))
    return tmp_path


def build(
    folder: Path,
    *,
    train: Sequence[str] = ("train",),
    valid: str | None = "valid",
    test: Sequence[str] = (),
    overwrite: bool = False,
    report: SilentReporter | None = None,
    **options: Any,
) -> PreprocessResult:
    return build_data(
        load_settings(keywords={"src_lang": "en", "tgt_lang": "de", **options}),
        folder / "data",
        train=[folder / name for name in train],
        valid=None if valid is None else folder / valid,
        test={name: folder / name for name in test},
        overwrite=overwrite,
        report=report or SilentReporter(),
    )


def read_split(folder: Path, name: str) -> list[tuple[str, str]]:
    dataset = Dataset.open(folder / "data")
    pieces, split = dataset.pieces(), dataset.split(name)
    return [
        (pieces.src.decode(split.src[number]), pieces.tgt.decode(split.tgt[number]))
        for number in range(len(split))
    ]


@pytest.mark.parametrize("joint", [True, False])
def test_the_pairs_of_the_text_are_the_pairs_of_the_data_dir(folder: Path, joint: bool) -> None:
    result = build(folder, test=["test"], joint=joint)
    assert result.counts == {"train": 60, "valid": 8, "test": 5}
    assert result.dropped == {"train": {}, "valid": {}, "test": {}}
    for name, count in result.counts.items():
        assert read_split(folder, name) == numbered(name, count)
    assert Dataset.open(folder / "data").pieces().joint is joint
    assert Dataset.open(folder / "data").text("test")[1] == [tgt for _, tgt in numbered("test", 5)]


def normalise(text: str) -> str:
    """What pieces promise to keep of a text."""
    return " ".join(filter(None, text.replace("\u2581", " ").split(" ")))


side = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0\ufeff"), max_size=9
)


@settings(max_examples=15)
@given(pairs=st.lists(st.tuples(side, side), max_size=12))
def test_pairs_of_any_characters_stay_pairs(
    tmp_path_factory: pytest.TempPathFactory, pairs: Pairs
) -> None:
    folder = tmp_path_factory.mktemp("any")
    kept = [pair for pair in pairs if not is_blank(SentencePair(*pair))]
    write_pairs(folder / "train", [*pairs, ("last", "letztes")])
    write_pairs(folder / "valid", [*pairs, ("last", "letztes")])
    result = build(folder)
    assert result.counts == {"train": len(kept) + 1, "valid": len(kept) + 1}
    expected = [(normalise(src), normalise(tgt)) for src, tgt in kept]
    assert read_split(folder, "train")[:-1] == expected
    src, tgt = Dataset.open(folder / "data").text("valid")
    assert list(zip(src, tgt, strict=True))[:-1] == kept


def test_a_pair_with_a_blank_side_is_dropped_as_a_pair_in_every_split(folder: Path) -> None:
    pairs = [("a", "A"), ("", "B"), ("c", " "), ("", ""), ("e", "E")]
    for name in ("train", "valid", "test"):
        write_pairs(folder / name, pairs)
    result = build(folder, test=["test"])
    for name in ("train", "valid", "test"):
        assert read_split(folder, name) == [("a", "A"), ("e", "E")]
        assert result.dropped[name] == {"blank": 3}
        assert result.examples[name] == {"blank": f"{folder / name}.en:2"}


def test_pairs_that_are_too_long_are_dropped_from_the_training_text_only(folder: Path) -> None:
    long = ("word " * 30, "x")
    for name in ("train", "valid", "test"):
        write_pairs(folder / name, [*numbered(name, 3), long, ("a", "b")])
    result = build(folder, test=["test"], max_pieces=20)
    assert result.counts == {"train": 4, "valid": 5, "test": 5}
    assert result.dropped == {"train": {"too long": 1}, "valid": {}, "test": {}}
    assert result.examples["train"] == {"too long": f"{folder / 'train'}.en:4"}


def test_training_texts_and_test_sets_may_be_many(folder: Path) -> None:
    (folder / "more.tsv").write_text("m1\tM1\nm2\tM2\n", "utf-8")
    result = build(folder, train=["train", "more.tsv"], test=["test"])
    assert result.counts["train"] == 62
    assert read_split(folder, "train")[60:] == [("m1", "M1"), ("m2", "M2")]


def test_without_a_validation_text_pairs_are_cut_off_and_do_not_leak(folder: Path) -> None:
    repeated = [*numbered("train", 60), ("train word 1", "anders"), ("other", "train Wort 2")]
    write_pairs(folder / "train", repeated)
    result = build(folder, valid=None, valid_size=20)
    train, valid = read_split(folder, "train"), read_split(folder, "valid")
    assert result.counts["valid"] == len(valid) == 20
    assert not {src for src, _ in train} & {src for src, _ in valid}
    assert not {tgt for _, tgt in train} & {tgt for _, tgt in valid}
    leaked = 62 - 20 - len(train)
    assert result.dropped["train"] == ({"also in the validation set": leaked} if leaked else {})


def test_a_pair_that_was_cut_is_not_dropped_but_its_copies_are(folder: Path) -> None:
    write_pairs(folder / "train", numbered("train", 4) * 2)
    result = build(folder, valid=None, valid_size=1)
    assert result.counts == {"train": 6, "valid": 1}
    assert result.dropped["train"] == {"also in the validation set": 1}


def test_a_small_text_gives_a_smaller_validation_set_and_it_is_said(folder: Path) -> None:
    listener = Listener()
    result = build(folder, valid=None, report=listener)
    assert result.counts == {"train": 54, "valid": 6}
    assert any(
        warning.startswith("valid_size (1,000) is more than this training text can give")
        and "6 pairs are cut off" in warning
        for warning in listener.warnings
    )


def test_a_vocabulary_that_is_too_large_is_lowered_and_it_is_said(folder: Path) -> None:
    listener = Listener()
    result = build(folder, report=listener)
    assert result.vocab_asked == 4000
    assert result.vocab_sizes["src"] == result.vocab_sizes["tgt"] < 400
    assert listener.warnings == [
        "vocab_size (4,000) is more than the pieces of this text; lowered to "
        f"{result.vocab_sizes['src']:,}"
    ]


def test_each_vocabulary_of_its_own_is_reported(folder: Path) -> None:
    listener = Listener()
    result = build(folder, joint=False, report=listener)
    assert [warning.rsplit(" ", 1)[1] for warning in listener.warnings] == ["(src)", "(tgt)"]
    assert len(Dataset.open(folder / "data").pieces().tgt) == result.vocab_sizes["tgt"]


def test_validation_text_that_is_in_the_training_text_is_told(folder: Path) -> None:
    write_pairs(folder / "valid", [*numbered("valid", 3), ("train word 1", "neu")])
    listener = Listener()
    build(folder, test=["test"], report=listener)
    assert listener.warnings[1:] == [
        "valid: 1 of 4 pairs have a sentence that is also in the training text; they make scores "
        "look better than they are"
    ]


def test_progress_is_told_with_the_total(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocessing, "_PROGRESS_PAIRS", 25)
    listener = Listener()
    build(folder, report=listener)
    assert listener.tasks == [
        ("learning pieces", 25, None),
        ("learning pieces", 50, None),
        ("learning pieces", 60, 60),
        ("encoding", 25, 60),
        ("encoding", 50, 60),
        ("encoding", 60, 60),
    ]


def test_the_manifest_says_where_the_data_comes_from(folder: Path) -> None:
    write_pairs(folder / "train", [*numbered("train", 10), ("", "x")])
    result = build(folder, vocab_size=300)
    manifest = json.loads((folder / "data" / "manifest.json").read_text("utf-8"))
    assert manifest["splits"]["train"] == {"pairs": 10, "dropped": {"blank": 1}}
    assert manifest["inputs"][0] == {
        "split": "train",
        "path": f"{folder / 'train'}.en",
        "sha256": sha256_of(Path(f"{folder / 'train'}.en")),
    }
    assert len(manifest["inputs"]) == 4
    assert (manifest["src_lang"], manifest["tgt_lang"], manifest["joint"]) == ("en", "de", True)
    assert manifest["vocab_size"] == {"asked": 300, **result.vocab_sizes}
    assert manifest["options"]["data"]["max_pieces"] == 200
    assert manifest["options"]["pieces"]["vocab_size"] == 300


def test_the_same_text_and_seed_give_the_same_bytes(folder: Path) -> None:
    build(folder, valid=None, valid_size=5)
    (folder / "data").rename(folder / "first")
    build(folder, valid=None, valid_size=5)
    for path in (folder / "first").iterdir():
        assert path.read_bytes() == (folder / "data" / path.name).read_bytes(), path.name


def assert_untouched(folder: Path) -> None:
    assert not (folder / "data").exists()
    assert not list(folder.glob(f"**/{UNFINISHED}*"))


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("train.de", b"one\n", "has 60 lines but .*train.de has 1;"),
        ("train.en", b"x\n" * 59 + b"f\xfcnf\n", "train.en:60: byte 2 of the line .* is 0xfc"),
        ("valid.en", b"f\xfcnf\n", "valid.en:1: byte 2 "),
        ("valid.de", b"", "valid.de: the file is empty"),
        ("valid.en", b"\n" * 8, "no pair is left for the split 'valid'; all were dropped: 8 blank"),
        ("train.en", b"\n" * 60, "no text to learn pieces from"),
    ],
)
def test_bad_text_leaves_nothing_behind(folder: Path, name: str, data: bytes, text: str) -> None:
    (folder / name).write_bytes(data)
    with pytest.raises(CorpusError, match=text):
        build(folder)
    assert_untouched(folder)


def test_a_training_text_of_which_nothing_is_left_is_refused(folder: Path) -> None:
    with pytest.raises(CorpusError, match=r"no pair is left for the split 'train'; .* 60 too long"):
        build(folder, max_pieces=1)
    assert_untouched(folder)


def test_text_that_changes_meanwhile_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train_and_change(*args: Any, **options: Any) -> int:
        size = original(*args, **options)
        write_pairs(folder / "train", numbered("train", 59))
        return size

    original = preprocessing.train_pieces
    monkeypatch.setattr(preprocessing, "train_pieces", train_and_change)
    with pytest.raises(CorpusError, match=r"train\.en: was changed while it was read"):
        build(folder)
    assert_untouched(folder)


def test_a_full_disk_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, lines: object) -> None:
        with explaining(path):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(preprocessing, "write_text", refuse)
    with pytest.raises(SeqcliError) as caught:
        build(folder)
    assert str(caught.value) == (
        f"{folder / 'data' / 'valid.src.txt'}: cannot be written (No space left on device); free "
        "some space or choose another place"
    )
    assert_untouched(folder)


@pytest.mark.parametrize("name", ["train", "valid", "Train", "a/b", "..", "", "TEST"])
def test_a_test_set_needs_a_name_of_its_own(folder: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be the name of a test set"):
        build_data(
            load_settings(keywords={"src_lang": "en", "tgt_lang": "de"}),
            folder / "data",
            train=[folder / "train"],
            valid=None,
            test={"test": folder / "test", name: folder / "test"},
            overwrite=False,
            report=SilentReporter(),
        )
    assert_untouched(folder)


def test_no_training_text_is_refused(folder: Path) -> None:
    with pytest.raises(SettingsError, match="no training text"):
        build(folder, train=[])


def test_a_directory_in_use_is_refused_and_replaced_only_when_told(folder: Path) -> None:
    build(folder, test=["test"], joint=False)
    (folder / "data" / "notes.txt").write_text("mine")
    with pytest.raises(SettingsError, match=r"not empty .* --overwrite"):
        build(folder)
    build(folder, overwrite=True)
    names = {path.name for path in (folder / "data").iterdir()}
    assert "notes.txt" in names
    assert "pieces.model" in names
    assert not {name for name in names if name.startswith(("test.", "pieces.src", UNFINISHED))}
    assert Dataset.open(folder / "data").split_names == ("train", "valid")


def test_a_failed_overwrite_keeps_the_old_data(folder: Path) -> None:
    build(folder)
    (folder / "train.de").write_text("one\n")
    with pytest.raises(CorpusError):
        build(folder, overwrite=True)
    assert read_split(folder, "train") == numbered("train", 60)


@pytest.mark.parametrize("text", ['{"command": "seqcli train"}', "[]", "{", "null"])
def test_a_manifest_of_something_else_is_never_overwritten(folder: Path, text: str) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "manifest.json").write_text(text)
    with pytest.raises(SettingsError, match="belongs to something that is not a data directory"):
        build(folder, overwrite=True)
    assert (folder / "data" / "manifest.json").read_text() == text


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_ctrl_c_while_pieces_are_learnt_ends_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    pairs = [(f"{n * 7919} {n * 104729} {n * 1299709}", f"x{n * 15485863}") for n in range(60_000)]
    write_pairs(tmp_path / "train", pairs)
    write_pairs(tmp_path / "valid", numbered("valid", 3))
    code = (
        "import sys; from pathlib import Path; from seqcli import preprocess\n"
        "folder = Path(sys.argv[1]); print('ready', flush=True)\n"
        "preprocess(folder / 'data', train=folder / 'train', valid=folder / 'valid',"
        " src_lang='en', tgt_lang='de')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    deadline = time.monotonic() + 20
    while not list(tmp_path.glob(f"data/{UNFINISHED}*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert stderr.strip().endswith("KeyboardInterrupt")
    assert_untouched(tmp_path)
