"""What is protected survives: in training it is a mark, in translation it comes back as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli import preprocess, train
from seqcli.corpus.pairs import SentencePair
from seqcli.corpus.protection import (
    MARKS,
    MOST,
    PATTERNS,
    Masked,
    Protection,
    cut_around,
    fill_in,
    number_anew,
    unmask,
)
from seqcli.dataset import Dataset
from seqcli.decoding.restoring import restore
from seqcli.decoding.translation import Hypothesis
from seqcli.errors import SettingsError

ALL = Protection(list(PATTERNS))


@pytest.mark.parametrize(
    ("kind", "line", "spans"),
    [
        ("url", "See https://a.org/x?y=1, or www.b.de.", ["https://a.org/x?y=1", "www.b.de"]),
        ("email", "Write to jo.e+x@mail.example.org.", ["jo.e+x@mail.example.org"]),
        ("number", "3 cats, 1,000.50 dogs, B2B, 12:30", ["3", "1,000.50", "12:30"]),
        ("tag", 'Press <b id="x">here</b> if 1 < 2.', ['<b id="x">', "</b>"]),
        ("placeholder", "Hi {name}, {{x}} %s %1$d ${y} __Z__", None),
    ],
)
def test_each_kind_finds_its_own(kind: str, line: str, spans: list[str] | None):
    expected = spans or ["{name}", "{{x}}", "%s", "%1$d", "${y}", "__Z__"]
    assert list(Protection([kind]).mask(line).spans) == expected


def test_a_number_in_a_url_is_a_part_of_it():
    assert ALL.mask("at https://a.org/12 in 2024").spans == ("https://a.org/12", "2024")


@given(line=st.text(st.sampled_from("ab 12,.:/<>@{}%s⟦⟧1") | st.characters(), max_size=40))
def test_masking_and_back_changes_nothing(line: str):
    masked = ALL.mask(line)
    assert unmask(masked.text, masked.spans) == line or not masked.spans
    assert fill_in(masked.text, masked.spans) == line
    assert "".join(part for part, _ in cut_around(masked)) == line
    assert [part for part, is_span in cut_around(masked) if is_span] == list(masked.spans)


def test_only_what_both_sides_have_equally_often_becomes_a_mark():
    pair = SentencePair("2 dogs and 3 cats, 3 birds", "zwei Hunde, 3 Katzen und 3 Vögel")
    assert Protection(["number"]).mask_pair(pair) == (
        "2 dogs and ⟦1⟧ cats, ⟦2⟧ birds",
        "zwei Hunde, ⟦1⟧ Katzen und ⟦2⟧ Vögel",
    )
    swapped = SentencePair("1 then 2", "2 nach 1")
    assert Protection(["number"]).mask_pair(swapped) == ("⟦1⟧ then ⟦2⟧", "⟦2⟧ nach ⟦1⟧")


def test_no_more_than_nine_are_marked_and_lines_with_marks_stay():
    masked = Protection(["number"]).mask(" ".join(map(str, range(20))))
    assert len(masked.spans) == MOST
    assert masked.text.endswith("⟦9⟧ 9 10 11 12 13 14 15 16 17 18 19")
    assert Protection(["number"]).mask("⟦1⟧ and 2").spans == ()


@pytest.mark.parametrize("text", ["x", "⟦1⟧", "⟦1⟧ ⟦2⟧ ⟦2⟧", "⟦1⟧ ⟦2⟧ ⟦3⟧", "⟦1⟧ ⟦12⟧"])
def test_a_translation_that_lost_or_doubled_a_mark_is_not_restored(text: str):
    assert unmask(text, ("a", "b")) is None
    assert unmask("⟦2⟧, ⟦1⟧!", ("a", "b")) == "b, a!"


def test_parts_of_a_line_have_marks_of_their_own():
    masked = Protection(["number"]).mask("1 a 2 b 3")
    assert number_anew(masked, ["⟦1⟧ a ", "⟦2⟧ b ⟦3⟧"]) == [
        Masked("⟦1⟧ a ", ("1",)),
        Masked("⟦1⟧ b ⟦2⟧", ("2", "3")),
    ]


def test_an_unknown_kind_is_refused():
    with pytest.raises(SettingsError, match="protect: found 'phone'; it must be some of tag, url"):
        Protection(["phone"])


@pytest.fixture(scope="module")
def protected_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("protected")
    src = [f"the {n} cats of {n % 7}" for n in range(80)]
    tgt = [f"die {n} Katzen von {n % 7}" for n in range(80)]
    for name, part in (("train", slice(0, 70)), ("valid", slice(70, 80))):
        (folder / f"{name}.a").write_text("".join(f"{line}\n" for line in src[part]))
        (folder / f"{name}.b").write_text("".join(f"{line}\n" for line in tgt[part]))
    preprocess(
        folder / "data",
        train=folder / "train",
        valid=folder / "valid",
        src_lang="a",
        tgt_lang="b",
        protect=["number", "url"],
        vocab_size=310,
    )
    train(folder / "data", folder / "run", max_steps=2, threads=1, hidden_size=8, emb_size=8)
    return folder / "run"


def test_preprocess_writes_marks_and_keeps_the_raw_text(protected_run: Path):
    dataset = Dataset.open(protected_run.parent / "data")
    pieces = dataset.pieces()
    first = pieces.src.decode(dataset.split("train").src[0].tolist())
    assert first == "the 0 cats of 0" or first == f"the {MARKS[0]} cats of {MARKS[1]}"
    last = pieces.tgt.decode(dataset.split("valid").tgt[9].tolist())
    assert last == f"die {MARKS[0]} Katzen von {MARKS[1]}"
    assert dataset.text("valid")[1][9] == "die 79 Katzen von 2"


def test_numbers_and_urls_survive_whatever_the_model_says(
    run_cli: Callable[..., Any], protected_run: Path
):
    lines = ["the 12 cats of 3", "", "see https://a.org/7 now", "no cats", "5"]
    words = ["-m", protected_run, "--threads", "1", "--json", "-q"]
    outcome = run_cli("translate", *words, stdin="".join(f"{line}\n" for line in lines))
    assert (outcome.code, outcome.stderr) == (0, "")
    records = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert len(records) == len(lines)
    for line, record in zip(lines, records, strict=True):
        for span in Protection(["number", "url"]).mask(line).spans:
            assert span in record["hyp"]
        assert not set(MARKS) & set(record["hyp"])
    words += ["--n-best", "2", "--beam-size", "2", "--alignments", protected_run / "alignments"]
    assert run_cli("translate", *words, stdin="".join(f"{line}\n" for line in lines)).code == 0
    assert len((protected_run / "alignments").read_text().splitlines()) == len(lines)
    assert any("reassembled" in record["flags"] for record in records)  # it has learnt nothing
    assert "reassembled" not in records[3]["flags"]


def test_tuning_scores_what_people_will_get(run_cli: Callable[..., Any], protected_run: Path):
    """It used to score translations without what is protected."""
    words = ["--threads", "1", "--precision", "fp32", "-q", "--json"]
    tuning = json.loads(
        run_cli("tune", protected_run, "--beams", "2", "--by", "chrf", "--dry-run", *words).stdout
    )
    for trial in tuning["trials"][:3]:
        search = ["--beam-size", trial["beam_size"], "--length-penalty", trial["length_penalty"]]
        outcome = run_cli(
            "eval",
            protected_run,
            "--split",
            "valid",
            "--metrics",
            "chrf",
            *map(str, search),
            *words,
        )
        scored = json.loads(outcome.stdout)["scores"][0]["value"]
        assert trial["score"] == pytest.approx(scored)


@pytest.mark.parametrize(
    ("source", "text", "is_kept"),
    [
        ("see ⟦1⟧ now", "sieh ⟦1⟧ jetzt", True),
        ("see ⟦1⟧ now", "sieh ⟦1⟧jetzt", False),
        ("see ⟦1⟧ now", "sieh⟦1⟧ jetzt", False),
        ("see ⟦1⟧.", "sieh „⟦1⟧“.", True),
        ("⟦1⟧km", "⟦1⟧km", True),
    ],
)
def test_a_mark_that_sticks_to_a_word_is_not_restored(source: str, text: str, is_kept: bool):
    hyp = Hypothesis(text=text, score=-1.0, pieces=("x",), truncated=False, looped=False)
    (found,) = restore(Masked(source, ("u",)), (hyp,), lambda _text, _first: None)
    assert found.is_reassembled == (not is_kept)
    assert found.text == (text if is_kept else source).replace("⟦1⟧", "u")
