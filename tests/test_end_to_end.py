"""The four verbs on a task that a small model learns whole: to write digits backwards."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SPLITS = {"train": 4000, "valid": 100, "test": 200}
TIME_LIMIT = 180  # seconds, for a busy machine; about 40 on one idle core


def write_digits(folder: Path) -> None:
    """Write PREFIX.fw and PREFIX.bw for each split; no string is in two splits."""
    rng = random.Random(1)
    lines: dict[str, None] = {}
    while len(lines) < sum(SPLITS.values()):
        lines["".join(rng.choices("0123456789", k=rng.randint(3, 8)))] = None
    rest = iter(lines)
    for name, size in SPLITS.items():
        part = [next(rest) for _ in range(size)]
        (folder / f"{name}.fw").write_text("".join(f"{line}\n" for line in part), "utf-8")
        (folder / f"{name}.bw").write_text("".join(f"{line[::-1]}\n" for line in part), "utf-8")


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_model_learns_to_reverse_strings_through_the_four_verbs(
    tmp_path: Path, run_process, cell: str
):
    started = time.monotonic()
    write_digits(tmp_path)

    def run(*words: str) -> str:
        outcome = run_process(*words, cwd=tmp_path)
        assert outcome.code == 0, outcome.stderr
        return outcome.stdout

    run(
        "preprocess", "data", "--src-lang", "fw", "--tgt-lang", "bw",
        "--train", "train", "--valid", "valid", "--test", "test",
        "--model-type", "char", "--vocab-size", "300",
    )  # fmt: skip
    run(
        "train", "data", "run", "--cell", cell, "--hidden-size", "64", "--emb-size", "32",
        "--batch-tokens", "1000", "--lr", "0.01", "--warmup-steps", "50", "--dropout", "0.1",
        "--max-epochs", "10", "--metric", "chrf", "--threads", "1", "--precision", "fp32",
    )  # fmt: skip
    run("translate", "-m", "run", "test.fw", "-o", "test.hyp", "--threads", "1")
    refs = (tmp_path / "test.bw").read_text("utf-8").splitlines()
    hyps = (tmp_path / "test.hyp").read_text("utf-8").splitlines()
    assert len(hyps) == len(refs)
    of_run = json.loads(run("eval", "run", "--metrics", "chrf", "--json", "--threads", "1"))
    of_files = json.loads(
        run("eval", "--hyp", "test.hyp", "--ref", "test.bw", "--metrics", "chrf", "--json")
    )
    assert of_run["scores"] == of_files["scores"]
    (chrf,) = of_run["scores"]
    assert chrf["metric"] == "chrf"
    assert chrf["value"] > 95
    assert time.monotonic() - started < TIME_LIMIT
