"""What stands beside marks: no model loses it, and none adds to it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_translator import run
from test_documents_xliff import targets, xliff_2

from seqcli.corpus.edges import cut_edges, without_added_stop
from seqcli.corpus.protection import Masked, Protection
from seqcli.decoding.restoring import restore
from seqcli.decoding.translation import Hypothesis

URL = "https://x.org/a"


def careless(line: str) -> str:
    """Translate words alone, without marks and punctuation, as a sentence of its own."""
    return " ".join(re.findall(r"\w+", re.sub("⟦.*?⟧", "", line))).upper() + "."


@pytest.mark.parametrize(
    ("src", "tgt"),
    [
        (f"{URL}, a dog runs.", f"{URL}, A DOG RUNS."),
        ("%s: A cat sleeps.", "%s: A CAT SLEEPS."),
        ('"%s" is a dog', '"%s" IS A DOG'),
        ("(%s) A dog runs.", "(%s) A DOG RUNS."),
        ("<b>Dog</b>: A cat sleeps.", "<b>DOG</b>: A CAT SLEEPS."),
        ("%s's dog", "%s's DOG"),
        ("%s's", "%s's"),
        ("%s-based dogs", "%s-BASED DOGS"),
        ("a %s.", "A %s."),
        ("%s, %d: 5 (%s)!", "%s, %d: 5 (%s)!"),
        ("%s is “a dog”; two", "%s IS A DOG TWO"),
        ("%s: “a dog.”", "%s: “A DOG.”"),
        ("%s: “a dog”.", "%s: “A DOG”."),
        ("%s：犬、%s", "%s：犬、%s"),
        ("%s: ¿a dog?", "%s: A DOG."),
        ("“A dog” %s ", "“A DOG” %s "),
        ("%s ❤️ a cafe\u0301 %s", "%s ❤️ A CAFE %s"),
        ("%s: -5 dogs, $5 (%s)", "%s: -5 DOGS 5 (%s)"),
    ],
)
def test_punctuation_beside_a_mark_stays(src: str, tgt: str) -> None:
    """The model dropped what its part began with, so that text stuck to URLs and placeholders."""
    out, (outcome,) = run("paragraphs", src, careless)
    assert out == tgt
    if any(map(str.isalpha, re.sub(r"%[sd]('s)?", "", src))):
        assert outcome.flags == ("reassembled",)


@pytest.mark.parametrize(
    ("src", "tgt"),
    [
        ("`code`: A cat sleeps.", "`code`: A CAT SLEEPS."),
        ("A cat: `code`.", "A CAT: `code`."),
        ("`code` - a cat", "`code` - A CAT"),
        ("`code` a cat", "`code` A CAT"),
        ("**A cat**", "**A CAT.**"),
        ("- **Dog**: A cat sleeps.", "- **DOG**: A CAT SLEEPS."),
        ("**Dog**; a cat", "**DOG**; A CAT"),
        ('"**Dog**" runs.', '"**DOG**" RUNS.'),
        ("`code`, **Dog** (a cat).", "`code`, **DOG** (A CAT)."),
    ],
)
def test_punctuation_beside_a_code_of_markdown_stays(src: str, tgt: str) -> None:
    """A code at the end of a sentence is taken off first; these were broken, or stuck together."""
    out, (outcome,) = run("markdown", src, careless)
    assert (out, "broken" in outcome.flags) == (tgt, False)


def test_a_word_that_sticks_to_a_mark_is_translated_again() -> None:
    def glue(line: str) -> str:
        return re.sub(r"(⟦\d⟧)\W*", r"\1", line)

    assert run("paragraphs", f"{URL}, a dog", glue)[0] == f"{URL}, a dog"
    assert targets(xliff_2('<ph id="1"/>: a <ph id="2"/> b'), glue) == [
        '<ph id="1"/>: a <ph id="2"/> b'
    ]


def test_particles_may_touch_placeholders_but_no_url() -> None:
    for code, flags in (("%s", ()), (URL, ("reassembled",))):
        _, (outcome,) = run("paragraphs", f"see {code} now", lambda _: "이제 ⟦1⟧을")
        assert outcome.flags == flags


plain = st.text(st.sampled_from("ab é5.,:;!?'’\"“”()[]-–—/#&。、「」한犬"), max_size=8)
CODES = ["%s", "{x}", "<i>", "__Z__", "https://x.org"]


def edges_of(parts: list[str]) -> list[tuple[str, str]]:
    """Return what is no word beside marks: at the end of each part, and at the start of the next.

    A part without a letter is one edge. Of contractions, and the ends of the line, nothing.
    """
    found = []
    for place, part in enumerate(parts):
        if not any(map(str.isalpha, part)):
            found.append((part, part))
            continue
        before, after = re.match(r"\W*", part), re.search(r"\W*\Z", part)
        assert before is not None
        assert after is not None
        found.append((before[0] if place else "", after[0] if place < len(parts) - 1 else ""))
    return found


@given(
    parts=st.lists(plain, min_size=2, max_size=5),
    codes=st.lists(st.sampled_from(CODES), min_size=4, max_size=4),
    model=st.sampled_from([careless, lambda line: f"«{line}».", lambda line: f" ...{line} "]),
)
def test_between_marks_what_is_no_word_is_as_in_the_source(parts, codes, model) -> None:
    spans = tuple(codes[: len(parts) - 1])
    text = "".join(f"{part}⟦{n}⟧" for n, part in enumerate(parts[:-1], 1)) + parts[-1]
    lost = Hypothesis("", -1.0, ("x",), truncated=False, looped=False)

    def translate(part: str, _first: bool) -> Hypothesis | None:
        assert not part or any(map(str.isalpha, part))
        return (
            Hypothesis(model(part), -1.0, ("x",), truncated=False, looped=False) if part else None
        )

    (found,) = restore(Masked(text, spans), (lost,), translate)
    pattern = "(.*)".join(map(re.escape, spans))
    made = re.fullmatch(f"(.*){pattern}(.*)", found.text)
    assert made is not None
    src = [parts[0].lstrip(), *parts[1:-1], parts[-1].rstrip()]
    assert edges_of(list(made.groups())) == edges_of(src)


@given(text=st.text(), sides=st.tuples(st.booleans(), st.booleans()), made=st.text())
def test_a_text_is_its_three_parts(text: str, sides: tuple[bool, bool], made: str) -> None:
    part = cut_edges(text, is_after_mark=sides[0], is_before_mark=sides[1])
    whole = part.before + part.middle + part.after
    assert whole == text or (sides[1] and len(whole) > len(text))
    assert any(map(str.isalpha, part.middle)) == bool(part.middle)
    is_cut = any((part.before, part.after, *sides))
    assert part.fill(part.middle) == (text if is_cut else text.strip())
    filled = part.fill(made)
    assert filled.startswith(part.before)
    assert filled.endswith(part.after)


def test_a_part_gains_no_full_stop() -> None:
    assert without_added_stop("Ein Hund.", "a dog") == "Ein Hund"
    assert without_added_stop("犬。", "a dog") == "犬"
    assert without_added_stop("Ein Hund!", "a dog") == "Ein Hund!"
    assert without_added_stop("Ein Hund.", "A dog!") == "Ein Hund."
    assert without_added_stop("Ein Hund...", "a dog") == "Ein Hund..."


def test_lines_of_a_model_with_protection_keep_it_too() -> None:
    def translate(text: str, _first: bool) -> Hypothesis | None:
        return Hypothesis(careless(text), -1.0, ("x",), truncated=False, looped=False)

    masked = Protection(["url", "number"]).mask(f"{URL}, a dog (5), a cat.")
    lost = Hypothesis("x", -1.0, ("x",), truncated=False, looped=False)
    (found,) = restore(masked, (lost,), translate)
    assert found.text == f"{URL}, A DOG (5), A CAT."
