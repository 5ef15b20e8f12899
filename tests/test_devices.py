from __future__ import annotations

import os
from typing import get_args

import pytest
import torch

from seqcli import devices
from seqcli.config import Device, Precision
from seqcli.devices import (
    autocast,
    precision_name,
    resolve_device,
    resolve_precision,
    set_threads,
)
from seqcli.errors import SettingsError

CPU = torch.device("cpu")


def pretend(monkeypatch: pytest.MonkeyPatch, *, cuda: bool = False, mps: bool = False) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ({}, "cpu"),
        ({"mps": True}, "mps"),
        ({"cuda": True}, "cuda"),
        ({"cuda": True, "mps": True}, "cuda"),
    ],
)
def test_auto_takes_the_best_device_there_is(
    monkeypatch: pytest.MonkeyPatch, there: dict[str, bool], expected: str
):
    pretend(monkeypatch, **there)
    assert resolve_device("auto").type == expected


@pytest.mark.parametrize("name", get_args(Device))
def test_every_device_of_the_settings_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, name: str):
    pretend(monkeypatch, cuda=True, mps=True)
    assert resolve_device(name).type in {"cuda", name}


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, name: str):
    pretend(monkeypatch)
    with pytest.raises(SettingsError) as caught:
        resolve_device(name)
    assert str(caught.value) == (
        f"--device {name}: torch {torch.__version__} finds no such device here; leave --device out "
        "to take the best there is"
    )


@pytest.mark.parametrize(("native", "expected"), [(True, "bf16"), (False, "fp32")])
def test_auto_precision_is_bf16_where_the_hardware_has_it(
    monkeypatch: pytest.MonkeyPatch, native: bool, expected: str
):
    monkeypatch.setattr(devices, "_native_bf16", lambda device: "AMX" if native else None)
    assert precision_name(resolve_precision("auto", CPU)) == expected


@pytest.mark.parametrize(
    "name", [name for name in get_args(Precision) if name not in ("auto", "int8")]
)
def test_a_named_precision_is_taken_as_it_is(name: str):
    assert precision_name(resolve_precision(name, CPU)) == name


def test_what_is_between_products_of_bytes_is_as_with_auto():
    assert resolve_precision("int8", CPU) == resolve_precision("auto", CPU)


def test_a_torch_that_does_not_tell_gets_fp32(monkeypatch: pytest.MonkeyPatch):
    for test in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, test, raising=False)
    assert resolve_precision("auto", CPU) == torch.float32
    assert resolve_precision("auto", torch.device("mps")) == torch.float32


def test_threads_are_set_and_returned():
    assert set_threads(2) == 2
    assert torch.get_num_threads() == 2
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert set_threads(None) == cores


def test_fp32_products_stay_fp32_and_bf16_ones_do_not():
    matrix = torch.ones(2, 2)
    with autocast(CPU, torch.float32):
        assert (matrix @ matrix).dtype == torch.float32
    with autocast(CPU, torch.bfloat16):
        assert (matrix @ matrix).dtype == torch.bfloat16
