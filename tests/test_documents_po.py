"""PO documents and pairs: legal files come back, others are refused with their line."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_translator import run

from seqcli.corpus.formats.po import PoDocument, read_pairs
from seqcli.errors import CorpusError


def pairs(text: str) -> list[tuple[str, str]]:
    return [tuple(entry.pair) for entry in read_pairs(io.BytesIO(text.encode()), "x", "en", "de")]


@pytest.mark.parametrize(
    ("text", "out", "expected"),
    [
        ('msgid "a" msgstr ""\n', '#, fuzzy\nmsgid "a" msgstr "A"\n', [("a", "")]),
        ('msgid "a" "b"\nmsgstr "c" "d"\n', None, [("ab", "cd")]),
        ('msgid"a"\nmsgstr""\n', '#, fuzzy\nmsgid"a"\nmsgstr "A"\n', [("a", "")]),
        ('msgid "a"msgstr ""msgid "c"msgstr "d"',
         '#, fuzzy\nmsgid "a"msgstr "A"msgid "c"msgstr "d"',
         [("a", ""), ("c", "d")]),
        # A flag has a line of its own.
        ('msgid "a" msgstr "b" msgid "c" msgstr ""\r\n',
         'msgid "a" msgstr "b" \r\n#, fuzzy\r\nmsgid "c" msgstr "C"\r\n', [("a", "b"), ("c", "")]),
        ('msgid\n"a"\n\nmsgstr\n\n"b"\n"c"\n', None, [("a", "bc")]),
        ('msgid "a" msgid_plural "b" msgstr[0] "" msgstr [ 1 ] "c" # d\n',
         '#, fuzzy\nmsgid "a" msgid_plural "b" msgstr[0] "A" msgstr [ 1 ] "c" # d\n',
         [("a", ""), ("b", "c")]),
        ('msgid "a" msgstr "b" #, c-format\nmsgid "c" msgstr ""\n',
         'msgid "a" msgstr "b" #, fuzzy, c-format\nmsgid "c" msgstr "C"\n',
         [("a", "b"), ("c", "")]),
        ('\tmsgid "a"\n\tmsgstr  ""  \n', '#, fuzzy\n\tmsgid "a"\n\tmsgstr "A"  \n', [("a", "")]),
        ('domain "d" msgid "a" msgstr ""\n', 'domain "d" \n#, fuzzy\nmsgid "a" msgstr "A"\n',
         [("a", "")]),
        ('#~ msgid "a" msgstr "b"\n#~|msgid "c"\n#~msgid "d"\n#~msgstr "e"\n', None,
         [("a", ""), ("d", "")]),
        # Flags stand before previous strings, or msgfmt refuses them.
        ('#. c\n#| msgctxt "b"\n#| msgid "c"\nmsgid "a" msgstr ""\n',
         '#. c\n#, fuzzy\n#| msgctxt "b"\n#| msgid "c"\nmsgid "a" msgstr "A"\n', [("a", "")]),
        ('msgid "a\rb"\nmsgstr "c"\n# d\re\n', None, [("a b", "c")]),
    ],
)  # fmt: skip
def test_legal_files_are_read_and_come_back(text, out, expected) -> None:
    assert pairs(text) == expected
    assert run("po", text)[0] == (text if out is None else out)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('msgid "a"\nmsgstr[0] ""\n', "x:2: msgstr[0] without msgid_plural"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr ""\n', "x:3: msgstr in an entry with msgid_plural"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr[1] ""\n', "x:3: msgstr[1] in the place of msgstr[0]"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr[0] ""\nmsgstr[2] ""\n',
         "x:4: msgstr[2] in the place of msgstr[1]"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr[0] ""\nmsgstr ""\n', "x:4: msgstr in an entry"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr[0] ""\n# c\nmsgstr[1] ""\n',
         "x:5: msgstr[1] without a msgid"),
        ('# a\nmsgctxt "b"\nmsgstr "c"\n', "x:3: msgstr without a msgid before it"),
        ('\n"a"\n', "x:2: a string without a keyword"),
        ('msgid "a" b\n', "x:1: 'msgid \"a\" b' is no line of a PO file"),
        ('msgid "a\nmsgstr ""\n', "x:1: 'msgid \"a' is no line of a PO file"),
        ("msgid \"a\"\nmsgstr[9999999999999999999] \"b\"\n", "x:2: "),
        ('\nmsgid "a"\nmsgid_plural "b"\n', "x:2: the file ends in the midst of a message"),
        ("# a\n" + 'msgid "a"\n' + '"aaaaaaaaaa"\n' * 90_000,
         "a message of more than 1,048,576 bytes, which begins in line 2; a message is a sentence"),
        ('msgid "a"\nmsgstr "b\0"\n', "x:2: byte 10 of the line is 0x00, which no text holds"),
        ("# a\0\n", "x:1: byte 4 of the line is 0x00"),
        ('msgid "a\\000b"\nmsgstr ""\n', "x:1: a string with \\0, which no text holds"),
        # The whole file was one line, a comment or none at all.
        ('# a\r#: b\rmsgid "c"\rmsgstr "d"\r', "x:1: lines end in CR alone here, and must end"),
        ('msgid "c"\rmsgstr "d"\r', "convert the file with `tr '\\r' '\\n' < x > NEW_FILE`"),
        ('# a\n' + 'msgid "a"\rmsgstr "b"\r' * 90_000, "x:2: lines end in CR alone"),
    ],
)  # fmt: skip
def test_what_is_no_po_is_refused_with_its_line(text, message) -> None:
    """Forms without msgid_plural were read as no translation, and got another msgstr."""
    with pytest.raises(CorpusError, match=re.escape(message)):
        pairs(text)
    with pytest.raises(CorpusError, match=re.escape(message)):
        PoDocument(text.encode(), "x")


HEADER = b'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'msgid "\xe4"\n',
         "x:1: byte 0xe4 is not UTF-8, which a PO file is in whose header names no charset; name"),
        (HEADER + b'msgid "\xe4"\n',
         "x:4: byte 0xe4 is not UTF-8, which the header says the file is in; correct"),
        ('msgid "a"\n'.encode("utf-16"), "x:1: begins as UTF-16, in which no PO file can be"),
        ('msgid "a"\n'.encode("utf-16-le"), "if this is UTF-16, convert it with `iconv"),
    ],
)  # fmt: skip
def test_bytes_of_another_charset_are_refused_with_what_names_it(data, message) -> None:
    """A header was blamed that was not there."""
    with pytest.raises(CorpusError, match=re.escape(message)):
        list(read_pairs(io.BytesIO(data), "x", "en", "de"))
    with pytest.raises(CorpusError, match=re.escape(message)):
        PoDocument(data, "x")


def test_a_model_into_another_language_is_named_with_that_of_the_file() -> None:
    """A flag was asked for that the command does not have."""
    text = '# a\nmsgid ""\nmsgstr "Language: fr_FR\\n"\n'
    with pytest.raises(CorpusError) as error:
        run("po", text)
    assert str(error.value) == (
        "x.po:2: its header says 'Language: fr_FR', and the model translates from 'en' into 'de'; "
        "take a model into 'fr_FR', or correct the header"
    )


words = st.text("a가 x%")
blank = st.sampled_from([" ", "\n", "", "\t", "\r\n", "\n\n"])


@given(
    entries=st.lists(st.tuples(words, words, st.booleans()), max_size=4),
    blanks=st.lists(blank, min_size=50, max_size=50),
    charset=st.sampled_from(["UTF-8", "EUC-KR"]),
)
def test_any_layout_is_the_same_messages(entries, blanks, charset) -> None:
    text = f'msgid ""\nmsgstr "Content-Type: text/plain; charset={charset}\\n"\n\n'
    expected: list[tuple[str, str]] = []
    after = iter(blanks)
    for number, (src, tgt, has_plural) in enumerate(entries):
        parts = ["msgid", f'"{number}"', f'"{src}"']
        if has_plural:
            parts += ["msgid_plural", '"p"', "msgstr[0]", f'"{tgt}"', "msgstr[1]", '"q"']
        else:
            parts += ["msgstr", '""', f'"{tgt}"']
        text += "".join(part + next(after) for part in parts)
        expected += [(f"{number}{src}", tgt), ("p", "q")][: 1 + has_plural]
    data = text.encode(charset)
    document = PoDocument(data, "x")
    assert document.write({}) == data
    assert [(unit.src[0], unit.tgt) for unit in document.units] == expected
    made = {number: (f"{number}z",) for number in range(0, len(expected), 2)}
    again = PoDocument(document.write(made), "x")
    assert [(unit.src[0], unit.tgt) for unit in again.units] == [
        (src, f"{number}z" if number in made else tgt) for number, (src, tgt) in enumerate(expected)
    ]
