from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import tiny_model, tiny_settings

from seqcli.config import DecodingSettings, load_settings
from seqcli.decoding.translation import EMPTY, Translation
from seqcli.decoding.translator import Translator
from seqcli.errors import SettingsError
from seqcli.models import freeze
from seqcli.models.kernels import have_compiled_kernels
from seqcli.pieces import PiecePair
from seqcli.rundir import create_run, save_model

LINES = ["12", "", "9876", "1 2 3", "   ", "ż\u2028ó", "5"]
lines_of_text = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=10
)


@pytest.fixture(scope="module")
def translator(tiny_data: Path) -> Translator:
    pieces = PiecePair.load(tiny_data)
    return Translator(tiny_model(vocab_size=len(pieces.src)), pieces, tiny_settings())


def decode(**keywords: Any) -> DecodingSettings:
    return load_settings(keywords=keywords, environ={}, base=tiny_settings()).decoding


@given(lines=lines_of_text, batch_size=st.integers(1, 4), beam_size=st.integers(1, 2))
@settings(max_examples=25)
def test_as_many_lines_come_out_as_go_in_and_in_their_order(
    translator: Translator, lines: list[str], batch_size: int, beam_size: int
):
    options = {"beam_size": beam_size, "max_length": 2, "max_length_ratio": 0.0}
    found = translator.translate(lines, batch_size=batch_size, **options)
    assert len(found) == len(lines)
    assert found == [translator.translate([line], **options)[0] for line in lines]
    assert not any("\n" in text for text in found)
    blank = [text for line, text in zip(lines, found, strict=True) if not line.strip(" ")]
    assert not any(blank)


@pytest.mark.parametrize("batch_size", [1, 2, 100])
@pytest.mark.parametrize("sorted_batches", [1, 3])
def test_batching_changes_no_translation(
    translator: Translator, batch_size: int, sorted_batches: int
):
    found = list(
        translator.iter_translations(
            LINES, decoding=decode(), batch_size=batch_size, sorted_batches=sorted_batches
        )
    )
    assert [translation.src for translation in found] == LINES
    assert [translation.hyps[0].text for translation in found] == translator.translate(LINES)


def test_threads_that_share_out_batches_change_no_translation(translator: Translator):
    lines = [str(number) for number in range(100, 160)]
    shared = Translator(translator.model, translator.pieces, translator.settings, threads=3)
    for decoding in (decode(beam_size=2), decode(sample=True)):
        options = {"decoding": decoding, "batch_size": 4, "seed": 7}
        assert list(shared.iter_translations(lines, **options)) == list(
            translator.iter_translations(lines, **options)
        )


def test_a_blank_line_has_an_empty_translation_and_no_flag(translator: Translator):
    (found,) = translator.iter_translations([" "], decoding=decode(n_best=3))
    assert found == Translation(" ", (EMPTY,))
    assert translator.translate([]) == []


def test_a_lone_text_is_one_line(translator: Translator):
    assert translator.translate("1234") == translator.translate(["1234"])


def test_lines_may_come_from_a_generator_that_is_read_as_needed(translator: Translator):
    read: list[str] = []

    def lines() -> Iterator[str]:
        for line in LINES:
            read.append(line)
            yield line

    translations = translator.iter_translations(
        lines(), decoding=decode(), batch_size=2, sorted_batches=1
    )
    assert next(translations).src == LINES[0]
    assert read == LINES[:2]
    assert len(list(translations)) == len(LINES) - 1


def test_save_load_translate_is_identical(translator: Translator, tiny_data: Path, tmp_path: Path):
    model = tiny_model(vocab_size=len(translator.pieces.src)).float()
    have_compiled_kernels()
    before = Translator(model, translator.pieces, translator.settings, searched=freeze(model))
    create_run(tmp_path, before.settings, pieces_dir=tiny_data, manifest={})
    save_model(tmp_path, dict(model.named_parameters()))
    after = Translator.load(str(tmp_path), device="cpu", threads=1, precision="fp32")
    first, second = (
        list(t.iter_translations(LINES, decoding=decode(n_best=3))) for t in (before, after)
    )
    assert first == second
    assert not after.model.training


def test_low_precision_translates_too(tiny_run: Path):
    found = Translator.load(tiny_run, device="cpu", threads=1, precision="bf16").translate(LINES)
    assert len(found) == len(LINES)


def test_n_best_hypotheses_tell_their_pieces_and_flags(translator: Translator):
    (found,) = translator.iter_translations(
        ["1234"], decoding=decode(beam_size=4, n_best=4, max_length=30, max_length_ratio=0.0)
    )
    assert 1 < len(found.hyps) <= 4
    for hyp in found.hyps:
        ids = [translator.pieces.tgt._processor.piece_to_id(piece) for piece in hyp.pieces]
        assert translator.pieces.tgt.decode(ids) == hyp.text
        assert hyp.truncated == (len(hyp.pieces) == 30)


def test_a_loop_is_told(translator: Translator):
    model = tiny_model(vocab_size=len(translator.pieces.src), tie_embeddings=False)
    with torch.no_grad():
        model.output.bias[-1] += 1000
    looping = Translator(model, translator.pieces, tiny_settings())
    (found,) = looping.iter_translations(["12"], decoding=decode(max_length=20))
    assert found.hyps[0].looped
    assert found.hyps[0].truncated


def test_the_length_limit_follows_the_line(translator: Translator):
    options = {"max_length": 1, "max_length_ratio": 1.0}
    for found in translator.iter_translations(LINES, decoding=decode(**options)):
        most = len(translator.pieces.src.encode(found.src)) + 1
        assert len(found.hyps[0].pieces) <= most


def draw(translator: Translator, lines: list[str], **options: Any) -> list[str]:
    return translator.translate(lines, sample=True, **options)


def test_the_same_seed_samples_the_same(translator: Translator):
    first = draw(translator, LINES * 3, seed=5)
    assert draw(translator, LINES * 3, seed=5) == first
    assert draw(translator, LINES * 3, seed=6) != first
    training_seed = translator.settings.training.seed
    assert draw(translator, LINES) == draw(translator, LINES, seed=training_seed)


def test_a_sampled_translation_depends_on_seed_and_line_number_only(translator: Translator):
    together = draw(translator, LINES, seed=5)
    assert draw(translator, LINES, seed=5, batch_size=2) == together
    alone = [
        next(
            translator.iter_translations(
                [line], decoding=decode(sample=True), seed=5, first_line=number
            )
        )
        for number, line in enumerate(LINES)
    ]
    assert [found.hyps[0].text for found in alone] == together
    assert len(set(draw(translator, ["1234"] * 20, seed=5))) > 1


def test_several_samples_of_a_line_are_sorted(translator: Translator):
    (found,) = translator.iter_translations(
        ["1234"], decoding=decode(sample=True, n_best=6, beam_size=1), seed=1
    )
    scores = [hyp.score for hyp in found.hyps]
    assert len(scores) == 6
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) > 1


def test_translating_leaves_the_global_generator_alone(translator: Translator):
    before = torch.get_rng_state()
    draw(translator, LINES)
    translator.translate(LINES)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_without_lines_is_refused(translator: Translator, batch_size: int):
    """A batch size of 0 used to translate nothing, without a word."""
    with pytest.raises(SettingsError) as caught:
        translator.translate(LINES, batch_size=batch_size)
    assert str(caught.value) == f"batch_size is {batch_size}; it must be a whole number, at least 1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beam_siz": 3}, "did you mean beam_size?"),
        ({"beam_size": 0}, "at least 1"),
        ({"n_best": 9}, "n_best (9) must not be above beam_size (5)"),
        (
            {"hidden_size": 64},
            "keyword hidden_size: a setting of section model; translate takes those of section "
            "decoding",
        ),
    ],
    ids=["unknown", "out of range", "together", "another section"],
)
def test_settings_that_cannot_be_are_refused(
    translator: Translator, options: dict[str, Any], message: str
):
    with pytest.raises(SettingsError) as caught:
        translator.translate(LINES, **options)
    assert message in str(caught.value)


# --- long lines, loops, prefixes ------------------------------------------------------------------


def test_a_line_that_is_too_long_is_translated_in_parts_and_says_so(translator: Translator):
    careful = Translator(
        translator.model, translator.pieces, translator.settings, comfortable_length=6
    )
    parts = ["12 34. ", "567 8. ", "9."]
    lines = ["".join(parts), "", "12"]
    found = list(careful.iter_translations(lines, decoding=decode(), batch_size=2, aligned=True))
    alone = [careful.translate([part])[0] for part in parts]
    assert found[0].hyps[0].text == " ".join(text for text in alone if text)
    assert [one.hyps[0].is_split for one in found] == [True, False, False]
    first = found[0].hyps[0]
    assert len(first.pieces) == len(first.alignment or ())
    assert len(first.src_pieces) == sum(len(careful.pieces.src.encode(part)) for part in parts)
    whole = list(careful.iter_translations(lines, decoding=decode(split_long=False)))
    assert [one.hyps[0].is_split for one in whole] == [False, False, False]
    assert [one.hyps[0].text for one in whole] == translator.translate(lines)


def test_nothing_is_split_up_to_the_comfortable_length(translator: Translator):
    line = "12 34"
    length = len(translator.pieces.src.encode(line))
    for comfortable, is_split in ((length, False), (length - 1, True)):
        careful = Translator(
            translator.model,
            translator.pieces,
            translator.settings,
            comfortable_length=comfortable,
        )
        (found,) = careful.iter_translations([line], decoding=decode())
        assert found.hyps[0].is_split == is_split


def test_a_loop_is_searched_again_without_repeats_and_flagged(translator: Translator):
    model = tiny_model(vocab_size=len(translator.pieces.src), tie_embeddings=False)
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.zero_()  # a decoder that says the same at every step
        model.output.bias[3] -= 100
    stubborn = Translator(model, translator.pieces, translator.settings)
    options = {"max_length": 20, "max_length_ratio": 0.0, "beam_size": 1}
    kept, again = (
        next(stubborn.iter_translations(["12"], decoding=decode(on_loop=what, **options))).hyps[0]
        for what in ("keep", "retry")
    )
    assert (kept.looped, again.looped) == (True, True)
    assert len(set(kept.pieces)) == 1
    grams = [again.pieces[i : i + 3] for i in range(len(again.pieces) - 2)]
    assert len(set(grams)) == len(grams)


@given(lines=lines_of_text, beam_size=st.integers(1, 2))
@settings(max_examples=15)
def test_a_prefix_changes_neither_the_number_of_lines_nor_their_order(
    translator: Translator, lines: list[str], beam_size: int
):
    options = {"beam_size": beam_size, "max_length": 2, "max_length_ratio": 0.0, "prefix": "7"}
    found = translator.translate(lines, **options)
    assert found == [translator.translate([line], **options)[0] for line in lines]
    for line, text in zip(lines, found, strict=True):
        assert text.startswith("7") or not line.strip()
