"""Known damage is found where it is, and sound text raises no alarm."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqcli.corpus.checking import KINDS, CheckReport, Finding, check_corpus
from seqcli.corpus.checking.drift import offsets_to_try
from seqcli.corpus.checking.features import describe_lines, join_features
from seqcli.corpus.checking.findings import runs_of
from seqcli.corpus.checking.languages import are_sides_swapped
from seqcli.corpus.checking.marks import marks_of
from seqcli.corpus.sources import ParallelSource
from seqcli.reporting import SilentReporter

PAIRS = 600
Text = list[str]


def make_text(pairs: int, *, seed: int = 1) -> tuple[Text, Text]:
    """Return sentences of two made-up languages, word for word translations of each other."""
    rng = random.Random(seed)
    words = []
    for letters in ("aeiou bcdfgh", "äöüyå klmnprst"):
        vowels, consonants = letters.split()
        made: set[str] = set()
        while len(made) < 150:
            syllables = (
                rng.choice(consonants) + rng.choice(vowels) for _ in range(rng.randint(1, 3))
            )
            made.add("".join(syllables))
        words.append(sorted(made))
    sides: tuple[Text, Text] = ([], [])
    for _ in range(pairs):
        chosen = [int(150 * rng.random() ** 2) for _ in range(rng.randint(4, 12))]
        mark = rng.choice([".", ".", "?"])
        for side, vocabulary in zip(sides, words, strict=True):
            side.append(" ".join(vocabulary[word] for word in chosen).capitalize() + mark)
    return sides


SRC, TGT = make_text(PAIRS)


def check(
    folder: Path, src: Text, tgt: Text, *, samples: int = 1000, against: list[Path] | None = None
) -> CheckReport:
    paths = (folder / "x.aa", folder / "x.bb")
    for path, lines in zip(paths, (src, tgt), strict=True):
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="\n")
    return check_corpus(
        ParallelSource(paths),
        src_lang="aa",
        tgt_lang="bb",
        against=against or (),
        samples=samples,
        report=SilentReporter(),
    )


def the(report: CheckReport, kind: str) -> Finding:
    (finding,) = [finding for finding in report.findings if finding.kind == kind]
    return finding


def lines_of(finding: Finding) -> list[int]:
    places = [sample.src_place or sample.tgt_place or "" for sample in finding.samples]
    return [int(place.rsplit(":", 1)[1]) for place in places]


def test_sound_text_raises_no_alarm(tmp_path: Path):
    report = check(tmp_path, SRC, TGT)
    assert (report.findings, report.skipped) == ((), ())
    assert (report.src_lines, report.tgt_lines) == (PAIRS, PAIRS)


@pytest.mark.parametrize("place", [100, 300, 570])
@pytest.mark.parametrize("lost", [1, 3, 30])
def test_where_lines_are_lost_the_sides_part(tmp_path: Path, place: int, lost: int):
    if place + lost > PAIRS - 20:
        place -= lost + 20
    finding = the(check(tmp_path, SRC, TGT[:place] + TGT[place + lost :]), "unequal-counts")
    assert (finding.severity, finding.count) == ("error", lost)
    assert abs(lines_of(finding)[0] - (place + 1)) <= 5
    assert f"{lost} line{'s' * (lost > 1)} back" in finding.message


def test_a_blank_line_too_many_parts_the_sides_too(tmp_path: Path):
    finding = the(check(tmp_path, SRC, [*TGT[:200], "", *TGT[200:]]), "unequal-counts")
    assert abs(lines_of(finding)[0] - 201) <= 3
    assert "1 line on" in finding.message


def test_an_end_that_is_missing_is_told_from_a_line_that_is(tmp_path: Path):
    finding = the(check(tmp_path, SRC, TGT[:400]), "unequal-counts")
    assert "the end is missing from" in finding.message
    assert "x.bb" in finding.message.split("missing from")[1]
    assert lines_of(finding) == [400]


def test_equal_counts_do_not_hide_a_shift(tmp_path: Path):
    src, tgt = [*SRC[:400], *SRC[401:]], [*TGT[:150], *TGT[151:]]
    report = check(tmp_path, src, tgt)
    finding = the(report, "shifted")
    assert abs(lines_of(finding)[0] - 151) <= 5
    assert abs(finding.count - 250) <= 10
    assert report.count("error") == 1


def test_a_block_that_belongs_to_nothing_is_told(tmp_path: Path):
    src, tgt = make_text(2000)
    tgt[200:350] = make_text(150, seed=9)[1]
    finding = the(check(tmp_path, src, tgt), "unrelated")
    assert finding.severity == "warning"
    assert abs(lines_of(finding)[0] - 201) <= 10
    assert abs(finding.count - 150) <= 20


def test_swapped_lines_are_those_that_were_swapped(tmp_path: Path):
    swapped = random.Random(3).sample(range(PAIRS), 20)
    src, tgt = SRC.copy(), TGT.copy()
    for line in swapped:
        src[line], tgt[line] = tgt[line], src[line]
    finding = the(check(tmp_path, src, tgt), "swapped-lines")
    assert lines_of(finding) == sorted(line + 1 for line in swapped)
    assert finding.severity == "error"  # more than one in a hundred


def test_few_swapped_lines_are_a_warning_and_a_run_of_them_is_an_error(tmp_path: Path):
    one = the(check(tmp_path, [TGT[5], *SRC[1:]], [SRC[5], *TGT[1:]]), "swapped-lines")
    assert (one.severity, lines_of(one)) == ("warning", [1])
    src, tgt = SRC[:500] + TGT[500:], TGT[:500] + SRC[500:]
    run = the(check(tmp_path, src, tgt), "swapped-lines")
    assert (run.severity, run.count) == ("error", 100)
    assert "x.aa:501 to line 600" in run.message


def test_two_sides_in_one_language_are_not_swapped(tmp_path: Path):
    report = check(tmp_path, SRC[:300], SRC[300:])
    assert not [finding for finding in report.findings if finding.kind.startswith("swapped")]
    assert any(what.startswith("swapped lines") for what in report.skipped)


@pytest.mark.parametrize(
    ("src", "tgt", "langs", "expected"),
    [
        ("Die Katze ist auf der Matte.", "The cat is on the mat.", ("en", "de"), True),
        ("The cat is on the mat.", "Die Katze ist auf der Matte.", ("en", "de"), False),
        ("고양이가 있다", "There is a cat", ("en", "ko"), True),
        ("고양이가 있다", "There is a cat", ("ko-KR", "en_US"), False),
        ("猫がいる", "Там кошка", ("ru", "ja"), True),
        ("xyz", "abc", ("tlh", "qya"), False),
        ("The cat", "The dog", ("en", "en"), False),
    ],
)
def test_files_in_the_place_of_each_other(
    src: str, tgt: str, langs: tuple[str, str], expected: bool
):
    found = are_sides_swapped([src], [tgt], src_lang=langs[0], tgt_lang=langs[1])
    assert found is expected


def test_copies_blanks_and_lengths(tmp_path: Path):
    src, tgt = SRC.copy(), TGT.copy()
    tgt[10] = src[10] = "Keep this long title"
    for line in range(20, 24):
        tgt[line] = " "
    src[30] = "\u2581"
    tgt[40] = tgt[40] * 6
    report = check(tmp_path, src, tgt)
    assert lines_of(the(report, "copied")) == [11]
    blank = the(report, "blank")
    assert blank.count == 5
    assert "1 without source, 4 without target" in blank.message
    assert "the longest run is of 4 lines, from" in blank.message
    assert "x.bb:21" in blank.message
    assert 41 in lines_of(the(report, "length-ratio"))
    assert report.count("error") == 0


def test_duplicates_and_sources_with_several_targets(tmp_path: Path):
    src, tgt = [*SRC, SRC[3], SRC[7]], [*TGT, TGT[3], TGT[8]]
    report = check(tmp_path, src, tgt)
    assert lines_of(the(report, "duplicates")) == [PAIRS + 1]
    assert the(report, "duplicates").samples[0].note == "same as line 4"
    assert lines_of(the(report, "many-targets")) == [8]


def test_overlap_is_counted_of_the_other_text(tmp_path: Path):
    other = make_text(50, seed=5)
    for side, lines, ours in (("aa", other[0], SRC), ("bb", other[1], TGT)):
        mixed = [*lines, ours[9], ours[2] if side == "aa" else "Neu."]
        (tmp_path / f"test.{side}").write_text("".join(f"{line}\n" for line in mixed), "utf-8")
    report = check(tmp_path, SRC, TGT, against=[tmp_path / "test"])
    both = the(report, "overlap")
    assert both.message.startswith(f"1 of 52 pairs (1.9%) of {tmp_path / 'test'}")
    assert (both.severity, lines_of(both)) == ("error", [10])
    assert both.samples[0].note == f"{tmp_path / 'test.aa'}:51"
    assert lines_of(the(report, "overlap-one-side")) == [3]


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("fÃ¼r", ("mojibake",)),
        ("ì•ˆë…•í•˜ì„¸ìš”", ("mojibake",)),
        ("Stra?e und f?r", ("mojibake",)),
        ("a \ufffd b", ("mojibake",)),
        ("Was? Ja.", ()),
        ("https://x.org/a?b=c", ()),
        ("für Straße", ()),
        ("안녕하세요?", ()),
        ("Привет, мир", ()),
        ("«Ça va?»", ()),
        ("a\x07b", ("control-characters",)),
        ("a\u2028b", ("line-breaks",)),
        ("tab\there", ()),
    ],
)
def test_marks_of_damage(line: str, kinds: tuple[str, ...]):
    assert marks_of(line) == kinds


LOST_LETTERS = (
    "Der Mann l?uft|Caf?? dog w?r|Gr??e|Gr??enverh?ltnis|er l??uft|don?t|it???s|what?s up|fr?her|"
    "au?er|gar?on|com?die|El ni?o|??? ?? ????.|Kommst du aus M?nchen?|(T?r)|Sch?den, L?den"
)
SOUND_QUESTIONS = (
    "really?yes|What?Yes|Who?Me?|see https://x.org/?a=b here|x?a=b&c=d|word?|word?)|ok?and|"
    "ok?im fine|huh?really|???|what??|C'est vrai ? oui|a ? b : c|a?b:c|yes?no|why?because|"
    ":s?old?new|{a}?{b}|1?a|안녕?응"
)


@pytest.mark.parametrize("line", LOST_LETTERS.split("|"))
def test_letters_lost_to_question_marks_are_damage_in_any_line(line: str):
    assert marks_of(line) == marks_of(f"{line} é") == ("mojibake",)


@pytest.mark.parametrize("line", SOUND_QUESTIONS.split("|"))
def test_question_marks_that_are_meant_are_none(line: str):
    assert marks_of(line) == marks_of(f"{line} é") == ()


@pytest.mark.parametrize(
    "text", ["a?" * 500_000, "?" * 1_000_000, "a????" * 200_000, "?? " * 300_000]
)
def test_a_long_line_of_question_marks_is_looked_at_quickly(text: str):
    start = time.process_time()
    marks_of(text)
    assert time.process_time() - start < 3


def test_what_cannot_be_read_is_told_with_its_place_and_the_rest_is_checked(tmp_path: Path):
    check(tmp_path, SRC, TGT)
    data = (tmp_path / "x.bb").read_bytes().split(b"\n")
    data[4], data[9] = b"f\xfcnf", b"nul\0"
    data[14] = b"x" * (3 << 20)
    (tmp_path / "x.bb").write_bytes(b"\n".join(data))
    report = check_corpus(
        ParallelSource((tmp_path / "x.aa", tmp_path / "x.bb")),
        src_lang="aa",
        tgt_lang="bb",
        report=SilentReporter(),
    )
    finding = the(report, "unreadable")
    assert (finding.count, finding.severity) == (3, "error")
    for sample, line in zip(finding.samples, (5, 10, 15), strict=True):
        assert sample.note.startswith(f"{tmp_path / 'x.bb'}:{line}: ")
    assert report.tgt_lines == PAIRS


any_lines = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=30),
        st.sampled_from(["", " ", "a b", "\u202eabc", "e\u0301" * 50, "👩‍👩‍👧‍👦", "\u2028", "\r"]),
        st.sampled_from(["한국어 문장", "\u1112\u1161\u11ab", "日本語", "ไทย"]),
    ),
    max_size=60,
)  # fmt: skip


@settings(max_examples=25)
@given(src=any_lines, tgt=any_lines)
def test_any_text_gives_a_report_that_is_always_the_same(
    tmp_path_factory: pytest.TempPathFactory, src: Text, tgt: Text
):
    folder = tmp_path_factory.mktemp("any")
    report = check(folder, src, tgt)
    assert report == check(folder, src, tgt)
    assert (report.src_lines, report.tgt_lines) == (len(src), len(tgt))
    kinds = {finding.kind for finding in report.findings}
    assert kinds <= KINDS.keys()
    assert ("unequal-counts" in kinds) == (len(src) != len(tgt))
    assert all(finding.count > 0 for finding in report.findings)


@given(src=st.integers(0, 10**6), change=st.integers(-(10**5), 10**5))
def test_every_offset_that_explains_the_counts_is_tried_if_it_is_near(src: int, change: int):
    offsets = offsets_to_try(src, max(0, src + change))
    assert offsets[0] == 0
    assert len(set(offsets)) == len(offsets)
    difference = max(0, src + change) - src
    assert (difference in offsets) == (abs(difference) <= 20_000)


def test_features_of_parts_are_parts_of_the_features():
    lines = ["One two three.", "", "한국어 문장", "日本語", "4 5"]
    whole = describe_lines(lines)
    parts = join_features([describe_lines(lines[:2]), describe_lines(lines[2:])])
    for one, other in ((whole, parts), (whole.part(1, 4), describe_lines(lines[1:4]))):
        for name in ("words", "trigrams"):
            assert np.array_equal(getattr(one, name).ids, getattr(other, name).ids)
            assert np.array_equal(getattr(one, name).starts, getattr(other, name).starts)
        assert np.array_equal(one.surface, other.surface)
    assert whole.words.sizes.tolist() == [3, 0, 2, 3, 2]  # unspaced writing: a word a letter


def test_runs():
    assert runs_of(np.array([1, 2, 3, 7, 9, 10])) == [(1, 3), (7, 7), (9, 10)]
    assert runs_of(np.array([1, 2, 3, 7, 9, 10]), gap=2) == [(1, 3), (7, 10)]
    assert runs_of(np.array([], np.int64)) == []
