"""TMX: every unit is an entry, tags are the same marks on both sides, strangers' XML is safe."""

from __future__ import annotations

import io
import socket
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.corpus import find_source, iter_entries, iter_pairs
from seqcli.corpus.formats import Entry
from seqcli.corpus.formats.tmx import find_languages, read_pairs
from seqcli.corpus.lines import MAX_LINE_BYTES
from seqcli.errors import CorpusError

# What XML can hold at all; newlines have their own test, brackets of marks too.
text = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc"],
        exclude_characters="\ufffe\uffff⟦⟧",
    )
)


def tmx(*units: str, start: str = "", encoding: str = "UTF-8") -> bytes:
    body = "".join(f"<tu>{unit}</tu>\n" for unit in units)
    whole = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n{start}<tmx version="1.4"><header/><body>\n'
        f"{body}</body></tmx>\n"
    )
    return whole.encode(encoding)


def tuv(lang: str, segment: str, attribute: str = "xml:lang") -> str:
    return f"<tuv {attribute}={quoteattr(lang)}><seg>{segment}</seg></tuv>"


def unit(src: str, tgt: str) -> str:
    return tuv("en", src) + tuv("ko", tgt)


def pairs_of(data: bytes, src_lang: str = "en", tgt_lang: str = "ko") -> list[tuple[str, str]]:
    entries = read_pairs(io.BytesIO(data), "x.tmx", src_lang, tgt_lang)
    return [tuple(entry.pair) for entry in entries]


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@given(
    pairs=st.lists(st.tuples(text, text)),
    encoding=st.sampled_from(["UTF-8", "UTF-16"]),
    cdata=st.booleans(),
)
def test_any_text_comes_out_as_it_went_in(
    pairs: list[tuple[str, str]], encoding: str, cdata: bool
) -> None:
    def write_text(value: str) -> str:
        whole = cdata and "]]>" not in value
        return f"<![CDATA[{value}]]>" if whole else escape(value)

    units = [unit(*map(write_text, pair)) for pair in pairs]
    assert pairs_of(tmx(*units, encoding=encoding)) == pairs


def test_a_unit_is_placed_by_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "x.tmx", tmx(unit("a", "b"), "\n" + unit("c", "\n d \r\n\te ")))
    source = find_source(path, "en", "ko")
    assert list(iter_entries(source)) == [Entry(3, ("a", "b")), Entry(4, ("c", "d e"))]


def test_what_is_missing_or_blank_is_an_entry() -> None:
    data = tmx(tuv("en", "a"), tuv("ko", "b"), tuv("fr", "c"), unit("", " "), "<note>x</note>")
    assert pairs_of(data) == [("a", ""), ("", "b"), ("", ""), ("", " "), ("", "")]


def test_several_texts_of_a_language_are_several_entries() -> None:
    data = tmx(tuv("en", "a") + tuv("ko", "b") + tuv("EN", "A") + tuv("ko", "B"))
    assert pairs_of(data) == [("a", "b"), ("a", "B"), ("A", "b"), ("A", "B")]


@pytest.mark.parametrize(
    ("src", "tgt", "expected"),
    [
        # A pair of codes, in another order, matched by x.
        (
            'See <bpt i="1" x="1">&lt;b></bpt>this<ept i="1">&lt;/b></ept> <ph x="2">{0}</ph>.',
            '<ph x="2">{0}</ph>: <bpt i="7" x="1">&lt;b></bpt>그것<ept i="7">&lt;/b></ept>.',
            ("See ⟦1⟧this⟦2⟧ ⟦3⟧.", "⟦3⟧: ⟦1⟧그것⟦2⟧."),
        ),
        # Without x: by content; the rest by kind, if there are as many.
        ("<ph>%s</ph> of <ph>%d</ph>", "<ph>%d</ph>개 중 <ph>%s</ph>",
         ("⟦1⟧ of ⟦2⟧", "⟦2⟧개 중 ⟦1⟧")),
        ('<it pos="begin">&lt;i></it>x', "<it>[i]</it>y", ("⟦1⟧x", "⟦1⟧y")),
        # What one side alone has is left out, and words stay apart.
        ("Line<ph>&lt;br/></ph>two <ut>x</ut>", "두 줄", ("Line two ", "두 줄")),
        ("a<ph>1</ph>b<ph>2</ph>c", "a<ph>3</ph>b", ("a b c", "a b")),
        ("<hi>bo</hi>ld", "굵게", ("bold", "굵게")),
        ('<hi x="1">bold</hi> <hi x="2">it</hi>', '<hi x="2">이</hi> <hi x="1">굵</hi>',
         ("⟦1⟧bold⟦2⟧ ⟦3⟧it⟦4⟧", "⟦3⟧이⟦4⟧ ⟦1⟧굵⟦2⟧")),
        # Code in code, and text in code, is code.
        ('<ph x="1">&lt;img alt="<sub>a <ph>b</ph></sub>"></ph>c', '<ph x="1"/>d',
         ("⟦1⟧c", "⟦1⟧d")),
        # Brackets of the text's own: no marks beside them.
        ("⟦1⟧ <ph>x</ph>y", "<ph>x</ph>y", ("⟦1⟧ y", "y")),
        ("".join(f"<ph>{n}</ph>a" for n in range(11)),) * 2 + (
            ("⟦1⟧a⟦2⟧a⟦3⟧a⟦4⟧a⟦5⟧a⟦6⟧a⟦7⟧a⟦8⟧a⟦9⟧a a a",) * 2,
        ),
    ],
)  # fmt: skip
def test_inline_tags_become_the_same_marks_on_both_sides(
    src: str, tgt: str, expected: tuple[str, str]
) -> None:
    assert pairs_of(tmx(unit(src, tgt))) == [expected]


def test_languages_are_found_by_their_tags(tmp_path: Path) -> None:
    data = tmx(tuv("EN_us", "a") + tuv("ko-KR", "b", "lang") + tuv("fr", "c"))
    path = write(tmp_path / "x.tmx", data)
    for src_lang, tgt_lang in [("en", "ko"), ("en-US", "KO"), ("eng", "ko_kr")]:
        assert list(iter_pairs(find_source(path, src_lang, tgt_lang))) == [("a", "b")]
    with pytest.raises(CorpusError) as caught:
        find_source(path, "en", "de")
    assert str(caught.value) == (
        f"{path}: has no text in 'de'; it has en-US, ko-KR, fr; give one of its languages as "
        "src_lang and another as tgt_lang"
    )


def test_a_language_that_may_mean_two_is_refused_and_one_in_full_is_taken(tmp_path: Path) -> None:
    units = [tuv(lang, lang) + tuv("ko", "b") for lang in ("en-US", "en-GB", "ko", "zh", "zh-TW")]
    path = write(tmp_path / "x.tmx", tmx(*units))
    with pytest.raises(CorpusError) as caught:
        find_source(path, "en", "ko")
    assert str(caught.value) == (
        f"{path}: 'en' may mean en-US, en-GB; it has en-US (1), ko (6), en-GB (1), zh (1), zh-TW "
        "(1); give the one that is meant in full"
    )
    assert [pair.src for pair in iter_pairs(find_source(path, "en-gb", "ko"))][1] == "en-GB"
    assert find_source(path, "zh", "ko").src_lang == "zh"
    with pytest.raises(Exception, match="both mean ko"):
        find_source(path, "ko", "kor")


def test_a_language_that_is_named_in_several_ways_is_one_language(tmp_path: Path) -> None:
    """What was in en-US was blank if anything was in en."""
    units = [tuv(lang, lang) + tuv("ko", "b") for lang in ("en", "en-US", "EN_gb", "zh", "zh-TW")]
    units.append(tuv("en-US", "no") + tuv("en", "both") + tuv("ko-KR", "b"))
    path = write(tmp_path / "x.tmx", tmx(*units))
    assert [pair.src for pair in iter_pairs(find_source(path, "en", "ko"))] == [
        "en", "en-US", "EN_gb", "", "", "both"]  # fmt: skip
    assert [pair.tgt for pair in iter_pairs(find_source(path, "zh", "ko"))][-1] == "b"
    # Another script is another language, and full tags take what they name.
    assert [pair.src for pair in iter_pairs(find_source(path, "zh", "ko"))][3:5] == ["zh", ""]
    assert [pair.src for pair in iter_pairs(find_source(path, "en-GB", "ko"))][:3] == [
        "", "", "EN_gb"]  # fmt: skip
    assert list(iter_pairs(find_source(path, "en", "en-US"))) == [
        ("en", ""), ("", "en-US"), ("EN_gb", ""), ("", ""), ("", ""), ("both", "no")]  # fmt: skip


def test_a_unit_with_two_regions_and_without_the_language_itself_is_refused(tmp_path: Path) -> None:
    units = [unit("a", "b"), tuv("en-US", "color") + tuv("en-GB", "colour") + tuv("ko", "b")]
    path = write(tmp_path / "x.tmx", tmx(*units))
    with pytest.raises(CorpusError) as caught:
        list(iter_pairs(find_source(path, "en", "ko")))
    assert str(caught.value) == (
        f"{path}:4: 'en' may mean en-US, en-GB here, and no text here is in en itself; leave one "
        "of them here, or give the one that is meant in full"
    )


@given(
    st.lists(st.lists(st.tuples(st.sampled_from(["en", "en-US", "en-GB", "de"]), text), max_size=4))
)
def test_each_unit_has_the_texts_of_its_nearest_tag(units: list[list[tuple[str, str]]]) -> None:
    data = tmx(*("".join(tuv(lang, escape(value)) for lang, value in unit) for unit in units))
    expected = []
    for unit in units:
        exact = [value for lang, value in unit if lang == "en"]
        regions = {lang for lang, _ in unit if lang.startswith("en-")}
        if not exact and len(regions) > 1:
            with pytest.raises(CorpusError, match="'en' may mean en-"):
                pairs_of(data, "en", "fr")
            return
        expected += exact or [value for lang, value in unit if lang in regions] or [""]
    assert [src for src, _ in pairs_of(data, "en", "fr")] == expected


def refusal(data: bytes) -> str:
    messages = []
    for read in (lambda: pairs_of(data), lambda: find_languages(io.BytesIO(data), "x.tmx")):
        with pytest.raises(CorpusError) as caught:
            read()
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    return messages[0]


BOMB = "<!DOCTYPE tmx [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {after} '{f'&{before};' * 10}'>"
    for before, after in zip("abcdefg", "bcdefgh", strict=True)
) + "]>"  # fmt: skip


@pytest.mark.parametrize(
    "start",
    [
        BOMB,
        '<!DOCTYPE tmx [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE tmx [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>',
        '<!DOCTYPE tmx [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]>',
    ],
)
def test_entities_of_the_file_are_refused_and_nothing_is_fetched(
    start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert "entities of a file's own are not read" in refusal(tmx(unit("&x;", "b"), start=start))


def test_a_document_type_elsewhere_is_not_read_and_no_text_is_lost() -> None:
    start = '<!DOCTYPE tmx SYSTEM "http://127.0.0.1:9/tmx14.dtd">'
    assert pairs_of(tmx(unit("a", "b"), start=start)) == [("a", "b")]
    assert "&nbsp; is not declared" in refusal(tmx(unit("a&nbsp;b", "b"), start=start))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"<tmx><body></tmx>", "x.tmx:1: not well-formed XML at character 14 of the line (mism"),
        (b"", "x.tmx:1: not well-formed XML"),
        (b"<tmx>\n<body>&#xD800;</body></tmx>", "x.tmx:2: not well-formed XML"),
        (b"\xff\xfe<\0", "not well-formed XML"),
        (tmx(unit("a", "b"))[:-20], "x.tmx:3: not well-formed XML"),
        (b"<xliff/>", "x.tmx:1: the file begins with <xliff>, and TMX with <tmx>"),
        (b'<?xml version="1.0" encoding="no-such"?><tmx/>', "x.tmx:1: "),
        (b"<tmx><!--" + b"x" * (18 << 20), "a tag or comment of more than"),
    ],
)  # fmt: skip
def test_damaged_files_are_refused_with_the_line(data: bytes, text: str) -> None:
    assert text in refusal(data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (tmx("<a>" * 200 + "</a>" * 200), "more than 100 elements within each other"),
        (tmx(unit("<hi>" * 200 + "</hi>" * 200, "")), "more than 100 elements within each other"),
        (tmx(unit("x" * (MAX_LINE_BYTES + 1), "")), "a segment of more than"),
        (tmx(unit("x<ph/>" * 6000, "")), "a segment of more than"),
        (tmx(unit("<ph>" + "x" * (MAX_LINE_BYTES << 1), "")), "a segment of more than"),
        (tmx(tuv("en", "x") * 17), "more than 16 texts in one language"),
    ],
)
def test_sizes_are_bounded(data: bytes, text: str) -> None:
    with pytest.raises(CorpusError, match=text):
        pairs_of(data)


@pytest.mark.parametrize("tags", [["x" * 101], [f"x-{number}" for number in range(1001)]])
def test_tags_of_languages_are_bounded(tags: list[str]) -> None:
    data = tmx("".join(tuv(tag, "a") for tag in tags))
    with pytest.raises(CorpusError, match=r"x\.tmx:3: more than 1,000 languages, or a tag of more"):
        find_languages(io.BytesIO(data), "x.tmx")


def test_other_encodings_are_read_as_they_are_declared() -> None:
    for encoding in ("ISO-8859-1", "windows-1252", "UTF-16BE"):
        assert pairs_of(tmx(unit("Größe", "naïve"), encoding=encoding)) == [("Größe", "naïve")]


@given(place=st.integers(0, 400), value=st.integers(0, 255))
def test_a_changed_byte_gives_entries_or_an_error_of_ours(place: int, value: int) -> None:
    data = bytearray(tmx(unit('a <ph x="1">b</ph>', "<hi>c</hi>"), unit("&amp;", "é")))
    data[place % len(data)] = value
    try:
        pairs_of(bytes(data))
        find_languages(io.BytesIO(data), "x.tmx")
    except CorpusError as error:
        assert str(error).startswith("x.tmx")  # noqa: PT017 - either way is right
