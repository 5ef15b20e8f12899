from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from seqcli.console import draw_attention
from seqcli.decoding.translator import Translator
from seqcli.errors import SettingsError
from seqcli.insight.attention import AttentionMap, map_attention

SEEN = AttentionMap(
    src="ab c",
    hyp="물 x",
    src_pieces=("▁ab", "▁c", "</s>"),
    tgt_pieces=("▁물", "▁x", "</s>"),
    weights=((1.0, 0.0, 0.0), (0.1, 0.5, 0.4), (0.0, 0.2, 0.8)),
)


def test_a_map_has_a_row_for_every_piece_written_and_rows_sum_to_one(tiny_run: Path):
    translator = Translator.load(tiny_run, precision="fp32", device="cpu", threads=1)
    line = "ab ba"
    seen = map_attention(translator, line, decoding=translator.settings.decoding)
    assert seen.hyp == translator.translate([line])[0]
    assert len(seen.weights) == len(seen.tgt_pieces)
    assert {len(row) for row in seen.weights} == {len(seen.src_pieces)}
    assert [sum(row) for row in seen.weights] == pytest.approx([1.0] * len(seen.weights), abs=1e-5)


def test_a_blank_line_is_refused(tiny_run: Path):
    translator = Translator.load(tiny_run, precision="fp32", device="cpu", threads=1)
    with pytest.raises(SettingsError, match="the line is blank"):
        map_attention(translator, "  ", decoding=translator.settings.decoding)


def test_a_model_without_attention_is_refused_with_the_flag_that_gives_it(tiny_run: Path):
    translator = Translator.load(tiny_run, precision="fp32", device="cpu", threads=1)
    translator.model.decoder.attention = None
    with pytest.raises(SettingsError, match="train one with --attention general"):
        map_attention(translator, "ab", decoding=translator.settings.decoding)


def test_the_picture_has_source_downwards_and_a_shaded_row_for_each_piece():
    assert draw_attention(SEEN) == [
        "         <",
        "     ▁   /",
        "     a ▁ s",
        "     b c >",
        " ▁물 ██",
        "  ▁x   ▒▒▒▒",
        "</s>   ░░██",
    ]


def test_columns_line_up_where_letters_are_two_columns_wide():
    seen = AttentionMap(
        src="물 a", hyp="x", src_pieces=("▁물", "▁a"), tgt_pieces=("x",), weights=((0.0, 1.0),)
    )
    *header, row = draw_attention(seen)
    assert [cell_len(line) for line in header] == [5, 5]
    assert row == "x   ██"


def test_the_view_is_printed_and_with_json_it_is_one_object(run_cli, tiny_run: Path):
    drawn = run_cli("inspect", "attention", tiny_run, "ab ba", "--device", "cpu")
    assert drawn.code == 0
    assert "</s>" in drawn.stdout
    printed = run_cli("inspect", "attention", tiny_run, "ab ba", "--json", "--device", "cpu")
    assert set(json.loads(printed.stdout)) == {"src", "hyp", "src_pieces", "tgt_pieces", "weights"}
