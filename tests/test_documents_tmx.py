"""TMX documents: which of their texts are the source, and where a translation is put."""

from __future__ import annotations

import io

import pytest
from stub_translator import run

from seqcli.corpus.formats.kinds import open_document
from seqcli.corpus.formats.tmx import find_languages
from seqcli.errors import CorpusError

MADE = ' creationtool="seqcli"'


def tuv(lang: str, text: str, made: str = "") -> str:
    return f'<tuv xml:lang="{lang}"{made}><seg>{text}</seg></tuv>'


def tmx(*units: str) -> str:
    body = "".join(f"<tu>{unit}</tu>" for unit in units)
    return f'<tmx version="1.4"><body>{body}</body></tmx>'


def test_a_source_that_is_named_in_several_ways_is_one_language() -> None:
    """Units in en-US were no units if anything was in en."""
    units = (tuv("en", "a"), tuv("en-US", "b"), tuv("en-US", "no") + tuv("en", "c"))
    out, outcomes = run("tmx", tmx(*units, tuv("fr", "d")))
    made = [unit + tuv("de", text, MADE) for unit, text in zip(units, "ABC", strict=True)]
    assert out == tmx(*made, tuv("fr", "d"))
    assert len(outcomes) == 3


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ([tuv("en-US", "a"), tuv("en-GB", "b")],
         "x.tmx:1: 'en' may mean en-US, en-GB; it has en-US (1, from line 1 on), en-GB (1, from "
         "line 1 on); leave one of them in"),
        ([tuv("de", "a"), "\n" + tuv("en-GB", "a"), tuv("en-gb", "a"), "\n\n" + tuv("en-US", "b"),
          tuv("en-GB", "a"), "\n" + tuv("en-IE", "b")],
         "x.tmx:4: 'en' may mean en-GB, en-US, en-IE; it has de (1, from line 1 on), en-GB (3, "
         "from line 2 on), en-US (1, from line 4 on), en-IE"),
        (['<tuv><seg>a</seg></tuv>'],
         "x.tmx: has no text in 'en'; none of its texts says its language; add xml:lang to them"),
        ([tuv("en", "a"), tuv("en-US", "a") + tuv("en-GB", "b")],
         "x.tmx:1: 'en' may mean en-US, en-GB here"),
        ([tuv("fr", "a")], "x.tmx: has no text in 'en'; it has fr; take a model of one of"),
    ],
)  # fmt: skip
def test_a_source_that_may_be_two_is_refused(units: list[str], message: str) -> None:
    with pytest.raises(CorpusError) as caught:
        run("tmx", tmx(*units))
    assert str(caught.value).startswith(message)


def test_lines_of_a_memory_with_crlf_end_in_crlf() -> None:
    before = tmx(tuv("en", "a\nb <ph>1\n2</ph> c"), tuv("en", "d")).replace("<tu>", "<tu>\n")
    before = before.replace("\n", "\r\n")
    out, _ = run("tmx", before.encode())
    assert out.count("\n") == out.count("\r\n")
    assert "<seg>A B <ph>1\r\n2</ph> C</seg>" in out


@pytest.mark.parametrize(
    ("there", "redo", "after"),
    [
        (tuv("de-AT", "b"), False, tuv("de-AT", "b")),
        (tuv("de-AT", "b"), True, tuv("de-AT", "A", MADE)),
        (tuv("de-AT", ""), False, tuv("de-AT", "A", MADE)),
        (tuv("de-AT", "b") + tuv("de", ""), False, tuv("de-AT", "b") + tuv("de", "A", MADE)),
        (tuv("de", "") + tuv("de", "b"), False, tuv("de", "") + tuv("de", "b")),
        # Of two regions none is the place of the language.
        (tuv("de-AT", "b") + tuv("de-CH", ""), False, tuv("de-AT", "b") + tuv("de-CH", "")),
        (tuv("de-AT", "b") + tuv("de-CH", "c"), True,
         tuv("de-AT", "b") + tuv("de-CH", "c") + tuv("de", "A", MADE)),
    ],
)  # fmt: skip
def test_a_target_in_a_region_is_one_and_none_is_overwritten_by_a_guess(
    there: str, redo: bool, after: str
) -> None:
    assert run("tmx", tmx(tuv("en", "a") + there), redo=redo)[0] == tmx(tuv("en", "a") + after)


@pytest.mark.parametrize(
    ("there", "tag"),
    [
        (["de-DE"], "de-DE"),
        (["DE_de", "DE_de", "de-DE", "fr"], "DE_de"),
        (["DE"], "DE"),
        (["de-AT", "de"], "de"),
        (["de-AT", "DE", "de-AT"], "DE"),
        # Nothing says which of them is meant.
        (["de-AT", "de-CH", "de-CH"], "de"),
        (["fr", "den"], "de"),
        ([], "de"),
        (["de-&quot;"], "de"),
    ],
)
def test_a_new_text_has_the_tag_by_which_the_file_calls_its_language(
    there: list[str], tag: str
) -> None:
    """A memory whose German was all de-DE got de beside it."""
    others = [tuv("it", "x") + tuv(each, "y") for each in there]
    out, _ = run("tmx", tmx(*others, tuv("en", "a")))
    assert out == tmx(*others, tuv("en", "a") + tuv(tag, "A", MADE))


def test_a_tag_in_another_script_is_not_that_of_the_target() -> None:
    data = tmx(tuv("en", "x") + tuv("zh-TW", "y"), tuv("en", "a"))
    document = open_document(data.encode(), "x", "tmx", src_lang="en", tgt_lang="zh")
    assert tuv("zh", "A", MADE).encode() in document.write({1: ("A",)})


@pytest.mark.parametrize(
    "body", ["<body/>", "<body></body>", "<body>\n<!-- a --></body>", "<body><tu></tu></body>"]
)
def test_an_empty_memory_comes_out_as_it_went_in(body: str) -> None:
    """It was an error with an empty list in it."""
    text = f'<?xml version="1.0"?>\n<tmx version="1.4"><header srclang="en"/>{body}</tmx>\n'
    assert run("tmx", text) == (text, [])
    with pytest.raises(CorpusError, match="no unit has a text with a language; a corpus needs"):
        find_languages(io.BytesIO(text.encode()), "x")
