"""Documents that no name says are some: refused by their first bytes, and lines stay lines."""

from __future__ import annotations

import gzip
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_translator import run

from seqcli.cli.arriving import iter_line_groups
from seqcli.corpus.formats.kinds import KINDS, kind_of, tell_kind
from seqcli.errors import SettingsError

XML = '<?xml version="1.0" encoding="utf-8"?>\n'
TMX = '<tmx version="1.4"><header/><body/></tmx>'
XLIFF = '<xliff version="1.2"><file/></xliff>'
PO = 'msgid "a"\nmsgstr ""\n'


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (TMX, "tmx"),
        (XML + TMX, "tmx"),
        (XML + '<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<!-- <xliff > -->\n<tmx\n>', "tmx"),
        (XLIFF, "xliff"),
        (f"\n{XML}{XLIFF}", "xliff"),
        (XML + '<x:xliff xmlns:x="urn:oasis:names:tc:xliff:document:2.0" version="2.0">', "xliff"),
        ('<xliff xmlns:sdl="http://sdl.com"\r\n version="1.2">', "xliff"),
        (XML + "<html>a <tmx> b", "XML"),
        (XML, "XML"),
        (PO, "po"),
        ("# of a program\n#\n\n#, fuzzy\n" + PO, "po"),
        ("# a\r\n" * 1000 + PO, "po"),
        ('msgctxt "a"\n' + PO, "po"),
        (' {"src": "a"}\n', "JSONL"),
        ("<tmx> is a tag of memories.", ""),
        ("<b>xliff</b> <xliff version='1.2'>", ""),
        ("msgid is a word", ""),
        ("# A heading\n\nmsgid", ""),
        ("{a} is a name", ""),
        ("a\n" + PO, ""),
        ("", ""),
    ],
)
def test_first_bytes_tell_what_is_clearly_a_document(text: str, kind: str) -> None:
    assert tell_kind(text.encode()) == kind
    assert tell_kind(text.encode("utf-8-sig")) == kind
    if len(text) < 1000:
        assert tell_kind(b"\xff\xfe" + text.encode("utf-16-le")) == kind
        assert tell_kind(b"\xfe\xff" + text.encode("utf-16-be")) == kind


@given(
    parts=st.lists(st.sampled_from(["<?", "?>", "<!--", "-->", "<tmx", ">", "#", "\n", "a", "{"])),
    data=st.binary(),
)
def test_any_bytes_are_told_in_no_time(parts: list[str], data: bytes) -> None:
    for start in ("".join(parts * 100).encode(), data, b"\xff\xfe" + data):
        assert tell_kind(start) in ("", "po", "tmx", "xliff", "JSONL", "XML")


@pytest.mark.parametrize(("text", "kind"), [(TMX, "tmx"), (XML + XLIFF, "xliff"), (PO, "po")])
def test_a_document_without_its_name_is_refused(
    run_cli, tiny_run, tmp_path: Path, text: str, kind: str
) -> None:
    """It was translated line by line, tags and all, and nothing was said."""
    (tmp_path / "a.xml").write_text(text, "utf-8")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(text.encode()))
    words = ("translate", "-m", tiny_run, "--threads", "1")
    given = ((tmp_path / "a.xml", None), (tmp_path / "a.txt.gz", None), ("-", text))
    for name, stdin in given:
        outcome = run_cli(*words, name, stdin=stdin)
        assert (outcome.code, outcome.stdout) == (2, "")
        assert outcome.stderr == (
            f"seqcli: {'standard input' if stdin else name}: begins as a document, {kind}, and no "
            f"name says that it is one; give --format {kind} (or --format lines to translate it "
            "line by line)\n"
        )


def test_lines_are_lines_if_that_is_asked_for(run_cli, tiny_run, tmp_path: Path) -> None:
    words = ("translate", "-m", tiny_run, "--threads", "1")
    outcome = run_cli(*words, "--format", "lines", stdin=PO)
    assert (outcome.code, outcome.stdout.count("\n"), outcome.stderr) == (0, 2, "")
    (tmp_path / "a.jsonl").write_text('{"src": "12"}\n', "utf-8")
    outcome = run_cli(*words, tmp_path / "a.jsonl")
    assert (outcome.code, outcome.stdout.count("\n")) == (0, 1)
    assert outcome.stderr.startswith(f"warning: {tmp_path / 'a.jsonl'}: begins as JSONL, and is")
    outcome = run_cli(*words, tmp_path / "a.jsonl", "--format", "lines")
    assert (outcome.code, outcome.stderr) == (0, "")


def test_a_pipe_is_looked_at_and_nothing_of_it_is_lost_or_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    seen: list[bytes] = []
    with os.fdopen(reading) as stream, os.fdopen(writing, "wb", buffering=0) as writer:
        monkeypatch.setattr(sys, "stdin", stream)
        writer.write(b"one\nt")
        groups = iter_line_groups(None, most=7, look=seen.append)
        assert list(next(groups)) == ["one"]
        writer.write(b"wo\n")
        assert list(next(groups)) == ["two"]
        writer.close()
        assert list(groups) == []
    assert seen == [b"one\nt"]


def test_a_document_from_a_pipe_is_refused(run_process, tiny_run) -> None:
    outcome = run_process("translate", "-m", tiny_run, "--threads", "1", input=PO.encode())
    assert (outcome.code, outcome.stdout) == (2, "")
    assert "give --format po (or" in outcome.stderr


def test_a_look_takes_nothing_of_a_file(monkeypatch, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\ntwo\n")
    seen: list[bytes] = []
    (group,) = [list(group) for group in iter_line_groups(path, most=7, look=seen.append)]
    assert group == ["one", "two"]
    with path.open() as stream:
        assert stream.buffer.readline() == b"one\n"  # as a program did that read it before
        monkeypatch.setattr(sys, "stdin", stream)
        (group,) = [list(group) for group in iter_line_groups(None, most=7, look=seen.append)]
    assert group == ["two"]
    assert seen == [b"one\ntwo\n", b"two\n"]

    def refuse(start: bytes) -> None:
        raise SettingsError("no")

    with pytest.raises(SettingsError):  # before anything is loaded
        iter_line_groups(path, most=7, look=refuse)


SDLXLIFF = """\ufeff<?xml version="1.0" encoding="utf-8"?>
<xliff xmlns:sdl="http://sdl.com/FileTypes/SdlXliff/1.0" \
xmlns="urn:oasis:names:tc:xliff:document:1.2" version="1.2" sdl:version="1.0">
<file original="a.docx" source-language="en-US" target-language="de-DE"><header>
<reference><internal-file form="base64">AAAA</internal-file></reference>
<tag-defs xmlns="http://sdl.com/FileTypes/SdlXliff/1.0"><tag id="5"><bpt name="b">&lt;b&gt;</bpt>\
</tag></tag-defs></header><body>
<trans-unit id="0" translate="no"><source><x id="9"/></source></trans-unit>
<trans-unit id="1"><source>one <g id="5">two</g>. three</source><seg-source>\
<mrk mtype="seg" mid="1">one <g id="5">two</g>.</mrk> <mrk mtype="seg" mid="2">three</mrk>\
</seg-source>TARGET<sdl:seg-defs><sdl:seg id="1" conf="Draft"/></sdl:seg-defs></trans-unit>
</body></file></xliff>
""".replace("\n", "\r\n")


@pytest.mark.parametrize("empty", ["", '<target><mrk mtype="seg" mid="1"/></target>'])
def test_xliff_of_other_programs_is_told_by_their_suffixes(empty: str) -> None:
    for suffix in ("sdlxliff", "mqxliff", "mxliff", "sdlxlf"):
        assert kind_of(f"a.{suffix}") == "xliff"
    out, outcomes = run("xliff", SDLXLIFF.replace("TARGET", empty))
    made = (
        '<target state="needs-review-translation" state-qualifier="mt-suggestion">'
        '<mrk mtype="seg" mid="1">ONE <g id="5">TWO</g>.</mrk> '
        '<mrk mtype="seg" mid="2">THREE</mrk></target>'
    )
    assert out == SDLXLIFF.replace("TARGET", made)
    assert len(outcomes) == 1


def test_no_suffix_says_two_kinds() -> None:
    ends = [end for suffixes, _ in KINDS.values() for end in suffixes]
    assert len(ends) == len(set(ends))
