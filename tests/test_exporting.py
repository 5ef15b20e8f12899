"""A bundle translates like its run, in few bytes, and says what it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from seqcli.decoding.translator import Translator
from seqcli.errors import CheckpointError
from seqcli.quantization import LARGEST, SCALE, dequantize, quantize
from seqcli.rundir import update_manifest
from seqcli.weights import load_model

LINES = ["12", "", "345", "6"]


@given(rows=st.integers(1, 4), columns=st.integers(1, 5), seed=st.integers(0, 99))
def test_no_weight_is_off_by_more_than_half_a_step(rows: int, columns: int, seed: int):
    weight = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    weights = {"w": weight, "b": torch.randn(rows)}
    small = quantize(weights, "int8")
    assert (small["w"].dtype, small["b"].dtype) == (torch.int8, torch.float32)
    wide = dequantize(small, path="x")
    assert wide.keys() == weights.keys()
    assert torch.equal(wide["b"], weights["b"])
    step = weight.abs().amax(dim=1, keepdim=True) / LARGEST
    assert ((wide["w"] - weight).abs() <= step / 2 * 1.001).all()


def test_zeros_stay_zeros_and_fp32_stays_what_it_is():
    weights = {"w": torch.zeros(2, 3), "v": torch.randn(2, 3)}
    assert torch.equal(dequantize(quantize(weights, "int8"), path="x")["w"], weights["w"])
    assert torch.equal(dequantize(quantize(weights, "fp32"), path="x")["v"], weights["v"])


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_a_bundle_is_smaller_and_translates_nearly_as_its_run(
    run_cli: Callable[..., Any], tiny_run: Path, tmp_path: Path, precision: str
):
    words = ["--precision", precision, "--licence", "CC0", "--json", "-q"]
    outcome = run_cli("export", tiny_run, tmp_path / "out", *words)
    assert (outcome.code, outcome.stderr) == (0, "")
    export = json.loads(outcome.stdout)
    assert export["precision"] == precision
    run, bundle = (load_model(path)[0].state_dict() for path in (tiny_run, tmp_path / "out"))
    for name, value in run.items():
        torch.testing.assert_close(bundle[name], value, rtol=0, atol=float(value.abs().max()) / 100)
    sizes = [(path / "model.safetensors").stat().st_size for path in (tiny_run, tmp_path / "out")]
    assert (sizes[1] < sizes[0]) == (precision != "fp32")
    translated = Translator.load(tmp_path / "out", threads=1).translate(LINES)
    assert len(translated) == len(LINES)
    card = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "Licence: CC0." in card
    assert f"| bleu | {export['evaluation']['scores'][0]['value']:.2f} | `nrefs:1" in card
    manifest = json.loads((tiny_run / "manifest.json").read_text())
    assert manifest["data"]["inputs"][0][1] in card


def test_a_bundle_says_no_score_if_its_data_is_gone_and_nobody_wants_one(
    run_cli: Callable[..., Any], tiny_run: Path, tmp_path: Path
):
    run_dir = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    update_manifest(run_dir, data_dir=str(tmp_path / "gone"))
    refused = run_cli("export", run_dir, tmp_path / "out", "-q")
    assert refused.code == 3
    assert "(or leave the score out with --no-score)" in refused.stderr
    assert not (tmp_path / "out").exists()
    assert run_cli("export", run_dir, tmp_path / "out", "--no-score", "-q").code == 0
    assert "No test set was scored." in (tmp_path / "out" / "README.md").read_text("utf-8")
    again = run_cli("export", run_dir, tmp_path / "out", "--no-score", "-q")
    assert again.code == 2
    assert run_cli("export", run_dir, tmp_path / "out", "--no-score", "-q", "--overwrite").code == 0


def test_an_unknown_precision_is_refused(
    run_cli: Callable[..., Any], tiny_run: Path, tmp_path: Path
):
    outcome = run_cli("export", tiny_run, tmp_path / "out", "--precision", "int4")
    assert (outcome.code, outcome.stderr) == (
        2,
        "seqcli: --precision is 'int4'; it must be one of fp32, bf16, int8\n",
    )


def test_whole_numbers_without_a_scale_are_named(
    run_cli: Callable[..., Any], tiny_run: Path, tmp_path: Path
):
    assert run_cli("export", tiny_run, tmp_path / "out", "--no-score", "-q").code == 0
    path = tmp_path / "out" / "model.safetensors"
    weights = load_file(path)
    name = next(name for name in weights if name.endswith(SCALE))
    del weights[name]
    save_file(weights, path)
    with pytest.raises(CheckpointError, match="without a scale that fits"):
        load_model(tmp_path / "out")


def test_a_bundle_asks_for_its_data(run_cli: Callable[..., Any], tiny_run: Path, tmp_path: Path):
    """It used to say that its data directory None is gone."""
    assert run_cli("export", tiny_run, tmp_path / "out", "--no-score", "-q").code == 0
    for verb in ("eval", "tune"):
        outcome = run_cli(verb, tmp_path / "out", "--threads", "1")
        assert outcome.code == 3
        assert "does not say where its data is, as bundles do not; say it with --data" in (
            outcome.stderr
        )
    data_dir = json.loads((tiny_run / "manifest.json").read_text())["data_dir"]
    words = ["--data", data_dir, "--threads", "1", "-q"]
    assert run_cli("eval", tmp_path / "out", *words).code == 0


def test_a_bundle_in_the_place_of_a_run_leaves_nothing_of_it(
    run_cli: Callable[..., Any], tiny_run: Path, tmp_path: Path
):
    """Pieces and resume state of the older run used to stay."""
    old = Path(shutil.copytree(tiny_run, tmp_path / "old"))
    for name in ("pieces.src.model", "pieces.tgt.model"):
        (old / name).write_bytes(b"of another run")
    assert run_cli("export", tiny_run, old, "--no-score", "-q", "--overwrite").code == 0
    assert sorted(path.name for path in old.iterdir()) == [
        "README.md",
        "config.yaml",
        "manifest.json",
        "model.safetensors",
        "pieces.model",
    ]
