"""Scores are sacreBLEU's own; text that still has subword marks is not scored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from seqcli.errors import CorpusError, SettingsError
from seqcli.scoring import METRICS, TOKENIZERS, score

HYPS = ["Der Hund läuft.", "", "Ein Buch, das sie liest", "drei Männer"]
REFS = ["Der Hund rennt.", "Ja.", "Ein Buch, das sie liest", "Drei Männer gehen spazieren"]

words = st.sampled_from(["Hund", "läuft", "der", "Der", ".", ",", "10%", "Haus-Tür", "犬"])
line = st.lists(words, max_size=8).map(" ".join)


@given(pairs=st.lists(st.tuples(line, line), min_size=1, max_size=8))
def test_values_and_signatures_are_those_of_sacrebleu(pairs: list[tuple[str, str]]) -> None:
    hyps, refs = [hyp for hyp, _ in pairs], [ref for _, ref in pairs]
    for result, metric in zip(score(hyps, refs, METRICS), (BLEU(), CHRF(), TER()), strict=True):
        assert result.value == metric.corpus_score(hyps, [refs]).score
        assert result.signature == str(metric.get_signature())


def test_scores_come_in_the_order_that_is_asked_for() -> None:
    assert [result.metric for result in score(HYPS, REFS, ["ter", "bleu"])] == ["ter", "bleu"]


def test_the_signature_says_cased_and_13a() -> None:
    (bleu,) = score(HYPS, REFS, ["bleu"])
    assert "case:mixed" in bleu.signature
    assert "tok:13a" in bleu.signature


def test_a_perfect_translation_has_the_best_scores() -> None:
    bleu, chrf, ter = (result.value for result in score(REFS[2:], REFS[2:], METRICS))
    assert (round(bleu, 6), round(chrf, 6), ter) == (100, 100, 0)


def test_the_tokenizer_can_be_chosen_and_is_in_the_signature() -> None:
    hyps, refs = ["我喜欢狗和猫", "你好"], ["我喜欢狗和鸟", "你好"]
    (spaces,), (chinese,) = score(hyps, refs, ["bleu"]), score(hyps, refs, ["bleu"], tokenize="zh")
    assert chinese.value > spaces.value
    assert "tok:zh" in chinese.signature


def test_nothing_that_is_offered_needs_the_network() -> None:
    for name in TOKENIZERS:
        try:
            score(HYPS, REFS, ["bleu"], tokenize=name)
        except SettingsError as error:
            assert f"pip install 'sacrebleu[{name[:2]}]'" in str(error)  # noqa: PT017


def test_different_numbers_of_lines_are_named_both() -> None:
    with pytest.raises(CorpusError, match=r"^4 hypotheses but 3 references; "):
        score(HYPS, REFS[:3], METRICS)


def test_nothing_to_score_is_refused() -> None:
    with pytest.raises(CorpusError, match="nothing to score"):
        score([], [], METRICS)


def test_an_unknown_metric_or_tokenizer_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(SettingsError, match="unknown metric 'meteor'; choose some of bleu, chrf"):
        score(HYPS, REFS, ["meteor"])
    with pytest.raises(SettingsError, match="unknown tokenizer 'flores200'; choose one of 13a"):
        score(HYPS, REFS, ["bleu"], tokenize="flores200")


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("\u2581Der \u2581Hund \u2581l äuft .", "\u2581"),
        ("\u2581 Der \u2581Hu nd", "\u2581"),
        ("\u2581Der\u2581Hund", "\u2581"),
        ("Der \u2581Hund \u2581läuft .", "\u2581"),
        ("Der Hu@@ nd läuft .", "@@ "),
        ("der Hund l@@ ä@@ uft", "@@ "),
    ],
)
@pytest.mark.parametrize("role", ["hypothesis", "reference"])
def test_text_with_subword_marks_is_refused(text: str, mark: str, role: str) -> None:
    marked, clean = [*HYPS[:2], text], REFS[:3]
    hyps, refs = (marked, clean) if role == "hypothesis" else (clean, marked)
    with pytest.raises(CorpusError) as caught:
        score(hyps, refs, METRICS)
    assert str(caught.value) == (
        f"{role} 3: the subword mark {mark!r} is still in {text!r}; scores are of raw text; join "
        "the pieces first, as `seqcli translate` does"
    )


@pytest.mark.parametrize(
    "text",
    [
        "\u2581",
        "Das Zeichen \u2581 steht für ein Leerzeichen.",
        "Vor dem Wort steht \u2581Wort.",
        "\u2581\u2581\u2581 und \u2581\u2581\u2581 einsetzen",
        "schreib an a@@b.de",
        "@@ -1,3 +1,4 @@ def f():",
        "weit @@ offen",
        "das Ende@@",
        "@ @ @",
        "a_b __init__ _x_",
    ],
)
def test_text_that_speaks_of_the_marks_is_scored(text: str) -> None:
    assert score([text], [text], ["chrf"])


def test_a_long_line_is_cut_short_in_the_message() -> None:
    with pytest.raises(CorpusError, match=r"x\.\.\.'; scores are of raw text"):
        score(["\u2581" + "x" * 5000], ["y"], METRICS)
