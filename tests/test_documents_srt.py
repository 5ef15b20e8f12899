"""SubRip: all text is translated, or the file is an error in words; times never change."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_translator import run, upper, without_marks

from seqcli.corpus.formats.document import as_text
from seqcli.documents import open_document
from seqcli.errors import CorpusError

TIMES = ("00:00:01,000 --> 00:00:02,500", "00:00:03,000 --> 00:00:04,000")
FILE = f"1\n{TIMES[0]}\none\n\n2\n{TIMES[1]}\ntwo\n"


def translated(text, change=upper):
    return run("srt", text, change)[0]


def only_text(text):
    return re.sub("[^\r\n]+", lambda line: line[0] if ":00" in line[0] else line[0].upper(), text)


@pytest.mark.parametrize(
    "text",
    [
        FILE.replace("one", "one\n\nmore\nof it\n\n\nlast"),
        FILE.replace("one", "\nafter a blank line"),
        FILE.replace("one", "- hi\n\n- you"),
        FILE.replace("2,500", "2,500  X1:10 X2:20 Y1:5 Y2:6"),
        FILE.replace("00:00:01,000", "0:00:01.0").replace(" --> ", "-->"),
        FILE.replace("00:00:01,000", "00:00:01:000").replace("00:00:03,000", "00:00:03"),
        FILE.replace("\n2\n", "\n"),
        FILE.replace("\n\n2\n", "\n2\n"),
        FILE.replace("two", "two\n\n3\n"),
        FILE.replace("two", "42 is\nan age"),
        FILE.replace("two", "go --> there at 10:30"),
        FILE.removesuffix("\n"),
        "\ufeff" + FILE,
        FILE.replace("\n2", "\n\ufeff2"),
        FILE.replace("\n", "\r\n"),
        FILE.replace("\n", "\r"),
        FILE.replace("\n", "\n\n"),
        FILE + "\n\n",
    ],
)
def test_all_text_is_translated_and_nothing_else_changes(text):
    assert translated(text) == only_text(text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (TIMES[1], "00:00:03,000 -> 00:00:04", "x:6: '00:00:03,000 -> 00:00:04' is no time"),
        (TIMES[1], "00:00:03,000 --> 00:00:0x", "x:6: '00:00:03,000 --> 00:00:0x' is no time"),
        (TIMES[1], "--> 00:00:04,000", "x:6: '--> 00:00:04,000' is no time"),
        (TIMES[1], TIMES[1] + " two", f"x:6: '{TIMES[1]} two' is no time"),
        (TIMES[1] + "\n", "", "x:6: 'two' is no time"),
        (f"2\n{TIMES[1]}", "00:00:03,000 > 00:00:04", "x:5: '00:00:03,000 > 00:00:04' is no time"),
        (TIMES[0], "00:00:01,000 00:00:02,500", "x:2: '00:00:01,000 00:00:02,500' is no time"),
        (f"\n2\n{TIMES[1]}", f"2\n{TIMES[1][:20]}", f"x:5: '{TIMES[1][:20].strip()}' is no time"),
        ("\n2\n", "\nII\n", "x:5: 'II' is no number"),
        ("\n\n2\n", "\n", "x:3: 'one' is no number"),
        ("1\n", "WEBVTT\n\n1\n", "x:1: 'WEBVTT' stands before the first time"),
        ("two", f"two {TIMES[0]}", "is no time"),
    ],
)  # fmt: skip
def test_a_line_that_is_neither_text_nor_time_is_an_error_in_words(old, new, message):
    with pytest.raises(CorpusError, match=re.escape(message)) as error:
        open_document(FILE.replace(old, new, 1).encode(), "x", "srt")
    assert "00:00:01,000 --> 00:00:02,500, and then its text" in str(error.value)


def test_a_file_without_times_is_none_of_subtitles():
    with pytest.raises(CorpusError, match="x:2: '1' begins the text, and no line of the file is a"):
        open_document(b"\n1\nhello\n", "x", "srt")
    assert translated("\n\n") == "\n\n"


@pytest.mark.parametrize("arrow", ["->", "=>", "—>", "", "-"])
def test_the_only_time_is_named_if_it_is_none(arrow):
    time = f"00:00:01,000 {arrow} 00:00:02,500".replace("  ", " ")
    with pytest.raises(CorpusError) as error:
        open_document(f"\ufeff1\r\n{time}\r\nhello\r\n".encode(), "x", "srt")
    assert str(error.value) == (
        f"x:2: '{time}' is no time; a subtitle is a number, a time such as 00:00:01,000 --> "
        "00:00:02,500, and then its text; correct this place"
    )


def test_tags_stay_whole():
    text = '{\\an8}<font color="#ff 00">one two</font>\nthree <i>four</i>'
    expected = '{\\an8}<font color="#ff 00">ONE\nTWO</font> THREE <i>FOUR</i>'
    assert translated(FILE.replace("one", text)).split("\n\n")[0].endswith("500\n" + expected)
    for line in translated(FILE.replace("one", text), lambda line: line * 2).splitlines()[2:4]:
        assert line.count("<") == line.count(">")


def test_speakers_in_tags_are_two():
    text = FILE.replace("one", "<i>- one</i>\n{\\an8}- more")
    out, outcomes = run("srt", text)
    assert out == only_text(text).replace("\\AN8", "\\an8").replace("I>", "i>")
    assert [each.unit.line for each in outcomes] == [3, 4, 8]


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("A man runs.\n- Two men sit.", ["A man runs.", "Two men sit."]),
        ("- A man\nruns.\n- Two men sit.", ["A man runs.", "Two men sit."]),
        ("- A man runs.", ["A man runs."]),
        ("– A man runs.\n  —two", ["A man runs.", "two"]),
        ("<i>Man</i>: A dog runs.\n- {\\an8}, two men",
         ["<i>Man</i>: A dog runs.", "{\\an8}, two men"]),
        ("MAN: A dog runs.\nWOMAN: Two men sit.", ["A dog runs.", "Two men sit."]),
        ("MAN: A dog\nruns.", ["A dog runs."]),
        ("MAN:\nA dog\n runs.\n- It is.\nMRS. Ä:\n", ["A dog runs.", "It is."]),
        ("- MAN: A dog.\n<i>- 2ND MAN (ON PHONE): Two.</i>", ["A dog.", "Two.</i>"]),
        ("{\\an8}<b>MAN</b>: A dog.\n<i>[WOMAN]:</i> Two.", ["A dog.", "Two."]),
        ("It is at\n10:30: now.\nMan: A dog", ["It is at 10:30: now. Man: A dog"]),
        ("MAN:", []),
        ("♪ A man sings ♪\n♪ and a boy plays ♪", ["A man sings ♪", "and a boy plays ♪"]),
        (">> MAN: A dog.\n>> Two men.", ["A dog.", "Two men."]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("change", [upper, lambda line: re.sub(r"\W+", " ", upper(line)).strip()])
def test_what_says_who_speaks_stays_and_begins_a_text(text, units, change):
    """A dash on the second line only was lost or moved, and two speakers became one text."""
    out, outcomes = run("srt", FILE.replace("one", text), change)
    assert [as_text(each.unit.src) for each in outcomes] == [*units, "two"]
    lines = FILE.replace("one", text).splitlines()
    for outcome in outcomes[:-1]:
        line, word = lines[outcome.unit.line - 1], as_text(outcome.unit.src).split()[0]
        assert line[: line.index(word)] + as_text(outcome.text).split()[0] in out


def test_a_translation_that_would_be_a_time_is_not_written():
    text = f"1\n{TIMES[0]}\na dog\n"
    result, (outcome,) = run("srt", text, lambda line: TIMES[0])
    assert (result, outcome.flags) == (text, ("broken",))


def test_wrapping_begins_no_line_as_a_speaker_does():
    for said in ("well, he is - as they", "they say it - a dog", "say, MAN: yes he"):
        result, _ = run("srt", f"1\n{TIMES[0]}\na dog and\ntwo men\n", lambda line, t=said: t)
        assert result == f"1\n{TIMES[0]}\n{said}\n" or len(run("srt", result)[1]) == 1


def test_speakers_are_written_where_they_stood():
    text = "- MAN: A dog\nruns.\nWOMAN:\nTwo <i>men\n — sit.</i>"
    assert translated(FILE.replace("one", text)) == FILE.replace(
        "one", "- MAN: A DOG\nRUNS.\nWOMAN:\nTWO <i>MEN\n — SIT.</i>"
    ).replace("two", "TWO")


PIECES = ["MAN: ", "MAN:\n", "<i>M</i>:",
          "a\n", "b c", "1\n", "23\n", "\n", "\n", "\r", "\r\n", f"{TIMES[0]}\n", TIMES[1], "-->",
          "- ", "<i>", "{x}", "00:00:01", " ", "\ufeff"]  # fmt: skip


@given(text=st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
       change=st.sampled_from([upper, without_marks, lambda line: line[::-1]]))  # fmt: skip
def test_all_text_is_in_units_or_the_file_is_refused(text, change):
    try:
        document = open_document(text.encode(), "x", "srt")
    except CorpusError:
        return
    in_units = "".join("".join(unit.src) for unit in document.units)
    assert sum(map(in_units.count, "abc")) == sum(map(text.count, "abc"))
    out, _ = run("srt", text, change)
    times = [line for line in re.split("[\r\n]+", text) if re.search(r"\d -->", line)]
    assert [line for line in re.split("[\r\n]+", out) if re.search(r"\d -->", line)] == times
