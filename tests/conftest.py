"""What every test gets: a quiet environment, fixed seeds, and two ways to run the program."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Typer and Rich read these when they are imported, which happens in the tests.
os.environ["COLUMNS"] = "120"
os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"
for variable in [name for name in os.environ if name.startswith("SEQCLI_")]:
    del os.environ[variable]

# Deadlines fail on a busy machine; examples are found again in CI.
settings.register_profile("seqcli", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("seqcli")

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Outcome:
    """How a run of the program ended; escape sequences are taken out of its output."""

    code: int
    stdout: str
    stderr: str


@pytest.fixture(autouse=True)
def _fixed_seeds_and_one_thread() -> None:
    random.seed(1)
    if torch := sys.modules.get("torch"):  # tests of the text side never import it
        torch.manual_seed(1)
        torch.set_num_threads(1)


@pytest.fixture
def run_cli() -> Callable[..., Outcome]:
    """Run the command line in this process: ``run_cli("train", ..., stdin=b"...")``."""
    from typer.testing import CliRunner

    from seqcli.cli import app

    def run(*words: str | Path, stdin: bytes | str | None = None, **environment: str) -> Outcome:
        result = CliRunner().invoke(
            app, [str(word) for word in words], input=stdin, env=environment, prog_name="seqcli"
        )
        return Outcome(result.exit_code, _plain(result.stdout), _plain(result.stderr))

    return run


@pytest.fixture
def run_process() -> Callable[..., Outcome]:
    """Run the program as a process of its own; takes what ``subprocess.run`` takes, and ``env``."""

    def run(
        *words: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None, **options: Any
    ) -> Outcome:
        if "stdin_file" in options:
            options["stdin"] = options.pop("stdin_file")
        else:
            options["input"] = stdin
        result = subprocess.run(
            [sys.executable, "-m", "seqcli", *map(str, words)],
            capture_output=True,
            check=False,
            timeout=120,
            env=process_environment(env),
            **options,
        )
        return Outcome(
            result.returncode,
            _plain(result.stdout.decode("utf-8")),
            _plain(result.stderr.decode("utf-8")),
        )

    return run


def process_environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which this checkout is imported and warnings are errors."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        **(extra or {}),
    }


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
