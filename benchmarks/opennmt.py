"""OpenNMT-py, from an environment of its own, as a contestant: in training, and in translating.

OpenNmt trains in a process that is stopped (SIGSTOP) while others have their turn. Its speed is
what it prints itself: target tokens a second, padding not counted.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

from seqcli.dataset import Dataset

REPORT = re.compile(rb"/\s*(\d+) tok/s")  # source/ target tok/s
REPORT_EVERY = 5  # updates


class OpenNmt:
    """One training under way."""

    def __init__(
        self,
        python: Path,
        dataset: Dataset,
        folder: Path,
        *,
        batch_tokens: int,
        input_feeding: bool,
        threads: int,
    ) -> None:
        """Write its files and start it; returns when it has begun to learn, paused."""
        folder.mkdir(parents=True)
        _write_text(dataset, folder)
        settings = {
            **_model_settings(folder, rnn_type="LSTM", input_feeding=input_feeding),
            "dropout": [0.2],
            "attention_dropout": [0.0],
            "label_smoothing": 0.1,
            "optim": "adam",
            "learning_rate": 0.001,
            "max_grad_norm": 1.0,
            "batch_type": "tokens",
            "batch_size": batch_tokens,
            "normalization": "tokens",
            "bucket_size": 30000,
            "num_workers": 1,
            "train_steps": 1_000_000,
            "report_every": REPORT_EVERY,
        }
        config = folder / "config.yaml"
        config.write_text(json.dumps(settings))  # JSON is YAML too
        self._process = subprocess.Popen(
            [str(python), "-m", "onmt.bin.train", "-config", str(config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        )
        for _ in range(3):
            self._next_report()
        self._signal(signal.SIGSTOP)

    def measure(self, reports: int) -> list[float]:
        """Let it run, and return its own figures, target tokens a second."""
        self._signal(signal.SIGCONT)
        self._next_report()  # its clock ran on while it was stopped
        figures = [self._next_report() for _ in range(reports)]
        self._signal(signal.SIGSTOP)
        return figures

    def close(self) -> None:
        """End it."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: int) -> None:
        os.killpg(self._process.pid, number)

    def _next_report(self) -> float:
        assert self._process.stdout is not None
        lines: list[bytes] = []
        for line in self._process.stdout:
            if found := REPORT.search(line):
                return float(found[1])
            lines.append(line)
        raise SystemExit(f"OpenNMT-py ended:\n{b''.join(lines[-20:]).decode(errors='replace')}")


def _model_settings(folder: Path, *, rnn_type: str, input_feeding: bool) -> dict[str, Any]:
    """Return where the text in a folder is, and a model of the reference sizes."""
    return {
        "data": {
            "train": {"path_src": str(folder / "src.txt"), "path_tgt": str(folder / "tgt.txt")}
        },
        "src_vocab": str(folder / "vocab.txt"),
        "tgt_vocab": str(folder / "vocab.txt"),
        "share_vocab": True,
        "save_model": str(folder / "model"),
        "encoder_type": "brnn",
        "decoder_type": "rnn",
        "rnn_type": rnn_type,
        "enc_layers": 1,
        "dec_layers": 1,
        "hidden_size": 512,
        "word_vec_size": 256,
        "global_attention": "general",
        "input_feed": int(input_feeding),
    }


def _write_text(dataset: Dataset, folder: Path) -> None:
    """Write the training pairs as pieces with spaces between, and the list of pieces."""
    pieces, split = dataset.pieces(), dataset.split("train")
    for name, side, ids in (("src", pieces.src, split.src), ("tgt", pieces.tgt, split.tgt)):
        with (folder / f"{name}.txt").open("w", encoding="utf-8") as file:
            for number in range(len(ids)):
                file.write(" ".join(side.to_pieces(ids[number].tolist())) + "\n")
    words = pieces.tgt.to_pieces(range(4, len(pieces.tgt)))
    # It splits at white space, which a few pieces are made of.
    vocab = "".join(f"{word}\t1\n" for word in words if word.split() == [word])
    (folder / "vocab.txt").write_text(vocab, encoding="utf-8")


TOTAL = re.compile(rb"Total translation time \(s\):\s*([\d.]+)")


class OpenNmtTranslator:
    """A model of the reference sizes with random weights, made to write outputs of full length.

    What it writes is noise, so all its outputs are made as long as the references are on average;
    its time depends on nothing else. The time is what it prints itself, loading left out.
    """

    def __init__(self, python: Path, data_dir: Path, folder: Path, *, rnn_type: str) -> None:
        """Write the text in pieces, and train one update."""
        dataset = Dataset.open(data_dir)
        folder.mkdir(parents=True)
        _write_text(dataset, folder)
        self._python, self._folder = python, folder
        text, _ = dataset.text("test")
        pieces = dataset.pieces()
        cut = [pieces.src.to_pieces(ids) for ids in pieces.src.encode_lines(list(text))]
        lines = (" ".join(words) + "\n" for words in cut)
        (folder / "test.txt").write_text("".join(lines), encoding="utf-8")
        lengths = [len(ids) for ids in dataset.split("test").tgt]
        self._length = round(sum(lengths) / len(lengths))
        settings = {
            **_model_settings(folder, rnn_type=rnn_type, input_feeding=False),
            "batch_type": "sents",
            "batch_size": 8,
            "num_workers": 0,
            "train_steps": 1,
            "save_checkpoint_steps": 1,
        }
        config = folder / "config.yaml"
        config.write_text(json.dumps(settings))
        self._run("train", "-config", str(config), threads=1)

    def seconds(self, beam_size: int, *, batch_size: int, threads: int) -> float:
        """Translate the test set once."""
        said = self._run(
            *("translate", "-model", str(self._folder / "model_step_1.pt")),
            *("-src", str(self._folder / "test.txt"), "-output", str(self._folder / "out.txt")),
            *("-beam_size", str(beam_size), "-batch_size", str(batch_size), "-report_time"),
            *("-min_length", str(self._length), "-max_length", str(self._length)),
            threads=threads,
        )
        found = TOTAL.search(said)
        if found is None:
            raise SystemExit(f"OpenNMT-py said no time:\n{said[-2000:].decode(errors='replace')}")
        return float(found[1])

    def _run(self, verb: str, *words: str, threads: int) -> bytes:
        ended = subprocess.run(
            [str(self._python), "-m", f"onmt.bin.{verb}", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            # It reads its own model, made a moment ago, as torch no longer does by default.
            env={
                **os.environ,
                "OMP_NUM_THREADS": str(threads),
                "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1",
            },
        )
        if ended.returncode:
            raise SystemExit(f"OpenNMT-py failed:\n{ended.stdout[-2000:].decode(errors='replace')}")
        return ended.stdout
