from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.decoding.splitting import join_parts, split_line


def count_words(texts: list[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def count_characters(texts: list[str]) -> list[int]:
    return [len(text) for text in texts]


def split(line: str, most: int, *, by_characters: bool = False) -> list[str]:
    lengths_of = count_characters if by_characters else count_words
    return split_line(line, most=most, lengths_of=lengths_of)


@pytest.mark.parametrize(
    ("line", "most", "expected"),
    [
        ("One two three.", 3, ["One two three."]),
        ("One two. Three four.", 2, ["One two. ", "Three four."]),
        ("One. Two. Three four. Five", 3, ["One. Two. ", "Three four. Five"]),
        ('He said "yes." Then he left.', 4, ['He said "yes." ', "Then he left."]),
        ("It is e.g. small here. Yes it is.", 5, ["It is e.g. small here. ", "Yes it is."]),
        ("One two, three four; five six", 2, ["One two, ", "three four; ", "five six"]),
        ("one two three four five", 2, ["one two ", "three four ", "five"]),
        (
            "Yes. one, two three four five. No.",
            3,
            ["Yes. one, ", "two three four ", "five. ", "No."],
        ),
    ],
)
def test_a_line_is_cut_at_sentences_then_punctuation_then_spaces(
    line: str, most: int, expected: list[str]
):
    assert split(line, most) == expected


def test_scripts_without_spaces_are_cut_at_their_own_marks():
    line = "今天天气很好。我们去公园吧，好吗？好。"
    assert split(line, 8, by_characters=True) == [
        "今天天气很好。",
        "我们去公园吧，",
        "好吗？",
        "好。",
    ]


def test_what_has_no_place_to_cut_is_cut_anywhere_but_not_before_an_accent():
    assert split("a" * 10, 3, by_characters=True) == ["aa", "aaa", "aa", "aaa"]
    parts = split("e\u0301" * 6, 4, by_characters=True)
    assert not any(part.startswith("\u0301") for part in parts)


@given(
    line=st.text(st.sampled_from("ab .,!?。，\u0301\n\u2028한"), max_size=80),
    most=st.integers(1, 12),
)
def test_the_parts_are_the_line_and_none_is_too_long(line: str, most: int):
    parts = split(line, most, by_characters=True)
    assert "".join(parts) == line
    assert all(parts) or not line
    longest = max(most, 1 + line.count("\u0301"))
    assert all(len(part) <= longest for part in parts)


@pytest.mark.parametrize(
    ("parts", "translations", "expected"),
    [
        (["One. ", "Two."], ["Eins.", "Zwei."], "Eins. Zwei."),
        (["One. ", "Two."], ["一。", "二。"], "一。二。"),
        (["一。", "二。"], ["One.", "Two."], "One. Two."),
        (["一。", "二。"], ["一つ。", "二つ。"], "一つ。二つ。"),
        (["aaaa", "aaa"], ["bbbb", "bbb"], "bbbbbbb"),
        (["One. ", "x ", "Two."], ["Eins.", "", "Zwei."], "Eins. Zwei."),
        (["안녕. ", "잘 가."], ["Hi.", "Bye."], "Hi. Bye."),
        (["Hi. ", "Bye."], ["안녕.", "잘 가."], "안녕. 잘 가."),
    ],
)
def test_translations_of_parts_are_joined_as_their_scripts_ask(
    parts: list[str], translations: list[str], expected: str
):
    assert join_parts(parts, translations) == expected
