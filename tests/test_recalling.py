"""A memory in documents: what it has is taken, however either side writes its placeholders."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_translator import LANGS, translator, upper

from seqcli.corpus.pairs import SentencePair
from seqcli.documents import open_document, translate_units, write_document
from seqcli.memory import TranslationMemory


def recalled(kind, text, *pairs, use_fuzzy=False, protect=()):
    memory = TranslationMemory([SentencePair(*pair) for pair in pairs], use_fuzzy=use_fuzzy)
    document = open_document(text.encode(), f"x.{kind}", kind, **LANGS)
    outcomes = translate_units(document, translator(upper), memory=memory, protect=protect)
    return write_document(document, outcomes).decode(), [each.flags for each in outcomes]


def po(src: str, comment: str = "") -> str:
    return f'{comment}msgid "{src}"\nmsgstr ""\n'


def xliff(source: str) -> str:
    return (
        f'<xliff version="1.2"><file source-language="en"><body><trans-unit id="1"><source>{source}'
        "</source></trans-unit></body></file></xliff>"
    )


def tmx(source: str) -> str:
    return f'<tmx version="1.4"><tu><tuv xml:lang="en"><seg>{source}</seg></tuv></tu></tmx>'


@pytest.mark.parametrize(
    ("kind", "text", "pair", "target"),
    [
        # Text on both sides: it was not found, as the document had a mark.
        ("po", po("Open %s file"), ("Open %s file", "Datei %s offen"), "Datei %s offen"),
        ("po", po("%s: <b>%d</b> of {n}", "#, c-format\n"),
         ("%s: <b>%d</b> of {n}", "{n}: <b>%d</b>, %s"), "{n}: <b>%d</b>, %s"),
        # A mark in the memory, as of a TMX with ph.
        ("po", po("Open %s file"), ("Open ⟦1⟧ file", "Datei ⟦1⟧ offen"), "Datei %s offen"),
        ("po", po("%s of %d"), ("⟦1⟧ of ⟦2⟧", "⟦2⟧ von ⟦1⟧"), "%d von %s"),
        # Text in the memory, a tag in the document.
        ("tmx", tmx("Open <ph x='1'>%s</ph> file"), ("Open %s file", "Datei %s offen"),
         "Datei <ph x='1'>%s</ph> offen"),
        ("tmx", tmx("a <ph>&lt;b></ph>b<ph>&lt;/b></ph>"), ("a <b>b</b>", "<b>x</b> y"),
         "<ph>&lt;b></ph>x<ph>&lt;/b></ph> y"),
        # Both: as the reader of pairs of an XLIFF gives it.
        ("xliff", xliff('a <x id="1"/> %s'), ("a ⟦1⟧ %s", "%s ⟦1⟧ b"), '%s <x id="1"/> b'),
        ("xliff", xliff('a <x id="1"/> %s'), ("a ⟦1⟧ ⟦2⟧", "⟦2⟧ b ⟦1⟧"), '%s b <x id="1"/>'),
        # At the ends of a text, and beside blanks.
        ("xliff", xliff('<g id="1">a</g>'), ("⟦1⟧a⟦2⟧", "b ⟦1⟧c⟦2⟧"), 'b <g id="1">c</g>'),
        ("po", po(" a %s "), ("a %s", "b %s"), " b %s "),
        # A unit of two sentences that the memory has as one, and one of which it has each.
        ("po", po("It is. You %s."), ("It is. You %s.", "Du %s, es ist."), "Du %s, es ist."),
        ("po", po("It %d. You %s."), ("You %s.", "Du %s."), "IT %d. Du %s."),
        # What is for people may be another.
        ("po", po("see http://x.y/en now"), ("see http://x.y/en now", "siehe http://x.y/de"),
         "siehe http://x.y/de"),
    ],
)  # fmt: skip
def test_an_exact_match_is_found_however_it_is_written(kind, text, pair, target) -> None:
    out, (flags,) = recalled(kind, text, pair)
    assert f'"{target}"' in out or f">{target}</" in out
    assert flags == ("memory",)


def test_numbers_that_are_protected_are_those_of_the_memory() -> None:
    out, _ = recalled("po", po("2.5 %s"), ("2.5 %s", "2,5 %s"), protect=("number",))
    assert '"2,5 %s"' in out


@pytest.mark.parametrize(
    "pair",
    [
        ("Open %s file", "Datei offen"),
        ("Open %s file", "Datei %s %s offen"),
        ("Open %s file", "Datei %d offen"),
        ("Open ⟦1⟧ file", "Datei offen"),
        ("Open %d file", "Datei %d offen"),
        ("Open file", "Datei offen"),
    ],
)
def test_a_match_without_the_placeholders_of_the_unit_is_not_used(pair) -> None:
    out, (flags,) = recalled("po", po("Open %s file"), pair)
    assert 'msgstr "OPEN %s FILE"' in out
    assert flags == ()


def test_a_fuzzy_match_is_used_if_its_placeholders_are_those_of_the_unit() -> None:
    text = po("Open %s files", "#, c-format\n")
    pair = ("Open %s file", "Datei %s offen")
    assert recalled("po", text, pair, use_fuzzy=True)[1] == [("memory",)]
    assert '"Datei %s offen"' in recalled("po", text, pair, use_fuzzy=True)[0]
    assert recalled("po", text, pair)[1] == [()]
    other = ("Open %d files", "Datei %d offen")
    assert recalled("po", text, other, use_fuzzy=True)[1] == [()]
    text, other = po("see our http://x.y/a now"), ("see our http://x.y/b now", "siehe http://x.y/b")
    assert recalled("po", text, other, use_fuzzy=True)[1] == [()]


def test_an_exact_match_wins_over_a_fuzzy_one() -> None:
    pairs = [("Open the ⟦1⟧ file", "x ⟦1⟧"), ("Open the %s files", "y %s")]
    out, _ = recalled("po", po("Open the %s file"), *pairs, use_fuzzy=True)
    assert 'msgstr "x %s"' in out


def test_line_breaks_of_a_unit_are_not_lost_to_a_memory() -> None:
    out, _ = recalled("po", po("a %s\\nb %d"), ("a %s b %d", "x %s y %d"), ("a %s", "c %s"))
    assert '"c %s\\n"\n"B %d"' in out


@given(
    parts=st.lists(st.sampled_from(
        ["a", " b ", "%s", "%d", "{x}", "<b>", "&amp;", "http://x.y", "⟦", "⟧", "⟦1⟧", ". C ", "%"]
    ), min_size=1),
    tgt=st.permutations(["x", "%s", "{x}", "⟦1⟧", "<b>", "%d"]).map(" ".join),
    use_fuzzy=st.booleans(),
)  # fmt: skip
def test_any_memory_leaves_the_codes_of_a_document(parts, tgt, use_fuzzy) -> None:
    src = "".join(parts)
    pairs = [(src, tgt), (src.replace("%s", "⟦1⟧"), tgt), (f"{src}.", tgt)]
    document = open_document(po(src).encode(), "x.po", "po", **LANGS)
    memory = TranslationMemory([SentencePair(*pair) for pair in pairs], use_fuzzy=use_fuzzy)
    for outcome in translate_units(document, translator(upper), memory=memory):
        if outcome.text is not None and outcome.flags == ("memory",):
            for token in ("%s", "%d", "{x}", "<b>"):
                assert "".join(map(str, outcome.text)).count(token) == src.count(token)


def test_the_command_takes_matches_with_placeholders(run_cli, tiny_run, tmp_path) -> None:
    (tmp_path / "m.tsv").write_text("Open %s file\tDatei %s offen\n", "utf-8")
    source = tmp_path / "a.po"
    source.write_text(po("Open %s file", "#, c-format\n"), "utf-8")
    words = ("translate", "-m", tiny_run, "--threads", "1", "--memory", tmp_path / "m.tsv")
    outcome = run_cli(*words, source, "--json")
    assert outcome.code == 0
    record = json.loads(outcome.stdout)
    assert (record["hyp"], record["flags"]) == ("Datei %s offen", ["memory"])
