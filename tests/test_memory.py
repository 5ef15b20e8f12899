"""Memory first: what is in it is used as it is, what is like it is offered, and no line is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqcli import TranslationMemory, Translator
from seqcli.corpus import SentencePair
from seqcli.errors import CorpusError, SettingsError
from seqcli.memory import Match

ONE_THREAD = ["--threads", "1", "--precision", "fp32"]
PAIRS = [
    SentencePair("The cat sleeps.", "Die Katze schläft."),
    SentencePair("The cat sleeps. ", "Die Katze ruht."),
    SentencePair("The cat sleeps.", "Die Katze ruht."),
    SentencePair("The dog barks.", ""),
    SentencePair("A bird sings.", "Ein Vogel singt."),
]


def test_an_exact_match_has_the_most_frequent_target():
    memory = TranslationMemory(PAIRS)
    assert (len(memory), memory.left_out) == (2, 1)
    found = memory.find([" The cat sleeps.\t", "", "A bird sings."])
    assert found == [
        Match("The cat sleeps.", "Die Katze ruht.", 1.0, True),
        None,
        Match("A bird sings.", "Ein Vogel singt.", 1.0, True),
    ]
    first = TranslationMemory([SentencePair("a", "x"), SentencePair("a", "y")]).find(["a"])
    assert first == [Match("a", "x", 1.0, True)]


def test_a_fuzzy_match_is_offered_with_its_score_from_the_threshold_on():
    # 15 and 14 characters; all 14 are in the longest common subsequence: 2 * 14 / 29.
    line, score = "The cat sleep.", 28 / 29
    assert TranslationMemory(PAIRS).find([line]) == [
        Match("The cat sleeps.", "Die Katze ruht.", pytest.approx(score), False)
    ]
    assert TranslationMemory(PAIRS, threshold=score - 1e-6).find([line]) != [None]
    assert TranslationMemory(PAIRS, threshold=score + 1e-6).find([line]) == [None]
    assert TranslationMemory(PAIRS, threshold=1).find([line]) == [None]
    (used,) = TranslationMemory(PAIRS, use_fuzzy=True).find([line])
    assert used is not None
    assert (used.is_used, used.is_exact) == (True, False)


def test_a_fuzzy_match_with_other_tags_is_offered_but_not_used():
    """Marks that the line has not would come out as they are."""
    pairs = [SentencePair("Click ⟦1⟧here⟦2⟧ to stop.", "⟦1⟧Hier⟦2⟧ klicken.")]
    memory = TranslationMemory(pairs, use_fuzzy=True)
    other, same = memory.find(["Click here to stop.", "Click ⟦1⟧here⟦2⟧ to stay."])
    assert other is not None
    assert same is not None
    assert (other.is_used, same.is_used) == (False, True)


words = st.lists(st.sampled_from(["ab", "cd", "ef", "gh", "ij"]), min_size=1, max_size=6).map(
    " ".join
)


@given(entries=st.lists(words, min_size=1, max_size=8), lines=st.lists(words, max_size=6))
def test_the_best_match_is_what_comparing_with_every_entry_finds(
    entries: list[str], lines: list[str]
):
    from rapidfuzz.distance import Indel

    memory = TranslationMemory([SentencePair(each, each.upper()) for each in entries])
    for line, match in zip(lines, memory.find(lines), strict=True):
        best = max(Indel.normalized_similarity(line, each) for each in entries)
        assert (0 if match is None else match.score) == (best if best >= 0.75 else 0)
        assert match is None or match.tgt == match.src.upper()


@pytest.mark.parametrize("threshold", [0.49, 1.01, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold: float):
    with pytest.raises(SettingsError, match="memory_threshold is"):
        TranslationMemory(PAIRS, threshold=threshold)


def test_a_memory_without_pairs_is_refused(tmp_path: Path):
    (tmp_path / "x.tsv").write_text("a\t\n\n")
    with pytest.raises(CorpusError, match=r"x\.tsv: no pair has text on both sides \(2 have"):
        TranslationMemory.load(tmp_path / "x.tsv", src_lang="en", tgt_lang="de")


def test_what_is_no_memory_is_refused(translator: Translator):
    with pytest.raises(SettingsError, match=r"memory is 'x\.tmx'; it must be a TranslationMemory"):
        translator.translate(["12"], memory="x.tmx")  # type: ignore[arg-type]


# --- in translating -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def translator(tiny_run: Path) -> Translator:
    return Translator.load(tiny_run, threads=1, precision="fp32")


@given(
    lines=st.lists(st.sampled_from(["12", "34", "", "567", "5678", " ", "9"]), max_size=12),
    use_fuzzy=st.booleans(),
    batch_size=st.integers(1, 3),
)
@settings(max_examples=15)
def test_the_lines_that_the_memory_has_not_are_translated_as_without_it(
    translator: Translator, lines: list[str], use_fuzzy: bool, batch_size: int
):
    pairs = [SentencePair("12", "zwölf"), SentencePair("5679", "viel")]
    memory = TranslationMemory(pairs, use_fuzzy=use_fuzzy)
    options = {"beam_size": 1, "max_length": 3, "max_length_ratio": 0.0}
    without = translator.translate(lines, batch_size=batch_size, **options)
    known = {"12": "zwölf"}
    if use_fuzzy:  # 2 * 3 / 7 and 2 * 3 / 8
        known |= {"567": "viel", "5678": "viel"}
    expected = [known.get(line, text) for line, text in zip(lines, without, strict=True)]
    found = translator.translate(lines, batch_size=batch_size, memory=memory, **options)
    assert found == expected


def test_sampling_depends_on_the_number_of_the_line_whatever_the_memory_has(translator: Translator):
    lines = ["12", "34", "56"]
    memory = TranslationMemory([SentencePair("12", "x")])
    options = {"sample": True, "seed": 7}
    found = translator.translate(lines, memory=memory, **options)
    assert found[1:] == translator.translate(lines, **options)[1:]


def test_a_match_against_the_prefix_is_not_used(translator: Translator):
    memory = TranslationMemory([SentencePair("12", "1 x"), SentencePair("34", "y")])
    found = translator.translate(["12", "34"], prefix="1", memory=memory)
    assert found[0] == "1 x"
    assert found[1].startswith("1")


@pytest.fixture
def memory_file(tmp_path: Path) -> Path:
    path = tmp_path / "memory.jsonl"
    pairs = [{"src": "12", "tgt": "zwölf\nund"}, {"src": "3456789", "tgt": "viel"}]
    path.write_text("".join(json.dumps(pair) + "\n" for pair in pairs), "utf-8")
    return path


def translate(run_cli, tiny_run: Path, *words: object, stdin: str):
    return run_cli("translate", "-m", tiny_run, *ONE_THREAD, *map(str, words), stdin=stdin)


def test_lines_of_the_memory_come_from_it_and_n_lines_are_n_lines(
    run_cli, tiny_run: Path, memory_file: Path
):
    stdin = "12\n\n345678\n12\n9"
    plain = translate(run_cli, tiny_run, stdin=stdin).stdout.split("\n")
    found = translate(run_cli, tiny_run, "--memory", memory_file, stdin=stdin).stdout.split("\n")
    assert found == ["zwölf und", "", plain[2], "zwölf und", plain[4], ""]
    words = ["--memory", memory_file, "--use-fuzzy-matches", "--n-best", 2, "--beam-size", 2]
    lines = translate(run_cli, tiny_run, *words, stdin=stdin).stdout.split("\n")
    assert len(lines) == 11
    assert lines[:6] == ["zwölf und", "", "", "", "viel", ""]


def test_json_flags_exact_and_fuzzy_matches(run_cli, tiny_run: Path, memory_file: Path):
    def records(*words: str) -> list[dict]:
        stdin = "12\n345678\n9\n"
        options = ("--json", *words, "--memory", memory_file)
        outcome = translate(run_cli, tiny_run, *options, stdin=stdin)
        return [json.loads(line) for line in outcome.stdout.splitlines()]

    exact, fuzzy, none = records()
    assert exact["memory"] == {
        "match": "exact", "score": 1.0, "src": "12", "tgt": "zwölf und", "used": True
    }  # fmt: skip
    assert (exact["hyp"], exact["flags"], exact["score"]) == ("zwölf und", ["memory"], None)
    assert fuzzy["memory"] == {
        "match": "fuzzy", "score": 0.9231, "src": "3456789", "tgt": "viel", "used": False
    }  # fmt: skip
    assert "memory" not in fuzzy["flags"]
    assert (none["memory"], none["version"]) == (None, 1)
    _, fuzzy, _ = records("--use-fuzzy-matches")
    assert (fuzzy["hyp"], fuzzy["flags"], fuzzy["memory"]["used"]) == ("viel", ["memory"], True)
    assert records("--memory-threshold", "0.95")[1]["memory"] is None


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--memory", "no.tmx"], 3, "no.tmx: no such file"),
        (["--memory", "-"], 2, "--memory -: standard input is for text to translate"),
        (["--use-fuzzy-matches"], 2, "--use-fuzzy-matches: there is no memory"),
        (["--memory-threshold", "0.9"], 2, "--memory-threshold: there is no memory; give one with"),
        (["--memory-threshold", "0.75"], 2, "--memory-threshold: there is no memory"),
        (["--memory-threshold", "75"], 2, "--memory-threshold is '75'; it must be a number"),
    ],
)
def test_wrong_words_are_refused(run_cli, tiny_run: Path, words: list[str], code: int, text: str):
    outcome = translate(run_cli, tiny_run, *words, stdin="12\n")
    assert (outcome.code, outcome.stdout) == (code, "")
    assert text in outcome.stderr
