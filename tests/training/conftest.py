from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny import tiny_settings

from seqcli.reporting import Reporter, SilentReporter, TrainingResult
from seqcli.training import train_model

Train = Callable[..., TrainingResult]


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def train(tiny_data: Path, run_dir: Path) -> Train:
    """Train a tiny model in run_dir: ``train(max_steps=3, resume=True)``."""

    def run(
        *,
        data_dir: Path = tiny_data,
        run_dir: Path = run_dir,
        resume: bool = False,
        overwrite: bool = False,
        report: Reporter | None = None,
        **settings: Any,
    ) -> TrainingResult:
        return train_model(
            tiny_settings(**settings),
            data_dir,
            run_dir,
            resume=resume,
            overwrite=overwrite,
            report=report or SilentReporter(),
        )

    return run


@pytest.fixture
def read_metrics(run_dir: Path) -> Callable[..., list[dict[str, Any]]]:
    """Return the lines of metrics.jsonl, all or those of one kind."""

    def read(kind: str | None = None) -> list[dict[str, Any]]:
        text = (run_dir / "metrics.jsonl").read_text("utf-8")
        lines = [json.loads(line, parse_constant=_refuse) for line in text.splitlines()]
        return [line for line in lines if kind in (None, line["kind"])]

    return read


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
