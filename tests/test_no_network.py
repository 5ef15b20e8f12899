"""Only ``seqcli data get`` opens a connection."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seqcli.cli import VERBS

PACKAGE = Path(__file__).parent.parent / "seqcli"
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
FETCHING = "downloads/fetching.py"
NETWORKING = {
    "aiohttp", "asyncio", "ftplib", "http", "httpx", "imaplib", "poplib", "requests", "smtplib",
    "socket", "socketserver", "ssl", "telnetlib", "urllib.request", "urllib3", "xmlrpc",
}  # fmt: skip
EVENTS = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}

_watched: list[str] | None = None


def _watch(event: str, words: tuple[object, ...]) -> None:
    if _watched is not None and event in EVENTS:
        _watched.append(f"{event} {words}")
        raise PermissionError(f"{event} {words}")


@pytest.fixture
def connections() -> Iterator[list[str]]:
    """Note and refuse whatever opens a connection, however it is called."""
    global _watched
    if not getattr(sys, "_seqcli_watch", False):
        sys.addaudithook(_watch)  # cannot be taken away again
        sys._seqcli_watch = True  # type: ignore[attr-defined]
    _watched = []
    yield _watched
    _watched = None


def networking_of(module: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / module).read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            found |= {".".join(parts[:n]) for n in range(1, len(parts) + 1)} & NETWORKING
    return found


@pytest.mark.parametrize("module", MODULES)
def test_one_module_imports_what_opens_connections(module: str):
    found = networking_of(module)
    if module == FETCHING:
        assert found == {"http", "urllib.request"}
    elif found:
        assert found == {"socket"}  # for the name of the machine
        tree = ast.parse((PACKAGE / module).read_text("utf-8"))
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "socket"
        }
        assert used == {"gethostname"}


def test_no_verb_but_get_opens_a_connection(
    run_cli, tiny_data: Path, tiny_run: Path, tmp_path: Path, monkeypatch, connections: list[str]
):
    folder = tiny_data.parent
    monkeypatch.chdir(tmp_path)
    langs = ("--src-lang", "fw", "--tgt-lang", "bw")
    run, text = tmp_path / "run", folder / "train"
    runs = [
        ("data", "check", folder / "train.fw", folder / "train.bw"),
        ("data", "clean", text, "clean", "--no-numbers", *langs),
        ("data", "split", text, "parts", "--valid", "5", *langs),
        ("data", "stats", text, "-o", "x.svg", *langs),
        ("data", "get", "--list"),
        ("preprocess", "data", "--train", text, "--valid", folder / "valid",
         "--test", folder / "test", "--vocab-size", "300", "--model-type", "char", *langs),
        ("train", "data", run, "--max-steps", "1", "--hidden-size", "8", "--emb-size", "8",
         "--threads", "1", "--keep-checkpoints", "1"),
        ("translate", "-m", run, folder / "test.fw", "-o", "test.hyp", "--beam-size", "1"),
        ("eval", "--hyp", "test.hyp", "--ref", folder / "test.bw"),
        ("tune", run, "--beams", "1", "--penalties", "1"),
        ("average", run, "average", "--count", "1"),
        ("shortlist", run),
        ("export", run, "bundle"),
        ("inspect", "schedule"),
        ("config", run),
    ]  # fmt: skip
    assert {words[0] for words in runs} == set(VERBS)
    for words in runs:
        outcome = run_cli(*words)
        assert connections == [], words
        assert outcome.code == 0, (words, outcome.stderr)
    outcome = run_cli("data", "get", "multi30k", "--attempts", "1", "--cache", "cache")
    assert connections  # the watch works
    assert outcome.code == 1
