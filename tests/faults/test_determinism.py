"""The same seed, data, settings and threads give the same bytes, in every process."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize(
    "words",
    [
        ["--threads", "2", "--dropout", "0.3", "--ema", "0.9"],
        pytest.param(["--cell", "lstm", "--precision", "fp32"], marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_two_processes_train_the_same_model(
    run_process: Callable[..., Any], tiny_data: Path, tmp_path: Path, words: list[str]
):
    found = []
    for name in ("one", "two"):
        result = run_process(
            "train", tiny_data, tmp_path / name, "--max-steps", "12", "--hidden-size", "16",
            "--emb-size", "8", "--batch-tokens", "60", "--threads", "1", *words,
        )  # fmt: skip
        assert result.code == 0, result.stderr
        assert "repeats: bit for bit with the same seed, data, settings, threads" in result.stderr
        found.append(hashlib.sha256((tmp_path / name / "model.safetensors").read_bytes()))
    assert found[0].hexdigest() == found[1].hexdigest()
    one, two = (
        json.loads((tmp_path / name / "manifest.json").read_text("utf-8"))
        for name in ("one", "two")
    )
    assert one["machine"] == two["machine"]
    assert one["machine"].keys() >= {
        "threads", "precision", "kernels", "processor", "instructions", "torch", "numpy",
        "sentencepiece", "processes", "device",
    }  # fmt: skip
    assert one["files"]["model.safetensors"] == two["files"]["model.safetensors"]
