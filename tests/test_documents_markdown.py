"""Markdown: what is no text stays, wherever a translation puts it; every paragraph is a unit."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_translator import run, upper, without_marks

from seqcli.corpus.formats import markdown
from seqcli.corpus.formats.document import Code, as_text
from seqcli.corpus.formats.plain import wrap
from seqcli.documents import open_document
from seqcli.errors import CorpusError

LINKS = "\n[dog]: /dog\n[big dog]: w\n[Cat]: <b c> 'T'\n[#1]: x\n[`a`]: y\n[pic]: z\n"


def longer(line):
    return re.sub(r"[A-Za-z]{2,}", lambda match: match.group() * 2, line)


def backwards(line):
    return " ".join(line.split()[::-1])


def translated(text, change=upper):
    return run("markdown", text, change)[0]


# --- marks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see [Dog] now", "SEE [DOG][Dog] NOW"),
        ("see [cat][] now", "SEE [CAT][cat] NOW"),
        ("see [my\ndog][dog] now", "SEE [MY\nDOG][dog] NOW"),
        ("> see the [big\n> dog]", "> SEE THE [BIG\n> DOG][big dog]"),
        ("see [dog](/a) now", "SEE [DOG](/a) NOW"),
        ("see [#1] and [`a`] now", "SEE [#1] AND [`a`] NOW"),
        ("see [nobody] or [nobody][] now", "SEE [NOBODY] OR [NOBODY][] NOW"),
        ("see ![pic] now", "SEE ![PIC][pic] NOW"),
        ("[![pic]][dog] now", "[![PIC][pic]][dog] NOW"),
        ("*see [**my** dog][dog]* now", "*SEE [**MY** DOG][dog]* NOW"),
        ("[see] [DOG] now", "[SEE] [DOG] NOW"),
    ],
)
def test_labels_of_links_survive(text, expected):
    assert translated(text + "\n" + LINKS) == expected + "\n" + LINKS


def test_a_label_is_named_only_where_a_translation_is_written():
    text = "see [dog] now\n" + LINKS
    _, outcomes = run("markdown", text)
    assert [as_text(each.unit.src) for each in outcomes] == ["see [dog] now"]
    assert as_text(outcomes[0].text) == "SEE [DOG][dog] NOW"
    assert translated(text, lambda line: line.replace("see", "SEE")) == "SEE [dog] now\n" + LINKS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a[^1] b\n\n[^1]: the note\n    goes on\n", "A[^1] B\n\n[^1]: THE NOTE\n    GOES ON\n"),
        ("[^a]: a\n\n        code\n\n    b\n", "[^a]: A\n\n        code\n\n    B\n"),
        ("[^b]: http://x.y\n", "[^b]: http://x.y\n"),
        ("lost[^x] note", "LOST[^x] NOTE"),
        ("> [!NOTE]\n> one\n> two\n", "> [!NOTE]\n> ONE\n> TWO\n"),
        ("> [!warning]\n>\n> one\n", "> [!warning]\n>\n> ONE\n"),
        ("> [!info]- title\n> one\n", "> [!info]- TITLE\n> ONE\n"),
        ("a $a_b$ and $x\\$y$, b", "A $a_b$ AND $x\\$y$, B"),
        ("$x$ is 1", "$x$ IS 1"),
        ("from $5 to $10 or US$4", "FROM $5 TO $10 OR US$4"),
        ("a $$x_i$$ b", "A $$x_i$$ B"),
        ("a\n\n$$\na b\n$$\n\nc\n", "A\n\n$$\na b\n$$\n\nC\n"),
        ("where\n$$\na \\\\\nb\n$$\nholds\n", "WHERE\n$$\na \\\\\nb\n$$\nHOLDS\n"),
        ("a :smile: b :+1:, at 10:30:45", "A :smile: B :+1:, AT 10:30:45"),
        ("a {{ b | c }} d", "A {{ b | c }} D"),
        ("Term\n: one\n  two\n: three\n", "TERM\n: ONE\n  TWO\n: THREE\n"),
        ("Term\n\n: one\n\n    two\n", "TERM\n\n: ONE\n\n    TWO\n"),
        ("Term\nOther\n: one\n", "TERM\nOTHER\n: ONE\n"),
        (":::note\none\ntwo\n:::\n", ":::note\nONE\nTWO\n:::\n"),
        ("- [ ] one\n- [x] two\n", "- [ ] ONE\n- [x] TWO\n"),
        ("|a \\| b|`c\\|d` e|\n|-|-|\n|b|b|\n", "|A \\| B|`c\\|d` E|\n|-|-|\n|B|B|\n"),
        ("1. 1a\n2. # 2 a #\n", "1. 1A\n2. # 2 A #\n"),
        ("2 * 3 * a_b_c C:\\dir", "2 * 3 * A_B_C C:\\DIR"),
        ("---\n\ntext\n\n---\n", "---\n\nTEXT\n\n---\n"),
        ("---\nsee http://x.y\n---\n", "---\nSEE http://x.y\n---\n"),
        ("---\n# c\n\nkey: a\n---\nb\n", "---\n# c\n\nkey: a\n---\nB\n"),
        ("one  \n2. two\n", "ONE  \n2. TWO\n"),
        ("$$$$---\n$$", "$$$$---\n$$"),
        ("one **two\\\nthree** four\n", "ONE **TWO\\\nTHREE** FOUR\n"),
        ("one\n`two  \nthree` fo\n", "ONE\n`two three`\nFO\n"),
    ],
)
def test_only_text_is_translated(text, expected):
    assert translated(text) == expected


def test_what_has_no_text_is_kept_and_not_flagged():
    _, outcomes = run("markdown", "[![](a.svg)](b)\n\n`code`\n\ntext\n")
    assert [(each.text is None, each.flags) for each in outcomes] == [
        (True, ()),
        (True, ()),
        (False, ()),
    ]


def test_text_that_a_bullet_would_make_a_rule_is_not_written():
    out, (outcome, _) = run("markdown", "- a\n- b\n", lambda line: "--" if line == "a" else line)
    assert (out, outcome.flags) == ("- a\n- b\n", ("broken",))


# --- wrapping -------------------------------------------------------------------------------------


def test_no_line_is_broken_within_a_mark():
    link = '[the file](<./my file.pdf>\n"A title of it")'
    out, (outcome,) = run("markdown", f"open {link} and <b\nid='a b'>read</b> it.\n", longer)
    assert outcome.flags == ()
    assert out == (
        'openopen [thethe\nfilefile](<./my file.pdf> "A title of it")\n'
        "andand <b id='a b'>readread</b>\nitit.\n"
    )


@pytest.mark.parametrize("sign", ["-", "+", "1.", "#", ">", "==", "```", ":::", "$$"])
def test_no_line_begins_as_another_block_does(sign):
    out, (outcome,) = run("markdown", "aaa bbb\nccc ddd\n", lambda line: f"aaa bbb {sign} ccc ddd")
    assert outcome.flags == ()
    assert out == f"aaa bbb {sign}\nccc ddd\n"


def test_a_translation_that_would_be_another_block_if_wrapped_is_not():
    out, (outcome,) = run("markdown", "aaa <div>\nccc ddd\n", longer)
    assert outcome.flags == ()
    assert out == "aaaaaa <div> cccccc dddddd\n"
    assert translated("aaa \\ bb\nc\n", longer) == "aaaaaa \\ bbbb c\n"


WORDS = st.lists(
    st.sampled_from(["a", "bc ", " ", "  d", "<b c>", "{e f}", Code("](g h)"), Code("e"), "- "])
)


@given(text=WORDS, width=st.integers(1, 20))
def test_wrapping_loses_nothing(text, width):
    lines = wrap(text, width)
    assert " ".join(" ".join(lines).split()) == " ".join(as_text(text).split())
    assert sum(line.count("g h") for line in lines) == as_text(text).count("g h")
    assert all(line.strip() for line in lines[1:])
    for line in lines:
        assert len(line) <= width or len(wrap([Code(line)], width)) == 1


# --- nothing is passed over -----------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_ends_a_line(end):
    text = "# a\n\nb\n\n- c d\n  e f\n- g\n\n---\nkey: x".replace("\n", end)
    assert translated(text) == text.upper()
    assert len(open_document(text.encode(), "x", "markdown").units) == 5


def test_blanks_that_are_none_for_markdown_are_text():
    assert translated("\xa0\n\na\n\n\x0b\n- \u2003b\n") == "\xa0\n\nA\n\n\x0b\n- \u2003B\n"


def test_a_text_that_cannot_be_placed_is_an_error_in_words(monkeypatch):
    reader = markdown._block_reader()
    monkeypatch.setattr(markdown, "_block_reader", lambda: reader)
    tokens = reader.parse("other")
    monkeypatch.setattr(reader, "parse", lambda text, env: tokens)
    with pytest.raises(CorpusError, match="x:1: cannot tell where 'other' stands in this line"):
        open_document(b"text", "x", "markdown")


PIECES = [
    *("a", "b c", "d", " ", "    ", "\t", "\n", "\r\n", "\r", "\x0b", "\xa0", "\u2028", "⟦"),
    *("#", "*", "**", "_", "`", "~", "~~", "\\", "<b>", "<!--", "-->", "&amp;", "{{", "}}", ":::"),
    *("[", "]", "(", ")", "!", "![", "[a]", "[a]: u\n", "[^1]", "[^1]: ", "$", "$$", ":", ": "),
    *("- ", "1. ", "> ", "---\n", "===\n", "```\n", "\\|"),
]


@given(text=st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
       change=st.sampled_from([upper, without_marks, longer, backwards]))  # fmt: skip
def test_n_paragraphs_in_are_n_out(text, change):
    out, outcomes = run("markdown", text, change)
    again = open_document(out.encode(), "x", "markdown")
    assert len(again.units) == len(outcomes)


def test_blanks_around_a_translation_do_not_undo_emphasis():
    out, (outcome,) = run("markdown", "**one two**\n", lambda line: f" {line.upper()} ")
    assert (out, outcome.flags) == ("**ONE TWO**\n", ())
