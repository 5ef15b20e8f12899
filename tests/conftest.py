"""What every test gets: a quiet environment, fixed seeds, and two ways to run the program."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
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


@pytest.fixture(autouse=True, scope="session")
def _cache_of_our_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


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
def run_process(process_environment: dict[str, str]) -> Callable[..., Outcome]:
    """Run the program as a process of its own; takes what ``subprocess.run`` takes, and ``env``."""

    def run(*words: str | Path, env: dict[str, str] | None = None, **options: Any) -> Outcome:
        if "stdin" not in options:
            options.setdefault("input", b"")
        result = subprocess.run(
            [sys.executable, "-m", "seqcli", *map(str, words)],
            capture_output=True,
            check=False,
            timeout=120,
            env={**process_environment, **(env or {})},
            **options,
        )
        return Outcome(
            result.returncode,
            _plain(result.stdout.decode("utf-8")),
            _plain(result.stderr.decode("utf-8")),
        )

    return run


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory of reversed digit strings, made once; do not write to it."""
    from seqcli import preprocess

    folder = tmp_path_factory.mktemp("tiny")
    numbers = [str(number) for number in range(100, 180)]
    for name, part in (("train", numbers[:60]), ("valid", numbers[60:70]), ("test", numbers[70:])):
        (folder / f"{name}.fw").write_text("".join(f"{line}\n" for line in part), "utf-8")
        (folder / f"{name}.bw").write_text("".join(f"{line[::-1]}\n" for line in part), "utf-8")
    texts = {name: folder / name for name in ("train", "valid", "test")}
    preprocess(
        folder / "data", **texts, src_lang="fw", tgt_lang="bw", model_type="char", vocab_size=300
    )
    return folder / "data"


@pytest.fixture(scope="session")
def tiny_run(tiny_data: Path) -> Path:
    """A run directory of a model that has learnt nothing, made once; do not write to it."""
    from seqcli import train

    run_dir = tiny_data.parent / "run"
    sizes = {"hidden_size": 8, "emb_size": 8, "beam_size": 2}
    train(tiny_data, run_dir, **sizes, max_steps=1, threads=1, precision="fp32")
    return run_dir


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A web server of this machine; what it answers is up to the test."""
    from web_server import running

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with running() as server:
        yield server


@pytest.fixture
def process_environment() -> dict[str, str]:
    """An environment in which ``python -m seqcli`` is this checkout."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
