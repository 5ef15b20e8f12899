"""``seqcli data``: exit codes, what goes where, and what people see."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

LANGUAGES = ("--src-lang", "en", "--tgt-lang", "de")


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    src, tgt = tmp_path / "x.en", tmp_path / "x.de"
    src.write_text("One.\nTwo.\nThree.\n", "utf-8")
    tgt.write_text("Eins.\nZwei.\nDrei.\n", "utf-8")
    return src, tgt


def test_sound_text_exits_with_0(run_cli, sides: tuple[Path, Path]):
    outcome = run_cli("data", "check", *sides)
    assert outcome.code == 0
    assert outcome.stdout.splitlines()[-1] == "3 lines: 0 errors, 0 warnings"


def test_errors_exit_with_3_and_warnings_only_when_strict(run_cli, sides: tuple[Path, Path]):
    src, tgt = sides
    tgt.write_text("Eins.\n\nDrei.\n" * 5, "utf-8")
    src.write_text("One.\nTwo.\nThree.\n" * 5, "utf-8")
    outcome = run_cli("data", "check", src, tgt)
    assert outcome.code == 3  # a third of the lines is blank
    assert "error: blank: 5 pairs have text on one side only" in outcome.stdout
    assert outcome.stderr.endswith("mend the text and check it again\n")
    tgt.write_text("Eins.\n" * 2 + "Drei.\n", "utf-8")
    src.write_text("One.\n" * 2 + "Three.\n", "utf-8")
    assert run_cli("data", "check", src, tgt).code == 0
    assert run_cli("data", "check", src, tgt, "--strict").code == 3


def test_unequal_counts_name_both_files(run_cli, sides: tuple[Path, Path]):
    src, tgt = sides
    tgt.write_text("Eins.\n", "utf-8")
    outcome = run_cli("data", "check", src, tgt)
    assert outcome.code == 3
    assert f"{src} has 3 lines but {tgt} has 1" in outcome.stdout


def test_json_is_one_object_with_a_version(run_cli, sides: tuple[Path, Path]):
    sides[1].write_text("Eins.\nZwei \u202e\x1b[2J.\nDrei.\n", "utf-8")
    outcome = run_cli("data", "check", *sides, "--json")
    tree = json.loads(outcome.stdout)
    assert (tree["version"], tree["errors"], tree["src_lines"]) == (1, 1, 3) or tree["warnings"]
    (finding,) = tree["findings"]
    assert finding.keys() == {"kind", "severity", "count", "message", "samples"}
    assert finding["samples"][0]["tgt_place"] == f"{sides[1]}:2"
    plain = run_cli("data", "check", *sides).stdout
    assert "\\u202e" in plain  # nothing turns the writing round, or clears the screen
    assert "\\x1b[2J" in plain


def test_gzip_and_tsv_are_read(run_cli, sides: tuple[Path, Path], tmp_path: Path):
    src, tgt = sides
    packed = tmp_path / "x.de.gz"
    packed.write_bytes(gzip.compress(tgt.read_bytes()))
    assert run_cli("data", "check", src, packed).code == 0
    table = tmp_path / "x.tsv"
    table.write_text("One.\tEins.\nTwo.\n", "utf-8")
    outcome = run_cli("data", "check", table)
    assert outcome.code == 3
    assert f"{table}:2: 1 columns" in outcome.stdout
    assert "1 lines cannot be read" in outcome.stdout


def test_the_prefix_of_both_sides_is_the_same_text(run_cli, sides: tuple[Path, Path]):
    src, tgt = sides
    tgt.write_text("Eins.\n\nDrei.\n", "utf-8")
    prefix, languages = src.with_suffix(""), ("--src-lang", "en", "--tgt-lang", "de")
    for pack in (False, True):
        if pack:
            src.with_name("x.en.gz").write_bytes(gzip.compress(src.read_bytes()))
            src.unlink()
            src = src.with_name("x.en.gz")
        apart = run_cli("data", "check", src, tgt, "--json")
        joint = run_cli("data", "check", prefix, *languages, "--json")
        assert (joint.code, joint.stdout) == (apart.code, apart.stdout)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["x.en"], 2, "TGT is missing"),
        (["x.en", *LANGUAGES], 2, "TGT is missing; give both sides, SRC and TGT, or the prefix"),
        (["x"], 3, "x.de and x.en are there: to read them, give --src-lang de --tgt-lang en, or"),
        (["x", "--src-lang", "en"], 3, "neither x.tgt nor x.tgt with"),
        (["y", *LANGUAGES], 3, "y: neither y.en nor y.en with"),
        (["x" * 5000, *LANGUAGES], 3, "cannot be read (File name too long)"),
        (["."], 3, ".: this is a directory; a corpus is given by the prefix"),
        (["x.en", "no.de"], 3, "no such file"),
        (["x.en", "."], 3, "is a directory"),
        (["x.en", "x.de", "--against", "none"], 3, "neither"),
        (["x.en", "x.de", "--samples", "-1"], 2, "samples"),
        ([], 2, "SRC"),
    ],
)
def test_wrong_words_are_refused(
    run_cli, sides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words, code: int, text: str
):
    monkeypatch.chdir(tmp_path)
    outcome = run_cli("data", "check", *words)
    assert (outcome.code, outcome.stdout) == (code, "")
    assert text in outcome.stderr


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        (
            "x.jsonl",
            '{"src": "a", "tgt": "b"}\n{"src": "a", "tg\n',
            "x.jsonl:2: not a line of JSON",
        ),
        ("x.jsonl", '{"src": "a", "tgt": "b"}\n{"src": "a"}\n', "x.jsonl:2: has no key 'tgt'"),
        ("x.tmx", "<tmx version='1.4'><header/><body>\n<tu>", "x.tmx:2: not well-formed XML"),
        ("x.tmx", "hello\n", "x.tmx:1: not well-formed XML"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_fault_in_a_file_of_both_sides_ends_the_check_and_says_so(
    run_cli, tmp_path: Path, name: str, text: str, where: str, more: tuple[str, ...]
):
    (tmp_path / name).write_text(text, "utf-8")
    words = ("data", "check", tmp_path / name, "--src-lang", "en", "--tgt-lang", "de", *more)
    outcome = run_cli(*words)
    assert (outcome.code, outcome.stdout) == (3, "")
    assert where in outcome.stderr
    assert "the check ended there, without a finding" in outcome.stderr


def test_what_has_no_place_does_not_end_a_check(run_cli, tmp_path: Path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"en": "a", "de": "b"}\n', "utf-8")
    outcome = run_cli("data", "check", path, "--src-lang", "en", "--tgt-lang", "fr")
    assert outcome.code == 3
    assert "has no text in 'fr'; it has en, de" in outcome.stderr
    assert "the check ended" not in outcome.stderr
