from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from tiny import make_split, tiny_model, tiny_settings

from seqcli.errors import CheckpointError
from seqcli.integrity import UNSEALED, seal
from seqcli.training.checkpoint import LAST, has_state, restore_state, save_state
from seqcli.training.session import Session, make_session, train_step

PAIRS = [([4 + i % 6] * (1 + i % 3), [5 + i % 5, 6][: 1 + i % 2]) for i in range(12)]


def make_tiny_session(*, seed: int = 1, **settings: Any) -> Session:
    resolved = tiny_settings(batch_tokens=12, **settings)
    model = tiny_model(seed=seed, **dict(resolved.model)).float()
    return make_session(
        resolved, model, make_split(PAIRS), device=torch.device("cpu"), dtype=torch.float32
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    session = make_tiny_session()
    train_step(session, spent=0.0)
    save_state(tmp_path, session)
    return tmp_path


def test_everything_comes_back(tmp_path: Path):
    session = make_tiny_session(teacher_forcing_start=0.5, ema=0.9)
    for _ in range(5):
        train_step(session, spent=0.25)
    session.progress.best_score, session.progress.seconds = 12.5, 77.25
    assert not has_state(tmp_path)
    save_state(tmp_path, session)
    assert has_state(tmp_path)
    random = torch.get_rng_state()
    torch.rand(5)

    restored = make_tiny_session(seed=9, teacher_forcing_start=0.5, ema=0.9)
    restore_state(tmp_path, restored)
    assert vars(restored.progress) == vars(session.progress)
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.equal(restored.coins.get_state(), session.coins.get_state())
    assert (restored.stream.epoch, restored.stream.position) == (
        session.stream.epoch,
        session.stream.position,
    )
    assert restored.learning_rate.peak_progress == session.learning_rate.peak_progress > 0
    assert restored.average is not None
    assert session.average is not None
    exact = {"rtol": 0, "atol": 0}
    torch.testing.assert_close(restored.average.weights, session.average.weights, **exact)
    torch.testing.assert_close(restored.model.state_dict(), session.model.state_dict(), **exact)
    torch.testing.assert_close(
        restored.optimizer.state_dict()["state"], session.optimizer.state_dict()["state"], **exact
    )


def test_averaging_may_begin_at_a_resume(saved: Path):
    restored = make_tiny_session(seed=9, ema=0.9)
    restore_state(saved, restored)
    assert restored.average is not None
    for name, parameter in restored.model.named_parameters():
        assert torch.equal(restored.average.weights[name], parameter.detach())


def test_the_state_holds_tensors_and_json_only(saved: Path):
    with safetensors.safe_open(saved / LAST, framework="pt") as file:
        metadata = file.metadata()
    assert metadata["format"] == "2"
    assert json.loads(metadata["counters"])["update"] == 1


def rewrite(path: Path, change: Callable[[dict[str, Any], dict[str, str]], object]) -> None:
    with safetensors.safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = dict(file.metadata())
    change(tensors, metadata)
    safetensors.torch.save_file(tensors, path, {**metadata, "sha256": UNSEALED})
    seal(path)


@pytest.mark.parametrize("size", [0, 5, 200, -1])
def test_a_damaged_state_is_told_in_words(saved: Path, size: int):
    path = saved / LAST
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CheckpointError) as caught:
        restore_state(saved, make_tiny_session())
    assert str(caught.value).startswith(f"{path}: cannot be read (")
    assert str(caught.value).endswith(
        "; the resume state is damaged: train again, into another RUN_DIR or with --overwrite"
    )


def test_a_state_of_another_format_is_refused(saved: Path):
    rewrite(saved / LAST, lambda _, metadata: metadata.update(format="7"))
    with pytest.raises(CheckpointError) as caught:
        restore_state(saved, make_tiny_session())
    assert str(caught.value) == (
        f"{saved / LAST}: has format '7', but this seqcli reads format 2; resume with the version "
        "that wrote it"
    )


def test_a_state_of_another_model_is_refused(saved: Path):
    with pytest.raises(CheckpointError, match=r"has shape .*, but config\.yaml"):
        restore_state(saved, make_tiny_session(hidden_size=10))
    with pytest.raises(CheckpointError, match=r"does not fit config\.yaml"):
        restore_state(saved, make_tiny_session(layers=2))
