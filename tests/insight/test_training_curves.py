from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from seqcli.errors import CheckpointError
from seqcli.insight.training_curves import read_curves
from seqcli.insight.views import report_training

TRAIN = {"kind": "train", "update": 50, "loss": 2.5, "grad_norm": 3.0, "clipped": 0.5}
VALID = {"kind": "valid", "update": 60, "loss": 2.0, "bleu": 11.5, "chrf": 30.0, "best": True}


@pytest.fixture
def write_run(tiny_run: Path, tmp_path: Path):
    """Return a run with the given lines as its records."""

    def write(*lines: str, name: str = "run") -> Path:
        run_dir = tmp_path / name
        shutil.copytree(tiny_run, run_dir)
        (run_dir / "metrics.jsonl").write_text("\n".join(lines), "utf-8")
        return run_dir

    return write


def test_every_number_of_a_line_is_there_and_what_a_line_lacks_is_none(write_run):
    second = {**TRAIN, "update": 100, "grad_norm": None, "grad_norm_max": 7.0}
    curves = read_curves(write_run(*map(json.dumps, (TRAIN, VALID, second))))
    assert curves.updates == (50, 100)
    assert curves.grad_norm == (3.0, None)  # not finite, so the record is null
    assert curves.grad_norm_max == (None, 7.0)
    assert curves.valid_updates == (60,)
    assert curves.best_bleu == 11.5
    assert curves.clipped_share == 0.5
    assert curves.median_speed is None
    assert curves.unreadable_lines == 0


def test_lines_that_cannot_be_read_are_counted_and_told_of(write_run):
    good = json.dumps(TRAIN)
    curves = read_curves(write_run(good, "[]", '{"kind": "train"}', "{" * 100_000, good[:20]))
    assert curves.updates == (50,)
    assert curves.unreadable_lines == 4
    assert any("4 lines" in finding for finding in report_training([curves]).findings)


@pytest.mark.parametrize(
    ("lines", "message"), [(("",), "has no line yet"), (("x", "y"), "has no line yet")]
)
def test_a_run_without_a_line_is_refused(write_run, lines, message):
    with pytest.raises(CheckpointError, match=message):
        read_curves(write_run(*lines))


def test_a_run_without_records_is_refused(write_run):
    run_dir = write_run()
    (run_dir / "metrics.jsonl").unlink()
    with pytest.raises(CheckpointError, match="name the run that it was made from"):
        read_curves(run_dir)


def test_clipped_updates_are_marked_and_runs_are_named_shortly(write_run):
    runs = [
        read_curves(write_run(json.dumps(TRAIN), json.dumps(line), name=name))
        for name, line in (("a", VALID), ("b", {**TRAIN, "update": 70, "clipped": 0.0}))
    ]
    report = report_training(runs)
    norms = next(panel for panel in report.panels if panel.title.startswith("Gradient norm"))
    assert [line.name for line in norms.lines] == ["a", "b"]
    assert [line.is_marked for line in norms.lines] == [(True,), (True, False)]
    assert report.tables[0].rows[1][0] == "b"


def test_the_weights_are_those_of_the_model(tiny_run: Path):
    from seqcli.models.seq2seq import count_parameters
    from seqcli.weights import load_model

    model, _, _ = load_model(tiny_run)
    assert read_curves(tiny_run).weights == count_parameters(model)
