"""A corpus in any format: preprocess and data check make of it what they make of plain text."""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from seqcli import preprocess
from seqcli.corpus.checking import check_corpus
from seqcli.corpus.protection import MARKS
from seqcli.corpus.sources import find_source
from seqcli.dataset import Dataset
from seqcli.errors import CorpusError
from seqcli.reporting import SilentReporter

NUMBERS = [str(number) for number in range(100, 180)]
PAIRS = [(number, number[::-1]) for number in NUMBERS]
OPTIONS = {"src_lang": "fw", "tgt_lang": "bw", "model_type": "char", "vocab_size": 300}


def unit(src: str, tgt: str, *, src_lang: str = "fw-US", tgt_lang: str = "bw") -> str:
    sides = ((src_lang, src), (tgt_lang, tgt))
    texts = (f'<tuv xml:lang="{lang}"><seg>{text}</seg></tuv>' for lang, text in sides)
    return f"<tu>{''.join(texts)}</tu>\n"


def tmx(*units: str) -> bytes:
    return f"<tmx version='1.4'><header/><body>\n{''.join(units)}</body></tmx>".encode()


def write_text(folder: Path, pairs: list[tuple[str, str]]) -> Path:
    for side, number in (("fw", 0), ("bw", 1)):
        text = "".join(f"{pair[number]}\n" for pair in pairs)
        (folder / f"text.{side}").write_text(text, "utf-8")
    return folder / "text"


def write_all(folder: Path, pairs: list[tuple[str, str]]) -> list[Path]:
    """Write the same pairs in each format."""
    data = {
        "x.tsv": "".join(f"{src}\t{tgt}\n" for src, tgt in pairs).encode(),
        "x.jsonl": "".join(json.dumps({"FW": s, "bw": t}) + "\n" for s, t in pairs).encode(),
        "x.tmx": tmx(*(unit(escape(src), escape(tgt)) for src, tgt in pairs)),
    }
    data["x.tmx.gz"] = gzip.compress(data["x.tmx"])
    for name, content in data.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in data]


def ids_of(data_dir: Path) -> list[list[int]]:
    split = Dataset.open(data_dir).split("train")
    return [row[i].tolist() for row in (split.src, split.tgt) for i in range(len(split))]


def test_all_formats_give_the_same_data(tmp_path: Path):
    """Also the same pairs are cut off for validation."""
    prefix = write_text(tmp_path, PAIRS)
    preprocess(tmp_path / "plain", train=prefix, **OPTIONS)
    expected = ids_of(tmp_path / "plain")
    valid = (tmp_path / "plain" / "valid.src.txt").read_text()
    for path in write_all(tmp_path, PAIRS):
        data_dir = tmp_path / f"data-{path.name}"
        preprocess(data_dir, train=path, **OPTIONS)
        assert (data_dir / "valid.src.txt").read_text() == valid
        manifest = json.loads((data_dir / "manifest.json").read_text())
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert manifest["inputs"] == [{"split": "train", "path": str(path), "sha256": digest}]
        if ".tmx" not in path.name:  # whose marks are pieces, so that ids are others
            assert ids_of(data_dir) == expected
    assert ids_of(tmp_path / "data-x.tmx") == ids_of(tmp_path / "data-x.tmx.gz")


def test_blank_sides_are_counted_with_the_line_of_the_first(tmp_path: Path):
    path = tmp_path / "x.tmx"
    units = [unit(src, tgt) for src, tgt in PAIRS]
    path.write_bytes(tmx(*units[:3], unit("1", " "), unit("2", "3", tgt_lang="xx"), *units[3:]))
    result = preprocess(tmp_path / "data", train=path, **OPTIONS)
    assert result.dropped["train"]["blank"] == 2
    assert result.examples["train"]["blank"] == f"{path}:5"
    path.write_bytes(tmx(unit("1", "")))
    with pytest.raises(CorpusError, match=r"no pair is left .* 1 blank"):
        preprocess(tmp_path / "none", train=write_text(tmp_path, PAIRS), valid=path, **OPTIONS)


def test_marks_of_inline_tags_are_one_piece_each_where_there_are_any(tmp_path: Path):
    code = '<ph x="1">{0}</ph>'
    (tmp_path / "x.tmx").write_bytes(tmx(*(unit(f"{s}{code}", f"{code}{t}") for s, t in PAIRS)))
    preprocess(tmp_path / "tmx", train=tmp_path / "x.tmx", **OPTIONS)
    preprocess(tmp_path / "plain", train=write_text(tmp_path, PAIRS), **OPTIONS)
    pieces = Dataset.open(tmp_path / "tmx").pieces().src
    assert "⟦1⟧" in pieces.to_pieces(pieces.encode("12⟦1⟧"))
    plain = Dataset.open(tmp_path / "plain").pieces().src
    assert "⟦1⟧" not in plain.to_pieces(range(len(plain)))
    assert (tmp_path / "tmx" / "valid.src.txt").read_text().splitlines()[0].endswith("⟦1⟧")


@pytest.mark.parametrize("joint", [True, False])
def test_marks_outlive_the_cleaning_of_a_memory(run_cli, tmp_path: Path, joint: bool):
    """Plain text with marks used to make three pieces of each of them."""
    code = '<ph x="1">{0}</ph>'
    (tmp_path / "x.tmx").write_bytes(tmx(*(unit(f"{s}{code}", f"{code}{t}") for s, t in PAIRS)))
    words = ["--no-identical", "--no-numbers", "--src-lang", "fw", "--tgt-lang", "bw", "-q"]
    outcome = run_cli("data", "clean", tmp_path / "x.tmx", tmp_path / "good", *words)
    assert outcome.code == 0
    for name in ("x.tmx", "good"):
        preprocess(tmp_path / f"{name}.data", train=tmp_path / name, joint=joint, **OPTIONS)
    found = [Dataset.open(tmp_path / f"{name}.data").pieces() for name in ("x.tmx", "good")]
    for side in ("src", "tgt"):
        kept, cleaned = (getattr(pieces, side) for pieces in found)
        assert "⟦1⟧" in cleaned.to_pieces(cleaned.encode("12⟦1⟧"))
        assert cleaned.to_pieces(range(len(cleaned))) == kept.to_pieces(range(len(kept)))


@pytest.mark.parametrize("protect", [[], ["url"]])
def test_marks_that_are_user_symbols_already_are_not_given_twice(tmp_path: Path, protect):
    text = write_text(tmp_path, [(f"{src}⟦1⟧", f"⟦1⟧{tgt}") for src, tgt in PAIRS])
    options = {**OPTIONS, "user_symbols": ["⟦1⟧", "x"], "protect": protect}
    preprocess(tmp_path / "data", train=text, **options)
    pieces = Dataset.open(tmp_path / "data").pieces().src
    known = pieces.to_pieces(range(len(pieces)))
    assert [known.count(each) for each in (*MARKS, "x")] == [1] * 10


def test_standard_input_is_a_corpus_and_leaves_nothing_behind(
    run_cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    data = tmx(*(unit(src, tgt) for src, tgt in PAIRS))
    flags = ["--src-lang", "fw", "--tgt-lang", "bw", "--model-type", "char", "--vocab-size", "300"]
    outcome = run_cli("preprocess", tmp_path / "data", "--train", "-", *flags, stdin=data)
    assert outcome.code == 0, outcome.stderr
    (entry,) = json.loads((tmp_path / "data" / "manifest.json").read_text())["inputs"]
    digest = hashlib.sha256(data).hexdigest()
    assert entry == {"split": "train", "path": "standard input", "sha256": digest}
    from seqcli.files import remove_temporary

    remove_temporary()  # what the end of the process does
    assert list(spool.iterdir()) == []


def test_an_ambiguous_language_is_told_before_anything_is_made(run_cli, tmp_path: Path):
    path = tmp_path / "x.tmx"
    path.write_bytes(tmx(unit("1", "1"), unit("2", "2", src_lang="fw-GB")))
    words = ["--train", path, "--src-lang", "fw", "--tgt-lang", "bw"]
    outcome = run_cli("preprocess", tmp_path / "data", *words)
    assert outcome.code == 3
    assert "'fw' may mean fw-US, fw-GB" in outcome.stderr
    assert not (tmp_path / "data").exists()


# --- data check -----------------------------------------------------------------------------------


def test_checking_finds_the_same_in_every_format(tmp_path: Path):
    pairs = [*PAIRS, ("same text here", "same text here"), PAIRS[0], ("", "x"), ("a\u2028", "b")]
    reports = []
    for spec in (write_text(tmp_path, pairs), *write_all(tmp_path, pairs)):
        source = find_source(spec, "fw", "bw")
        found = check_corpus(source, src_lang="fw", tgt_lang="bw", report=SilentReporter())
        reports.append([(each.kind, each.count) for each in found.findings])
    assert len(reports[0]) > 1
    assert all(report == reports[0] for report in reports)


def test_places_are_entries_where_there_are_no_lines(run_cli, tmp_path: Path):
    path = tmp_path / "x.tmx"
    path.write_bytes(tmx(unit("One.", "Eins."), unit("Two.", "Z\u202ewei."), unit("\n", "Drei.")))
    outcome = run_cli("data", "check", path, "--src-lang", "fw", "--tgt-lang", "bw", "--json")
    places = [
        sample["tgt_place"]
        for finding in json.loads(outcome.stdout)["findings"]
        for sample in finding["samples"]
    ]
    assert f"{path}: entry 3" in places
    assert run_cli("data", "check", path).code == 2
    outcome = run_cli("data", "check", path, "--src-lang", "fw", "--tgt-lang", "no")
    assert (outcome.code, outcome.stdout) == (3, "")
    assert "has no text in 'no'; it has fw-US, bw" in outcome.stderr
