"""Lines end at a line feed only; every fault has a place and a remedy."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqcli.corpus import decode_lines, iter_lines
from seqcli.corpus.lines import MAX_LINE_BYTES
from seqcli.errors import CorpusError

any_line = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\0"))


@given(lines=st.lists(any_line), packed=st.booleans(), ended=st.booleans(), bom=st.booleans())
def test_lines_out_are_lines_in(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[str],
    packed: bool,
    ended: bool,
    bom: bool,
) -> None:
    text = "\n".join(lines) + ("\n" if lines and (ended or not lines[-1]) else "")
    data = b"\xef\xbb\xbf" * bom + text.encode()
    path = tmp_path_factory.mktemp("lines") / "text"
    path.write_bytes(gzip.compress(data) if packed else data)
    expected = [line.removesuffix("\r") for line in lines]
    if not bom and expected:
        expected[0] = expected[0].removeprefix("\ufeff")
    if bom and not lines:
        expected = [""]
    assert list(iter_lines(path)) == expected


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    odd = "a\u2028b\x0cc\x85d\re\x0bf\x1cg"
    path = tmp_path / "text"
    path.write_bytes(f"{odd}\r\nnext\r\r\n\nlast".encode())
    assert list(iter_lines(path)) == [odd, "next\r", "", "last"]


@pytest.mark.parametrize("end", [b"", b"\r"])
def test_a_text_whose_lines_end_in_cr_alone_is_refused(tmp_path: Path, end: bytes) -> None:
    """It was one line, and a corpus of one pair."""
    path = tmp_path / "text"
    path.write_bytes(b"\r".join([b"x" * 100] * 11) + end)
    with pytest.raises(CorpusError) as caught:
        list(iter_lines(path))
    assert str(caught.value) == (
        f"{path}:1: lines end in CR alone here, and must end in LF or CRLF; convert the file with "
        f"`tr '\\r' '\\n' < {path} > NEW_FILE`"
    )
    faults: list[str] = []
    assert len(list(iter_lines(path, on_fault=faults.append))) == len(faults) == 1
    path.write_bytes(path.read_bytes() + b"\n")
    assert len(list(iter_lines(path))) == 1
    path.write_bytes(b"short\r" * 20)
    assert len(list(iter_lines(path))) == 1


def test_a_byte_order_mark_is_dropped_at_the_start_only(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes("\ufeffone\n\ufefftwo\n".encode())
    assert list(iter_lines(path)) == ["one", "\ufefftwo"]


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_latin_1_bytes_are_named_with_file_line_and_byte(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "text.de"
    path.write_bytes(start + b"eins\nzwei\nf\xfcnf\n")
    place = 2 + len("eins\nzwei\n") + len(start)
    with pytest.raises(CorpusError) as caught:
        list(iter_lines(path))
    assert str(caught.value) == (
        f"{path}:3: byte 2 of the line (byte {place} of the file) is 0xfc, which is not UTF-8; "
        "find out the encoding and convert the file, such as with "
        f"`iconv -f ISO-8859-1 -t UTF-8 {path} > NEW_FILE`"
    )
    assert caught.value.exit_code == 3


def test_a_bad_byte_after_the_byte_order_mark_has_the_right_place(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbfa\xfc\n")
    with pytest.raises(CorpusError, match=r":1: byte 5 of the line \(byte 5 of the file\)"):
        list(iter_lines(path))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_is_recognised(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "text"
    path.write_bytes("Hallo\n".encode(encoding))
    with pytest.raises(CorpusError, match=r"iconv -f UTF-16"):
        list(iter_lines(path))


def test_a_nul_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"one\nt\0wo\n")
    with pytest.raises(CorpusError, match=r":2: byte 2 of the line .* 0x00, which no text holds"):
        list(iter_lines(path))


def test_an_endless_line_is_refused_before_it_fills_memory() -> None:
    stream = io.BytesIO(b"ok\n" + b"x" * (MAX_LINE_BYTES + 1))
    lines = decode_lines(stream, "standard input")
    assert next(lines) == "ok"
    with pytest.raises(CorpusError, match=r"^standard input:2: a line of more than 1,048,576"):
        next(lines)


def test_a_line_comes_as_soon_as_it_is_complete() -> None:
    class Typing(io.RawIOBase):
        typed = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            self.typed += 1
            buffer[:2] = b"x\n"
            return 2

    raw = Typing()
    lines = decode_lines(io.BufferedReader(raw), "stdin")
    assert next(lines) == "x"
    assert raw.typed == 1


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_truncated_gzip_is_refused(tmp_path: Path, kept: float) -> None:
    data = gzip.compress("\n".join(str(number * number) for number in range(10_000)).encode())
    path = tmp_path / "text.gz"
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(CorpusError, match="damaged gzip data"):
        list(iter_lines(path))


@given(position=st.integers(10, 200), value=st.integers(0, 255))
def test_damaged_gzip_gives_lines_or_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, position: int, value: int
) -> None:
    data = bytearray(gzip.compress(" ".join(str(n * n) for n in range(1000)).encode()))
    data[position] = value
    path = tmp_path_factory.mktemp("lines") / "text.gz"
    path.write_bytes(data)
    try:
        list(iter_lines(path))
    except CorpusError as error:
        assert "text.gz" in str(error)  # noqa: PT017 - either way is right


def test_a_name_that_promises_gzip_is_held_to_it(tmp_path: Path) -> None:
    path = tmp_path / "text.gz"
    path.write_text("plain")
    with pytest.raises(CorpusError, match="not gzip data, though its name ends in"):
        list(iter_lines(path))


@pytest.mark.parametrize(("name", "text"), [("", "this is a directory"), ("no", "no such file")])
def test_what_is_not_a_file_is_refused(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(CorpusError, match=text):
        list(iter_lines(tmp_path / name))
