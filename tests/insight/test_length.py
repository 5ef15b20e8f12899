from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.config import load_settings
from seqcli.evaluation import EvaluationText, evaluate_runs
from seqcli.insight.length import cut_at, cut_evenly, measure_lengths, score_lengths
from seqcli.reporting import SilentReporter
from seqcli.scoring import score

LENGTHS = st.lists(st.integers(0, 30), min_size=1, max_size=60)


@given(lengths=LENGTHS, count=st.integers(1, 8))
def test_every_length_is_in_one_range_and_there_are_no_more_ranges_than_asked_for(lengths, count):
    ranges = cut_evenly(lengths, count)
    assert len(ranges) <= count
    for length in lengths:
        assert sum(least <= length <= most for least, most in ranges) == 1


@given(lengths=LENGTHS, ends=st.lists(st.integers(1, 40), unique=True).map(sorted))
def test_ranges_with_given_ends_hold_every_length_once_and_none_is_empty(lengths, ends):
    ranges = cut_at(lengths, ends)
    for length in lengths:
        assert sum(least <= length <= most for least, most in ranges) == 1
    assert all(any(a <= length <= b for length in lengths) for a, b in ranges)


def test_an_empty_text_is_refused(run_cli, tiny_run: Path, tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("")
    outcome = run_cli("inspect", "length", tiny_run, "--src", empty, "--ref", empty)
    assert outcome.code == 3
    assert "has no line" in outcome.stderr


def test_ranges_hold_about_as_many_sentences_each():
    assert cut_evenly([1, 2, 3, 4, 5, 6], 3) == [(1, 2), (3, 4), (5, 6)]
    assert cut_evenly([4] * 9 + [7], 5) == [(4, 4), (5, 7)]


def test_lengths_are_words_or_characters():
    text = EvaluationText("x", [" a bc  d ", ""], ["", ""])
    assert measure_lengths(text, unit="words") == [3, 0]
    assert measure_lengths(text, unit="characters") == [7, 0]


def test_the_whole_is_what_eval_says_and_a_range_is_the_corpus_of_its_lines(tiny_run: Path):
    src = ["12 34", "5", "6 7 8", "90"]
    text = EvaluationText("x", src, [line[::-1] for line in src])
    decoding = load_settings(keywords={"beam_size": 2, "split_long": False}, environ={}).decoding
    options = {"decoding": decoding, "device": "cpu", "threads": 1, "precision": "fp32"}
    found = score_lengths(
        tiny_run, text, [(1, 1), (2, 3)], unit="words", report=SilentReporter(), **options
    )
    expected = evaluate_runs(
        [tiny_run],
        text,
        metrics=("bleu", "chrf"),
        seed=1,
        batch_size=64,
        report=SilentReporter(),
        **options,
    )
    assert found.whole.chrf == pytest.approx(expected.value_of("chrf"))
    assert found.signatures == {each.metric: each.signature for each in expected.scores}
    assert [(each.name, each.sentences) for each in found.bins] == [("1", 2), ("2–3", 2)]
    from seqcli.decoding.translator import Translator

    short = [src[1], src[3]]
    translator = Translator.load(tiny_run, device="cpu", threads=1, precision="fp32")
    hyps = translator.translate(short, beam_size=2, split_long=False)
    (chrf,) = score(hyps, [line[::-1] for line in short], ("chrf",), may_have_marks=True)
    assert found.bins[0].chrf == pytest.approx(chrf.value)
