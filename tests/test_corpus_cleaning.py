"""What breaks a rule goes, with its reason; everything else stays as it was and where it was."""

from __future__ import annotations

import dataclasses
import json
import random
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.config import CleaningSettings
from seqcli.corpus import SentencePair, find_source, iter_pairs
from seqcli.corpus.cleaning import RULES, CleaningOptions, CleanReport, clean_corpus
from seqcli.corpus.cleaning.judging import Judge, Task
from seqcli.corpus.cleaning.repair import repair
from seqcli.corpus.cleaning.rules import Judges
from seqcli.corpus.scripts import scripts_of, share_in
from seqcli.corpus.writing import PairWriter, open_text_files
from seqcli.errors import CorpusError, SeqcliError, SettingsError
from seqcli.reporting import SilentReporter

OPTIONS = CleaningOptions(**CleaningSettings().model_dump())
OFF = dataclasses.replace(
    OPTIONS,
    repair=False,
    **{rule.replace("-", "_"): False for rule in RULES},  # type: ignore[arg-type]
)
GOOD = [
    ("A dog runs.", "Ein Hund rennt."),
    ("Two women talk.", "Zwei Frauen reden."),
    ("It costs 25 euros.", "Es kostet 25 Euro."),
]
# Each breaks one rule; what is found is said.
BAD = {
    ("", "Nichts."): ("empty", ""),
    ("A caf\ufffd here.", "Ein Café hier."): ("encoding", "damaged characters"),
    ("A bell\x07 rings.", "Eine Glocke tönt."): ("control", "U+0007"),
    ("word " * 151, "Wort " * 151): ("length", "151 words"),
    ("a" * 41 + " here", "Ein langes Wort, hier ist es, so lang"): (
        "long-word", "a word of 41 characters"),
    ("Yes.", "Das ist nun wirklich viel zu lang."): ("length-ratio", "8.50"),
    ("New York City", "new  york city"): ("identical", ""),
    ("A <b>bold</b> word.", "Ein fettes Wort."): ("markup", "<b>"),
    ("In 1914 it began.", "Es begann 1941."): ("numbers", "1914 | 1941"),
    ("A dog runs.", "Собака бежит."): ("script", "0% of the letters are Latin"),
    ("A  dog runs. ", "Ein Hund rennt."): ("duplicates", ""),
    ("A DOG runs!", "ein Hund rennt"): ("near-duplicates", ""),
}  # fmt: skip


def write(prefix: Path, pairs: list[tuple[str, str]]) -> Path:
    for side, lang in enumerate(("en", "de")):
        text = "".join(f"{pair[side]}\n" for pair in pairs)
        Path(f"{prefix}.{lang}").write_text(text, "utf-8", newline="\n")
    return prefix


def read(prefix: Path) -> list[tuple[str, str]]:
    sides = (Path(f"{prefix}.{lang}").read_text("utf-8").split("\n")[:-1] for lang in ("en", "de"))
    return list(zip(*sides, strict=True))


def clean(
    prefix: Path, out: Path | None, options: CleaningOptions = OPTIONS, **more: object
) -> CleanReport:
    values = {"src_lang": "en", "tgt_lang": "de", "processes": 1, "report": SilentReporter()}
    return clean_corpus(
        find_source(prefix, "en", "de"), out, options=options, **{**values, **more}  # type: ignore[arg-type]
    )  # fmt: skip


def test_each_bad_pair_goes_by_its_own_rule_and_the_good_ones_stay(tmp_path: Path):
    pairs = [*GOOD, *BAD]
    random.Random(1).shuffle(tail := pairs[3:])
    write(tmp_path / "x", [*GOOD, *tail])
    report = clean(tmp_path / "x", tmp_path / "y")
    assert read(tmp_path / "y") == GOOD
    lines = (tmp_path / "y.dropped.jsonl").read_text("utf-8").splitlines()
    dropped = [json.loads(line) for line in lines]
    assert {(d["src"], d["tgt"]): (d["rule"], d["found"]) for d in dropped} == BAD
    assert [d["number"] for d in dropped] == list(range(4, len(pairs) + 1))
    assert {rule: count.count for rule, count in report.dropped.items()} == {
        rule: 1 for rule in RULES if rule != "language"
    }
    assert (report.pairs, report.kept, report.dropped_count) == (15, 3, 12)
    assert report.dropped["numbers"].samples[0].found == "1914 | 1941"


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "language"])
def test_a_rule_that_is_off_drops_nothing(tmp_path: Path, rule: str):
    (pair,) = (pair for pair, (name, _) in BAD.items() if name == rule)
    write(tmp_path / "x", [*GOOD, pair])
    only = dataclasses.replace(OFF, **{rule.replace("-", "_"): True})
    assert clean(tmp_path / "x", None, only).dropped_count == 1
    assert clean(tmp_path / "x", None, OFF).dropped_count == 0


ANY_SIDE = st.sampled_from([side for pair in [*GOOD, *BAD] for side in pair])
OF_A_PAIR = [rule for rule in RULES if rule not in ("language", "duplicates", "near-duplicates")]


@given(src=ANY_SIDE, tgt=ANY_SIDE, off=st.sets(st.sampled_from(OF_A_PAIR)))
def test_a_pair_goes_for_the_first_rule_that_is_on_and_drops_it_alone(
    src: str, tgt: str, off: set[str]
):
    pair = SentencePair(src, tgt)
    alone = {
        rule: Judges(dataclasses.replace(OFF, **{rule.replace("-", "_"): True}), "en", "de")
        for rule in OF_A_PAIR
    }
    found = {rule: judges.judge(pair) for rule, judges in alone.items() if rule not in off}
    some = dataclasses.replace(OPTIONS, **{rule.replace("-", "_"): False for rule in off})
    first = next((each for each in found.values() if each is not None), None)
    assert Judges(some, "en", "de").judge(pair) == first
    assert {rule for rule, each in found.items() if each} == {
        each[0] for each in found.values() if each
    }


def test_nothing_changes_when_all_is_off(tmp_path: Path):
    write(tmp_path / "x", [*GOOD, *BAD])
    clean(tmp_path / "x", tmp_path / "y", OFF)
    for lang in ("en", "de"):
        assert (tmp_path / f"x.{lang}").read_bytes() == (tmp_path / f"y.{lang}").read_bytes()


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=30)


@given(PAIRS)
def test_every_pair_is_kept_or_written_down_once_whatever_it_holds(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
):
    folder = tmp_path_factory.mktemp("any")
    rows = [(src.replace("\n", " "), tgt.replace("\n", " ")) for src, tgt in pairs]
    write(folder / "x", [*rows, ("A last one.", "Noch eines.")])
    report = clean(folder / "x", folder / "y")
    dropped = (folder / "y.dropped.jsonl").read_text("utf-8").split("\n")[:-1]
    numbers = [json.loads(line)["number"] for line in dropped]
    assert numbers == sorted(set(numbers))
    assert report.kept == len(read(folder / "y")) == len(rows) + 1 - len(numbers)
    again = clean(folder / "y", folder / "z")
    assert again.kept == report.kept  # what is clean stays clean
    assert read(folder / "z") == read(folder / "y")


def test_the_number_of_processes_changes_no_byte(tmp_path: Path):
    rng = random.Random(3)
    pairs = [*GOOD, *BAD] + [
        (
            f"A {rng.choice('abc')}{'x' * rng.randrange(30)} {n % 9}.",
            f"Das {'y' * rng.randrange(30)}.",
        )
        for n in range(22_500)
    ]
    write(tmp_path / "x", pairs)
    reports = [
        clean(tmp_path / "x", tmp_path / f"out{n}" / "y", processes=n)
        for n in (1, 2)
        if (tmp_path / f"out{n}").mkdir() is None
    ]
    assert reports[0].dropped == reports[1].dropped
    assert reports[0].dropped["near-duplicates"].count > 100
    for name in ("y.en", "y.de", "y.dropped.jsonl"):
        first, second = ((tmp_path / f"out{n}" / name).read_bytes() for n in (1, 2))
        assert first == second


def test_a_process_that_dies_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def die(*words: object) -> object:
        raise BrokenProcessPool("killed")

    monkeypatch.setattr("seqcli.corpus.cleaning.judging._judge_in_processes", die)
    write(tmp_path / "x", GOOD * 8000)
    with pytest.raises(SeqcliError, match="run the command again with --processes 1"):
        clean(tmp_path / "x", tmp_path / "y", processes=2)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("fÃ¼r uns", "für uns"),
        ("Caf&eacute; &amp; Bar", "Café & Bar"),
        ("one\u2028two\vthree\ufeff", "one two three"),
        ("für uns", "für uns"),
        ("日本語です。", "日本語です。"),
        ("a < b & c", "a < b & c"),
    ],
)
def test_damage_is_undone_and_sound_text_left(text: str, meant: str):
    assert repair(text) == meant
    assert repair(meant) == meant


def test_repaired_pairs_are_counted_and_written_as_they_were_meant(tmp_path: Path):
    write(tmp_path / "x", [*GOOD, ("A door for us.", "Eine TÃ¼r fÃ¼r uns.")])
    report = clean(tmp_path / "x", tmp_path / "y")
    assert report.repaired.count == 1
    assert report.repaired.samples[0].tgt == "Eine TÃ¼r fÃ¼r uns."
    assert read(tmp_path / "y")[-1] == ("A door for us.", "Eine Tür für uns.")


@pytest.mark.parametrize("line", ["Der Mann l?uft.", "Caf?? dog w?r"])
def test_letters_lost_in_a_line_that_is_ascii_are_found(line: str):
    only = dataclasses.replace(OFF, encoding=True)
    judges = Judges(only, "en", "de")
    assert judges.judge(SentencePair("A man runs.", line)) == ("encoding", "damaged characters")
    assert judges.judge(SentencePair("Really?", "Was?Ja.")) is None


def test_the_corpora_that_come_along_have_no_damaged_characters():
    folder = Path(__file__).parent.parent / "corpora" / "daily.en-ko"
    judges = Judges(dataclasses.replace(OFF, encoding=True), "en", "ko")
    for split in ("train", "valid", "test", "test-unseen"):
        pairs = iter_pairs(find_source(folder / split, "en", "ko"))
        assert [pair for pair in pairs if judges.judge(pair)] == []


@pytest.mark.parametrize(
    ("src", "tgt", "is_kept"),
    [
        ("Two dogs, 2 cats.", "Zwei Hunde, zwei Katzen.", True),  # words for small numbers
        ("It is 1,500.50 here.", "Es sind 1.500,50 hier.", True),  # as languages write them
        ("2.00 or 12.50", "2 oder 12,50", True),
        ("From 1990 to 1995.", "Von 1990 bis 1995.", True),
        ("The year ٢٠٢٤ was good.", "Das Jahr 2024 war gut.", True),  # Arabic digits
        ("10, 20 and 30", "10, 20 und 40", True),  # two of three
        ("Call 555-1234.", "Rufen Sie an.", False),
    ],
)
def test_numbers_match_as_languages_write_them(src: str, tgt: str, is_kept: bool):
    only = dataclasses.replace(OFF, numbers=True)
    assert (Judges(only, "en", "de").judge(SentencePair(src, tgt)) is None) == is_kept


def test_scripts_go_by_the_language():
    assert scripts_of("zh-Hant-TW") == ("Han", "Bopomofo")
    assert scripts_of("sr-Latn") == ("Latin",)
    assert scripts_of("src") == ()
    assert share_in("こんにちはコーヒー漢字", scripts_of("ja")) == 1
    assert share_in("12, 34!", scripts_of("ko")) == 1
    assert share_in("abcд", scripts_of("ru")) == 0.25
    assert share_in("été à l'œuvre", scripts_of("fr")) == 1


def test_a_language_without_a_known_script_is_said(tmp_path: Path):
    write(tmp_path / "x", GOOD)
    report = clean(tmp_path / "x", None, tgt_lang="tgt")
    assert report.not_applied == (
        "script of 'tgt': not a language code with a script that is known",
    )


def test_long_words_of_scripts_without_spaces_are_not_words():
    only = dataclasses.replace(OFF, long_word=True)
    assert Judges(only, "ja", "en").judge(SentencePair("これは" * 20, "This.")) is None


def test_the_other_language_goes_when_asked_for():
    only = dataclasses.replace(OFF, language=True)
    judges = Judges(only, "en", "de")
    good = SentencePair("The children are playing outside.", "Die Kinder spielen draußen.")
    assert judges.judge(good) is None
    assert judges.judge(SentencePair("12", "12")) is None  # nothing to tell it by
    wrong = SentencePair("The children are playing.", "Les enfants jouent dehors avec leur chien.")
    assert judges.judge(wrong) == ("language", "fr, not de")
    with pytest.raises(SettingsError, match="'tgt' is none that py3langid identifies"):
        Judges(only, "en", "tgt")


def test_a_missing_identifier_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    import sys

    from seqcli.corpus.cleaning import identification

    identification._load.cache_clear()
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    with pytest.raises(SettingsError, match=r"pip install 'seqcli\[langid\]'"):
        Judges(dataclasses.replace(OFF, language=True), "en", "de")


def test_a_near_copy_of_a_dropped_pair_stays(tmp_path: Path):
    write(tmp_path / "x", [("A <b>dog</b>.", "Ein Hund."), ("A b dog b.", "Ein Hund.")])
    assert clean(tmp_path / "x", None).kept == 1


def test_a_chunk_may_be_empty_or_all_bad():
    judge = Judge(Task(OPTIONS, "en", "de"))
    assert judge([]).kept == []
    assert judge([SentencePair("", "")]).broken == {0: ("empty", "")}


def test_when_nothing_is_left_nothing_is_written(tmp_path: Path):
    write(tmp_path / "x", [("", "leer"), ("same", "same")])
    with pytest.raises(CorpusError, match=r"all 2 pairs break a rule, 1 of them by .* --dry-run"):
        clean(tmp_path / "x", tmp_path / "y")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.de", "x.en"]


def test_a_fault_in_the_text_leaves_no_file(tmp_path: Path):
    write(tmp_path / "x", GOOD)
    (tmp_path / "x.de").write_bytes(b"Ein Hund\nfast \xff\nda\n")
    with pytest.raises(CorpusError, match=r"x\.de:2: byte 6"):
        clean(tmp_path / "x", tmp_path / "y")
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_there_is_not_replaced_unasked(tmp_path: Path):
    write(tmp_path / "x", GOOD)
    write(tmp_path / "y", [("old", "alt")])
    with pytest.raises(SettingsError, match="exists; choose another name, or give --overwrite"):
        clean(tmp_path / "x", tmp_path / "y")
    assert clean(tmp_path / "x", tmp_path / "y", overwrite=True).kept == 3
    with pytest.raises(SettingsError, match="this is the text that is read"):
        clean(tmp_path / "x", tmp_path / "x", overwrite=True)
    with pytest.raises(SettingsError, match="two outputs would be this file"):
        clean(tmp_path / "x", tmp_path / "z", dropped_path=tmp_path / "z.en")
    with pytest.raises(SettingsError, match="there is no directory"):
        clean(tmp_path / "x", tmp_path / "no" / "z")


def test_a_tsv_is_written_with_one_tab_a_line(tmp_path: Path):
    write(tmp_path / "x", [("A\tdog.", "Ein Hund."), *GOOD[1:]])
    clean(tmp_path / "x", tmp_path / "y.tsv", OFF)
    lines = (tmp_path / "y.tsv").read_text("utf-8").splitlines()
    assert lines == ["A dog.\tEin Hund.", *("\t".join(pair) for pair in GOOD[1:])]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("one\ntwo", "one two"),  # as a reader of another format may give it
        ("one\r\ntwo\r", "one two "),
        ("one\rtwo\u2028three", "one\rtwo\u2028three"),  # no line ends here
        ("a\tb", "a\tb"),
    ],
)
def test_a_pair_stays_one_line(tmp_path: Path, text: str, written: str):
    paths = [tmp_path / "x.en", tmp_path / "x.de"]
    with open_text_files(paths) as files:
        PairWriter(files).write([SentencePair(text, "x")])
    assert paths[0].read_bytes().decode() == f"{written}\n"
