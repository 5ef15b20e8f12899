from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import safetensors.torch
import torch
from tiny import make_split, tiny_model, tiny_settings

from seqcli.batches import BatchStream
from seqcli.errors import SeqcliError
from seqcli.integrity import dump_sealed
from seqcli.training.distributed import Ranks, _explaining, joined, launcher
from seqcli.training.preparation import is_restart
from seqcli.training.session import make_session, toss

PAIRS = [([4 + n % 5] * (1 + n % 4), [5 + n] * (1 + n % 3)) for n in range(7)]


def test_without_torchrun_a_process_is_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    monkeypatch.setenv("WORLD_SIZE", "4")  # as some cluster may say to any program
    with joined(torch.device("cpu")) as ranks:
        assert ranks == Ranks()
        assert ranks.is_first
        assert ranks.from_first(1.5, 2) == [1.5, 2]
        assert ranks.sum(3) == 3


def test_only_what_comes_over_the_wire_is_blamed_on_another_process():
    with pytest.raises(SeqcliError, match="another process of this training"), _explaining():
        raise RuntimeError("[pair.cc:537] gloo: Connection reset by peer")
    with pytest.raises(RuntimeError, match="not enough memory"), _explaining():
        raise RuntimeError("not enough memory: you tried to allocate 8 GB")


@pytest.mark.parametrize("count", [1, 2, 3, 16])
def test_shares_hold_every_sentence_once(count: int):
    """Sixteen processes for seven sentences included: nine of them predict nothing."""
    split = make_split(PAIRS)
    whole = BatchStream(split, batch_tokens=1000, seed=1).take()
    streams = [
        BatchStream(split, batch_tokens=1000, seed=1, rank=rank, ranks=count)
        for rank in range(count)
    ]
    shares = [stream.take_share() for stream in streams]
    firsts = [int(row[0]) for share in shares for row in share.batch.tgt_out if row[0] != 0]
    assert firsts == whole.tgt_out[:, 0].tolist()
    assert sum(share.batch.num_tgt_tokens for share in shares) == whole.num_tgt_tokens
    for share in shares:
        assert share.whole_tgt_tokens == whole.num_tgt_tokens
        assert (share.whole_size, share.whole_tgt_len) == tuple(whole.tgt_in.shape)


def test_coins_do_not_depend_on_the_number_of_processes():
    found = []
    for count in (1, 2):
        coins = []
        for rank in range(count):
            session = make_session(
                tiny_settings(batch_tokens=1000),
                tiny_model(),
                make_split(PAIRS),
                device=torch.device("cpu"),
                dtype=torch.float32,
            )
            stream = BatchStream(
                make_split(PAIRS), batch_tokens=1000, seed=1, rank=rank, ranks=count
            )
            share = stream.take_share()
            tossed = toss(session, share, 0.5)
            assert tossed is not None
            real = share.batch.tgt_out != 0
            coins += tossed[real].tolist()
        found.append(coins)
    assert found[0] == found[1]


def torchrun(
    count: int, *words: str | Path, options: tuple[str, ...] = ()
) -> subprocess.Popen[bytes]:
    """Start seqcli in several processes on this machine."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(count), *options, "-m", "seqcli", *map(str, words)]
    environment = {**os.environ, "SEQCLI_KERNELS": "torch", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    )


def words_for(data: Path, run: Path, **more: object) -> list[str]:
    settings = {
        "hidden_size": 8,
        "emb_size": 8,
        "max_steps": 6,
        "batch_tokens": 60,
        "dropout": 0,
        "precision": "fp32",
        "valid_every": 3,
        "log_every": 1,
        "threads": 1,
        **more,
    }
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    return ["train", str(data), str(run), *flags]


@pytest.mark.parametrize("forced", [1.0, 0.5])
def test_two_processes_give_the_run_of_one(tiny_data: Path, tmp_path: Path, run_cli, forced: float):
    """Plain gradient descent would show the same; Adam shows it to rounding after few updates."""
    settings = {"teacher_forcing_start": forced, "grad_accum": 2, "lr": 1e-3}
    one = run_cli(*words_for(tiny_data, tmp_path / "one", **settings), SEQCLI_KERNELS="torch")
    assert one.code == 0, one.stderr
    process = torchrun(2, *words_for(tiny_data, tmp_path / "two", **settings))
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output.decode()
    lines = [
        [json.loads(line) for line in (tmp_path / run / "metrics.jsonl").read_text().splitlines()]
        for run in ("one", "two")
    ]
    assert [line["update"] for line in lines[1]] == [line["update"] for line in lines[0]]
    for first, second in zip(*lines, strict=True):
        assert second["loss"] == pytest.approx(first["loss"], rel=1e-4)
        if first["kind"] == "train":
            assert second["grad_norm"] == pytest.approx(first["grad_norm"], rel=1e-3)
    models = [
        safetensors.torch.load_file(tmp_path / run / "model.safetensors") for run in ("one", "two")
    ]
    torch.testing.assert_close(models[1], models[0], rtol=1e-3, atol=1e-4)
    assert b"in each of 2 processes" in output
    assert output.count(b"best bleu") == 1  # one process reports


def test_a_restart_takes_over_no_run_but_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_run: Path
):
    """A run that was refused, and so started again by torchrun, used to replace what was there."""
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    assert not is_restart(tiny_run, Ranks(restarts=1))
    assert not is_restart(tmp_path / "missing", Ranks(restarts=1))
    manifest = json.loads((tiny_run / "manifest.json").read_text())
    copy = tmp_path / "own"
    copy.mkdir()
    (copy / "manifest.json").write_text(dump_sealed({**manifest, "launcher": launcher()}))
    assert is_restart(copy, Ranks(restarts=1))
    assert not is_restart(copy, Ranks())


def children_of(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(number) for number in listed.split()]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
def test_a_restart_by_torchrun_goes_on_from_the_last_save(tiny_data: Path, tmp_path: Path):
    run = tmp_path / "run"
    words = words_for(
        tiny_data, run, max_steps=400, max_epochs="off", valid_every=400, save_every=5
    )
    process = torchrun(2, *words, options=("--max-restarts=1", "--monitor-interval=0.2"))
    try:
        deadline = time.monotonic() + 60
        while not (run / "last" / "previous.safetensors").exists():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        os.kill(children_of(process.pid)[-1], signal.SIGKILL)
        output, _ = process.communicate(timeout=120)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, output.decode()
    assert b"continues: from update" in output
    updates = [
        json.loads(line)["update"]
        for line in (run / "metrics.jsonl").read_text().splitlines()
        if '"train"' in line
    ]
    assert updates == list(range(1, 401))
