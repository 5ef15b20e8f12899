from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from seqcli.config import load_settings
from seqcli.decoding.translator import Translator
from seqcli.errors import CheckpointError, SeqcliError
from seqcli.rundir import (
    create_run,
    has_model,
    load_settings_of,
    read_manifest,
    save_model,
    update_manifest,
)
from seqcli.training.checkpoint import LAST
from seqcli.weights import load_model


@pytest.fixture
def run_dir(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of a run that a test may damage."""
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


def message_of(load: Callable[[Path], object], run_dir: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load(run_dir)
    assert caught.value.exit_code == 4
    return str(caught.value)


def change_manifest(run_dir: Path, **fields: Any) -> None:
    path = run_dir / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **fields}), "utf-8")


def change_model(run_dir: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    path = run_dir / "model.safetensors"
    tensors = safetensors.torch.load_file(path)
    change(tensors)
    safetensors.torch.save_file(tensors, path)


def test_a_run_comes_back_as_it_was_saved(run_dir: Path):
    model, _, _ = load_model(run_dir)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_()
    save_model(run_dir, dict(model.named_parameters()))
    loaded, pieces, settings = load_model(run_dir)
    assert not loaded.training
    assert settings == load_settings_of(run_dir)
    assert len(pieces.src) == loaded.src_embedding.num_embeddings
    for (name, one), (_, other) in zip(
        loaded.named_parameters(), model.named_parameters(), strict=True
    ):
        assert torch.equal(one, other), name


def test_saving_overwrites_nothing_but_the_model_and_leaves_nothing_behind(run_dir: Path):
    before = {path.name for path in run_dir.iterdir()}
    save_model(run_dir, dict(load_model(run_dir)[0].named_parameters()))
    assert {path.name for path in run_dir.iterdir()} == before


def test_a_copy_elsewhere_is_enough_to_translate(run_dir: Path, tiny_run: Path):
    for path in run_dir.iterdir():
        if path.name not in {"config.yaml", "manifest.json", "model.safetensors", "pieces.model"}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    lines = ["12", "345"]
    translated = [
        Translator.load(directory, device="cpu", threads=1, precision="fp32").translate(lines)
        for directory in (run_dir, tiny_run)
    ]
    assert translated[0] == translated[1]


def test_a_new_run_has_settings_pieces_and_manifest_but_no_model(tmp_path: Path, tiny_data: Path):
    run_dir, settings = tmp_path / "a" / "b", load_settings(keywords={"layers": 3}, environ={})
    create_run(run_dir, settings, pieces_dir=tiny_data, manifest={"seed": 5})
    assert load_settings_of(run_dir) == settings
    assert read_manifest(run_dir)["seed"] == 5
    assert not has_model(run_dir)
    update_manifest(run_dir, status="done")
    assert (read_manifest(run_dir)["seed"], read_manifest(run_dir)["status"]) == (5, "done")
    assert message_of(load_model, run_dir) == (
        f"{run_dir}: has no model.safetensors: training stopped before its first validation (go on "
        "with `seqcli train DATA_DIR RUN_DIR --resume`), or the file was lost (restore it from a "
        "copy, or train again)"
    )


def test_what_is_missing_or_a_file_is_no_run(tmp_path: Path):
    path = tmp_path / "nowhere"
    rule = "a model is a run directory, as `seqcli train` writes it"
    assert message_of(load_model, path) == f"{path}: there is no such directory; {rule}"
    path.write_text("")
    assert message_of(load_model, path) == f"{path}: this is a file; {rule}"


def test_another_directory_is_no_run(tmp_path: Path, tiny_data: Path):
    assert message_of(load_model, tmp_path) == (
        f"{tmp_path}: not a run directory, as it has no manifest.json; give the RUN_DIR of "
        "`seqcli train`"
    )
    assert message_of(load_model, tiny_data) == (
        f"{tiny_data}: not a run directory (its manifest.json is of something else); give the "
        "RUN_DIR of `seqcli train`"
    )


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"nonsense"])
def test_a_damaged_manifest_is_told_in_words(run_dir: Path, content: bytes):
    (run_dir / "manifest.json").write_bytes(content)
    message = message_of(load_model, run_dir)
    assert message.startswith(f"{run_dir / 'manifest.json'}: cannot be read (")
    assert message.endswith("; restore it from a copy, or train again")


@pytest.mark.parametrize("content", ["[]", "7", '{"kind": "seqcli data"}', "null"])
def test_a_manifest_of_something_else_is_refused(run_dir: Path, content: str):
    (run_dir / "manifest.json").write_text(content)
    assert "(its manifest.json is of something else)" in message_of(load_model, run_dir)


def test_another_format_names_the_version_that_wrote_it(run_dir: Path):
    change_manifest(run_dir, format=99, seqcli="9.9.9")
    message = message_of(load_model, run_dir)
    assert message.startswith(f"{run_dir / 'manifest.json'}: has format 99, but seqcli ")
    assert message.endswith("reads format 1; it was written by seqcli '9.9.9', use that version")


@pytest.mark.parametrize("size", [0, 4, 100, -1])
def test_a_truncated_model_is_told_in_words(run_dir: Path, size: int):
    path = run_dir / "model.safetensors"
    path.write_bytes(path.read_bytes()[:size])
    message = message_of(load_model, run_dir)
    assert message.startswith(f"{path}: cannot be read (")
    assert message.endswith("; the file is damaged or cut short: copy it again, or train again")


def test_a_model_of_other_sizes_is_refused(run_dir: Path):
    change_model(
        run_dir,
        lambda tensors: tensors.update({"output.bias": tensors["output.bias"][:-1].clone()}),
    )
    vocab = len(load_pieces(run_dir))
    assert message_of(load_model, run_dir) == (
        f"{run_dir / 'model.safetensors'}: 'output.bias' has shape ({vocab - 1},), but config.yaml "
        f"and the pieces ask for ({vocab},); the files are of different runs"
    )


def load_pieces(run_dir: Path) -> Any:
    from seqcli.pieces import PiecePair

    return PiecePair.load(run_dir).tgt


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda tensors: tensors.pop("output.bias"), "output.bias"),
        (lambda tensors: tensors.update(another=torch.zeros(1)), "another"),
    ],
    ids=["missing", "more"],
)
def test_a_model_with_other_weights_is_refused(
    run_dir: Path, change: Callable[[dict[str, torch.Tensor]], object], name: str
):
    change_model(run_dir, change)
    assert message_of(load_model, run_dir) == (
        f"{run_dir / 'model.safetensors'}: does not fit config.yaml ({name!r} is in one and not in "
        "the other); the two are of different runs"
    )


def test_a_model_that_holds_no_numbers_is_refused(run_dir: Path):
    change_model(run_dir, lambda tensors: tensors["output.bias"].fill_(torch.nan))
    assert message_of(load_model, run_dir) == (
        f"{run_dir / 'model.safetensors'}: 'output.bias' holds values that are not finite, as "
        "after a training that diverged or in a damaged file; copy it again, or train again with a "
        "lower --lr"
    )


def test_the_pieces_of_another_run_are_refused(run_dir: Path, tiny_data: Path, tmp_path: Path):
    from seqcli import preprocess

    texts = {name: tiny_data.parent / name for name in ("train", "valid")}
    preprocess(
        tmp_path / "other", **texts, src_lang="fw", tgt_lang="bw", model_type="char",
        vocab_size=290, byte_fallback=False,
    )  # fmt: skip
    shutil.copy(tmp_path / "other" / "pieces.model", run_dir)
    message = message_of(load_model, run_dir)
    assert message.startswith(f"{run_dir / 'pieces.model'}: not the pieces that the model was")
    update_manifest(run_dir, data=None)  # a run that does not say which pieces it had
    message = message_of(load_model, run_dir)
    assert "has shape" in message
    assert message.endswith("the files are of different runs")


def test_missing_and_damaged_pieces_are_told_in_words(run_dir: Path):
    path = run_dir / "pieces.model"
    path.write_bytes(path.read_bytes()[:50])
    assert "not a SentencePiece model, or a damaged one" in message_of(load_model, run_dir)
    path.unlink()
    assert message_of(load_model, run_dir).startswith(f"{run_dir}: has neither pieces.model nor")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "config.yaml"), ("model:\n  cell: gpt\n", "cell"), ("model: [\n", "config.yaml")],
    ids=["missing", "unknown cell", "no YAML"],
)
def test_settings_that_cannot_be_read_are_told_in_words(
    run_dir: Path, content: str | None, reason: str
):
    path = run_dir / "config.yaml"
    path.unlink() if content is None else path.write_text(content)
    for load in (load_model, load_settings_of):
        message = message_of(load, run_dir)
        assert message.startswith(f"{run_dir}: its settings cannot be read: ")
        assert reason in message


def forget_digests(run_dir: Path) -> None:
    """Make the manifest that of an older run, which has no digests."""
    manifest = {k: v for k, v in read_manifest(run_dir).items() if k not in ("files", "sha256")}
    (run_dir / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def test_settings_that_cannot_be_built_are_told_in_words(run_dir: Path):
    forget_digests(run_dir)
    path = run_dir / "config.yaml"
    path.write_text(path.read_text("utf-8").replace("hidden_size: 8", "hidden_size: 9"), "utf-8")
    message = message_of(load_model, run_dir)
    assert message.startswith(f"{path}: --hidden-size 9: a bidirectional encoder gives half")


def test_the_environment_does_not_change_what_a_run_was_trained_with(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    before = load_settings_of(run_dir)
    monkeypatch.setenv("SEQCLI_HIDDEN_SIZE", "64")
    assert load_settings_of(run_dir) == before


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of file sizes to set")
def test_a_disk_that_is_full_is_told_in_words_and_keeps_the_old_model(run_dir: Path):
    """The library that writes the weights has errors of its own, which used to go uncaught."""
    import resource
    import signal

    model = dict(load_model(run_dir)[0].named_parameters())
    before = (run_dir / "model.safetensors").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(SeqcliError) as caught:
            save_model(run_dir, model)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    path = run_dir / "model.safetensors"
    assert str(caught.value).startswith(f"{path}: cannot be written (")
    assert str(caught.value).endswith("; free some space or choose another place")
    assert path.read_bytes() == before
    assert not list(run_dir.glob(".seqcli*"))


def test_only_tensors_and_text_are_on_disk(tiny_run: Path):
    for path in (tiny_run / "model.safetensors", tiny_run / LAST):
        assert safetensors.torch.load_file(path)
    suffixes = {path.suffix for path in tiny_run.rglob("*") if path.is_file()}
    assert suffixes == {".yaml", ".json", ".jsonl", ".safetensors", ".model", ".log", ".hyp"}


def test_loading_draws_no_weights_that_it_would_overwrite(tiny_run: Path):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    load_model(tiny_run)
    assert torch.equal(torch.get_rng_state(), before)


def test_loading_never_imports_the_compiler_of_torch(
    tiny_run: Path, process_environment: dict[str, str]
):
    """It takes longer than torch itself."""
    code = (
        "import sys; from pathlib import Path; from seqcli.weights import load_model;"
        "load_model(Path(sys.argv[1])); print('torch._dynamo' in sys.modules)"
    )
    words = [sys.executable, "-c", code, str(tiny_run)]
    found = subprocess.run(
        words, capture_output=True, check=True, text=True, env=process_environment
    )
    assert found.stdout == "False\n"
