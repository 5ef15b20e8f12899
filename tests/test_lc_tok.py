"""The other metric of papers on Multi30k, which is a benchmark's and no part of the package."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks" / "multi30k"))

from lc_tok import check_reference, lc_tok_bleu, tokenize


def test_lines_are_lowercased_normalised_and_cut_into_tokens():
    lines = ["Zwei Männer gehen über „die Straße“, z.B. heute.", "Ein T-Shirt kostet 3,50 Euro!"]
    assert tokenize(lines, "de") == [
        "zwei männer gehen über &quot; die straße &quot; , z.b. heute .",
        "ein t-shirt kostet 3,50 euro !",
    ]


def test_case_does_not_matter_and_a_line_is_its_own_best_translation():
    refs = [
        "Ein Hund läuft schnell durch den Schnee.",
        "Zwei Kinder spielen im Garten vor dem Haus.",
    ]
    assert lc_tok_bleu([line.upper() for line in refs], refs, "de") == pytest.approx(100)
    assert lc_tok_bleu(["Ein Hund läuft.", "Zwei Kinder spielen."], refs, "de") < 50


def test_a_reference_with_another_number_of_tokens_is_refused():
    assert check_reference(["Ein Hund."], "mine", "de") == (
        "mine.de: 3 tokens (no official number is known)"
    )
    with pytest.raises(SystemExit, match="the official reference has 12,103"):
        check_reference(["Ein Hund."], "test_2016_flickr", "de")
