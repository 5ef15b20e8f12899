from __future__ import annotations

import importlib
import io

import pytest

import seqcli
from seqcli.documents import read_document
from seqcli.errors import CorpusError, SettingsError


def test_the_public_names_are_there_and_are_not_modules():
    assert sorted(seqcli.__all__) == [
        "TranslationMemory",
        "Translator",
        "__version__",
        "evaluate",
        "preprocess",
        "train",
        "translate_document",
    ]
    assert set(seqcli.__all__) <= set(dir(seqcli))
    assert isinstance(seqcli.Translator, type)
    for name in ("evaluate", "preprocess", "train", "translate_document"):
        assert callable(getattr(seqcli, name))


def test_modules_that_are_imported_do_not_hide_the_functions():
    import seqcli.evaluation
    import seqcli.preprocessing
    import seqcli.training

    assert callable(seqcli.train)
    assert callable(seqcli.evaluate)
    assert callable(seqcli.preprocess)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'seqcli' has no attribute 'trian'"):
        seqcli.trian  # noqa: B018


def test_a_translator_gives_a_line_for_each_line(tiny_run):
    translator = seqcli.Translator.load(tiny_run, threads=1)
    assert len(translator.translate(["12", "", "34"], beam_size=1)) == 3
    assert translator.translate(["", "  "]) == ["", ""]


def test_a_document_is_what_the_command_line_makes_of_it(tiny_run, tmp_path, run_cli):
    given = tmp_path / "list.md"
    given.write_text("# 12\n\n- 34\n- 5\n", "utf-8")
    translator = seqcli.Translator.load(tiny_run, threads=1)
    translated = seqcli.translate_document(
        translator, given, tmp_path / "out.md", beam_size=1, batch_size=2
    )
    words = ["translate", "-m", tiny_run, given, "-o", tmp_path / "cli.md", "--beam-size", "1"]
    assert run_cli(*words, "--threads", "1").code == 0
    assert translated == (tmp_path / "cli.md").read_bytes() == (tmp_path / "out.md").read_bytes()
    assert translated.startswith(b"# ")
    assert len(translated.splitlines()) == 4


def test_a_document_that_cannot_be_translated_is_refused(tiny_run, tmp_path):
    translator = seqcli.Translator.load(tiny_run, threads=1)
    with pytest.raises(SettingsError, match="says no format of documents; give format, one of po"):
        seqcli.translate_document(translator, "lines.txt")
    with pytest.raises(CorpusError, match=r"none\.md: no such file; correct the path"):
        seqcli.translate_document(translator, tmp_path / "none.md")
    (tmp_path / "a.md").write_text("12\n", "utf-8")
    with pytest.raises(SettingsError, match="keyword hidden_size: a setting of section model"):
        seqcli.translate_document(translator, tmp_path / "a.md", hidden_size=3)
    with pytest.raises(SettingsError, match=r"output .*a\.md: is read; write to another file"):
        seqcli.translate_document(translator, tmp_path / "a.md", tmp_path / "a.md")
    assert (tmp_path / "a.md").read_text("utf-8") == "12\n"
    with pytest.raises(SettingsError, match=r"memory is 'm\.tmx'; it must be a TranslationMemory"):
        seqcli.translate_document(translator, tmp_path / "a.md", memory="m.tmx")


@pytest.mark.parametrize("module", ["gzip", "bz2", "lzma"])
def test_a_packed_document_is_refused_by_its_content(tmp_path, module):
    """It was no UTF-8, and iconv was said to help."""
    name = {"gzip": "gzip", "bz2": "bzip2", "lzma": "xz"}[module]
    packed = importlib.import_module(module).compress(b"text\n")
    (tmp_path / "a.txt.gz").write_bytes(packed)
    for source in (tmp_path / "a.txt.gz", io.BytesIO(packed)):
        with pytest.raises(
            CorpusError, match=rf": is packed \({name}\), and documents are read un"
        ):
            read_document(source)


def test_a_directory_is_no_document(tmp_path):
    with pytest.raises(CorpusError, match="this is a directory; give the path of a file"):
        read_document(tmp_path)


def test_a_document_that_is_too_long_is_refused_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr("seqcli.documents.MOST_BYTES", 3)
    (tmp_path / "a.md").write_text("12\n34\n", "utf-8")
    with pytest.raises(CorpusError, match=r"a\.md: more than 3 bytes; split the document"):
        read_document(tmp_path / "a.md")
    with pytest.raises(CorpusError, match=r"^standard input: more than 3 bytes"):
        read_document(io.BytesIO(b"12345"))


def test_evaluate_scores_a_run_on_its_data_and_on_files(tiny_run, tiny_data):
    split = seqcli.evaluate(tiny_run, metrics=["chrf"], threads=1)
    files = seqcli.evaluate(
        str(tiny_run),
        src=tiny_data / "test.src.txt",
        ref=str(tiny_data / "test.tgt.txt"),
        metrics=["chrf"],
        threads=1,
    )
    assert split.sentences == files.sentences == 10
    assert split.value_of("chrf") == files.value_of("chrf")


def test_evaluate_scores_two_files(tiny_data):
    path = tiny_data / "test.src.txt"
    assert seqcli.evaluate(hyp=path, ref=path, metrics=["ter"]).value_of("ter") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "evaluate without a run takes hyp and ref, and nothing to decode"),
        ({"hyp": "a", "ref": "b", "beam_size": 2}, "evaluate without a run takes hyp and ref"),
        ({"run_dir": "a", "hyp": "b"}, "evaluate takes a run or hyp, not both"),
    ],
)
def test_evaluate_refuses_what_it_cannot_score(arguments, message):
    with pytest.raises(SettingsError, match=f"^{message}"):
        seqcli.evaluate(**arguments)


def test_a_run_is_scored_on_a_split_or_on_files_but_not_both(tiny_run):
    with pytest.raises(SettingsError, match=r"^a run is scored on files when both src and ref"):
        seqcli.evaluate(tiny_run, split="test", src="a", ref="b")


def test_a_wrong_setting_is_named_as_a_keyword(tmp_path):
    with pytest.raises(SettingsError, match=r"^keyword layers is 0; it must be a whole number"):
        seqcli.train(tmp_path, tmp_path / "run", layers=0)
    with pytest.raises(SettingsError, match=r"^unknown setting 'laiers'; did you mean layers\?"):
        seqcli.preprocess(tmp_path, train="x", laiers=1)
