"""Documents: nothing but targets changes, what is no text comes back, n units in are n out."""

from __future__ import annotations

import contextlib
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_translator import LANGS, run, translator, upper, without_marks

from seqcli.corpus.formats.document import Code, as_text
from seqcli.corpus.formats.mo import read_pairs as read_mo
from seqcli.corpus.formats.po import PoDocument
from seqcli.corpus.formats.po import read_pairs as read_po
from seqcli.corpus.formats.po_syntax import format_string, unescape
from seqcli.corpus.formats.xliff import read_pairs as read_xliff
from seqcli.documents import kind_of, open_document, translate_units
from seqcli.errors import CorpusError, SettingsError

plain = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff")
)
wild = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff"))

PO = """\ufeff# Translators: nobody
msgid ""
msgstr ""
"Language: de\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=3; plural=n==1 ? 0 : n<5 ? 1 : 2;\\n"

#. a comment
#: file.py:1
#, python-format
msgctxt "menu"
msgid "hello %(name)s and {other} of <b>them</b>"
msgstr ""

msgid "one file"
msgid_plural "%d files"
msgstr[0] ""
msgstr[1] "da"

#, fuzzy
#| msgid "before"
msgid ""
"after\\n"
"\\tthat \\"x\\""
msgstr "danach"

msgid "done"
msgstr "fertig"

#~ msgid "old"
#~ msgstr "alt"
#~| msgid "older"
"""

XLIFF_1 = """<?xml version="1.0"?><!-- c -->
<xliff version="1.2"><file source-language="en-US" target-language="de"><body>
 <trans-unit id='1'>
  <source>go <g id="1">to <x id="2"/> the</g> &amp; <![CDATA[<home>]]> \u05d0\u200f</source>
  <alt-trans><source>no</source><target>nein</target></alt-trans>
 </trans-unit>
 <trans-unit id="2"><source>two</source><target state="new" /></trans-unit>
 <trans-unit id="3"><source>three</source><target state="final">drei</target></trans-unit>
 <trans-unit id="4"><source>four</source><target state="needs-adaptation">vier</target></trans-unit>
 <trans-unit id="5" translate="no"><source>five</source></trans-unit>
</body></file></xliff>"""
XLIFF_2 = """<xliff version="2.0" srcLang="en" trgLang="de"><file id="f"><unit id="u">
 <segment><source>go <pc id="1">home<ph id="2"/></pc> now</source></segment>
 <segment state="reviewed"><source>a</source><target>b</target></segment>
 <segment state="initial"><source>c</source><target>d</target></segment>
</unit></file></xliff>"""
TMX = """<tmx version="1.4"><header/><body>
 <tu><tuv xml:lang="en-GB"><seg>a <bpt i="1">&lt;b></bpt>b<ept i="1">&lt;/b></ept></seg></tuv></tu>
 <tu><tuv xml:lang="en-GB"><seg>c</seg></tuv><tuv xml:lang="de"><seg/></tuv></tu>
 <tu><tuv xml:lang="en-GB"><seg>e</seg></tuv><tuv xml:lang="de"><seg>f</seg></tuv></tu>
</body></tmx>"""
SRT = """1
00:00:01,000 --> 00:00:02,000
<i>hello you</i>
there

2
0:0:3,0 --> 0:0:4,0
- hi
- you"""
MARKDOWN = """---
title: kept
---
# head *line*

a para with `code x` and [a link](http://x.y "t"), that is
wrapped **here**, &amp; ends.\x20\x20
hard break

> quote one
> two

| a | b |
|---|---|
| cell | <b>x</b> |

1. item one
   goes on
- [ ] todo ![image](a.png)

```
kept code
```
<div>
kept
</div>"""
TEXT = "one two three. Four five\nsix seven\n\n\n  eight {nine}\n"
SAMPLES = {
    "po": PO, "xliff": XLIFF_1, "tmx": TMX, "srt": SRT, "markdown": MARKDOWN, "paragraphs": TEXT,
}  # fmt: skip


# --- what comes out -------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("change", [upper, without_marks, lambda line: line[::-1]])
@pytest.mark.parametrize(
    ("kind", "text"), [*SAMPLES.items(), ("xliff", XLIFF_2)], ids=[*SAMPLES, "xliff2"]
)
def test_no_code_is_lost_and_no_line_of_another_kind_changes(kind, text, change, ends):
    text = text.replace("\n", ends)
    out, outcomes = run(kind, text, change)
    for outcome in outcomes:
        if outcome.text is not None:
            codes = [[c.raw for c in side if isinstance(c, Code)] for side in
                     (outcome.unit.src, outcome.text)]  # fmt: skip
            assert codes[0] == codes[1] or sorted(codes[0]) == sorted(codes[1])
    again = open_document(out.encode(), "again", kind, **LANGS)
    assert len(again.units) == len(outcomes)
    assert out.count("\r\n") == (out.count("\n") if ends == "\r\n" else 0)


def test_po_marks_what_is_made_as_fuzzy_and_fills_all_plural_forms():
    out, outcomes = run("po", PO)
    assert "#, fuzzy, python-format\n" in out
    assert 'msgstr "HELLO %(name)s AND {other} OF <b>THEM</b>"\n' in out
    assert 'msgstr[0] "ONE FILE"\nmsgstr[1] "da"\nmsgstr[2] "%d FILES"\n' in out
    assert 'msgstr "danach"' in out
    assert out.startswith("\ufeff# Translators")
    assert [each.text is not None for each in outcomes] == [True, True, False, True, False, False]


def test_po_of_which_all_is_translated_again_keeps_line_breaks():
    out, _ = run("po", PO, redo=True)
    assert 'msgstr ""\n"AFTER\\n"\n"\\tTHAT \\"X\\""\n' in out
    assert 'msgstr "DONE"' in out
    assert out.count("fuzzy") == 4


def test_po_without_a_newline_at_its_end():
    out, _ = run("po", 'msgid "a"\nmsgstr ""')
    assert out == '#, fuzzy\nmsgid "a"\nmsgstr "A"'


def test_po_keeps_what_its_charset_cannot_hold():
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=ISO-8859-1\\n"\n\n'
    po = f'{head}msgid "é"\nmsgstr ""\n'
    out = open_document(po.encode("latin-1"), "x.po", "po")
    (outcome,) = translate_units(out, translator(lambda line: "가"))
    assert (outcome.text, outcome.flags) == (None, ("charset",))


def test_xliff_says_that_a_machine_made_it():
    out, outcomes = run("xliff", XLIFF_1)
    made = 'state="needs-review-translation" state-qualifier="mt-suggestion"'
    assert (
        f'\n  <target {made}>GO <g id="1">TO <x id="2"/> THE</g> &amp; &lt;home&gt; \u05d0\u200f'
        "</target>\n  <alt-trans>"
    ) in out
    assert f"<target {made}>TWO</target>" in out
    assert out.replace(made, "").count("<target") == 5
    assert [each.text is not None for each in outcomes] == [True, True, False, False]


def test_xliff_2_has_its_state_at_the_segment():
    out, _ = run("xliff", XLIFF_2)
    made = '<segment state="translated" subState="seqcli:mt">'
    assert f"{made}<source>go" in out
    assert '<target>GO <pc id="1">HOME<ph id="2"/></pc> NOW</target></segment>' in out
    assert f"{made}<source>c</source><target>C</target>" in out


def test_tags_that_a_model_swaps_are_put_back_in_order():
    def swap(line):
        return line.translate(str.maketrans("12", "21"))

    text = XLIFF_1.replace(' <x id="2"/>', "")
    out, outcomes = run("xliff", text, swap)
    assert "reassembled" in outcomes[0].flags
    assert '<g id="1">to the</g>' in out.split("<target")[1]


def test_tmx_gets_a_variant_or_fills_an_empty_one():
    out, _ = run("tmx", TMX)
    made = '<tuv xml:lang="de" creationtool="seqcli"><seg>'
    assert f'{made}A <bpt i="1">&lt;b></bpt>B<ept i="1">&lt;/b></ept></seg></tuv></tu>' in out
    assert f"{made}C</seg>" in out
    assert "<seg>f</seg>" in out


def test_text_formats_keep_their_form():
    assert run("srt", SRT)[0] == SRT.replace(
        "hello you</i>\nthere", "HELLO\nYOU</i> THERE"
    ).replace("- hi\n- you", "- HI\n- YOU")
    assert run("paragraphs", TEXT)[0] == TEXT.upper().replace("NINE", "nine")
    kept = re.compile(
        r"(title: kept|`code x`|\(http.*?\)|kept code|\(a.png\)|<div>\nkept|</?b>|amp|div)"
    )
    expected = "".join(p if n % 2 else p.upper() for n, p in enumerate(kept.split(MARKDOWN)))
    assert run("markdown", MARKDOWN)[0] == expected


def test_a_lone_cr_ends_a_line_of_plain_text():
    text = "one two\rthree\r\rfour\r"
    out, outcomes = run("paragraphs", text)
    assert (out, [each.unit.line for each in outcomes]) == (text.upper(), [1, 4])


def test_markdown_that_a_translation_would_break_stays():
    out, (outcome,) = run("markdown", "a\n", lambda line: "# a")
    assert (out, outcome.flags) == ("a\n", ("broken",))


def test_sentences_without_spaces_get_them_where_the_target_has_them():
    out, _ = run(
        "paragraphs", "これ。それ。\n", lambda line: {"これ。": "This.", "それ。": "That."}[line]
    )
    assert out == "This. That.\n"


def test_placeholders_that_a_model_makes_up_are_removed():
    _, (outcome,) = run("paragraphs", "a {b}", lambda line: f"{line} %(c)s")
    assert (outcome.text, outcome.flags) == (("a {b}",), ("reassembled",))


def test_a_sign_that_would_begin_a_placeholder_is_not_written():
    po = '#, c-format\nmsgid "a %s"\nmsgstr ""\n\nmsgid "b"\nmsgstr ""\n'
    out, outcomes = run("po", po, lambda line: f"% {line}")
    assert [each.flags for each in outcomes] == [("reassembled", "broken"), ()]
    assert out.count('"% b"') == 1


def test_an_empty_translation_leaves_the_unit_open():
    out, (outcome,) = run("po", 'msgid "a"\nmsgstr ""\n', lambda line: "")
    assert (out, outcome.flags) == ('msgid "a"\nmsgstr ""\n', ("empty",))


# --- laws -----------------------------------------------------------------------------------------


@given(src=wild, tgt=wild, width=st.sampled_from([10, 77, 1000]))
def test_po_strings_come_back(src, tgt, width):
    lines = [*format_string("msgid", f"x{src}", width), *format_string("msgstr", "", width)]
    data = "\n".join(lines).encode()
    document = PoDocument(data, "x.po")
    assert document.write({}) == data
    assert document.units[0].src == (f"x{src}",)
    again = PoDocument(document.write({0: (tgt,)}), "x.po")
    assert (again.units[0].src, again.units[0].tgt) == ((f"x{src}",), tgt)


@given(text=st.text())
def test_unescaping_makes_no_text_longer(text):
    assert len(unescape(text)) <= len(text)
    assert "\\" in text or unescape(text) == text


@given(texts=st.lists(plain, min_size=1, max_size=4), kind=st.sampled_from(["xliff", "tmx"]),
       encoding=st.sampled_from(["utf-8", "utf-16"]), data=st.data())  # fmt: skip
def test_xml_targets_come_back(texts, kind, encoding, data):
    from xml.sax.saxutils import escape

    if kind == "xliff":
        body = "".join(f"<trans-unit><source>{escape(t)}</source></trans-unit>" for t in texts)
        text = f'<xliff version="1.2"><file source-language="en"><body>{body}</body></file></xliff>'
    else:
        body = "".join(f'<tu><tuv xml:lang="en"><seg>{escape(t)}</seg></tuv></tu>' for t in texts)
        text = f'<tmx version="1.4"><body>{body}</body></tmx>'
    file = f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding)
    document = open_document(file, "x", kind, **LANGS)
    assert document.write({}) == file
    assert [as_text(unit.src) for unit in document.units] == texts
    targets = {n: (data.draw(plain),) for n in range(len(texts))}
    again = open_document(document.write(targets), "x", kind, **LANGS)
    assert [unit.tgt for unit in again.units] == [text for (text,) in targets.values()]


@given(text=st.text(st.sampled_from("ab .\n\r#*`[]()|->_<&\t1\\é⟦⟧{}")),
       kind=st.sampled_from(["markdown", "paragraphs"]),
       change=st.sampled_from([upper, without_marks, lambda line: line[::-1]]))  # fmt: skip
def test_any_text_is_a_document(text, kind, change):
    out, _ = run(kind, text, change)
    assert text.count("\n") >= out.count("\n")


@given(data=st.binary(max_size=200), kind=st.sampled_from(sorted(SAMPLES)))
def test_bytes_that_are_no_document_are_an_error_in_words(data, kind):
    for each in (data, SAMPLES[kind].encode()[: len(data) * 4] + data):
        with contextlib.suppress(CorpusError):
            document = open_document(each, "x", kind, **LANGS)
            assert document.write({}) == each


# --- pairs for training ---------------------------------------------------------------------------


def pairs(read, data):
    data = data.encode() if isinstance(data, str) else data
    return [tuple(entry.pair) for entry in read(io.BytesIO(data), "x", "en", "de")]


def test_pairs_of_po():
    assert pairs(read_po, PO) == [
        ("hello %(name)s and {other} of <b>them</b>", ""),
        ("one file", ""),
        ("%d files", "da"),
        ("%d files", ""),
        ('after that "x"', ""),
        ("done", "fertig"),
        ("old", ""),
    ]


def test_pairs_of_xliff():
    assert pairs(read_xliff, XLIFF_1)[1:] == [
        ("two", ""),
        ("three", "drei"),
        ("four", ""),
        ("five", ""),
    ]
    assert pairs(read_xliff, XLIFF_2) == [("go home now", ""), ("a", "b"), ("c", "")]
    tagged = XLIFF_2.replace("<source>a<", '<source>a <ph id="1"/><').replace(
        "b<", '<ph id="1"/> b<'
    )
    assert pairs(read_xliff, tagged)[1] == ("a ⟦1⟧", "⟦1⟧ b")


def mo_of(strings, order="<"):
    import struct

    tables, blob, start = b"", b"", 28 + 16 * len(strings)
    for side in (0, 1):
        for pair in strings:
            tables += struct.pack(f"{order}2I", len(pair[side]), start + len(blob))
            blob += pair[side] + b"\0"
    count = len(strings)
    head = struct.pack(f"{order}7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0)
    return head + tables + blob


@pytest.mark.parametrize("order", ["<", ">"])
def test_pairs_of_mo(order):
    header = b"Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n!=1;\n"
    strings = [(b"", header), (b"c\x04a", "ä".encode()), (b"one\0many", b"eins\0viele")]
    data = mo_of(strings, order)
    assert pairs(read_mo, data) == [("a", "ä"), ("one", "eins"), ("many", "viele")]
    for cut in range(1, len(data) - 1):  # without its last NUL it is whole
        with pytest.raises(CorpusError):
            pairs(read_mo, data[:cut])


def test_a_header_with_plural_forms_says_nothing():
    assert pairs(read_mo, mo_of([(b"\0", b"x\0y"), (b"a", b"b")])) == [("a", "b")]


@pytest.mark.parametrize("plural", ["n != not 1", "1/0", "(" * 900, "import os", "n" * 2000])
def test_a_plural_rule_that_is_none_counts_as_that_of_english(plural):
    header = f'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural={plural};\\n"\n\n'
    message = 'msgid "one"\nmsgid_plural "many"\nmsgstr[0] "a"\nmsgstr[1] "b"\n'
    assert pairs(read_po, header + message) == [("one", "a"), ("many", "b")]


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (read_po, PO.replace("Language: de", "Language: fr"), "'Language: fr', and 'de' was asked"),
        (read_po, PO.replace("UTF-8", "UTF-16"), "charset=UTF-16, which cannot be read"),
        (read_po, 'msgid "a"\nmsgid "b"\n', "x:2: a second msgid"),
        (read_po, "hello\n", "x:1: 'hello' is no line of a PO file"),
        (read_po, 'msgid "a"\n', "ends in the midst of a message"),
        (read_xliff, XLIFF_1.replace('"de"', '"fr"'), "target language is 'fr'"),
        (read_xliff, XLIFF_2.replace("2.0", "3.0"), "of version '3.0'"),
        (read_xliff, '<!DOCTYPE x [<!ENTITY a "b">]>' + XLIFF_2, "declares the entity 'a'"),
        (read_xliff, "<tmx/>", "begins with <tmx>"),
    ],
)
def test_what_cannot_be_read_says_why(read, text, message):
    with pytest.raises(CorpusError, match=re.escape(message)):
        pairs(read, text)


@pytest.mark.parametrize("kind", ["paragraphs", "srt", "markdown"])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"one\nf\xfcnf",
            "d/x:2: byte 2 of the line (byte 6 of the file) is 0xfc, which is not UTF-8; find out "
            "the encoding and convert the file, such as with "
            "`iconv -f ISO-8859-1 -t UTF-8 d/x > NEW_FILE`",
        ),
        (b"a\rb\r\nc\xfc", "d/x:3: byte 2 of the line (byte 7 of the file) is 0xfc"),
        (b"\xef\xbb\xbfa\xfc", "d/x:1: byte 5 of the line (byte 5 of the file) is 0xfc"),
        (
            b"\xff\xfea\0\n\0b\0\x00\xdc",
            "d/x:2: byte 3 of the line (byte 9 of the file) is 0x00, which is not UTF-16-LE; the "
            "file is cut short or damaged",
        ),
        (
            b"one\nf\0nf",
            "d/x:2: byte 2 of the line (byte 6 of the file) is 0x00, which no text holds; if this "
            "is UTF-16, convert it with `iconv -f UTF-16LE -t UTF-8 d/x > NEW_FILE`, else delete",
        ),
        (b"\xef\xbb\xbf\0", "d/x:1: byte 4 of the line (byte 4 of the file) is 0x00, which no"),
        (
            b"\xfe\xff\0a\0\n\0\0",
            "d/x:2: byte 1 of the line (byte 7 of the file) is 0x00, which no text holds; delete",
        ),
    ],
)
def test_bytes_that_are_no_text_are_named_with_their_place(kind: str, data: bytes, message: str):
    with pytest.raises(CorpusError) as caught:
        open_document(data, "d/x", kind)
    assert str(caught.value).startswith(message)


# --- the command ----------------------------------------------------------------------------------


def test_the_name_says_the_kind():
    assert [kind_of(n) for n in ("a.PO", "a.xlf", "a.txt", "a.md")] == [
        "po",
        "xliff",
        "lines",
        "markdown",
    ]
    assert kind_of("a.md", "lines") == "lines"
    with pytest.raises(SettingsError, match="is packed; unpack it"):
        kind_of("a.po.gz")
    with pytest.raises(SettingsError, match="it must be one of po, xliff"):
        kind_of("a", "doc")


def test_a_packed_document_is_refused_by_its_whole_path(run_cli, tiny_run):
    outcome = run_cli("translate", "-m", tiny_run, "some/where/a.po.gz")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert "some/where/a.po.gz: is packed; unpack it" in outcome.stderr


def test_translate_writes_a_document(run_cli, tiny_run, tmp_path):
    source, output = tmp_path / "a.po", tmp_path / "b.po"
    source.write_text('msgid "one two"\nmsgstr ""\n\nmsgid "b"\nmsgstr "c"\n', "utf-8")
    words = ("translate", "-m", tiny_run, "--threads", "1", "--precision", "fp32")
    outcome = run_cli(*words, source, "-o", output)
    assert outcome.code == 0
    assert "2 units: " in outcome.stderr
    assert output.read_text("utf-8").endswith('msgid "b"\nmsgstr "c"\n')
    outcome = run_cli(*words, source, "--json")
    records = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert [(each["id"], each["src"], each["tgt"]) for each in records] == [
        (1, "one two", ""), (2, "b", "c")]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a.md", "--prefix", "x"], "--prefix: is of lines"),
        (["a.txt", "--all-units"], "--all-units: is of documents"),
        (["a.md", "--format", "doc"], "--format is 'doc'"),
    ],
)
def test_flags_that_do_not_fit_are_refused(run_cli, tiny_run, words, message):
    outcome = run_cli("translate", "-m", tiny_run, *words)
    assert outcome.code == 2
    assert message in outcome.stderr
