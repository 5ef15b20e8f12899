"""``seqcli data clean|split|stats|get``: words, exit codes, and what goes where."""

from __future__ import annotations

import gzip
import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

LANGS = ("--src-lang", "en", "--tgt-lang", "de")


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    numbers = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
    src = [f"I have {n} cats." for n in numbers] + ["I have <b>one</b>.", "I have one cats!"]
    tgt = [f"Ich habe {n} Katzen." for n in numbers] + ["Ich habe eine.", "Ich habe one Katzen"]
    (tmp_path / "x.en").write_text("\n".join(src) + "\n", "utf-8")
    (tmp_path / "x.de").write_text("\n".join(tgt) + "\n", "utf-8")
    return tmp_path / "x"


def test_clean_writes_what_is_good_and_says_why_the_rest_is_not(run_cli, corpus: Path):
    outcome = run_cli("data", "clean", "x", "y", *LANGS)
    assert outcome.code == 0
    assert "markup (<b>): pair 9:\n    I have <b>one</b>.\n    Ich habe eine.\n" in outcome.stdout
    assert "markup\t1\t10.00%\n" in outcome.stdout
    assert "10 pairs; kept 8 (80.0%), dropped 2; repaired 0\n" in outcome.stdout
    assert len(Path("y.en").read_text("utf-8").splitlines()) == 8
    dropped = [json.loads(line) for line in Path("y.dropped.jsonl").read_text().splitlines()]
    assert [(each["number"], each["rule"]) for each in dropped] == [
        (9, "markup"),
        (10, "near-duplicates"),
    ]


def test_clean_as_json_and_dry(run_cli, corpus: Path):
    outcome = run_cli("data", "clean", "x", "--dry-run", "--json", "--no-markup", *LANGS)
    tree = json.loads(outcome.stdout)
    assert (tree["version"], tree["pairs"], tree["kept"], tree["outputs"]) == (1, 10, 9, [])
    assert "markup" not in tree["dropped"]
    assert tree["dropped"]["near-duplicates"]["samples"][0]["number"] == 10
    assert sorted(path.name for path in corpus.parent.iterdir()) == ["x.de", "x.en"]


def test_rules_and_limits_come_from_a_settings_file_too(run_cli, corpus: Path):
    Path("recipe.yaml").write_text("cleaning: {markup: false, max_words: 3}\n", "utf-8")
    outcome = run_cli("data", "clean", "x", "--dry-run", "--config", "recipe.yaml", *LANGS)
    assert "length\t9\t90.00%" in outcome.stdout
    assert "markup" not in outcome.stdout


def test_split_writes_parts(run_cli, corpus: Path):
    words = ("data", "split", "x", "parts", "--valid", "2", "--test", "20%", *LANGS)
    outcome = run_cli(*words, "--json")
    tree = json.loads(outcome.stdout)
    assert tree["parts"] == {"train": 6, "valid": 2, "test": 2}
    assert (tree["version"], tree["largest_group"], tree["seed"]) == (1, 2, 1)
    assert len(Path("parts/test.de").read_text("utf-8").splitlines()) == 2
    again = run_cli(*words)
    assert again.code == 2
    assert "exists; choose another name, or give --overwrite" in again.stderr
    assert run_cli(*words, "--overwrite").stdout.startswith("part\tpairs")


def test_standard_input_gives_what_the_file_gives(run_cli, corpus: Path):
    sides = (Path(f"x.{lang}").read_text("utf-8").splitlines() for lang in ("en", "de"))
    pairs = "".join(f"{src}\t{tgt}\n" for src, tgt in zip(*sides, strict=True))
    Path("x.tsv").write_text(pairs, "utf-8")
    counts = [
        json.loads(run_cli("data", "stats", name, "--json", *LANGS, stdin=pairs).stdout)
        for name in ("-", "x.tsv")
    ]
    assert [tree.pop("source") for tree in counts] == ["standard input", "x.tsv"]
    assert counts[0] == counts[1]
    for name, folder in (("-", "piped"), ("x.tsv", "read")):
        words = ("data", "split", name, folder, "--test", "3", *LANGS)
        assert run_cli(*words, stdin=pairs).code == 0
    for name in ("train.en", "train.de", "test.en", "test.de"):
        assert Path("piped", name).read_bytes() == Path("read", name).read_bytes()


def test_empty_standard_input_is_said_to_be_empty(run_cli, corpus: Path):
    for words in (["clean", "-", "y"], ["stats", "-"], ["check", "-"]):
        outcome = run_cli("data", *words, *LANGS, stdin="")
        assert (outcome.code, outcome.stdout) == (3, "")
        assert outcome.stderr.startswith(
            "seqcli: standard input: is empty; a corpus needs at least one pair"
        )
        assert "once" not in outcome.stderr


@pytest.mark.parametrize("verb", ["stats", "clean", "split", "check"])
def test_files_in_other_languages_than_asked_for_are_named(run_cli, corpus: Path, verb: str):
    words = {"clean": ["y"], "split": ["out", "--test", "1"]}.get(verb, [])
    outcome = run_cli("data", verb, "x", *words)
    assert (outcome.code, outcome.stdout) == (3, "")
    assert "; x.de and x.en are there: to read them, give --src-lang de --tgt-lang en, or the" in (
        outcome.stderr
    )


def test_stats_print_tables_and_bars_and_draw(run_cli, corpus: Path):
    outcome = run_cli("data", "stats", "x", "-o", "x.svg", *LANGS)
    assert outcome.code == 0
    assert "different words\t" in outcome.stdout
    assert "█" in outcome.stdout
    assert "10 pairs, 0 with a blank side, 0 copies of earlier ones" in outcome.stdout
    assert Path("x.svg").read_text("utf-8").startswith("<?xml")
    tree = json.loads(run_cli("data", "stats", "x", "--json", *LANGS).stdout)
    assert (tree["version"], tree["pairs"], tree["src"]["language"]) == (1, 10, "en")


def test_stats_are_not_drawn_over_the_text(run_cli, corpus: Path):
    Path("x.svg").write_bytes(Path("x.en").read_bytes())
    outcome = run_cli("data", "stats", "x", "-o", "x.svg", "--src-lang", "svg", "--tgt-lang", "de")
    assert outcome.code == 2
    assert "--output x.svg: is read; write to another file" in outcome.stderr


@pytest.mark.parametrize("rows", ["\t\n", "a\t\n", "\n\n"])
def test_stats_of_a_text_without_a_whole_pair_hold_no_nan(
    run_cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: str
):
    monkeypatch.chdir(tmp_path)
    Path("e.tsv").write_text(rows, "utf-8")
    outcome = run_cli("data", "stats", "e.tsv", "-o", "e.svg", *LANGS)
    assert outcome.code == 0
    assert outcome.stdout.endswith("; no pair has text on both sides\n")
    printed = run_cli("data", "stats", "e.tsv", "--json", *LANGS).stdout
    assert json.loads(printed)["median_ratio"] is None
    assert "nan" not in (outcome.stdout + Path("e.svg").read_text("utf-8")).lower()


@pytest.mark.parametrize(
    ("words", "code", "found"),
    [
        (["clean", "x"], 2, "OUT is missing"),
        (["clean", "x", "x", "--overwrite"], 2, "this is the text that is read"),
        (["clean", "x", "y", "--max-ratio", "0"], 2, "--max-ratio"),
        (["clean", "x", "y", "--processes", "0"], 2, "--processes is '0'"),
        (["clean", "x", "y", "--no-such-rule"], 2, "o such option"),
        (["clean", "none", "y"], 3, "none"),
        (
            ["clean", "x", "."],
            2,
            ".: is a directory; give a prefix of the files to write, such as clean",
        ),
        (["clean", "x", ".."], 2, "..: is a directory; give a prefix of the files to write"),
        (["clean", "x", ""], 2, ".: is a directory; give a prefix"),
        (
            ["clean", "x", "no/"],
            2,
            "no/: is a directory; give a prefix of the files to write, such as no/clean",
        ),
        (
            ["clean", "x", "/", "--dry-run"],
            2,
            "/: is a directory; give a prefix of the files to write, such as /clean",
        ),
        (["clean", "x", "no/y"], 2, "there is no directory no"),
        (["clean", "x", "y", "--min-words", "100"], 3, "all 10 pairs break a rule"),
        (["split", "x", "out"], 2, "give --valid, --test or both"),
        (["split", "x", "out", "--valid", "0"], 2, "--valid is '0'"),
        (["split", "x", "out", "--valid", "1.5"], 2, "--valid is '1.5'"),
        (["split", "x", "out", "--test", "10"], 3, "which leaves none for training"),
        (["split", "x", "out", "--test", "0.01"], 3, "0.01 of 10 pairs is less than one pair"),
        (["split", "x", "x.en", "--test", "1"], 2, "x.en: this is a file; OUT_DIR is the folder"),
        (["split", "x", "x.en/a/b", "--test", "1"], 2, "x.en: this is a file; OUT_DIR"),
        (["clean", "x", "y.tmx"], 2, "OUT.en and OUT.de, or one file whose name ends in .tsv"),
        (["clean", "x", "y.tsv.gz"], 2, "give a prefix such as y, or y.tsv"),
        (["clean", "x", "y.gz"], 2, "none of them packed"),
        (["clean", "x", "v.1.zst"], 2, "give a prefix such as v.1, or v.1.tsv"),
        (["clean", "x", "y", "--dropped", "z.jsonl.gz"], 2, "give a name without .gz"),
        (["clean", "x", ".gz"], 2, "none of them packed"),
        (["clean", "x", "y.JSONL"], 2, "give a prefix such as y, or y.tsv"),
        (["stats", "x", "-o", "x.gif"], 2, "the ending says what is drawn"),
        (["stats", "x", "--top", "-1"], 2, "--top is '-1'"),
    ],
)
def test_wrong_words_are_refused_and_leave_nothing(
    run_cli, corpus: Path, words: list[str], code: int, found: str
):
    outcome = run_cli("data", *words, *LANGS)
    assert (outcome.code, outcome.stdout) == (code, "")
    assert found in outcome.stderr
    assert "mistake of its own" not in outcome.stderr
    assert sorted(path.name for path in corpus.parent.iterdir()) == ["x.de", "x.en"]


def test_get_takes_a_collection_from_a_mirror(run_cli, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = b"A dog.\tEin Hund.\n"
    entry = {
        "title": "Pets", "languages": ["en", "de"], "licence": "CC0 1.0",
        "licence_address": "https://creativecommons.org/publicdomain/zero/1.0/",
        "files": [{
            "addresses": ["https://example.org/pets.tsv.gz"], "packing": "gz",
            "texts": [{"name": "pets.tsv", "sha256": hashlib.sha256(text).hexdigest()}],
        }],
    }  # fmt: skip
    Path("own.yaml").write_text(yaml.safe_dump({"pets": entry}), "utf-8")
    Path("mirror/pets").mkdir(parents=True)
    Path("mirror/pets/pets.tsv.gz").write_bytes(gzip.compress(text))
    own = ("--catalogue", "own.yaml", "--mirror", "mirror", "--cache", "cache")
    outcome = run_cli("data", "get", "pets", *own)
    assert outcome.code == 0
    assert outcome.stderr.startswith("pets: Pets\nlicence: CC0 1.0 (https://creativecommons.org/")
    assert outcome.stdout == "pets/pets.tsv  verified\n"
    licence = "licence: CC0 1.0 (https://creativecommons.org/publicdomain/zero/1.0/)\n"
    assert run_cli("data", "get", "pets", "quiet", *own, "-q").stderr == licence
    assert Path("pets/pets.tsv").read_bytes() == text
    assert run_cli("data", "get", "pets", *own).code == 2  # it is there already
    tree = json.loads(run_cli("data", "get", "pets", "new", *own, "--json").stdout)
    assert tree["texts"][0]["path"] == "new/pets.tsv"


def test_get_lists_what_there_is(run_cli):
    outcome = run_cli("data", "get", "--list")
    assert "multi30k\ten de\tNon-commercial research and education only\tall\t" in outcome.stdout
    tree = json.loads(run_cli("data", "get", "--list", "--json").stdout)
    assert tree["multi30k"]["languages"] == ["en", "de"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], "NAME is missing; --list shows"),
        (["multi31k"], "did you mean multi30k?"),
        (["../x"], "--list shows the names"),
        (["multi30k", "--mirror", "nowhere"], "no such folder"),
        (["multi30k", "--timeout", "x"], "--timeout is 'x'"),
        (["multi30k", "--catalogue", "none.yaml"], "cannot be read"),
    ],
)
def test_get_refuses_wrong_words(run_cli, tmp_path: Path, monkeypatch, words, found: str):
    monkeypatch.chdir(tmp_path)
    outcome = run_cli("data", "get", *words)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert found in outcome.stderr
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_all_processes_and_leaves_nothing(
    tmp_path: Path, process_environment: dict[str, str]
):
    for lang in ("en", "de"):
        (tmp_path / f"x.{lang}").write_text(f"A line of {lang}, as it is.\n" * 400_000, "utf-8")
    (tmp_path / "out").mkdir()
    words = ["data", "clean", "x", "out/y", *LANGS, "--processes", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "seqcli", *words],
        cwd=tmp_path,
        env=process_environment,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    dropped = None
    while time.monotonic() < deadline and not dropped:  # until workers have sent something
        dropped = [p for p in (tmp_path / "out").glob(".*jsonl") if p.stat().st_size]
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    message = process.communicate(timeout=60)[1].decode()  # until the workers have ended too
    assert process.returncode == 130
    assert "Traceback" not in message
    assert list((tmp_path / "out").iterdir()) == []
