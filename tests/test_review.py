"""Cases that a reading of the whole code found; each used to go wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from seqcli import Translator, preprocess
from seqcli.config import load_settings
from seqcli.dataset import Dataset
from seqcli.errors import CheckpointError, SettingsError
from seqcli.evaluation import Evaluation
from seqcli.integrity import dump_sealed


@pytest.mark.parametrize("given", [{"top_k": 3}, {"top_p": 0.5}, {"temperature": "1.5"}])
def test_a_setting_of_sampling_asks_for_sampling(given):
    """They used to be ignored, and beam search went on."""
    assert load_settings(keywords=given, environ={}).decoding.sample


def test_a_setting_of_sampling_is_refused_where_sampling_is_switched_off():
    with pytest.raises(SettingsError, match="top_k and top_p are of sampling"):
        load_settings(keywords={"sample": False, "top_k": 3}, environ={})


def test_a_search_keeps_its_temperature_of_one():
    assert not load_settings(keywords={"temperature": 1.0}, environ={}).decoding.sample


def test_steps_of_teacher_forcing_without_a_schedule_are_refused():
    """Training used to go on at p = 1."""
    with pytest.raises(SettingsError, match="needs a teacher_forcing schedule"):
        load_settings(keywords={"teacher_forcing_steps": 100}, environ={})


def test_only_a_linear_schedule_may_rise():
    rising = {"teacher_forcing_start": 0.5, "teacher_forcing_end": 0.9}
    steps = {"teacher_forcing_steps": 10}
    load_settings(keywords={"teacher_forcing": "linear", **rising, **steps}, environ={})
    with pytest.raises(SettingsError, match="must not be above"):
        load_settings(keywords={"teacher_forcing": "exponential", **rising, **steps}, environ={})


def test_config_of_a_run_is_what_it_was_trained_with(run_cli, tiny_run: Path):
    """The environment used to shine through."""
    shown = run_cli("config", tiny_run, "--json", SEQCLI_HIDDEN_SIZE="64")
    assert json.loads(shown.stdout)["model"]["hidden_size"]["value"] == 8
    refused = run_cli("config", tiny_run, "--preset", "tiny")
    assert (refused.code, refused.stdout) == (2, "")
    assert "--config and --preset cannot change" in refused.stderr


def test_resume_and_overwrite_are_not_for_one_run(run_cli, tiny_data: Path, tiny_run: Path):
    outcome = run_cli("train", tiny_data, tiny_run, "--resume", "--overwrite")
    assert outcome.code == 2
    assert "keep one" in outcome.stderr


def test_flags_of_a_search_are_refused_where_there_is_none(run_cli, tmp_path: Path):
    (tmp_path / "x").write_text("a\n")
    outcome = run_cli("eval", "--hyp", tmp_path / "x", "--ref", tmp_path / "x", "--beam-size", "3")
    assert outcome.code == 2
    assert outcome.stderr.startswith("seqcli: --beam-size is of decoding")


def write_corpus(folder: Path, name: str, lines: list[str]) -> Path:
    for lang in ("a", "b"):
        (folder / f"{name}.{lang}").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return folder / name


def test_a_run_is_not_scored_on_data_that_was_made_of_other_text(
    run_cli, tiny_run: Path, tmp_path: Path
):
    other = write_corpus(tmp_path, "train", [str(number) for number in range(50)])
    preprocess(tmp_path / "data", train=other, test=other, valid_size=5, src_lang="a", tgt_lang="b")
    outcome = run_cli("eval", tiny_run, "--data", tmp_path / "data")
    assert outcome.code == 3
    assert "not the data that" in outcome.stderr


def test_pieces_of_another_preprocess_are_refused(tiny_data: Path, tmp_path: Path):
    shutil.copytree(tiny_data, tmp_path / "data")
    manifest = json.loads((tmp_path / "data/manifest.json").read_text("utf-8"))
    manifest["joint"] = False
    (tmp_path / "data/manifest.json").write_text(dump_sealed(manifest), "utf-8")
    with pytest.raises(CheckpointError, match="pieces of another preprocess"):
        Dataset.open(tmp_path / "data").pieces()


def test_text_with_subword_marks_can_be_trained_on(run_cli, tmp_path: Path):
    """The first validation used to end the training."""
    lines = [f"x@@ y{number} z@@ w" for number in range(40)]
    train = write_corpus(tmp_path, "train", lines)
    preprocess(tmp_path / "data", train=train, valid_size=5, src_lang="a", tgt_lang="b")
    sizes = ("--hidden-size", "8", "--emb-size", "8", "--max-steps", "1", "--device", "cpu")
    outcome = run_cli("train", tmp_path / "data", tmp_path / "run", *sizes)
    assert outcome.code == 0, outcome.stderr


def test_a_number_of_threads_beyond_reason_is_refused(run_cli, tiny_run: Path):
    outcome = run_cli("translate", "-m", tiny_run, "--threads", "99999999999", stdin=b"1\n")
    assert outcome.code == 2
    assert "leave it out" in outcome.stderr


def test_no_length_limit_is_too_large(run_cli, tiny_run: Path):
    outcome = run_cli(
        "translate", "-m", tiny_run, "--beam-size", "1", "--max-length-ratio", "0",
        "--max-length", "3", stdin=b"1\n",
    )  # fmt: skip
    assert outcome.code == 0
    from torch import tensor

    from seqcli.decoding.hypotheses import ENDLESS, max_pieces_out

    assert max_pieces_out(tensor([7]), ratio=1e30, constant=10).tolist() == [ENDLESS]


def test_overwrite_is_for_what_seqcli_has_written(run_cli, tmp_path: Path, tiny_data: Path):
    """It used to fill any folder, such as /, with the files of a data directory."""
    (tmp_path / "thesis.txt").write_text("x")
    for words in (("preprocess", tmp_path, "--train", "x"), ("train", tiny_data, tmp_path)):
        outcome = run_cli(*words, "--overwrite")
        assert outcome.code == 2
        assert "not empty (it has 'thesis.txt')" in outcome.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_settings_files_add_up(run_cli, tmp_path: Path):
    """The first used to be forgotten without a word."""
    (tmp_path / "a.yaml").write_text("model: {cell: gru, layers: 3}")
    (tmp_path / "b.yaml").write_text("model: {layers: 2}")
    files = ("--config", tmp_path / "a.yaml", "--config", tmp_path / "b.yaml")
    model = json.loads(run_cli("config", "--json", *files).stdout)["model"]
    assert (model["cell"]["value"], model["layers"]["value"]) == ("gru", 2)


@pytest.mark.parametrize(
    "words",
    [
        ("--length-penalty", "300"),
        ("--max-length", "99999999999999999999"),
        ("--max-length-ratio", "1e308"),
        ("--beam-size", "99999999999999999999"),
        ("--batch-size", "99999999999999999999"),
    ],
)
def test_a_number_beyond_reason_is_out_of_range(run_cli, tiny_run: Path, words):
    outcome = run_cli("translate", "-m", tiny_run, *words, stdin="a\n")
    assert outcome.code == 2
    assert words[0] in outcome.stderr
    assert "at most" in outcome.stderr


def test_pieces_of_another_model_are_noticed(run_cli, tiny_run: Path, tmp_path: Path):
    run_dir = tmp_path / "run"
    shutil.copytree(tiny_run, run_dir)
    pieces = run_dir / "pieces.model"
    pieces.write_bytes(pieces.read_bytes() + b"\n\x00")
    outcome = run_cli("translate", "-m", run_dir, stdin="a\n")
    assert outcome.code == 4
    assert str(pieces) in outcome.stderr


def test_ids_that_no_piece_has_are_damage(run_cli, tiny_data: Path, tmp_path: Path):
    data_dir = tmp_path / "data"
    shutil.copytree(tiny_data, data_dir)
    ids = data_dir / "train.src.ids"
    ids.write_bytes(b"\xff" * ids.stat().st_size)
    outcome = run_cli("train", data_dir, tmp_path / "run")
    assert outcome.code == 4
    assert f"{ids}: not the file that belongs to this data directory" in outcome.stderr
    manifest = json.loads((data_dir / "manifest.json").read_text("utf-8"))
    older = {name: value for name, value in manifest.items() if name not in ("files", "sha256")}
    (data_dir / "manifest.json").write_text(json.dumps(older), "utf-8")  # has no digests
    outcome = run_cli("train", data_dir, tmp_path / "run")
    assert outcome.code == 4
    assert f"{ids}: damaged" in outcome.stderr
    assert not (tmp_path / "run").exists()


def test_a_manifest_of_brackets_is_damage(run_cli, tiny_run: Path, tmp_path: Path):
    run_dir = tmp_path / "run"
    shutil.copytree(tiny_run, run_dir)
    (run_dir / "manifest.json").write_text("[" * 100_000)
    assert run_cli("translate", "-m", run_dir, stdin="a\n").code == 4


def test_a_named_pipe_is_translated(run_process, tiny_run: Path, tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("a b\n\nb\n",), daemon=True)
    writer.start()
    outcome = run_process("translate", "-m", tiny_run, pipe, "--threads", "1")
    assert outcome.code == 0
    assert outcome.stdout.count("\n") == 3


def test_only_lines_of_text_are_translated(tiny_run: Path):
    translator = Translator.load(tiny_run)
    with pytest.raises(SettingsError, match="line 2 is None; it must be a str"):
        translator.translate(["a", None])  # type: ignore[list-item]


def test_a_score_that_was_not_asked_for_is_named():
    with pytest.raises(SettingsError, match="no score of 'ter'"):
        Evaluation("run", "test", 0, 0, 0, scores=()).value_of("ter")


@pytest.mark.parametrize("words", ["config", "--version", "eval --hyp x --ref x"])
def test_results_that_nobody_can_read_are_no_success(
    process_environment: dict[str, str], tmp_path: Path, words: str
):
    (tmp_path / "x").write_text("a\n")
    command = f"'{sys.executable}' -m seqcli {words} >&-"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=process_environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    assert "standard output is closed" in done.stderr
