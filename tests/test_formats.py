"""Bilingual files are found by name, unpacked by content, and read whole or refused in words."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.corpus import decode_lines, find_source, iter_entries, iter_lines, iter_pairs
from seqcli.corpus.formats import FORMATS, format_of
from seqcli.corpus.formats.inline import one_line
from seqcli.corpus.formats.jsonl import find_languages, read_pairs
from seqcli.corpus.formats.languages import choose_language, is_covered, is_taken, normal_tag
from seqcli.corpus.opening import opened
from seqcli.errors import CorpusError, SettingsError
from seqcli.files import remove_temporary

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKINGS = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".zst": zstd.compress,
    ".bz2": bz2.compress,
}
NAMES = {".gz": "gzip", ".xz": "xz", ".zst": "zstd", ".bz2": "bzip2"}
packed = pytest.mark.parametrize("suffix", PACKINGS)

any_line = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0"))


@given(lines=st.lists(any_line), suffix=st.sampled_from(sorted(PACKINGS)), cut=st.integers(0, 50))
def test_packed_lines_come_out_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], suffix: str, cut: int
) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()
    pack = PACKINGS[suffix]
    path = tmp_path_factory.mktemp("packed") / f"x{suffix}"
    path.write_bytes(pack(data[:cut]) + pack(data[cut:]))  # two streams are one file
    assert list(iter_lines(path)) == list(decode_lines(io.BytesIO(data), "x"))


@packed
def test_packed_text_is_told_by_its_content(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "x.en").write_bytes(PACKINGS[suffix](b"a\n"))
    (tmp_path / f"x.ko{suffix}").write_bytes(PACKINGS[suffix](b"b\n"))
    assert list(iter_pairs(find_source(tmp_path / "x", "en", "ko"))) == [("a", "b")]


@packed
@pytest.mark.parametrize("kept", [0.5, 0.98])
def test_truncated_data_is_refused(tmp_path: Path, suffix: str, kept: float) -> None:
    data = PACKINGS[suffix]("\n".join(str(number**3) for number in range(9000)).encode())
    path = tmp_path / f"x.tsv{suffix}"
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(CorpusError, match=f"damaged {NAMES[suffix]} data"):
        list(iter_lines(path))


@given(
    suffix=st.sampled_from(sorted(PACKINGS)), place=st.integers(6, 400), value=st.integers(0, 255)
)
def test_damaged_data_gives_lines_or_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, place: int, value: int
) -> None:
    data = bytearray(PACKINGS[suffix](" ".join(str(n * n) for n in range(1000)).encode()))
    data[place] = value
    path = tmp_path_factory.mktemp("packed") / "x"
    path.write_bytes(data)
    try:
        list(iter_lines(path))
    except CorpusError as error:
        assert str(path) in str(error)  # noqa: PT017 - either way is right


@packed
def test_a_name_that_promises_a_packing_is_held_to_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(PACKINGS[".xz" if suffix == ".gz" else ".gz"](b"text"))
    with pytest.raises(CorpusError, match=f"not {NAMES[suffix]} data, though its name ends in"):
        list(iter_lines(path))


def test_text_that_begins_like_a_packing_is_text(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("BZhang\n")
    assert list(iter_lines(tmp_path / "x")) == ["BZhang"]


def test_memory_for_unpacking_is_bounded(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 29, "preset": 0}]
    (tmp_path / "x.xz").write_bytes(lzma.compress(b"a\n", filters=filters))
    with pytest.raises(CorpusError, match=r"damaged xz data \(Memory usage limit exceeded"):
        list(iter_lines(tmp_path / "x.xz"))


@packed
def test_much_text_in_few_bytes_is_refused_as_one_long_line(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(PACKINGS[suffix](bytes(b"a" * (8 << 20))))
    with pytest.raises(CorpusError, match="a line of more than"):
        list(iter_lines(path))


def test_errors_of_the_block_are_not_taken_for_errors_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a")
    with pytest.raises(ZeroDivisionError), opened(tmp_path / "x"):
        _ = 1 // 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.tmx", "TMX"), ("a.b.TMX.gz", "TMX"), ("a.xliff.zst", "XLIFF"), ("a.XLF", "XLIFF"),
        ("ko.po", "PO"), ("ko.mo.bz2", "MO"), ("a.tsv.xz", "TSV"), ("a.jsonl", "JSONL"),
        ("a.en", None), ("a.gz", None), ("tmx", None), ("", None),
    ],
)  # fmt: skip
def test_a_name_says_the_format(name: str, expected: str | None) -> None:
    found = format_of(name)
    assert (found and found.name) == expected


def test_each_suffix_means_one_format() -> None:
    suffixes = [suffix for each in FORMATS for suffix in each.suffixes]
    assert len(set(suffixes)) == len(suffixes)


# Languages


@pytest.mark.parametrize(
    ("tag", "asked", "expected"),
    [
        ("en-US", "en", True), ("EN_us", "en", True), ("eng", "en", True), ("en", "en-US", False),
        ("zh-Hant-TW", "zh-TW", True), ("zh-Hant-TW", "zh-Hant", True), ("zh-TW", "zh-CN", False),
        ("de", "d", False), ("en-x-us", "en-US", False), ("", "en", False), ("iw", "he", True),
        ("no tag at all", "en", False),
    ],
)  # fmt: skip
def test_a_tag_covers_what_is_a_part_of_it(tag: str, asked: str, expected: bool) -> None:
    assert is_covered(tag, asked) is expected


@given(st.text())
def test_any_text_has_a_normal_form(tag: str) -> None:
    assert normal_tag(normal_tag(tag)) == normal_tag(tag)


def test_the_tag_itself_is_preferred_to_what_it_covers() -> None:
    assert choose_language("EN", ["en-US", "en", "en-GB"], "x") == "en"
    assert choose_language("en", ["ko", "en_us", "EN-US"], "x") == "en-US"
    with pytest.raises(CorpusError) as caught:
        choose_language("en", {"ko": 12_000, "en-us": 2, "EN_US": 3, "en-GB": 4}, "x")
    assert str(caught.value) == (
        "x: 'en' may mean en-US, en-GB; it has ko (12,000), en-US (5), en-GB (4); give the one "
        "that is meant in full"
    )
    # What the other side names more closely is its own.
    assert choose_language("en", ["en-us", "en-GB"], "x", other="en-GB") == "en-US"
    assert choose_language("en-GB", ["en-us", "en-GB"], "x", other="en") == "en-GB"


@pytest.mark.parametrize(
    ("chosen", "taken", "left"),
    [
        ("en", ["EN", "en-US", "eng_GB", "en-Latn-AU"], ["de", "enm", "", "x-en"]),
        ("pt", ["pt", "pt-BR"], ["gl"]),
        ("pt-BR", ["pt_br", "pt-Latn-BR"], ["pt", "pt-PT"]),
        ("zh", ["zh-CN", "zh-Hans", "zh-SG"], ["zh-TW", "zh-Hant", "zh-HK"]),
        ("zh-Hant", ["zh-Hant-TW"], ["zh", "zh-TW", "zh-Hans"]),
        ("sr", ["sr-RS", "sr-Cyrl"], ["sr-Latn"]),
    ],
)
def test_a_tag_takes_those_of_its_regions_in_its_script(
    chosen: str, taken: list[str], left: list[str]
) -> None:
    assert [is_taken(tag, chosen) for tag in taken] == [True] * len(taken)
    assert [is_taken(tag, chosen) for tag in left] == [False] * len(left)


def test_a_tag_takes_nothing_of_the_other_side() -> None:
    assert not is_taken("en-GB", "en", other="en-GB")
    assert is_taken("en-US", "en", other="en-GB")
    assert is_taken("en-GB", "en-GB", other="en")


# Newlines


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4).map("\n".join))
def test_one_line_is_one_line_and_keeps_the_words(text: str) -> None:
    line = one_line(text)
    assert not {"\n", "\r"} & set(line)
    assert line.split() == text.split()
    assert one_line(line) == line


# JSONL


def dump(*records: object, ensure_ascii: bool = False) -> bytes:
    return "".join(json.dumps(each, ensure_ascii=ensure_ascii) + "\n" for each in records).encode()


@given(pairs=st.lists(st.tuples(any_line, any_line)), keys=st.sampled_from(["st", "ek"]))
def test_pairs_of_jsonl_come_out_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]], keys: str
) -> None:
    names = ("src", "tgt") if keys == "st" else ("en-US", "ko")
    path = tmp_path_factory.mktemp("jsonl") / "x.jsonl"
    path.write_bytes(dump(*(dict(zip(names, pair, strict=True)) for pair in pairs)))
    source = find_source(path, "en", "ko") if pairs else None
    assert (list(iter_pairs(source)) if source else []) == pairs


def test_a_side_that_is_null_and_a_blank_line_are_entries() -> None:
    data = dump({"src": "a\nb", "tgt": None, "id": 7}) + b"\n" + dump({"tgt": "c", "src": ""})
    entries = read_pairs(io.BytesIO(data), "x", "en", "ko")
    expected = [(1, ("a b", "")), (2, ("", "")), (3, ("", "c"))]
    assert [(number, tuple(pair)) for number, pair in entries] == expected


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ({"src": "a"}, "x:2: has no key 'tgt'; it has 'src'; "),
        ({"x": 1}, "x:2: has no key 'en'; it has 'x'; "),
        ({}, "x:2: has no key 'en'; it has none; "),
        ({"en": "", "de": None}, "x:2: has no key 'ko'; it has 'en', 'de'; "),
        ({"translation": {"ko": 3, "de": " "}}, "x:2: has no key 'en'; it has 'ko', 'de'; "),
        ({"translation": None}, "x:2: has no key 'en'; it has 'translation'; "),
        ({"en-US": 5, "ko": "b"}, "x:2: 'en-US' is 5, not a text; "),
        ({f"k{n}": "" for n in range(12)}, "'k9' and 2 more; "),
    ],
)
def test_a_line_without_the_keys_is_no_blank_pair(record: object, text: str) -> None:
    data = dump({"en": "a", "ko": "b"}, record)
    with pytest.raises(CorpusError) as caught:
        list(read_pairs(io.BytesIO(data), "x", "en", "ko"))
    assert text in str(caught.value)


def test_a_language_that_a_line_does_not_have_is_a_blank_side() -> None:
    records = {"en": "a", "de": "b"}, {"translation": {"ko": "c"}}, {"fr": "d", "de": "e"}
    entries = read_pairs(io.BytesIO(dump(*records)), "x", "en", "ko")
    assert [tuple(entry.pair) for entry in entries] == [("a", ""), ("", "c"), ("", "")]


def test_a_text_that_is_null_is_blank_by_any_tag_of_its_language() -> None:
    data = dump({"en": "a", "ko": "b"}, {"en-US": None, "KO": "c"}, {"en": None, "ko_KR": "d"})
    entries = read_pairs(io.BytesIO(data), "x", "en", "ko")
    assert [tuple(entry.pair) for entry in entries] == [("a", "b"), ("", "c"), ("", "d")]


@given(pairs=st.lists(st.tuples(any_line, any_line), min_size=1))
def test_languages_may_stand_in_an_object_of_their_own(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("jsonl") / "x.jsonl"
    records = [{"id": "7", "translation": {"de": "-", "en-US": s, "ko": t}} for s, t in pairs]
    path.write_bytes(dump(*records))
    assert list(iter_pairs(find_source(path, "en", "ko"))) == pairs
    backwards = [(tgt, src) for src, tgt in pairs]
    assert list(iter_pairs(find_source(path, "ko", "en"))) == backwards
    with pytest.raises(CorpusError, match="has no text in 'fr'; it has de, en-US, ko"):
        find_source(path, "en", "fr")


def test_languages_of_jsonl_are_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(dump({"en": "a", "ko-KR": "b", "n": 1}, {"ko_kr": "d", "en": "c"}))
    assert list(iter_pairs(find_source(path, "en", "ko"))) == [("a", "b"), ("c", "d")]
    with pytest.raises(CorpusError, match="has no text in 'de'; it has en, ko-KR"):
        find_source(path, "en", "de")
    assert not find_languages(io.BytesIO(dump({"tgt": "x", "en": "a"})), "x")


def test_keys_of_jsonl_that_name_a_language_in_several_ways_are_one_language(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.jsonl"
    lines = [{"en": "a", "ko": "A"}, {"en-US": "b", "ko-KR": "B"},
             {"en_gb": "c", "en": None, "ko": None},
             {"en-US": "no", "en": "d", "ko": "D"}, {"en-US": None, "ko": "E"}]  # fmt: skip
    path.write_bytes(dump(*lines))
    assert list(iter_pairs(find_source(path, "en", "ko"))) == [
        ("a", "A"), ("b", "B"), ("c", ""), ("d", "D"), ("", "E")]  # fmt: skip
    path.write_bytes(dump(*lines, {"en-US": "f", "en-GB": "f"}))
    with pytest.raises(CorpusError, match=r"x\.jsonl:6: 'en' may mean en-US, en-GB here"):
        list(iter_pairs(find_source(path, "en", "ko")))


@pytest.mark.parametrize(
    ("name", "line"), [("x.tsv", "a\tb"), ("x.jsonl", '{"src": "a", "tgt": "b"}')]
)
def test_lines_that_end_in_cr_alone_are_named(tmp_path: Path, name: str, line: str) -> None:
    path = tmp_path / name
    path.write_bytes(f"{line}\r{line}\r".encode())
    with pytest.raises(CorpusError, match=rf"{name}:1: lines end in CR alone here.*convert the"):
        list(iter_pairs(find_source(path, "en", "de")))


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        ('{"en": "c", "de": "d", "src": "a", "tgt": "b"}', ("a", "b")),
        ('{"translation": {"en": "e", "de": "f"}, "src": "a", "tgt": "b", "en": "c"}', ("a", "b")),
        ('{"en": "c", "de": "d", "translation": {"en": "e", "de": "f"}}', ("e", "f")),
    ],
)
def test_of_several_keys_of_jsonl_those_win_that_the_docs_say(line: str, pair: object) -> None:
    (entry,) = read_pairs(io.BytesIO(line.encode()), "x", "en", "de")
    assert entry.pair == pair


def test_keys_of_jsonl_are_bounded() -> None:
    data = dump(*({f"key-{number}": "x"} for number in range(1001)))
    with pytest.raises(CorpusError, match="x:1001: more than 1,000 different keys"):
        find_languages(io.BytesIO(data), "x")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('{"src": "a", "tgt"', "not a line of JSON"),
        ('["a", "b"]', "is not a JSON object"),
        ('{"src": 1, "tgt": "b"}', "'src' is 1, not a text"),
        ('{"src": {"a": "b"}, "tgt": "b"}', "'src' is {\"a\": \"b\"}, not a text"),
        ('{"src": "a", "tgt": "\\ud800"}', "'tgt' has U+D800"),
        ('{"src": "a", "tgt": "x\\u0000"}', "'tgt' has U+0000"),
        ('{"src": "a", "src": "b", "tgt": "c"}', "the key 'src' is there twice"),
        ('{"src": ' + "[" * 100_000, "nested too deeply"),
        ('{"src": ' + "1" * 9999 + "}", "not a line of JSON"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_pair_is_refused_with_its_place(
    tmp_path: Path, line: str, text: str
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f'{{"src": "a", "tgt": "b"}}\n{line}\n')
    with pytest.raises(CorpusError) as caught:
        list(iter_entries(find_source(path, "en", "ko")))
    assert str(caught.value).startswith(f"{path}:2: ")
    assert text in str(caught.value)


# Standard input


@pytest.fixture
def pipe_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    def set_stdin(data: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))

    return set_stdin


TMX = (
    '<?xml version="1.0" encoding="UTF-16"?><tmx><body><tu><tuv xml:lang="en"><seg>a</seg></tuv>'
    '<tuv xml:lang="ko"><seg>b</seg></tuv></tu></body></tmx>'
).encode("utf-16")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (TMX, "TMX"),
        (gzip.compress(TMX), "TMX"),
        (b"\xef\xbb\xbfa\tb\n", "TSV"),
        (b' {"src": "a", "tgt": "b"}\n', "JSONL"),
    ],
)
def test_standard_input_is_told_by_its_content_and_read_twice(pipe_in, data, name) -> None:
    pipe_in(data)
    source = find_source("-", "en", "ko")
    assert (source.format.name, str(source)) == (name, "standard input")
    assert list(iter_pairs(source)) == list(iter_pairs(source)) == [("a", "b")]
    with pytest.raises(
        CorpusError, match=r"standard input: has been read already; - can be given once"
    ):
        find_source("-", "en", "ko")
    remove_temporary()
    assert not source.paths[0].exists()


def test_standard_input_that_is_empty_is_said_to_be(pipe_in) -> None:
    for _ in range(2):
        pipe_in(b"")
        with pytest.raises(CorpusError) as caught:
            find_source("-", "en", "ko")
        assert str(caught.value) == "standard input: is empty; a corpus needs at least one pair"


def test_standard_input_that_tells_nothing_is_refused(pipe_in, monkeypatch) -> None:
    pipe_in(b"just a line\n")
    with pytest.raises(CorpusError, match="standard input: is of no format that its start tells"):
        find_source("-", "en", "ko")
    pipe_in(b"a\tb\nc\n")
    with pytest.raises(CorpusError, match=r"^standard input:2: 1 columns"):
        list(iter_pairs(find_source("-", "en", "ko")))
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(SettingsError, match="standard input is closed"):
        find_source("-", "en", "ko")
