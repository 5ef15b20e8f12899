"""ICU messages in documents: branches are translated, and what is around them never changes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_translator import run, upper, without_marks
from test_documents_xliff import xliff_2

from seqcli.corpus.formats.document import as_text
from seqcli.corpus.icu import Branches, cut_messages, is_balanced, shape


def careless(line: str) -> str:
    return " ".join(re.findall(r"\w+", re.sub("⟦.*?⟧", "", line))).upper() + "."


CHANGES = [upper, careless, without_marks, lambda line: line[::-1], lambda line: line + " }",
           lambda line: "# '{" + line, lambda line: "{x} " + line]  # fmt: skip


@pytest.mark.parametrize(
    ("src", "tgt"),
    [
        ("{count, plural, one {A dog} other {Two dogs}}",
         "{count, plural, one {A DOG} other {TWO DOGS}}"),
        ("You see {n,plural,offset:1 =0{no dogs}one{# dog, {name}} other{# dogs.}} here.",
         "YOU SEE {n,plural,offset:1 =0{NO DOGS}one{# DOG, {name}} other{# DOGS.}} HERE."),
        ("{g, select, male {he: {n, selectordinal,\n one {#st}\n}} other {}}",
         "{g, select, male {HE: {n, selectordinal,\n one {#ST}\n}} other {}}"),
        ("{g, select, a {it '{'is'}' #} other {%s}} {n}, {d, date, short}",
         "{g, select, a {IT '{'IS'}' #} other {%s}} {n}, {d, date, short}"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("change", CHANGES[:3])
def test_branches_are_translated_and_nothing_around_them(src, tgt, change):
    """Their heads went through the model as text, and braces came out unbalanced."""
    po = "msgid " + '"' + src.replace("\n", "\\n") + '"\nmsgstr ""\n'
    for kind, text in (("po", po), ("xliff", xliff_2(f"<pc>{src}</pc>").replace(
            "<source>", '<source xml:space="preserve">'))):  # fmt: skip
        _, (outcome,) = run(kind, text, change)
        assert re.sub("</?pc>", "", as_text(outcome.text)) == tgt
        assert set(outcome.flags) <= {"reassembled"}


def test_codes_in_branches_stay_there():
    text = '{n, plural, one {a <ph id="1"/> b} other {<pc id="2">c</pc>}}'
    out = run("xliff", xliff_2(text), without_marks)[0]
    assert '<target>{n, plural, one {A <ph id="1"/> B} other {<pc id="2">C</pc>}}</target>' in out


@pytest.mark.parametrize(
    "text",
    [
        "{n, plural, one {A dog",
        "{n, plural, one {A dog} other}",
        "{n, plural}, {n, plural, }",
        "{n, choice, 0#no dogs|1#{n} dogs}",
        "{n, plural, one {it '{ is} other {b}}",
        "{a,select,b{" * 2000 + "}}" * 2000,
    ],
)
def test_a_message_that_cannot_be_read_is_kept_and_flagged(text):
    po = f'msgid "see: {text}"\nmsgstr ""\n'
    out, (outcome,) = run("po", po)
    assert (out, outcome.text) == (po, None)
    assert "broken" in outcome.flags


@pytest.mark.parametrize("change", [lambda line: f"l'{line}", lambda line: f"{line} {{"])
def test_a_translation_that_would_change_a_message_is_not_written(change):
    for text in ("{n, plural, one {{x} dogs} other {a}} b", "a {n, plural, one {#}}"):
        _, (outcome,) = run("paragraphs", text, change)
        assert outcome.text is None or shape(as_text(outcome.text)) == shape(text)


def test_a_brace_too_many_is_not_written():
    for text, made in (("a", "a }"), ("a {b}", "{ ⟦1⟧"), ("a", "} a {")):
        _, (outcome,) = run("po", f'msgid "{text}"\nmsgstr ""\n', lambda _, made=made: made)
        assert outcome.text is None or is_balanced(as_text(outcome.text))
    assert run("paragraphs", "a {", lambda _: "b {")[0] == "b {"


def message_of(kind, branches):
    named = zip(("one", "other"), branches, strict=False)
    return f"{{n, {kind}, " + " ".join(f"{name} {{{text}}}" for name, text in named) + "}"


branch = st.recursive(
    st.text(st.sampled_from("ab ,.#!\n⟦"), max_size=6)
    | st.sampled_from(["{x}", "it''s", "'{'a'}'", "%s", "{{y}}"]),
    lambda inner: (
        st.builds(
            message_of,
            st.sampled_from(["plural", "select", "selectordinal"]),
            st.lists(inner, min_size=1, max_size=2),
        )
        | st.lists(inner, max_size=3).map(" ".join)
    ),
    max_leaves=6,
)


@given(text=branch, change=st.sampled_from(CHANGES))
def test_any_message_keeps_its_shape(text, change):
    _, outcomes = run("paragraphs", text, change)
    for outcome in outcomes:
        if outcome.text is not None:
            src, tgt = as_text(outcome.unit.src), as_text(outcome.text)
            assert is_balanced(tgt) or not is_balanced(src)
            if any(isinstance(piece, Branches) for piece in cut_messages(src)):
                assert shape(tgt) == shape(src)


SOUP = ["{", "}", "n", ",", "'", " ", "#", "a", "{n,plural,", "one{", "⟦"]


@given(text=st.lists(st.sampled_from(SOUP)).map("".join))
def test_a_text_is_what_it_is_cut_into(text):
    pieces = [p if isinstance(p, str) else "".join(p.parts) for p in cut_messages(text)]
    assert "".join(pieces) == text
    run("po", 'msgid "' + text + 'a"\nmsgstr ""\n', careless)
