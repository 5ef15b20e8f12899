"""The pipeline of the Makefile, with a stub in the place of seqcli that notes what it is told."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Writes what each verb writes, in the same order; fails, or is interrupted, when told to.
STUB = """#!/usr/bin/env bash
set -eu
echo "seqcli $*" >> calls
verb=$1
case $verb in
  preprocess) mkdir -p "$2"; touch "$2/test.src.txt" "$2/test.tgt.txt" "$2/manifest.json" ;;
  train)
    mkdir -p "$3/last"; touch "$3/last/state.safetensors"
    case "$*" in *--resume*) ;; *) touch "$3/config.yaml" ;; esac ;;
  translate) while [ "$1" != -o ]; do shift; done; touch "$2" ;;
  eval) echo "BLEU 36.1" ;;
esac
[ ! -e "fail-$verb" ] || exit 130
"""


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run make in a folder with a corpus and the stub; every file in it is a minute old."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    corpus = tmp_path / "corpora" / "daily.en-ko"
    corpus.mkdir(parents=True)
    for name in ("train", "valid", "test"):
        for lang in ("en", "ko"):
            (corpus / f"{name}.{lang}").write_text("x\n")
    for name in ("pyproject.toml", "constraints.txt", "recipe.yaml"):
        (tmp_path / name).touch()
    program = tmp_path / ".venv" / "bin" / "seqcli"
    program.parent.mkdir(parents=True)
    program.write_text(STUB)
    program.chmod(0o755)
    python = program.with_name("python")
    python.write_text("#!/bin/sh\necho python show >> calls\necho BLEU 80\n")
    python.chmod(0o755)
    (tmp_path / "corpora" / "show.py").touch()
    for stamp in ("installed", "installed-with-tools"):
        (tmp_path / ".venv" / stamp).touch()

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "calls").write_text("")
        age(tmp_path)
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            ["make", *words], cwd=tmp_path, capture_output=True, text=True, check=False, env=kept
        )

    return run


def age(folder: Path) -> None:
    """Make every file a minute older, so that what changes next is newer without waiting."""
    for path in folder.rglob("*"):
        times = path.stat()
        os.utime(path, (times.st_atime - 60, times.st_mtime - 60))


def calls(folder: Path) -> list[str]:
    return [line.split()[1] for line in (folder / "calls").read_text().splitlines()]


def test_help_lists_every_target(make):
    text = make("help").stdout
    targets = {line.split()[0] for line in text.splitlines()[1:]}
    assert {"check", "clean", "format", "test", "test-slow"} < targets
    assert {"preprocess", "train", "translate", "eval"} < targets


def test_the_whole_pipeline_is_built_once_and_then_said_to_be_up_to_date(make, tmp_path):
    first = make("eval")
    assert first.returncode == 0, first.stderr
    assert calls(tmp_path) == ["preprocess", "train", "translate", "eval"]
    assert "BLEU 36.1" in first.stdout
    second = make("eval")
    assert calls(tmp_path) == []
    assert "up to date: runs/daily.en-ko.en-ko/test.scores\nBLEU 36.1" in second.stdout


def test_the_demo_trains_shows_and_then_says_what_is_up_to_date(make, tmp_path):
    first = make("demo")
    assert first.returncode == 0, first.stderr
    assert calls(tmp_path) == ["preprocess", "train", "show"]
    assert first.stdout.endswith("BLEU 80\n")
    second = make("demo")
    assert calls(tmp_path) == []
    assert "up to date: data/daily.en-ko.en-ko runs/daily.en-ko.en-ko" in second.stdout
    assert second.stdout.endswith("BLEU 80\n")


def test_a_set_of_unseen_combinations_is_one_more_test_set(make, tmp_path):
    for lang in ("en", "ko"):
        (tmp_path / f"corpora/daily.en-ko/test-unseen.{lang}").write_text("x\n")
    make("preprocess")
    unseen = "--test unseen=corpora/daily.en-ko/test-unseen"
    assert unseen in (tmp_path / "calls").read_text()


def test_text_that_train_names_alone_is_not_mixed_with_the_bundled_corpus(make, tmp_path):
    """The bundled validation set used to come along, or half of it to be missed."""
    (tmp_path / "pairs.tsv").write_text("x\ty\n")
    assert make("train", "TRAIN=pairs.tsv").returncode == 0
    assert (tmp_path / "calls").read_text().splitlines()[0] == (
        "seqcli preprocess data/pairs.en-ko --src-lang en --tgt-lang ko --train pairs.tsv "
        "--overwrite"
    )


def test_multi30k_is_found_by_the_names_of_its_raw_files(make, tmp_path):
    """The unseen combinations of the bundled corpus used to be asked for in German."""
    for lang in ("en", "ko"):
        (tmp_path / f"corpora/daily.en-ko/test-unseen.{lang}").write_text("x\n")
    (tmp_path / "corpora/daily.en-ko/recipe.yaml").write_text("")
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("train", "val", "test_2016_flickr"):
        for lang in ("en", "de"):
            (raw / f"{name}.{lang}").write_text("x\n")
    assert make("multi30k", "DATA=raw").returncode == 0
    assert (tmp_path / "calls").read_text().splitlines()[:2] == [
        "seqcli preprocess data/multi30k.en-de --src-lang en --tgt-lang de --train raw/train "
        "--valid raw/val --test raw/test_2016_flickr --overwrite",
        "seqcli train data/multi30k.en-de runs/multi30k.en-de --max-minutes 30 --overwrite",
    ]


def test_the_verbs_get_the_words_of_the_corpus(make, tmp_path):
    make("train", "SRC=ko", "TGT=en", "CONFIG=recipe.yaml", "FLAGS=--cell gru --clip-norm 1")
    corpus = "corpora/daily.en-ko"
    assert (tmp_path / "calls").read_text().splitlines() == [
        f"seqcli preprocess data/daily.en-ko.ko-en --src-lang ko --tgt-lang en "
        f"--train {corpus}/train --valid {corpus}/valid --test {corpus}/test "
        "--config recipe.yaml --overwrite",
        "seqcli train data/daily.en-ko.ko-en runs/daily.en-ko.ko-en --config recipe.yaml "
        "--cell gru --clip-norm 1 --overwrite",
    ]


@pytest.mark.parametrize(
    ("touched", "rebuilt"),
    [
        ("corpora/daily.en-ko/train.ko", ["preprocess", "train", "translate", "eval"]),
        ("recipe.yaml", ["preprocess", "train", "translate", "eval"]),
        ("runs/daily.en-ko.en-ko/trained", ["translate", "eval"]),
        ("pyproject.toml", []),
    ],
)
def test_what_changed_decides_what_is_built_again(make, tmp_path, touched, rebuilt):
    make("eval", "CONFIG=recipe.yaml")
    age(tmp_path)
    (tmp_path / touched).touch()
    os.utime(tmp_path / ".venv" / "installed")
    make("eval", "CONFIG=recipe.yaml")
    assert calls(tmp_path) == rebuilt


@pytest.mark.parametrize(
    ("flags", "rebuilt"),
    [
        ("PREPROCESS_FLAGS=--vocab-size 9", ["preprocess", "train", "translate", "eval"]),
        ("FLAGS=--cell 'gru'", ["train", "translate", "eval"]),
        ("TRANSLATE_FLAGS=--beam-size 1", ["translate", "eval"]),
    ],
)
def test_other_flags_build_again_what_they_change(make, tmp_path, flags, rebuilt):
    make("eval")
    make("eval", flags)
    assert calls(tmp_path) == rebuilt
    make("eval", flags)
    assert calls(tmp_path) == []


@pytest.mark.parametrize("verb", ["preprocess", "train", "translate", "eval"])
def test_a_step_that_failed_is_done_again(make, tmp_path, verb):
    (tmp_path / f"fail-{verb}").touch()
    assert make("eval").returncode != 0
    (tmp_path / f"fail-{verb}").unlink()
    assert make("eval").returncode == 0
    assert calls(tmp_path)[0] == verb


def test_an_interrupted_training_goes_on_unless_something_changed(make, tmp_path):
    (tmp_path / "fail-train").touch()
    make("train")
    make("train")
    assert (tmp_path / "calls").read_text().endswith("runs/daily.en-ko.en-ko --resume\n")
    make("train", "FLAGS=--layers 2")
    assert (tmp_path / "calls").read_text().endswith("--layers 2 --overwrite\n")


def test_a_corpus_may_lie_elsewhere_under_other_names(make, tmp_path):
    other = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "corpora" / "daily.en-ko", other)
    (other / "val.en").touch()
    (other / "val.ko").touch()
    (other / "test.en").unlink()
    (other / "test.ko").unlink()
    make("preprocess", "CORPUS=elsewhere", "VALID=elsewhere/val")
    assert "--valid elsewhere/val" in (tmp_path / "calls").read_text()
    assert "--test" not in (tmp_path / "calls").read_text()


def test_a_text_that_was_named_is_not_left_out_when_it_is_missing(make, tmp_path):
    make("preprocess", "VALID=no/such")
    assert "--valid no/such" in (tmp_path / "calls").read_text()


def test_a_path_with_a_space_is_refused_in_words(make):
    result = make("train", "RUN=my run")
    assert result.returncode == 2
    assert "A path has a space in it" in result.stderr


def test_clean_keeps_data_runs_and_the_environment(make, tmp_path):
    (tmp_path / "seqcli" / "__pycache__").mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    make("train")
    assert make("clean").returncode == 0
    assert not (tmp_path / "seqcli" / "__pycache__").exists()
    assert (tmp_path / "runs" / "daily.en-ko.en-ko" / "trained").exists()
    assert (tmp_path / ".venv" / "installed").exists()


def test_distill_trains_on_the_text_and_on_what_the_teachers_make_of_it(make, tmp_path):
    for teacher in ("runs/a", "runs/b"):
        (tmp_path / teacher).mkdir(parents=True)
        (tmp_path / teacher / "model.safetensors").touch()
    outcome = make("distill", "TEACHERS=runs/a runs/b")
    assert outcome.returncode == 0, outcome.stderr
    text = "data/daily.en-ko.en-ko.distilled-text/train"
    data, run = "data/daily.en-ko.en-ko.distilled", "runs/daily.en-ko.en-ko.distilled"
    assert (tmp_path / f"{text}.en").read_text() == "x\n"
    corpus = "corpora/daily.en-ko"
    assert (tmp_path / "calls").read_text().splitlines() == [
        f"seqcli translate -m runs/a -m runs/b {text}.en -o {text}.ko",
        f"seqcli preprocess {data} --src-lang en --tgt-lang ko --train {corpus}/train "
        f"--train {text} --valid {corpus}/valid --test {corpus}/test --overwrite",
        f"seqcli train {data} {run} --overwrite",
        f"seqcli translate -m {run} {data}/test.src.txt -o {run}/test.hyp",
        f"seqcli eval --hyp {run}/test.hyp --ref {data}/test.tgt.txt",
    ]
    assert make("distill", "TEACHERS=runs/a runs/b").returncode == 0
    assert calls(tmp_path) == []


def test_distill_takes_runs_of_the_other_direction_too(make, tmp_path):
    for teacher in ("runs/a", "runs/back"):
        (tmp_path / teacher).mkdir(parents=True)
        (tmp_path / teacher / "model.safetensors").touch()
    words = ("distill", "TEACHERS=runs/a", "BACKWARD=runs/back")
    outcome = make(*words)
    assert outcome.returncode == 0, outcome.stderr
    folder, corpus = "data/daily.en-ko.en-ko.distilled-text", "corpora/daily.en-ko"
    assert (tmp_path / folder / "backward.ko").read_text() == "x\n"
    assert (tmp_path / "calls").read_text().splitlines()[:3] == [
        f"seqcli translate -m runs/a {folder}/train.en -o {folder}/train.ko",
        f"seqcli translate -m runs/back {folder}/backward.ko -o {folder}/backward.en",
        "seqcli preprocess data/daily.en-ko.en-ko.distilled --src-lang en --tgt-lang ko "
        f"--train {corpus}/train --train {folder}/train --train {folder}/backward "
        f"--valid {corpus}/valid --test {corpus}/test --overwrite",
    ]
    assert make(*words).returncode == 0
    assert calls(tmp_path) == []
    outcome = make("distill", "TEACHERS=runs/a", "BACKWARD=runs/nobody")
    assert "runs/nobody is not a trained run" in outcome.stderr


def test_distill_without_teachers_trains_one_first(make, tmp_path):
    assert make("distill").returncode == 0
    expected = ["preprocess", "train", "translate", "preprocess", "train", "translate", "eval"]
    assert calls(tmp_path) == expected


def test_a_teacher_that_is_no_run_is_named(make):
    outcome = make("distill", "TEACHERS=runs/nobody")
    assert outcome.returncode != 0
    assert "runs/nobody is not a trained run; train it first, or name other TEACHERS" in (
        outcome.stderr
    )
