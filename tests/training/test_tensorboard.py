from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from seqcli import train
from seqcli.errors import SettingsError
from seqcli.training.tensorboard import require_tensorboard

SMALL: dict[str, Any] = {
    "hidden_size": 8,
    "emb_size": 8,
    "threads": 1,
    "precision": "fp32",
    "log_every": 1,
    "calibrate": False,
    "tensorboard": True,
}


def events_of(run_dir: Path) -> dict[str, list[int]]:
    """Return the steps of every scalar, as TensorBoard itself reads them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run_dir / "tensorboard"))
    events.Reload()
    return {tag: [event.step for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_line_is_an_event_and_a_resumed_run_goes_on_in_the_same_place(
    tiny_data: Path, tmp_path: Path
):
    run_dir = tmp_path / "run"
    train(tiny_data, run_dir, max_steps=2, valid_every=2, **SMALL)
    events = events_of(run_dir)
    assert events["train/loss"] == events["train/grad_norm"] == [1, 2]
    assert events["valid/bleu"] == [2]
    train(tiny_data, run_dir, max_steps=4, resume=True, **SMALL)
    assert events_of(run_dir)["train/loss"] == [1, 2, 3, 4]
    train(tiny_data, run_dir, max_steps=1, overwrite=True, **SMALL)
    assert events_of(run_dir)["train/loss"] == [1]


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "torch.utils.tensorboard":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(SettingsError, match=r"pip install 'seqcli\[tensorboard\]'"):
        require_tensorboard()
