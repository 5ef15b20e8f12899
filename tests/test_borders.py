"""The borders of DESIGN.md section 2: who may import what, who may print."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "seqcli"
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
TEXT_SIDE = [
    "seqcli.config",
    "seqcli.corpus",
    "seqcli.pieces",
    "seqcli.dataset",
    "seqcli.preprocessing",
    "seqcli.scoring",
    "seqcli.evaluation",
]


def imported_by(module: str, process_environment: dict[str, str]) -> set[str]:
    """Return what is in sys.modules after an import in a fresh interpreter."""
    result = subprocess.run(
        [sys.executable, "-c", f"import {module}, sys; print(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
        env=process_environment,
    )
    return set(result.stdout.split())


def imports_of(module: str) -> Iterator[str]:
    tree = ast.parse((PACKAGE / module).read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("module", ["seqcli", "seqcli.cli"])
def test_the_program_starts_without_the_heavy_libraries(module, process_environment):
    heavy = {"torch", "sentencepiece", "sacrebleu", "numpy", "pydantic", "yaml"}
    assert not heavy & imported_by(module, process_environment)


def test_the_text_side_never_imports_torch(process_environment):
    assert "torch" not in imported_by(", ".join(TEXT_SIDE), process_environment)


@pytest.mark.parametrize("module", MODULES)
def test_only_console_and_cli_import_rich_and_typer(module):
    terminal = {name.split(".")[0] for name in imports_of(module)} & {"rich", "typer"}
    assert not terminal or module.startswith(("console", "cli/"))


@pytest.mark.parametrize("module", MODULES)
def test_only_console_and_cli_write_to_the_terminal(module):
    text = (PACKAGE / module).read_text("utf-8")
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    writes = "print" in names or "sys.stdout" in text.replace("``", "") or "sys.stderr" in text
    assert not writes or module.startswith(("console", "cli/", "corpus/lines"))
