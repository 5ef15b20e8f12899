"""Hostile files by the thousand: each is read, or refused with an error of ours; nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FEW, MANY = 20, 5000  # cases of a target whose share is 1
LEAST_CASES = 100_000  # of the many

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")


def fuzz(folder: Path, count: int, environment: dict[str, str]) -> list[dict[str, object]]:
    """Run all targets in a process of their own, and return what it says of each."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.untrusted.fuzzing", str(folder), str(count)],
        capture_output=True,
        check=False,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    target = folder / "target"
    where = target.read_text() if target.exists() else "before the first target"
    assert result.returncode == 0, (
        f"{where} ({folder}): {result.returncode}\n{result.stderr[-4000:]}"
    )
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def cases_of(results: list[dict[str, object]]) -> int:
    return sum(int(str(each.get(key, 0))) for each in results for key in ("read", "refused"))


def test_some_hostile_files_are_read_or_refused(
    tmp_path: Path, process_environment: dict[str, str]
):
    results = fuzz(tmp_path, FEW, process_environment)
    assert len(results) == 27
    assert cases_of(results) > 300


@pytest.mark.faults
def test_a_hundred_thousand_hostile_files_are_read_or_refused(
    tmp_path: Path, process_environment: dict[str, str]
):
    results = fuzz(tmp_path, MANY, process_environment)
    print(json.dumps(results, indent=2))
    assert cases_of(results) >= LEAST_CASES
    for each in results:  # damage that no reader gets through tests little
        assert int(str(each.get("read", 0))) > 0 or "header" in str(each["target"])
