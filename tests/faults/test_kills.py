"""Trainings that are killed with SIGKILL end as if nothing had happened."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("kill_training.py")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks, and kills")


def kill_trainings(environment: dict[str, str], *words: str) -> dict[str, Any]:
    result = subprocess.run(
        [sys.executable, str(SCRIPT), *words],
        capture_output=True,
        text=True,
        env={**environment, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert result.stdout, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["differences"] == [], result.stderr
    assert found["identical"] == found["trainings"] > 0
    return found


def test_a_few_kills_change_nothing(process_environment: dict[str, str]):
    found = kill_trainings(process_environment, "--kills", "5", "--variants", "ema")
    assert found["kills"] == 5


@pytest.mark.faults
def test_two_hundred_kills_change_nothing(process_environment: dict[str, str]):
    found = kill_trainings(process_environment, "--kills", "200")
    assert found["kills"] == 200
    assert found["by_clock"] > 50
    assert found["inside_writes"] > 50
    assert all(found["most_lost"][name] <= most for name, most in found["intervals"].items())
