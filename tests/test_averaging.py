"""The mean of checkpoints, which of them are kept, and the verb that writes a run of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from seqcli import train
from seqcli.averaging import (
    CHECKPOINTS,
    Checkpoint,
    average_run,
    average_weights,
    choose,
    drop_checkpoints,
    keep_checkpoint,
    list_checkpoints,
)
from seqcli.decoding.translator import Translator
from seqcli.errors import CheckpointError, SettingsError
from seqcli.rundir import read_manifest

TINY = {"hidden_size": 8, "emb_size": 8, "threads": 1, "precision": "fp32", "max_length": 5}


def checkpoints_of(scores: list[float]) -> list[Checkpoint]:
    return [Checkpoint(Path(f"{i}"), i, score) for i, score in enumerate(scores)]


@given(scores=st.lists(st.integers(0, 5).map(float)), count=st.integers(1, 7))
def test_the_last_are_the_last_and_the_best_the_best(scores: list[float], count: int):
    made = checkpoints_of(scores)
    last = choose(made, which="last", count=count)
    assert [one.update for one in last] == list(range(len(scores)))[-count:]
    best = choose(made, which="best", count=count)
    assert len(best) == min(count, len(scores))
    assert [one.update for one in best] == sorted(one.update for one in best)
    left = [one for one in made if one not in best]
    assert all((one.score, one.update) < (kept.score, kept.update) for one in left for kept in best)


@pytest.mark.parametrize(("which", "expected"), [("last", [3, 4]), ("best", [1, 3])])
def test_checkpoints_that_are_not_among_the_few_are_removed(
    tmp_path: Path, which: str, expected: list[int]
):
    for update, score in enumerate([1.0, 3.0, 2.0, 3.0, 0.5]):
        weights = {"w": torch.tensor([float(update)])}
        keep_checkpoint(tmp_path, weights, update=update, score=score, which=which, count=2)
    assert [one.update for one in list_checkpoints(tmp_path)] == expected
    assert len(list((tmp_path / CHECKPOINTS).iterdir())) == 2


def test_a_run_that_resumes_forgets_later_checkpoints(tmp_path: Path):
    for update in (2, 4, 6):
        keep_checkpoint(
            tmp_path, {"w": torch.zeros(1)}, update=update, score=0.0, which="last", count=9
        )
    drop_checkpoints(tmp_path, after=4)
    assert [one.update for one in list_checkpoints(tmp_path)] == [2, 4]
    drop_checkpoints(tmp_path / "nowhere", after=0)


def test_weights_are_averaged_one_by_one(tmp_path: Path):
    paths = []
    for number, value in enumerate([1.0, 2.0, 6.0]):
        paths.append(tmp_path / f"{number}")
        save_file({"a": torch.tensor([value, 0.0]), "b": torch.tensor([[-value]])}, paths[-1])
    mean = average_weights(paths)
    torch.testing.assert_close(mean, {"a": torch.tensor([3.0, 0.0]), "b": torch.tensor([[-3.0]])})


def test_models_of_other_sizes_have_no_mean(tmp_path: Path):
    save_file({"a": torch.zeros(2)}, tmp_path / "first")
    save_file({"a": torch.zeros(3)}, tmp_path / "second")
    with pytest.raises(CheckpointError, match="second: has other weights than"):
        average_weights([tmp_path / "first", tmp_path / "second"])


@pytest.fixture(scope="module")
def kept_run(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("kept") / "run"
    train(tiny_data, run_dir, max_steps=6, valid_every=2, keep_checkpoints=2, **TINY)
    return run_dir


def test_a_training_keeps_as_many_checkpoints_as_it_was_asked_for(kept_run: Path):
    assert [one.update for one in list_checkpoints(kept_run)] == [4, 6]


def test_an_averaged_run_translates_and_says_what_it_is_made_of(kept_run: Path, tmp_path: Path):
    out_dir = tmp_path / "mean"
    chosen = average_run(kept_run, out_dir, which="last", count=5, overwrite=False)
    found = load_file(out_dir / "model.safetensors")
    torch.testing.assert_close(found, average_weights([one.path for one in chosen]))
    assert read_manifest(out_dir)["average_of"] == {str(kept_run): [4, 6]}
    assert len(Translator.load(out_dir).translate(["12", "34"])) == 2
    with pytest.raises(SettingsError, match="not empty"):
        average_run(kept_run, out_dir, which="last", count=5, overwrite=False)
    average_run(kept_run, out_dir, which="best", count=1, overwrite=True)


def test_the_average_of_the_end_is_the_model_if_it_is_better(tiny_data: Path, tmp_path: Path):
    run_dir = tmp_path / "run"
    # With a rate of this size the weights jump about, and their mean has a lower loss.
    settings = {"lr": 0.3, "lr_schedule": "constant", "warmup_steps": 0, "metric": "loss"}
    train(tiny_data, run_dir, max_steps=8, valid_every=1, average=True, **settings, **TINY)
    lines = [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text().splitlines()]
    (line,) = (line for line in lines if line["kind"] == "average")
    assert line["average_of"] == [4, 5, 6, 7, 8]
    losses = [one["loss"] for one in lines if one["kind"] == "valid"]
    assert line["best"] == (line["loss"] < min(losses))
    manifest = read_manifest(run_dir)
    assert ("average_of" in manifest["best"]) == line["best"]
    if line["best"]:
        paths = [one.path for one in list_checkpoints(run_dir)]
        mean = average_weights(paths)
        torch.testing.assert_close(load_file(run_dir / "model.safetensors"), mean)


def test_a_damaged_checkpoint_is_named(kept_run: Path, tmp_path: Path):
    folder = tmp_path / CHECKPOINTS
    folder.mkdir()
    whole = next((kept_run / CHECKPOINTS).iterdir()).read_bytes()
    (folder / "000004.safetensors").write_bytes(whole[:20])
    with pytest.raises(CheckpointError, match=r"000004\.safetensors: cannot be read"):
        list_checkpoints(tmp_path)


def test_the_verb_writes_a_run_and_prints_what_it_averaged(
    run_cli: Callable[..., object], kept_run: Path, tmp_path: Path
):
    outcome = run_cli("average", kept_run, tmp_path / "mean", "--json")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert json.loads(outcome.stdout) == {
        "run_dir": str(tmp_path / "mean"),
        "average_of": [4, 6],
    }


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            ["--count", "0"],
            2,
            "--count is '0'; it must be a whole number, at least 1, at most 1,000,000",
        ),
        (["--which", "worst"], 2, "--which is 'worst'; it must be last or best"),
    ],
)
def test_the_verb_refuses_what_it_cannot_do(
    run_cli: Callable[..., object],
    kept_run: Path,
    tmp_path: Path,
    words: list[str],
    code: int,
    message: str,
):
    outcome = run_cli("average", kept_run, tmp_path / "mean", *words)
    assert (outcome.code, outcome.stderr) == (code, f"seqcli: {message}\n")
    assert not (tmp_path / "mean").exists()


def test_a_run_without_checkpoints_is_refused_with_the_flag_that_keeps_them(
    run_cli: Callable[..., object], tiny_run: Path, tmp_path: Path
):
    outcome = run_cli("average", tiny_run, tmp_path / "mean")
    assert outcome.code == 2
    assert "has no checkpoints to average; train with --keep-checkpoints N" in outcome.stderr


def test_a_run_is_not_replaced_by_what_is_made_of_it(
    run_cli: Callable[..., object], kept_run: Path
):
    """It used to be, with its checkpoints and its resume state."""
    before = sorted(path.name for path in kept_run.rglob("*"))
    for words in (
        ["average", kept_run, kept_run, "--overwrite"],
        ["export", kept_run, kept_run, "--overwrite", "--no-score"],
        ["export", kept_run, kept_run / "bundle", "--no-score"],
    ):
        outcome = run_cli(*words)
        assert outcome.code == 2
        assert "is the run that is read, or in it, and must stay as it is" in outcome.stderr
    assert sorted(path.name for path in kept_run.rglob("*")) == before


def test_what_is_made_of_a_run_cannot_be_resumed_and_says_why(
    run_cli: Callable[..., object], kept_run: Path, tiny_data: Path, tmp_path: Path
):
    assert run_cli("average", kept_run, tmp_path / "mean").code == 0
    outcome = run_cli("train", tiny_data, tmp_path / "mean", "--resume")
    assert (outcome.code, outcome.stderr) == (
        2,
        f"seqcli: {tmp_path / 'mean'}: is averaged from a run and has no resume state; resume the "
        "run that it was made from\n",
    )
