from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from seqcli.errors import CheckpointError, SeqcliError
from seqcli.reporting import UpdateReport, ValidationReport
from seqcli.training.records import Records, check_records


def report(update: int, *, loss: float = 1.23456789, grad_norm: float = 0.5) -> UpdateReport:
    return UpdateReport(
        update=update,
        epoch=1,
        loss=loss,
        lr=1e-3,
        grad_norm=grad_norm,
        clipped=0.25,
        teacher_forcing=1.0,
        tgt_tokens_per_s=1000.0,
        seconds=2.0,
        grad_norm_max=2.5,
    )


def validation(update: int, *, loss: float = 2.0) -> ValidationReport:
    return ValidationReport(
        update=update,
        loss=loss,
        bleu=12.5,
        chrf=40.0,
        best=True,
        sample_src="a",
        sample_hyp="b",
        sample_ref="c",
    )


def updates_in(run_dir: Path) -> list[int]:
    lines = (run_dir / "metrics.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["update"] for line in lines]


def test_a_line_of_metrics_is_an_object(tmp_path: Path):
    records = Records(tmp_path, resumed_from=None)
    records.update(report(5))
    records.validation(validation(5), ["x", ""])
    lines = (tmp_path / "metrics.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0])["loss"] == 1.23457
    assert json.loads(lines[1]) == {
        "kind": "valid",
        "update": 5,
        "loss": 2.0,
        "bleu": 12.5,
        "chrf": 40.0,
        "best": True,
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_null(tmp_path: Path, value: float):
    """NaN used to be written as it is, which no JSON reader has to take."""
    records = Records(tmp_path, resumed_from=None)
    records.update(report(1, loss=value, grad_norm=value))
    records.validation(validation(1, loss=value), [])
    for line in (tmp_path / "metrics.jsonl").read_text("utf-8").splitlines():
        assert json.loads(line, parse_constant=pytest.fail)["loss"] is None


def test_translations_of_a_validation_are_one_on_a_line(tmp_path: Path):
    hyps = ["ein Hund", "", "zwei\u2028Hunde"]
    Records(tmp_path, resumed_from=None).validation(validation(500), hyps)
    text = (tmp_path / "validation" / "000500.hyp").read_text("utf-8")
    assert text.split("\n") == [*hyps, ""]


def test_the_log_says_it_for_people(tmp_path: Path):
    records = Records(tmp_path, resumed_from=None)
    records.update(report(5))
    records.validation(validation(5), [])
    first, second = (tmp_path / "train.log").read_text("utf-8").splitlines()
    assert "update 5 epoch 1 loss 1.2346 lr 0.001 grad_norm 0.500 clipped 25%" in first
    assert second.endswith("update 5 valid loss 2.0000 BLEU 12.50 chrF 40.00 best")


def test_a_new_run_starts_new_records(tmp_path: Path):
    for update in (1, 2):
        records = Records(tmp_path, resumed_from=None)
        records.update(report(update))
        records.validation(validation(update), [])
    assert updates_in(tmp_path) == [2, 2]
    assert [path.name for path in (tmp_path / "validation").iterdir()] == ["000002.hyp"]
    assert len((tmp_path / "train.log").read_text("utf-8").splitlines()) == 2


def test_a_resumed_run_cuts_back_what_its_state_does_not_know(tmp_path: Path):
    records = Records(tmp_path, resumed_from=None)
    for update in range(1, 6):
        records.update(report(update))
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "tra')
    resumed = Records(tmp_path, resumed_from=3)
    assert updates_in(tmp_path) == [1, 2, 3]
    resumed.update(report(4))
    assert updates_in(tmp_path) == [1, 2, 3, 4]
    assert len((tmp_path / "train.log").read_text("utf-8").splitlines()) == 6


def test_a_resumed_run_may_have_lost_its_records(tmp_path: Path):
    Records(tmp_path, resumed_from=3).update(report(4))
    assert updates_in(tmp_path) == [4]


def test_a_mark_says_exactly_where_to_cut(tmp_path: Path):
    """Lines of the update of the state that were written after it used to stay, and come twice."""
    records = Records(tmp_path, resumed_from=None)
    for update in (1, 2):
        records.update(report(update))
        records.validation(validation(update), ["x"])
    mark = records.mark()
    whole = (tmp_path / "metrics.jsonl").read_bytes()
    records.average(validation(2), [1, 2])
    records.validation(validation(3), ["x"])
    with (tmp_path / "train.log").open("a") as file:
        file.write("cut sh")
    check_records(tmp_path, mark)
    resumed = Records(tmp_path, resumed_from=2, mark=mark)
    assert (tmp_path / "metrics.jsonl").read_bytes() == whole
    assert resumed.mark() == mark
    assert sorted(path.name for path in (tmp_path / "validation").iterdir()) == [
        "000001.hyp",
        "000002.hyp",
    ]
    resumed.log("goes on")
    lines = (tmp_path / "train.log").read_text("utf-8").splitlines()
    assert lines[-2] == "cut sh"
    assert lines[-1].endswith("goes on")


def test_records_that_are_not_those_of_a_mark_are_refused(tmp_path: Path):
    records = Records(tmp_path, resumed_from=None)
    records.update(report(1))
    mark, path = records.mark(), tmp_path / "metrics.jsonl"
    whole = path.read_bytes()
    for damaged in (whole[:-1], b"x" + whole[1:], b""):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=r"metrics\.jsonl: its first .* are not what"):
            check_records(tmp_path, mark)
    path.write_bytes(whole + b"more")
    check_records(tmp_path, mark)
    path.unlink()
    check_records(tmp_path, mark)


def test_a_disk_that_refuses_is_told_in_words(tmp_path: Path):
    records = Records(tmp_path, resumed_from=None)
    (tmp_path / "metrics.jsonl").unlink()
    (tmp_path / "metrics.jsonl").mkdir()
    with pytest.raises(SeqcliError, match="cannot be written"):
        records.update(report(1))
