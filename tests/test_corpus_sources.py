"""A prefix or a TSV file is found, or the message says what was looked for and what is near."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seqcli.corpus import find_source
from seqcli.errors import CorpusError, SeqcliError, SettingsError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "train.en",
        "train.de",
        "mixed.en.gz",
        "mixed.de",
        "pairs.tsv",
        "a.b.en",
        "a.b.de",
    ):
        (tmp_path / name).write_text("x\ty\n")
    return tmp_path


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("train", ["train.en", "train.de"]),
        ("mixed", ["mixed.en.gz", "mixed.de"]),
        ("a.b", ["a.b.en", "a.b.de"]),
        ("pairs.tsv", ["pairs.tsv"]),
    ],
)
def test_prefixes_and_tsv_files_are_found(folder: Path, spec: str, names: list[str]) -> None:
    expected = tuple(folder / name for name in names)
    assert find_source(folder / spec, "en", "de").paths == expected
    assert find_source(str(folder / spec), "en", "de").paths == expected


def refusal(spec: Path | str, src_lang: str = "en", tgt_lang: str = "de") -> SeqcliError:
    with pytest.raises(SeqcliError) as caught:
        find_source(spec, src_lang, tgt_lang)
    return caught.value


def test_a_missing_file_is_told_with_what_was_looked_for_and_what_is_near(folder: Path) -> None:
    error = refusal(folder / "trian")
    assert isinstance(error, CorpusError)
    assert str(error) == (
        f"{folder / 'trian'}: neither {folder / 'trian.en'} nor {folder / 'trian.en'} with "
        ".gz, .xz, .zst, .bz2 exists; a corpus is PREFIX.en and PREFIX.de, or one file (.tsv, "
        ".jsonl, .tmx, .xlf, .xliff, .po, .mo); did you mean "
        f"{folder / 'train.en'} or {folder / 'train.de'}?"
    )


def test_the_missing_side_is_the_one_that_is_named(folder: Path) -> None:
    (folder / "train.de").unlink()
    assert "train.de nor" in str(refusal(folder / "train"))


@pytest.mark.parametrize(
    ("names", "ending"),
    [
        (["x.en"], "of this prefix only {x.en} is there"),
        (["x.en", "x.mo", "x.dropped.jsonl", "x.de.old", "quite.de", "x."], "only {x.en} is there"),
        (
            ["x.en.gz", "x.pt_BR"],
            "{x.en.gz} and {x.pt_BR} are there: to read them, give --src-lang en --tgt-lang pt_BR, "
            "or the other way round",
        ),
        (
            ["x.cs", "x.de", "x.en"],
            "{x.cs}, {x.de} and {x.en} are there: to read two of them, give their suffixes as "
            "--src-lang and --tgt-lang",
        ),
        (["x.src", "x.en"], "{x.en} and {x.src} are there: to read them, give --src-lang en "
         "--tgt-lang src, or the other way round"),
    ],
)  # fmt: skip
def test_sides_in_other_languages_are_named(tmp_path: Path, names: list[str], ending: str) -> None:
    for name in names:
        (tmp_path / name).write_text("x")
    text = str(refusal(tmp_path / "x", "src", "tgt"))
    for name in names:
        ending = ending.replace(f"{{{name}}}", str(tmp_path / name))
    assert text.startswith(f"{tmp_path / 'x'}: neither {tmp_path / 'x.'}")
    assert text.endswith(ending)
    (tmp_path / "x").mkdir()  # a folder of the same name
    assert ("are there" in text) == ("are there" in str(refusal(tmp_path / "x", "src", "tgt")))


def test_a_missing_folder_is_told(folder: Path) -> None:
    assert f"the folder {folder / 'no'} does not exist either" in str(refusal(folder / "no" / "x"))
    assert "no such file; did you mean" in str(refusal(folder / "pair.tsv"))
    assert "has a name like it" in str(refusal(folder / "quite-another"))


def test_a_directory_is_refused_and_its_prefixes_are_offered(folder: Path) -> None:
    text = str(refusal(folder))
    assert text.startswith(f"{folder}: this is a directory; a corpus is given by the prefix")
    assert text.endswith(
        f"did you mean {folder / 'a.b'} or {folder / 'mixed'} or {folder / 'train'}?"
    )
    (folder / "d.tsv").mkdir()
    assert "this is a directory; give the path of a file" in str(refusal(folder / "d.tsv"))
    (folder / "empty").mkdir()
    assert "none is in it" in str(refusal(folder / "empty"))


def test_a_prefix_may_have_the_name_of_a_directory(folder: Path) -> None:
    (folder / "train").mkdir()
    assert len(find_source(folder / "train", "en", "de").paths) == 2


def test_one_side_of_a_corpus_is_refused_with_the_prefix(folder: Path) -> None:
    assert str(refusal(folder / "train.en")) == (
        f"{folder / 'train.en'}: this is one side of a corpus; give the prefix of both: "
        f"{folder / 'train'}"
    )
    (folder / "notes.txt").write_text("x")
    assert "says no format that is known (.tsv, .jsonl, .tmx, .xlf, .xliff, .po, .mo" in str(
        refusal(folder / "notes.txt")
    )


def test_two_candidates_for_a_side_are_refused(folder: Path) -> None:
    (folder / "train.en.gz").write_text("x")
    assert "train.en.gz both exist; remove or rename" in str(refusal(folder / "train"))


@pytest.mark.parametrize("name", ["train.de", "pairs.tsv"])
def test_an_empty_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"")
    text = str(refusal(folder / name.removesuffix(".de")))
    assert text == f"{folder / name}: the file is empty; a corpus needs at least one pair"


def test_one_language_for_both_sides_is_refused_for_a_prefix_only(folder: Path) -> None:
    error = refusal(folder / "train", "en", "en")
    assert isinstance(error, SettingsError)
    assert "src_lang and tgt_lang are both 'en'" in str(error)
    assert find_source(folder / "pairs.tsv", "en", "en")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("name", ["pipe", "pipe.tsv", "pipe.en"])
def test_a_pipe_is_refused_and_not_waited_for(folder: Path, name: str) -> None:
    os.mkfifo(folder / name)
    text = str(refusal(folder / name.removesuffix(".en")))
    assert "not a regular file; text is read more than once" in text


@pytest.mark.parametrize("spec", ["", ".", "/", "x" * 5000, "no/" * 3])
def test_strange_paths_are_refused_in_words(spec: str) -> None:
    assert isinstance(refusal(spec), CorpusError)
