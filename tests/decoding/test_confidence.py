"""Confidence is the quality that scores like this had; it never falls where scores rise."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.decoding.confidence import LEAST, Calibration, calibrate
from seqcli.decoding.translator import Translator
from seqcli.rundir import read_manifest, update_manifest

ONE_THREAD = ["--threads", "1", "--precision", "fp32", "-q"]
pairs = st.lists(
    st.tuples(st.floats(-9, 0).map(lambda x: round(x, 3)), st.floats(0, 1)),
    min_size=LEAST,
    max_size=120,
)


@given(found=pairs)
def test_confidence_is_between_0_and_1_and_rises_with_the_score(found: list[tuple[float, float]]):
    calibration = calibrate(*zip(*found, strict=True))
    assert calibration is not None
    values = [calibration.confidence(score / 10) for score in range(-100, 10)]
    assert all(0 <= value <= 1 for value in values)
    assert values == sorted(values)
    assert calibration.confidence(-float("inf")) == 0
    assert calibration.confidence(float("nan")) == 0


@given(found=pairs)
def test_what_was_learnt_comes_back_from_json(found: list[tuple[float, float]]):
    calibration = calibrate(*zip(*found, strict=True))
    assert calibration is not None
    assert Calibration.load(json.loads(json.dumps(calibration.dump()))) == calibration


def test_where_quality_rises_evenly_confidence_is_the_quality():
    scores = [-4 + number / 100 for number in range(400)]
    calibration = calibrate(scores, [number / 400 for number in range(400)])
    assert calibration is not None
    for number in range(20, 380, 10):
        assert calibration.confidence(scores[number]) == pytest.approx(number / 400, abs=0.01)


def test_what_falls_is_pooled():
    scores = [-float(number) for number in range(100)]
    falling = [number / 100 for number in range(100)]  # the higher the score, the worse
    calibration = calibrate(scores, falling)
    assert calibration is not None
    assert calibration.qualities == (pytest.approx(0.495),)


def test_few_translations_teach_nothing():
    assert calibrate([-1.0] * (LEAST - 1), [0.5] * (LEAST - 1)) is None


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        {"scores": [1.0]},
        {"scores": [], "qualities": []},
        {"scores": [1.0], "qualities": [0.1, 0.2]},
        {"scores": [2.0, 1.0], "qualities": [0.1, 0.2]},
        {"scores": [1.0, 2.0], "qualities": [0.2, 0.1]},
        {"scores": [1.0, 1.0], "qualities": [0.1, 0.2]},
        {"scores": [1.0], "qualities": [1.5]},
        {"scores": ["a"], "qualities": [0.5]},
    ],
)
def test_what_is_no_calibration_is_none(values: Any):
    assert Calibration.load(values) is None


@pytest.fixture
def rated_run(tiny_run: Path, tmp_path: Path) -> Path:
    run_dir = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    calibration = Calibration((-9.0, 0.0), (0.0, 1.0))
    update_manifest(run_dir, calibration=calibration.dump())
    return run_dir


def test_a_training_that_ends_is_calibrated_on_its_validation_set(tiny_run: Path):
    assert Calibration.load(read_manifest(tiny_run)["calibration"]) is not None
    (found,) = Translator.load(tiny_run, threads=1).iter_translations(
        ["12"], decoding=Translator.load(tiny_run).settings.decoding
    )
    assert found.hyps[0].confidence is not None


def test_below_the_least_confidence_the_fallback_is_printed(
    run_cli: Callable[..., Any], rated_run: Path
):
    words = ["translate", "-m", rated_run, *ONE_THREAD, "--json"]
    text = "12\n\n345\n6\n"
    rated = [json.loads(line) for line in run_cli(*words, stdin=text).stdout.splitlines()]
    sure = [record["confidence"] for record in rated if record["tokens"]]
    least = str(sum(sure) / len(sure))
    outcome = run_cli(*words, "--min-confidence", least, "--fallback", "?", stdin=text)
    found = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert len(found) == len(rated)
    for before, after in zip(rated, found, strict=True):
        is_low = before["confidence"] is not None and before["confidence"] < float(least)
        assert after["hyp"] == ("?" if is_low else before["hyp"])
        assert ("withheld" in after["flags"]) == is_low
    assert any("withheld" in record["flags"] for record in found)
    assert not all("withheld" in record["flags"] for record in found if record["tokens"])


def test_a_run_without_calibration_or_an_ensemble_has_no_confidence(
    run_cli: Callable[..., Any], rated_run: Path
):
    words = ["translate", "-m", rated_run, *ONE_THREAD, "--min-confidence", "0.5"]
    assert run_cli(*words, stdin="12\n").code == 0
    outcome = run_cli(*words, "-m", rated_run, stdin="12\n")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith("seqcli: --min-confidence: nothing is known of the confidence")
    update_manifest(rated_run, calibration=None)
    assert run_cli(*words, stdin="12\n").code == 2


@pytest.mark.parametrize("value", ["x", "-0.1", "1.5", "nan"])
def test_confidence_is_from_0_to_1(run_cli: Callable[..., Any], tiny_run: Path, value: str):
    outcome = run_cli("translate", "-m", tiny_run, "--min-confidence", value, stdin="12\n")
    assert outcome.code == 2
    assert outcome.stderr == (
        f"seqcli: --min-confidence is {value!r}; it must be a number, at least 0, at most 1\n"
    )
