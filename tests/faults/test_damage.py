"""A file that is damaged, cut short or swapped is named, with exit code 4, or done without."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import tiny_settings

from seqcli.averaging import average_weights, list_checkpoints
from seqcli.dataset import Dataset
from seqcli.errors import CheckpointError, DamagedDataError, SeqcliError
from seqcli.reporting import SilentReporter
from seqcli.training import train_model
from seqcli.training.checkpoint import LAST, PREVIOUS, restore_state
from seqcli.training.session import make_session
from seqcli.weights import build_model, load_model

SETTINGS: dict[str, Any] = {
    "max_steps": 6,
    "valid_every": 2,
    "save_every": 2,
    "log_every": 1,
    "keep_checkpoints": 2,
    "dropout": 0.3,
}
RUN_FILES = ("config.yaml", "manifest.json", "pieces.model", "model.safetensors")
FEW, MANY = 3, 120  # places in each file that are damaged
AMOUNTS = [FEW, pytest.param(MANY, marks=pytest.mark.faults)]


@pytest.fixture(scope="module")
def run_dir(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("damage") / "run"
    train_model(
        tiny_settings(**SETTINGS), tiny_data, path, resume=False, overwrite=False,
        report=SilentReporter(),
    )  # fmt: skip
    return path


@pytest.fixture
def run_copy(run_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run_dir, tmp_path / "run"))


def damages(whole: bytes, count: int) -> Iterator[tuple[str, bytes]]:
    """Yield ways to damage a file: count places over its whole length, each in turn in one way."""
    rng = random.Random(len(whole))
    for number in range(count):
        start = number * len(whole) // count
        at = rng.randrange(start, max(start + 1, (number + 1) * len(whole) // count))
        length = rng.randint(1, 64)
        bit = bytes([whole[at] ^ (1 << rng.randrange(8))])
        kinds = {
            "bit": whole[:at] + bit + whole[at + 1 :],
            "byte": whole[:at] + bytes([rng.randrange(256)]) + whole[at + 1 :],
            "cut": whole[:at],
            "zeros": whole[:at] + bytes(length) + whole[at + length :],
            "gone": whole[:at] + whole[at + length :],
            "more": whole[:at] + rng.randbytes(length) + whole[at:],
        }
        # Where it is about one byte, every place counts.
        for kind in ("bit", list(kinds)[number % len(kinds)]):
            if kinds[kind] != whole:
                yield f"{kind} at {at}", kinds[kind]
    yield "empty", b""
    yield "random", rng.randbytes(len(whole))


def refused_with(load: Callable[[], object], *, naming: Path) -> int | str:
    """Return the exit code of a failure that names a file; what was said instead if it does not."""
    try:
        load()
    except SeqcliError as error:
        return error.exit_code if naming.name in str(error) else str(error)
    return "nothing was noticed"


@pytest.mark.parametrize("count", AMOUNTS)
@pytest.mark.parametrize("name", RUN_FILES)
def test_a_damaged_file_of_a_run_is_named(run_copy: Path, name: str, count: int):
    path = run_copy / name
    whole = path.read_bytes()
    for case, data in damages(whole, count):
        path.write_bytes(data)
        assert refused_with(lambda: load_model(run_copy), naming=path) == 4, case
    path.write_bytes(whole)
    load_model(run_copy)


@pytest.mark.parametrize("count", AMOUNTS)
def test_a_damaged_file_of_a_data_directory_is_named(tiny_data: Path, tmp_path: Path, count: int):
    data_dir = Path(shutil.copytree(tiny_data, tmp_path / "data"))

    def load() -> None:
        dataset = Dataset.open(data_dir)
        dataset.check_files()

    load()
    for path in sorted(data_dir.iterdir()):
        whole = path.read_bytes()
        for case, data in damages(whole, count):
            path.write_bytes(data)
            assert refused_with(load, naming=path) == 4, case
        path.write_bytes(whole)
    load()


@pytest.mark.parametrize("count", AMOUNTS)
def test_a_damaged_state_is_named_and_the_one_before_it_is_taken(
    run_copy: Path, tiny_data: Path, count: int
):
    settings, pieces = tiny_settings(**SETTINGS), Dataset.open(tiny_data).pieces()

    def restore() -> tuple[int, list[str]]:
        session = make_session(
            settings,
            build_model(settings, pieces),
            Dataset.open(tiny_data).split("train"),
            device=torch.device("cpu"),
            dtype=torch.float32,
        )
        state, problems = restore_state(run_copy, session)
        return state.update, problems

    assert restore() == (6, [])
    path = run_copy / LAST
    whole, before = path.read_bytes(), (run_copy / PREVIOUS).read_bytes()
    for case, data in damages(whole, count):
        path.write_bytes(data)
        update, problems = restore()
        assert update == 4, case
        assert len(problems) == 1
        assert problems[0].startswith(f"{path}: "), case
    (run_copy / PREVIOUS).write_bytes(before[:-1])
    assert refused_with(restore, naming=path) == 4, "both"


@pytest.mark.parametrize("count", AMOUNTS)
def test_a_damaged_checkpoint_is_named(run_copy: Path, count: int):
    path = list_checkpoints(run_copy)[0].path
    whole = path.read_bytes()

    def load() -> None:
        average_weights([one.path for one in list_checkpoints(run_copy)])

    load()
    for case, data in damages(whole, count):
        path.write_bytes(data)
        assert refused_with(load, naming=path) == 4, case


# --- What the user sees ---------------------------------------------------------------------------


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", RUN_FILES)
def test_translate_names_a_damaged_file(run_cli: Callable[..., Any], run_copy: Path, name: str):
    flip(run_copy / name, -3)
    found = run_cli("translate", "-m", run_copy, stdin="123\n")
    assert (found.code, found.stdout) == (4, "")
    assert found.stderr.startswith("seqcli: ")
    assert str(run_copy / name) in found.stderr or name in found.stderr


@pytest.mark.parametrize("name", ["train.src.ids", "valid.tgt.txt", "pieces.model", "test.src.txt"])
def test_train_names_a_damaged_file_of_the_data_and_makes_no_run(
    run_cli: Callable[..., Any], tiny_data: Path, tmp_path: Path, name: str
):
    """A training that a damaged validation text stopped used to leave half a run directory."""
    data_dir = Path(shutil.copytree(tiny_data, tmp_path / "data"))
    flip(data_dir / name, 1)
    found = run_cli("train", data_dir, tmp_path / "run")
    assert found.code == 4
    assert f"seqcli: {data_dir / name}: not the file that belongs to this data dir" in found.stderr
    assert not (tmp_path / "run").exists()


def test_swapped_sides_of_a_data_directory_are_noticed(tiny_data: Path, tmp_path: Path):
    data_dir = Path(shutil.copytree(tiny_data, tmp_path / "data"))
    for suffix in ("ids", "offsets"):
        src, tgt = (data_dir / f"train.{side}.{suffix}" for side in ("src", "tgt"))
        kept = src.read_bytes()
        src.write_bytes(tgt.read_bytes())
        tgt.write_bytes(kept)
    with pytest.raises(DamagedDataError, match=r"train\.src\.ids: not the file that belongs"):
        Dataset.open(data_dir).check_files()


def test_the_model_of_another_run_is_noticed(run_copy: Path, tiny_data: Path, tmp_path: Path):
    train_model(
        tiny_settings(**SETTINGS, seed=2), tiny_data, tmp_path / "other", resume=False,
        overwrite=False, report=SilentReporter(),
    )  # fmt: skip
    shutil.copy(tmp_path / "other" / "model.safetensors", run_copy)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: not the file that belongs to"):
        load_model(run_copy)


@pytest.mark.parametrize("name", [str(LAST), "model.safetensors", "pieces.model"])
def test_a_resumed_training_does_without_what_is_damaged(
    run_cli: Callable[..., Any], run_dir: Path, run_copy: Path, tiny_data: Path, name: str
):
    flip(run_copy / name, -3)
    found = run_cli("train", tiny_data, run_copy, "--resume")
    assert found.code == 0, found.stderr
    assert "warning: " in found.stderr
    assert (run_copy / "model.safetensors").read_bytes() == (
        run_dir / "model.safetensors"
    ).read_bytes()
    load_model(run_copy)


def test_a_state_that_is_gone_is_done_without(
    run_cli: Callable[..., Any], run_copy: Path, tiny_data: Path
):
    (run_copy / LAST).unlink()
    found = run_cli("train", tiny_data, run_copy, "--resume")
    assert found.code == 0
    assert f"{run_copy / LAST}: is missing; goes on from {run_copy / PREVIOUS}" in found.stderr


def test_records_that_were_damaged_are_cut_back_or_named(
    run_cli: Callable[..., Any], run_dir: Path, run_copy: Path, tiny_data: Path
):
    path = run_copy / "metrics.jsonl"
    whole = path.read_bytes()
    flip(path, -3)
    found = run_cli("train", tiny_data, run_copy, "--resume")
    assert found.code == 0, found.stderr
    assert f"warning: {path}: its first " in found.stderr
    assert f"goes on from {run_copy / PREVIOUS}, of update 4" in found.stderr
    assert len(path.read_bytes().splitlines()) == len(whole.splitlines())
    flip(path, 3)
    found = run_cli("train", tiny_data, run_copy, "--resume")
    assert found.code == 4
    assert str(path) in found.stderr
    path.unlink()
    assert run_cli("train", tiny_data, run_copy, "--resume").code == 0


def test_a_damaged_checkpoint_stops_a_training_before_it_starts(
    run_cli: Callable[..., Any], run_copy: Path, tiny_data: Path
):
    path = list_checkpoints(run_copy)[0].path
    flip(path, -3)
    found = run_cli("train", tiny_data, run_copy, "--resume")
    assert found.code == 4
    assert found.stderr.endswith("the file is damaged: remove it to do without\n")


def test_a_file_in_whose_place_is_a_directory_is_named(run_copy: Path):
    for name in RUN_FILES:
        kept = (run_copy / name).read_bytes()
        (run_copy / name).unlink()
        (run_copy / name).mkdir()
        assert refused_with(lambda: load_model(run_copy), naming=run_copy / name) == 4, "directory"
        (run_copy / name).rmdir()
        (run_copy / name).write_bytes(kept)
