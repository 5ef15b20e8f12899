"""Hostile files against everything that reads them; a process of its own, so that a crash is seen.

    python -m tests.untrusted.fuzzing FOLDER COUNT [TARGET ...]

Every case must end well or with a SeqcliError, within seconds and within LEEWAY bytes of memory.
Prints a JSON object: cases of each target, how many were read and how many refused, and seconds.
"""

from __future__ import annotations

import bz2
import json
import lzma
import resource
import shutil
import signal
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from seqcli import preprocess, train
from seqcli.averaging import list_checkpoints
from seqcli.config import load_settings
from seqcli.corpus import find_source, iter_pairs
from seqcli.dataset import Dataset
from seqcli.decoding.translator import Translator
from seqcli.documents import kind_of, open_document
from seqcli.errors import SeqcliError
from seqcli.evaluation import find_text
from seqcli.pieces import Pieces
from seqcli.rundir import load_settings_of
from tests.untrusted.mutations import (
    byte_edits,
    edit_bytes,
    edit_fields,
    edit_tree,
    field_edits,
    to_json,
    tree_edits,
)
from tests.untrusted.sealing import take_seals_away

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEEWAY = 1 << 30  # bytes above what the process has when it starts
SECONDS = 30  # for a case
LINES = ["12 345", "héllo 한국어 ▁ <0x41> <s>", "", " ", "7" * 300, "\u0000\u2028é́"]

YAML_MARKS = [
    "&a ", "*a", "!!python/object/apply:os.system ['false']", "<<: *a", "- ", "? ", "|\n", "{", "[",
    "%YAML 1.1\n---\n", "!!binary ", "\t", ": ", "# ", "'", '"', "&a [*a, *a]", "...\n---\n",
]  # fmt: skip

Change = st.SearchStrategy[Callable[[bytes], bytes]]


def changed_bytes() -> Change:
    return byte_edits().map(lambda edits: lambda data: edit_bytes(data, edits))


def changed_tree() -> Change:
    return tree_edits().map(lambda edits: lambda data: to_json(edit_tree(json.loads(data), edits)))


def changed_yaml() -> Change:
    def change(edits: Any) -> Callable[[bytes], bytes]:
        def apply(data: bytes) -> bytes:
            try:
                text = yaml.safe_dump(edit_tree(yaml.safe_load(data), edits))
            except RecursionError:
                text = "model: " + "[" * 3000
            return str(text).encode("utf-8", "surrogatepass")

        return apply

    return tree_edits().map(change)


def changed_yaml_text() -> Change:
    edit = st.lists(
        st.tuples(st.integers(0, 4000), st.sampled_from(YAML_MARKS)), min_size=1, max_size=6
    )

    def change(edits: list[tuple[int, str]]) -> Callable[[bytes], bytes]:
        def apply(data: bytes) -> bytes:
            for place, mark in edits:
                data = data[: place % len(data)] + mark.encode() + data[place % len(data) :]
            return data

        return apply

    return edit.map(change)


def changed_header() -> Change:
    """Change the JSON header of a safetensors file; its length is right, or a lie."""
    lie = st.sampled_from([None, None, None, 0, 1, 2**20, 2**31, 2**63, 2**64 - 1])

    def change(drawn: tuple[Any, int | None]) -> Callable[[bytes], bytes]:
        edits, length = drawn

        def apply(data: bytes) -> bytes:
            end = 8 + int.from_bytes(data[:8], "little")
            header = to_json(edit_tree(json.loads(data[8:end]), edits))
            size = len(header) if length is None else length
            return size.to_bytes(8, "little") + header + data[end:]

        return apply

    return st.tuples(tree_edits(), lie).map(change)


def changed_fields() -> Change:
    return field_edits().map(lambda edits: lambda data: edit_fields(data, edits))


def use_run(folder: Path) -> None:
    Translator.load(folder, device="cpu", threads=1, precision="fp32")


def translate_with_run(folder: Path) -> None:
    translator = Translator.load(folder, device="cpu", threads=1, precision="fp32")
    translator.translate(["12"], beam_size=1, max_length=3, max_length_ratio=0)


def use_manifest(folder: Path) -> None:
    use_run(folder)
    load_settings_of(folder)
    list_checkpoints(folder)
    find_text(folder, split="test")


def use_data(folder: Path) -> None:
    dataset = Dataset.open(folder)
    pieces = dataset.pieces()
    dataset.check_ids(pieces)
    dataset.identity()
    for name in dataset.split_names:
        split = dataset.split(name)
        _ = [split.src[i].tolist() for i in range(len(split))], split.tgt.lengths.tolist()
        if name != "train":
            dataset.text(name)


def use_pieces(path: Path) -> None:
    pieces = Pieces.load(path)
    for ids in pieces.encode_lines(LINES):
        pieces.decode(ids)
        pieces.to_pieces(ids)
    pieces.decode(range(len(pieces)))
    if path.name != "char.model":  # which has one way only to cut a line
        pieces.resample([pieces.encode("12 345")], alpha=0.2, seed=1)


def use_text(path: Path) -> None:
    for _ in iter_pairs(find_source(path, "en", "ko")):
        pass


def use_document(path: Path) -> None:
    """Read a file as training text, and as a document in which every unit is filled."""
    use_text(path)
    document = open_document(path.read_bytes(), path.name, kind_of(path.name))
    document.write({number: unit.src for number, unit in enumerate(document.units)})


def use_settings(path: Path) -> None:
    load_settings(config=path, environ={})


# Name: the file that is changed, how, what is used (the run, the data, or the file), and its share.
TARGETS: dict[str, tuple[str, Change, Callable[[Path], None], str, float]] = {
    "config.yaml, bytes": ("run/config.yaml", changed_bytes(), use_settings, "file", 1),
    "config.yaml, values": ("run/config.yaml", changed_yaml(), use_settings, "file", 0.3),
    "config.yaml, marks": ("run/config.yaml", changed_yaml_text(), use_settings, "file", 1),
    "config.yaml of a run": ("run/config.yaml", changed_yaml(), translate_with_run, "run", 0.2),
    "manifest.json of a run, bytes": ("run/manifest.json", changed_bytes(), use_manifest, "run", 1),
    "manifest.json of a run, values":
        ("run/manifest.json", changed_tree(), use_manifest, "run", 0.3),
    "model.safetensors, bytes": ("run/model.safetensors", changed_bytes(), use_run, "run", 0.6),
    "model.safetensors, header": ("run/model.safetensors", changed_header(), use_run, "run", 0.6),
    "manifest.json of data, bytes": ("data/manifest.json", changed_bytes(), use_data, "data", 1.5),
    "manifest.json of data, values": ("data/manifest.json", changed_tree(), use_data, "data", 1),
    "ids": ("data/train.src.ids", changed_bytes(), use_data, "data", 1),
    "offsets": ("data/train.tgt.offsets", changed_bytes(), use_data, "data", 1.5),
    "text": ("data/test.src.txt", changed_bytes(), use_data, "data", 0.7),
    "pieces.model char, bytes": ("char.model", changed_bytes(), use_pieces, "file", 2.5),
    "pieces.model char, fields": ("char.model", changed_fields(), use_pieces, "file", 1.5),
    "pieces.model unigram, bytes": ("unigram.model", changed_bytes(), use_pieces, "file", 2.5),
    "pieces.model unigram, fields": ("unigram.model", changed_fields(), use_pieces, "file", 2),
    "pieces.model bpe, fields": ("bpe.model", changed_fields(), use_pieces, "file", 1.5),
    "TMX": ("memory.tmx", changed_bytes(), use_text, "file", 1.5),
    "JSONL": ("pairs.jsonl", changed_bytes(), use_text, "file", 0.7),
    "PO": ("messages.po", changed_bytes(), use_document, "file", 0.7),
    "MO": ("messages.mo", changed_bytes(), use_text, "file", 0.7),
    "XLIFF 1.2": ("old.xlf", changed_bytes(), use_document, "file", 0.7),
    "XLIFF 2": ("new.xlf", changed_bytes(), use_document, "file", 0.7),
    **{f"TSV in {suffix}": (f"pairs.tsv.{suffix}", changed_bytes(), use_text, "file", 0.7)
       for suffix in ("xz", "zst", "bz2")},
}  # fmt: skip


TMX = """<?xml version="1.0"?><!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en"/><body>
<tu><tuv xml:lang="en-US"><seg>a <ph x="1">&lt;br/&gt;</ph>b</seg></tuv>
<tuv lang="ko"><seg>\ud55c <ph x="1"/>\uae00<hi>x</hi></seg></tuv></tu>
<tu><note>n</note><tuv xml:lang="en-US"><seg><![CDATA[<c>]]></seg></tuv></tu>
</body></tmx>
"""


PO = r"""msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n != 1;\n"

#, fuzzy, python-format
msgctxt "x\101"
msgid "%d dog"
msgid_plural "%d "
"dogs"
msgstr[0] ""
msgstr[1] "Hunde"

#~ msgid "old"
#~ msgstr "alt"
"""
OLD_XLIFF = """<xliff version="1.2"><file source-language="en" target-language="ko"><body><group>
<trans-unit id="1"><source>a <g id="1">b</g><x id="2"/></source><target state="new">c</target>
</trans-unit><trans-unit id="2" translate="no"><source><![CDATA[<d>]]>&amp;</source></trans-unit>
</group></body></file></xliff>
"""
NEW_XLIFF = """<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="en">
<file id="f"><unit id="1"><segment state="initial"><source>a <pc id="1">b</pc><ph id="2"/></source>
</segment><ignorable><source> </source></ignorable></unit></file></xliff>
"""


def make_mo() -> bytes:
    """Return a catalogue of one message, as the GNU gettext manual draws it."""
    texts = [b"", b"Content-Type: text/plain; charset=UTF-8\n", b"a\0as", b"b\0c"]
    header = struct.pack("<7I", 0x950412DE, 0, 2, 28, 44, 0, 60)
    table, data, start = b"", b"", 60
    for text in (texts[0], texts[2], texts[1], texts[3]):
        table += struct.pack("<2I", len(text), start + len(data))
        data += text + b"\0"
    return header + table + data


def make_bilingual_files(folder: Path) -> None:
    """Make a small file of each format, and of each packing."""
    texts = {"memory.tmx": TMX, "messages.po": PO, "old.xlf": OLD_XLIFF, "new.xlf": NEW_XLIFF}
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "messages.mo").write_bytes(make_mo())
    records = [
        {"en": "a", "ko-KR": "b\n"},
        {"translation": {"en": None, "ko-KR": "c"}, "n": [1, {"x": 2.5}]},
    ]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
    table = "".join(f"{number}\t{number * number}\n" for number in range(200)).encode()
    for suffix, pack in (("xz", lzma.compress), ("zst", zstd.compress), ("bz2", bz2.compress)):
        (folder / f"pairs.tsv.{suffix}").write_bytes(pack(table))


def make_valid_files(folder: Path) -> None:
    """Make a run, its data, models of other kinds, and bilingual files."""
    make_bilingual_files(folder)
    numbers = [str(number) for number in range(100, 160)]
    for name, part in (("train", numbers[:40]), ("valid", numbers[40:50]), ("test", numbers[50:])):
        for side, step in (("fw", 1), ("bw", -1)):
            text = "".join(f"{line[::step]}\n" for line in part)
            (folder / f"{name}.{side}").write_text(text, "utf-8")
    texts: Any = {name: folder / name for name in ("train", "valid", "test")}
    sides: Any = {"src_lang": "fw", "tgt_lang": "bw"}
    preprocess(folder / "data", **texts, **sides, model_type="char", vocab_size=300)
    sizes: Any = {"hidden_size": 8, "emb_size": 8, "max_steps": 1, "threads": 1}
    train(folder / "data", folder / "run", **sizes, precision="fp32", calibrate=False)
    for kind in ("data", "run"):
        take_seals_away(folder / kind)
    shutil.copy(folder / "data" / "pieces.model", folder / "char.model")
    for kind in ("unigram", "bpe"):
        options: Any = {"model_type": kind, "vocab_size": 290, "user_symbols": ("<x>", "12")}
        preprocess(folder / kind, **texts, **sides, **options)
        shutil.copy(folder / kind / "pieces.model", folder / f"{kind}.model")


def fuzz(folder: Path, name: str, count: int) -> dict[str, Any]:
    """Try a target many times; the last case stays in the folder when the process dies."""
    relative, change, use, what, _ = TARGETS[name]
    path = folder / relative
    valid = path.read_bytes()
    used = path if what == "file" else folder / what
    outcomes: Counter[str] = Counter()
    errors: Counter[str] = Counter()

    @seed(1)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(change)
    def attack(make: Callable[[bytes], bytes]) -> None:
        path.write_bytes(make(valid))
        signal.alarm(SECONDS)  # kills: a hang in C++ cannot be interrupted
        try:
            use(used)
            outcomes["read"] += 1
        except SeqcliError as error:
            outcomes["refused"] += 1
            errors[type(error).__name__] += 1
        finally:
            signal.alarm(0)

    start = time.monotonic()
    attack()
    path.write_bytes(valid)
    use(used)
    return {**outcomes, "errors": dict(errors), "seconds": round(time.monotonic() - start, 1)}


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    if not (folder / "bpe.model").exists():
        make_valid_files(folder)
    for relative, _, use, what, _ in TARGETS.values():  # so that what is loaded once does not count
        use(folder / relative if what == "file" else folder / what)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + LEEWAY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for name in sys.argv[3:] or TARGETS:
        (folder / "target").write_text(name)
        result = fuzz(folder, name, max(1, int(count * TARGETS[name][-1])))
        print(json.dumps({"target": name, **result}), flush=True)


if __name__ == "__main__":
    main()
