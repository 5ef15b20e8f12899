from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from seqcli.console import draw_shades
from seqcli.decoding.translator import Translator
from seqcli.errors import SettingsError
from seqcli.insight.attention import map_attention
from seqcli.insight.report import HeatMap

SEEN = HeatMap(
    title="attention",
    x_names=("▁ab", "▁c", "</s>"),
    y_names=("▁물", "▁x", "</s>"),
    values=((1.0, 0.0, 0.0), (0.1, 0.5, 0.4), (0.0, 0.2, 0.8)),
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
    assert draw_shades(SEEN) == [
        "         <",
        "     ▁   /",
        "     a ▁ s",
        "     b c >",
        " ▁물 ██",
        "  ▁x   ▒▒▒▒",
        "</s>   ░░██",
    ]


def test_columns_line_up_where_letters_are_two_columns_wide():
    seen = HeatMap(title="", x_names=("▁물", "▁a"), y_names=("x",), values=((0.0, 1.0),))
    *header, row = draw_shades(seen)
    assert [cell_len(line) for line in header] == [5, 5]
    assert row == "x   ██"


def test_a_map_wider_than_the_terminal_is_drawn_in_parts():
    names = tuple("abcdefghijkl")
    heat = HeatMap("", x_names=names, y_names=("x",), values=((0.0,) * 11 + (1.0,),))
    assert draw_shades(heat, 20) == [
        "  a b c d e f g h i",
        "x",
        "",
        "  j k l",
        "x     ██",
    ]
    assert max(map(len, draw_shades(heat, 20))) <= 20


def test_the_view_is_printed_and_with_json_it_is_one_object(run_cli, tiny_run: Path):
    drawn = run_cli("inspect", "attention", tiny_run, "ab ba", "--device", "cpu")
    assert drawn.code == 0
    assert "</s>" in drawn.stdout
    printed = run_cli("inspect", "attention", tiny_run, "ab ba", "--json", "--device", "cpu")
    assert set(json.loads(printed.stdout)) == {"src", "hyp", "src_pieces", "tgt_pieces", "weights"}
