"""What is no text in a unit: placeholders of all kinds, tags in order, parts without words."""

from __future__ import annotations

import re

import pytest
from stub_translator import run, upper, without_marks
from test_documents_xliff import targets, xliff_2


def backwards(line: str) -> str:
    """Give back the words of a line from the last to the first, marks among them."""
    return " ".join(reversed(re.findall(r"⟦\d+⟧|[^\s⟦]+", line)))


def text_of(src: str, change=upper) -> tuple[str, tuple[str, ...]]:
    """Return the translation of a message of a PO, and its flags."""
    quoted = src.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    _, (outcome,) = run("po", f'msgid "{quoted}"\nmsgstr ""\n', change)
    return "".join(map(str, outcome.text or ())), outcome.flags


@pytest.mark.parametrize(
    "code",
    [
        "%s", "%-5.2f", "%.*s", "%'d", "%I64d", "%1$s", "%(name)s", "%@",  # printf, Python, Apple
        "%name%", "%count_of%", "%user",  # Symfony, Drupal
        "%1", "%L2", "%n", "%Ln",  # Qt
        "%<n>d", "%{n}",  # Ruby
        "{name}", "{{ name }}", "${name}", "__name__",
        "ftp://ftp.x.org/my-dog", "file:///my/dog", "git+ssh://x.org/dog", "mailto:a@x.org",
        "<b>", "</b>", "&amp;", "♪",
    ],
)  # fmt: skip
def test_what_is_for_programs_comes_out_as_it_went_in(code: str) -> None:
    for change in (upper, without_marks):
        text, flags = text_of(f"a dog {code} two cats", change)
        assert text == f"A DOG {code} TWO CATS"
        assert flags == (("reassembled",) if change is without_marks else ())


@pytest.mark.parametrize(
    ("src", "tgt"),
    [
        ("%d%% of dogs, %s%s", "%d%% OF DOGS, %s%s"),
        ("%dpx of %ld%s", "%dpx OF %ld%s"),
        ("Hi %name%, %count% dogs", "HI %name%, %count% DOGS"),
    ],
)
def test_placeholders_side_by_side_are_told_apart(src: str, tgt: str) -> None:
    assert text_of(src.replace("Hi", "hi"))[0] == tgt.replace("Hi", "HI")
    assert text_of(src.replace("Hi", "hi"), without_marks)[0] == tgt


@pytest.mark.parametrize(
    "src",
    [
        "a <b>big dog</b> runs",
        "{i}big dogs{/i} run here",
        "<b>a <i>big dog</i> runs</b> here",
        "a <i>dog is</i> near <b>two cats</b> now",
    ],
)
def test_tags_do_not_close_before_they_open(src: str) -> None:
    text, flags = text_of(src, backwards)
    assert re.findall("<.*?>|{.*?}", text) == re.findall("<.*?>|{.*?}", src)
    assert flags == ("reassembled",)


def test_tags_that_change_places_as_a_whole_are_no_fault() -> None:
    def change(line: str) -> str:
        return line if "⟦4⟧" not in line else "⟦3⟧ CATS ⟦4⟧ AND ⟦1⟧ DOGS ⟦2⟧ , ⟦5⟧"

    text, flags = text_of("<i> dogs </i> and <b> cats </b> ,<br>", change)
    assert (text, flags) == ("<b> CATS </b> AND <i> DOGS </i> , <br>", ())


def test_angular_closes_no_link_before_it_opens() -> None:
    start, close = '<ph id="0" disp="START"/>', '<ph id="1" disp="CLOSE"/>'
    source = f"a {start}big dog{close} runs"  # of XLIFF 2, whose ph say nothing of order
    result, _ = run("xliff", xliff_2(source), backwards)
    assert targets(result)
    one = (
        '<xliff version="1.2"><file source-language="en" target-language="de"><body><trans-unit '
        'id="1"><source>a <x id="START_LINK"/>big dog<x id="CLOSE_LINK"/> runs</source>'
        "</trans-unit></body></file></xliff>"
    )
    _, (outcome,) = run("xliff", one, backwards)
    assert outcome.flags == ("reassembled",)


def test_segments_of_a_text_do_not_come_to_stand_in_each_other() -> None:
    one = (
        '<xliff version="1.2"><file source-language="en" target-language="de"><body><trans-unit '
        'id="1"><source>a dog</source><seg-source><mrk mtype="seg" mid="1">A dog.</mrk> '
        '<mrk mtype="seg" mid="2">A man.</mrk></seg-source></trans-unit></body></file></xliff>'
    )
    result, _ = run("xliff", one, backwards)
    (target,) = re.findall("<target.*?</target>", result, re.DOTALL)
    assert re.findall("</?mrk", target) == ["<mrk", "</mrk"] * 2


@pytest.mark.parametrize(
    "src", ["A dog runs. A man sits.", "a dog\nA man", "{n, plural, one {a man} other {# dogs}}"]
)
def test_a_part_that_comes_to_nothing_leaves_the_unit_open(src: str) -> None:
    _, flags = text_of(src, lambda line: "" if "man" in line else upper(line))
    assert "empty" in flags
    assert text_of(src, lambda line: "")[0] == ""


def test_marks_alone_are_no_translation() -> None:
    text, flags = text_of("A dog %s", lambda line: "⟦1⟧" if "⟦" in line else upper(line))
    assert (text, flags) == ("A DOG %s", ("reassembled",))


@pytest.mark.parametrize("count", [30, 300])
def test_many_codes_in_a_row_take_no_longer_than_they_are_many(count: int) -> None:
    codes = "    ".join(["%s"] * count)
    assert text_of(f"{codes}  dogs")[0] == f"{codes}  DOGS"
    assert text_of(f"dogs  {codes}")[0] == f"DOGS  {codes}"
    logos = "\n".join(["<a href=x><img src=y></a>"] * count)
    result, _ = run("markdown", f"Thanks to\n{logos}\nand others.\n".replace("T", "t"))
    assert result.count("<a href=x><img src=y></a>") == count


def test_a_box_is_one_at_the_start_of_an_item_only() -> None:
    result, _ = run("markdown", "- [x] a dog\n\n[dog [x] man](docs/guide.md)\n")
    assert result == "- [x] A DOG\n\n[DOG [X] MAN](docs/guide.md)\n"
