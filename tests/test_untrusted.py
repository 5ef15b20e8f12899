"""What a stranger's files may not do: ask for memory, lead elsewhere, never end, run code."""

from __future__ import annotations

import ast
import json
import os
import shutil
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from untrusted.sealing import take_seals_away

from seqcli.config import load_settings
from seqcli.dataset import Dataset
from seqcli.errors import CheckpointError, CorpusError, SettingsError
from seqcli.files import sha256_of
from seqcli.piece_files import check_piece_model
from seqcli.pieces import Pieces
from seqcli.rundir import require_own_files
from seqcli.untrusted import (
    UnsoundFileError,
    read_bounded,
    read_json,
    read_tensor_headers,
    require_inside,
)
from seqcli.weights import load_model

PACKAGE = Path(__file__).parent.parent / "seqcli"
NO_LINKS = pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")


@pytest.fixture
def run_dir(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of a run that a test may damage."""
    copied = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    take_seals_away(copied)
    return copied


@pytest.fixture
def data_dir(tiny_data: Path, tmp_path: Path) -> Path:
    copied = Path(shutil.copytree(tiny_data, tmp_path / "data"))
    take_seals_away(copied)
    return copied


def change_json(path: Path, change: Callable[[Any], object]) -> None:
    tree = json.loads(path.read_text("utf-8"))
    change(tree)
    path.write_text(json.dumps(tree), "utf-8")


def write_header(path: Path, header: object, body: bytes = b"") -> None:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


# --- no code of a stranger ------------------------------------------------------------------------

FOREIGN_MODULES = {
    "pickle",
    "cPickle",
    "marshal",
    "shelve",
    "dill",
    "joblib",
    "cloudpickle",
    "runpy",
}
FOREIGN_CALLS = {"eval", "exec", "compile", "__import__"}
FOREIGN_METHODS = {
    "torch": {"load", "save", "hub"},
    "yaml": {
        "load",
        "load_all",
        "full_load",
        "unsafe_load",
        "FullLoader",
        "UnsafeLoader",
        "Loader",
    },
    "np": {"load", "loadtxt", "fromregex"},
    "os": {"system", "popen", "execv", "execvp", "spawnl"},
}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_nothing_in_the_package_can_run_what_a_file_says(path: Path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & FOREIGN_MODULES
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in FOREIGN_MODULES
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FOREIGN_CALLS, f"{path}:{node.lineno}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            forbidden = FOREIGN_METHODS.get(node.value.id, set())
            assert node.attr not in forbidden, f"{path}:{node.lineno}"
        elif isinstance(node, ast.keyword):
            assert node.arg not in ("allow_pickle", "shell"), f"{path}:{node.value.lineno}"


def test_a_settings_file_cannot_name_a_python_object(tmp_path: Path):
    path = tmp_path / "x.yaml"
    path.write_text(f"model: {{cell: !!python/object/apply:os.mkdir ['{tmp_path}/made']}}\n")
    with pytest.raises(SettingsError):
        load_settings(config=path, environ={})
    assert not (tmp_path / "made").exists()


# --- bounds ---------------------------------------------------------------------------------------


@given(data=st.binary(max_size=50), most=st.integers(0, 60))
def test_a_file_is_read_whole_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, most: int
):
    path = tmp_path_factory.mktemp("bounds") / "x"
    path.write_bytes(data)
    if len(data) <= most:
        assert read_bounded(path, most) == data
    else:
        with pytest.raises(UnsoundFileError, match="are the most"):
            read_bounded(path, most)


@NO_LINKS
@pytest.mark.parametrize(
    "name", ["manifest.json", "config.yaml", "model.safetensors", "pieces.model"]
)
def test_a_pipe_in_a_run_is_refused_and_not_waited_for(run_dir: Path, name: str):
    (run_dir / name).unlink()
    os.mkfifo(run_dir / name)
    with pytest.raises(CheckpointError, match=name.split(".")[0]):
        load_model(run_dir)


@NO_LINKS
@pytest.mark.parametrize("name", ["manifest.json", "test.src.txt", "train.src.ids"])
def test_a_device_in_a_data_directory_is_refused(data_dir: Path, name: str):
    (data_dir / name).unlink()
    (data_dir / name).symlink_to("/dev/zero")
    with pytest.raises(CorpusError, match=name.split(".")[0]):
        Dataset.open(data_dir).text("test")


@pytest.mark.parametrize("text", ["[" * 100_000, "{" * 500, " " * (5 << 20), '{"a": 1'])
def test_json_that_is_too_deep_or_too_large_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ValueError):  # noqa: PT011 - each has a text of its own
        read_json(path)


@pytest.mark.parametrize(
    "text",
    [
        "model: {layers: " + "[" * 3000,
        "model:\n  layers: " + "- " * 3000,
        "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nmodel: {layers: *c}\n",
        "a: &a\n  <<: *a\n",
        "x" * (1 << 19),
        "model: {" + ", ".join(f"a{number}: 1" for number in range(5000)) + "}",
        "model: {layers: " + "9" * 100_000 + "}",
    ],
    ids=["flow", "block", "laughs", "itself", "large", "mistakes", "digits"],
)
def test_settings_that_are_a_bomb_are_refused_in_few_words(tmp_path: Path, text: str):
    """Thousands of mistakes used to take half a minute, and to fill the screen."""
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(config=path, environ={})
    assert len(str(caught.value)) < 20_000


def test_headers_of_a_sound_file_are_those_of_its_tensors(tmp_path: Path):
    path = tmp_path / "x.safetensors"
    tensors = {
        "a": torch.zeros(3, 5),
        "b": torch.zeros(7, dtype=torch.int8),
        "c": torch.tensor(1.0),
    }
    safetensors.torch.save_file(tensors, path, {"note": "x"})
    found = {name: header.shape for name, header in read_tensor_headers(path).items()}
    assert found == {"a": (3, 5), "b": (7,), "c": ()}


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ({"w": {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 8]}}, "larger than"),
        ({"w": {"dtype": "F32", "shape": [10**12, 0], "data_offsets": [0, 0]}}, "no sound shape"),
        ({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, "not where"),
        ({"w": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, "not where"),
        ({"w": {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}}, "no sound shape"),
        ({"w": {"dtype": "X", "shape": [2], "data_offsets": [0, 8]}}, "no number type"),
        ({"w": []}, "not described"),
        ([], "not a JSON object"),
    ],
)
def test_a_header_that_promises_too_much_is_refused(tmp_path: Path, header: object, text: str):
    path = tmp_path / "x.safetensors"
    write_header(path, header, b"12345678")
    with pytest.raises(UnsoundFileError, match=text):
        read_tensor_headers(path)


@pytest.mark.parametrize("length", [0, 3, 2**20, 2**40, 2**64 - 1])
def test_a_header_that_is_longer_than_the_file_is_refused(tmp_path: Path, length: int):
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", length) + b"{}"[: length or 1])
    with pytest.raises(UnsoundFileError):
        read_tensor_headers(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("hidden_size", 10**9), ("hidden_size", 10**30), ("emb_size", 10**12), ("layers", 10**9)],
)
def test_settings_that_ask_for_more_than_the_weights_have_are_refused(
    run_dir: Path, name: str, value: int
):
    """A model of that size used to be made before anything was compared."""
    path = run_dir / "config.yaml"
    lines = path.read_text("utf-8").splitlines()
    path.write_text(
        "\n".join(f"  {name}: {value}" if line.startswith(f"  {name}:") else line for line in lines)
    )
    with pytest.raises(
        CheckpointError, match=f"{name} is {value}, more than model.safetensors has"
    ):
        load_model(run_dir)


# --- nothing elsewhere ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../../etc/passwd", "/dev/zero", "x/../pieces.model"])
def test_a_manifest_cannot_name_pieces_elsewhere(run_dir: Path, data_dir: Path, name: str):
    change_json(
        run_dir / "manifest.json", lambda tree: tree["data"]["pieces_sha256"].update({name: "0"})
    )
    with pytest.raises(CheckpointError, match="among the pieces"):
        load_model(run_dir)
    change_json(data_dir / "manifest.json", lambda tree: tree["pieces_sha256"].update({name: "0"}))
    with pytest.raises(CheckpointError, match="does not name its pieces"):
        Dataset.open(data_dir).pieces()


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/b", "", ".hidden", "a\0b"])
def test_a_manifest_cannot_name_splits_elsewhere(data_dir: Path, name: str):
    change_json(
        data_dir / "manifest.json", lambda tree: tree["splits"].update({name: {"pairs": 1}})
    )
    with pytest.raises(CorpusError, match="strange names"):
        Dataset.open(data_dir)


@NO_LINKS
def test_a_link_within_a_directory_is_right_and_one_that_leaves_it_is_not(tmp_path: Path):
    home = tmp_path / "run"
    (home / "last").mkdir(parents=True)
    (home / "real").write_text("x")
    (home / "metrics.jsonl").symlink_to(home / "real")
    require_inside(home, ["metrics.jsonl", "last", "missing"])
    (home / "last" / "state").symlink_to(tmp_path / "victim")
    with pytest.raises(SettingsError, match=r"is a link to .*victim, outside"):
        require_inside(home, ["metrics.jsonl", "last"])


@NO_LINKS
@pytest.mark.parametrize(
    "words",
    [
        ("tune", "RUN"),
        ("train", "DATA", "RUN", "--resume"),
        ("train", "DATA", "RUN", "--overwrite"),
    ],
)
@pytest.mark.parametrize("name", ["config.yaml", "metrics.jsonl"])
def test_no_verb_writes_through_a_link_of_a_run(
    run_cli: Callable[..., Any], run_dir: Path, data_dir: Path, words: tuple[str, ...], name: str
):
    """It used to: a run of a stranger could name any file of the user for its settings."""
    victim = run_dir.parent / "victim"
    shutil.copy(run_dir / name, victim)
    (run_dir / name).unlink()
    (run_dir / name).symlink_to(victim)
    before = sha256_of(victim)
    paths = {"RUN": run_dir, "DATA": data_dir}
    outcome = run_cli(*(paths.get(word, word) for word in words))
    assert outcome.code == 2, outcome.stderr
    assert f"{run_dir / name}: is a link to {victim}" in outcome.stderr
    assert sha256_of(victim) == before
    with pytest.raises(SettingsError):
        require_own_files(run_dir)


# --- pieces ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["unigram", "bpe", "char", "word"])
@pytest.mark.parametrize("byte_fallback", [True, False])
def test_every_model_that_we_make_is_sound(tmp_path: Path, kind: str, byte_fallback: bool):
    from seqcli.piece_training import train_pieces

    lines = [f"a{number} b{number % 7} 한국 é" for number in range(200)]
    train_pieces(
        lines,
        tmp_path / "x.model",
        vocab_size=400,
        model_type=kind,
        character_coverage=1.0,
        byte_fallback=byte_fallback,
        user_symbols=["<x>", "⟦1⟧"],
        sample=1000,
        seed=1,
    )
    check_piece_model((tmp_path / "x.model").read_bytes())
    assert len(Pieces.load(tmp_path / "x.model")) > 4


def test_a_normalisation_table_is_refused(tiny_data: Path, tmp_path: Path):
    model = (tiny_data / "pieces.model").read_bytes()
    table = b"\x12\x04" + b"\xff" * 4  # field 2 of a normaliser
    path = tmp_path / "x.model"
    path.write_bytes(model + b"\x1a" + bytes([len(table)]) + table)
    with pytest.raises(CheckpointError, match="two of a part"):
        Pieces.load(path)
    start = model.rindex(b"\x1a\x0c\x0a\x08identity\x12\x00")
    path.write_bytes(model[:start] + b"\x1a" + bytes([len(table)]) + table)
    with pytest.raises(CheckpointError, match="normalisation table"):
        Pieces.load(path)
