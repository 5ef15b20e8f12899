from __future__ import annotations

import pytest
import torch

from seqcli.config import Settings
from seqcli.devices import explain_precision
from seqcli.models.kernels import compiled_for, use_compiled_kernels
from seqcli.training.machine import (
    Machine,
    explain_changes,
    explain_costs,
    explain_repeats,
    take_machine,
)


def costs_of(*, model: dict[str, object], training: dict[str, object]) -> tuple[str, ...]:
    settings = Settings(model=model, training=training)
    return explain_costs(settings.model, settings.training)


def test_only_what_forbids_whole_sentences_is_called_slow():
    assert costs_of(model={}, training={}) == ()
    assert costs_of(model={}, training={"teacher_forcing_start": 0.5, "sampling_passes": 2}) == ()


def test_input_feeding_and_own_pieces_are_called_slow():
    (fed,) = costs_of(model={"input_feeding": True}, training={})
    assert "input feeding makes the decoder go step by step" in fed
    (own,) = costs_of(model={}, training={"teacher_forcing_start": 0.5})
    assert "--sampling-passes 2" in own


def test_layer_norm_and_r_drop_are_called_slow():
    norm, two = costs_of(model={"layer_norm": True}, training={"r_drop": 1.0})
    assert norm.startswith("layer norm makes the steps of cells with torch's operations")
    assert two == "R-Drop makes two passes over every batch"


def test_the_command_says_what_is_slow_and_why(tiny_data, tmp_path, run_cli):
    flags = ("--input-feeding", "--max-steps", "1", "--hidden-size", "8", "--emb-size", "8")
    outcome = run_cli("train", tiny_data, tmp_path / "run", *flags, SEQCLI_KERNELS="torch")
    assert outcome.code == 0
    assert "slow: input feeding makes the decoder go step by step" in outcome.stderr
    assert "kernels: torch's operations, as asked for" in outcome.stderr
    assert "precision: " in outcome.stderr


@pytest.mark.parametrize(("asked", "found"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_a_machine_is_what_was_asked_for(asked: str, found: torch.dtype):
    machine = take_machine(device="cpu", precision=asked, threads=1, kernels="torch")
    assert machine.dtype == found
    assert machine.precision == f"{asked}, as asked for"
    assert machine.kernels == "torch's operations, as asked for"
    assert compiled_for(torch.zeros(1)) is None
    use_compiled_kernels(False)


@pytest.mark.parametrize(
    ("native", "words"), [("AMX", "bf16, which this cpu multiplies fast"), (None, "fp32, as bf16")]
)
def test_auto_gives_its_reason(monkeypatch: pytest.MonkeyPatch, native: str | None, words: str):
    monkeypatch.setattr("seqcli.devices._native_bf16", lambda device: native)
    assert explain_precision("auto", torch.device("cpu")).startswith(words)


def test_processes_on_one_machine_share_its_cores(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("seqcli.training.machine.count_cores", lambda: 8)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    machine = take_machine(device="cpu", precision="fp32", threads=None, kernels="torch")
    assert machine.threads == 2
    torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("training", "device", "processes", "said"),
    [
        (
            {},
            "cpu",
            1,
            "bit for bit with the same seed, data, settings, threads, versions and kind of "
            "processor",
        ),
        (
            {},
            "cpu",
            3,
            "bit for bit with the same seed, data, settings, threads, 3 processes, versions and "
            "kind of processor",
        ),
        ({"max_minutes": 5}, "cpu", 1, "not bit for bit: max_minutes makes it follow the clock"),
        ({}, "cuda", 1, "not bit for bit: cuda adds up in an order of its own"),
    ],
)
def test_what_does_not_repeat_is_said(
    training: dict[str, object], device: str, processes: int, said: str
):
    machine = Machine(torch.device(device), torch.float32, 1, "fp32", "none")
    settings = Settings(training=training)
    assert explain_repeats(settings.training, machine, processes=processes) == said


def test_another_machine_at_a_resume_is_said():
    before = {"threads": 2, "torch": "2.13.0"}
    assert explain_changes(before, {"threads": 2, "torch": "2.13.0", "new": 1}) is None
    assert explain_changes(None, before) is None
    assert explain_changes(before, {"threads": 1, "torch": "2.13.0"}) == (
        "threads was 2, is 1: the training goes on, but its weights will not be, bit for bit, "
        "those of one that never stopped"
    )
