"""Text that people have and nobody wants: pairs stay pairs, lines lines, faults have a place."""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqcli import Translator, evaluate, preprocess
from seqcli.corpus import SentencePair, is_blank
from seqcli.dataset import Dataset
from seqcli.errors import CorpusError

ODD = [
    "e\u0301\u0323" * 20,  # combining runs
    "\u202eright to left\u202c",
    "אבג abc \u200f12",
    "👩‍👩‍👧‍👦🏳️‍🌈\U0001f1f0\U0001f1f7",
    "한국어",
    "\u1112\u1161\u11ab\u1100\u116e\u11a8",  # the same as jamo
    "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei",
    "\r\r",
    "x\r",
    "\ufeffinner mark",
    "\u2581\u2585 <unk> <s> </s> <0x41>",
    "\ufffd\ufffe\uffff\U0010ffff",
    "\x01\x1b[2J\x7f",
    "\u00a0\u3000",
    "tab\there",
    " lead and trail ",
    "ﬁ ① Ａ ½ ﷺ",
]
any_line = st.one_of(
    st.sampled_from(ODD),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\0"), max_size=25),
)
pairs_of_lines = st.lists(st.tuples(any_line, any_line), min_size=1, max_size=15)
ENDS = ["\n", "\r\n"]


def as_read(line: str) -> str:
    """Return what a reader makes of a line that a line feed ends."""
    return line.removesuffix("\r")


def as_pieces(line: str) -> str:
    """Return what pieces keep of a line: single spaces between what is there."""
    return " ".join(part for part in line.replace("\u2581", " ").split(" ") if part)


def write_side(path: Path, lines: list[str], *, bom: bool, end: str, packed: bool) -> None:
    data = b"\xef\xbb\xbf" * bom + "".join(f"{line}{end}" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if packed else data)


@settings(max_examples=25)
@given(
    pairs=pairs_of_lines,
    boms=st.tuples(st.booleans(), st.booleans()),
    ends=st.tuples(st.sampled_from(ENDS), st.sampled_from(ENDS)),
    packed=st.tuples(st.booleans(), st.booleans()),
)
def test_preprocess_never_breaks_a_pair(
    tmp_path_factory: pytest.TempPathFactory,
    pairs: list[tuple[str, str]],
    boms: tuple[bool, bool],
    ends: tuple[str, str],
    packed: tuple[bool, bool],
):
    folder = tmp_path_factory.mktemp("pairs")
    pairs = [("plain", "schlicht"), *pairs]  # there is something to learn from
    for side, suffix in enumerate(("en", "de")):
        lines = [pair[side] for pair in pairs]
        for name in ("train", "valid"):
            name = f"{name}.{suffix}{'.gz' * packed[side]}"
            options: Any = {"bom": boms[side], "end": ends[side], "packed": packed[side]}
            write_side(folder / name, lines, **options)
    preprocess(
        folder / "data", train=folder / "train", valid=folder / "valid", max_pieces=10_000,
        src_lang="en", tgt_lang="de", model_type="char", vocab_size=2000,
    )  # fmt: skip
    read = [
        SentencePair(
            *(as_read(line) if end == "\n" else line for line, end in zip(pair, ends, strict=True))
        )
        for pair in pairs
    ]
    kept = [pair for pair in read if not is_blank(pair)]
    dataset = Dataset.open(folder / "data")
    pieces = dataset.pieces()
    for name in ("train", "valid"):
        split = dataset.split(name)
        assert len(split) == len(kept)
        for number, pair in enumerate(kept):
            assert pieces.src.decode(split.src[number]) == as_pieces(pair.src)
            assert pieces.tgt.decode(split.tgt[number]) == as_pieces(pair.tgt)
    assert list(zip(*dataset.text("valid"), strict=True)) == kept


@settings(max_examples=30)
@given(
    line=st.integers(1, 40),
    bad=st.sampled_from(
        [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\0", b"\xc0\xaf"]
    ),
    side=st.sampled_from(["en", "de"]),
    split=st.sampled_from(["train", "valid"]),
)
def test_bytes_that_are_no_text_stop_preprocess_with_their_place(
    tmp_path_factory: pytest.TempPathFactory, line: int, bad: bytes, side: str, split: str
):
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("train", "valid"):
        for suffix in ("en", "de"):
            lines = [f"{suffix} {number}".encode() for number in range(40)]
            if (name, suffix) == (split, side):
                lines[line - 1] = b"caf" + bad
            (folder / f"{name}.{suffix}").write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(CorpusError) as caught:
        preprocess(folder / "data", train=folder / "train", valid=folder / "valid",
                   src_lang="en", tgt_lang="de")  # fmt: skip
    assert str(caught.value).startswith(f"{folder / split}.{side}:{line}: byte 4 of the line")
    assert not (folder / "data").exists()


@settings(max_examples=15)
@given(lines=st.lists(any_line, max_size=8), end=st.sampled_from(ENDS))
def test_translate_gives_a_line_for_a_line(tiny_run: Path, lines: list[str], end: str):
    from typer.testing import CliRunner

    from seqcli.cli import app

    words = ["translate", "-m", str(tiny_run), "--threads", "1", "--beam-size", "1",
             "--max-length", "3", "--max-length-ratio", "0"]  # fmt: skip
    data = "".join(f"{line}{end}" for line in lines).encode()
    plain = CliRunner().invoke(app, words, input=data)
    assert plain.exit_code == 0
    assert plain.stdout_bytes.decode().count("\n") == len(lines)
    shown = CliRunner().invoke(app, [*words, "--json"], input=data)
    objects = [json.loads(line) for line in shown.stdout_bytes.decode().split("\n")[:-1]]
    assert [each["id"] for each in objects] == list(range(1, len(lines) + 1))
    expected = [as_read(line) if end == "\n" else line for line in lines]
    if expected:
        expected[0] = expected[0].removeprefix("\ufeff")
    assert [each["src"] for each in objects] == expected


def test_bytes_that_are_no_text_stop_translate_after_the_lines_before(run_cli, tiny_run: Path):
    outcome = run_cli("translate", "-m", tiny_run, "--threads", "1", stdin=b"1\n2\n\xff\n4\n")
    assert outcome.code == 3
    assert outcome.stdout.count("\n") == 2
    assert outcome.stderr.startswith("seqcli: standard input:3: byte 1 of the line")


@pytest.mark.parametrize("line", ["\ud800", "12 \udfff", "\udc80" * 3])
def test_a_lone_surrogate_is_refused_by_the_python_api(tiny_run: Path, line: str):
    translator = Translator.load(tiny_run, device="cpu", threads=1)
    with pytest.raises(CorpusError, match="lone surrogate"):
        translator.translate(["1", line])


@pytest.mark.skipif(sys.platform == "win32", reason="words are bytes only elsewhere")
@pytest.mark.parametrize(
    "words",
    [
        ("config", "--src-lang", b"\xff", "--json"),
        ("config", "--src-lang", b"\xff"),
        ("inspect", "attention", "RUN", b"1\xff"),
        ("inspect", "attention", "RUN", b"1\xff", "--json"),
        ("preprocess", "OUT", "--train", b"\xff"),
        ("preprocess", "OUT", "--train", "TEXT", "--user-symbols", b"\xff"),
        ("data", "check", b"\xff", b"\xfe"),
        ("translate", "-m", b"\xff"),
        ("translate", "-m", "RUN", "--fallback", b"\xff", "--min-confidence", "1"),
    ],
    ids=lambda words: " ".join(str(word) for word in words),
)
def test_words_that_are_no_text_give_no_traceback(
    run_process, tiny_run: Path, tiny_data: Path, tmp_path: Path, words: tuple[str | bytes, ...]
):
    paths = {"RUN": tiny_run, "OUT": tmp_path / "out", "TEXT": tiny_data.parent / "train"}
    given_words = [
        os.fsdecode(word) if isinstance(word, bytes) else str(paths.get(word, word))
        for word in words
    ]
    outcome = run_process(*given_words, input=b"1\n")
    assert "Traceback" not in outcome.stderr
    assert "mistake of its own" not in outcome.stderr
    assert outcome.code in (0, 2, 3, 4)
    if "--json" in words and outcome.code == 0:
        json.loads(outcome.stdout)


@settings(max_examples=15)
@given(pairs=pairs_of_lines)
def test_eval_scores_every_line_and_a_shift_is_refused_with_both_counts(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
):
    folder = tmp_path_factory.mktemp("eval")
    hyp, ref = folder / "hyp", folder / "ref"
    for path, lines in ((hyp, [pair[0] for pair in pairs]), (ref, [pair[1] for pair in pairs])):
        path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    found = evaluate(hyp=hyp, ref=ref)
    assert found.sentences == len(pairs)
    assert evaluate(hyp=ref, ref=ref, metrics=("ter",)).scores[0].value <= 0.001
    hyp.write_bytes(hyp.read_bytes() + b"one more\n")
    with pytest.raises(CorpusError, match=f"has {len(pairs) + 1:,} lines but .* has {len(pairs)}"):
        evaluate(hyp=hyp, ref=ref)


@pytest.mark.parametrize("text", ["7", "é", "한", "1 ", "\u0301"], ids=ascii)
def test_a_line_of_a_megabyte_is_kept_in_its_pair(tmp_path: Path, text: str):
    size = 1 << 20
    long = (text * (size // len(text.encode())))[: size - 10].rstrip()
    long = long.encode()[: size - 8].decode("utf-8", "ignore")
    lines = ["a", long, "b"]
    for suffix in ("en", "de"):
        (tmp_path / f"train.{suffix}").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    result = preprocess(
        tmp_path / "data", train=tmp_path / "train", valid=tmp_path / "train",
        src_lang="en", tgt_lang="de", model_type="char", vocab_size=300,
    )  # fmt: skip
    assert result.dropped["train"] == {"too long": 1}
    assert result.examples["train"]["too long"] == f"{tmp_path / 'train.en'}:2"
    dataset = Dataset.open(tmp_path / "data")
    assert dataset.text("valid") == (lines, lines)
    pieces = dataset.pieces()
    split = dataset.split("valid")
    assert [pieces.src.decode(split.src[n]) == as_pieces(lines[n]) for n in range(3)] == [True] * 3


def test_shifted_sides_name_the_command_that_finds_where(
    run_cli: Callable[..., Any], tmp_path: Path
):
    for suffix, count in (("en", 30), ("de", 29)):
        text = "".join(f"{suffix} {number}\n" for number in range(count))
        (tmp_path / f"train.{suffix}").write_text(text, "utf-8")
    words = ("--src-lang", "en", "--tgt-lang", "de", "--train", tmp_path / "train")
    outcome = run_cli("preprocess", tmp_path / "data", *words)
    assert outcome.code == 3
    assert f"`seqcli data check {tmp_path / 'train.en'} {tmp_path / 'train.de'}`" in outcome.stderr
