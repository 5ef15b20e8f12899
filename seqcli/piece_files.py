"""Bytes of a SentencePiece model -> **sound or not**, before the C++ library reads them.

A model file is a protobuf message. A normalisation table in it is followed by pointer: version
0.2.0 of the library ends with a segmentation fault on most random ones, which nobody can catch. So
the message is walked here first, and only what ``seqcli preprocess`` makes passes: no tables, and
pieces, scores and ids that make sense. Imports the standard library and untrusted only.

Source: https://protobuf.dev/programming-guides/encoding and sentencepiece_model.proto.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any

from seqcli.untrusted import UnsoundFileError

MOST_BYTES = 64 << 20
MOST_PIECES = 1 << 20
MOST_PIECE_BYTES = 1024
_NORMAL, _UNKNOWN, _USER_DEFINED, _BYTE = 1, 2, 4, 6  # kinds of a piece
_MODEL_TYPES = (1, 2, 3, 4)  # unigram, bpe, word, char
# Fields of the message, and of the parts that are looked into.
_PIECE, _TRAINER, _NORMALIZER = 1, 2, 3
_TEXT, _SCORE, _TYPE = 1, 2, 3
_MODEL_TYPE, _BYTE_FALLBACK = 3, 35
_SPECIAL_IDS = (40, 41, 42, 43)  # unk, bos, eos, pad
_TABLE = 2  # precompiled_charsmap of a normaliser
_RULE_TABLE = 6


def check_piece_model(model: bytes) -> None:
    """Check that a model is one that the library can be given.

    Raises:
        UnsoundFileError: It is not; the text says in what way.
    """
    pieces: list[tuple[bytes, int]] = []
    parts: dict[int, bytes] = {}
    for field, value in _fields(model):
        if field == _PIECE:
            pieces.append(_read_piece(_as_bytes(value)))
        elif field in (_TRAINER, _NORMALIZER):
            if field in parts:
                raise UnsoundFileError("it has two of a part that it may have once")
            parts[field] = _as_bytes(value)
        else:
            raise UnsoundFileError(f"it has a part ({field}) that no model of seqcli has")
        if len(pieces) > MOST_PIECES:
            raise UnsoundFileError(f"it has more than {MOST_PIECES:,} pieces")
    if len(parts) != 2:
        raise UnsoundFileError("it does not say how it was trained or how it normalises")
    for field, value in _fields(parts[_NORMALIZER]):
        if field in (_TABLE, _RULE_TABLE) and value:
            raise UnsoundFileError("it has a normalisation table, as no model of seqcli has")
    _check_pieces(pieces, _read_options(parts[_TRAINER]))


def special_ids_of(model: bytes) -> tuple[int, int, int, int]:
    """Return the ids of pad, unk, bos and eos that a model names; -1 is for none.

    Raises:
        UnsoundFileError: It is no model.
    """
    parts = [_as_bytes(value) for field, value in _fields(model) if field == _TRAINER]
    if len(parts) != 1:
        raise UnsoundFileError("it does not say how it was trained")
    options = _read_options(parts[0])
    found = [options.get(*each) for each in zip(_SPECIAL_IDS, (0, 1, 2, -1), strict=True)]
    unk, bos, eos, pad = (
        -1 if not isinstance(number, int) or number >= 1 << 63 else number for number in found
    )
    return pad, unk, bos, eos


def _read_piece(data: bytes) -> tuple[bytes, int]:
    """Return the text and the type of a piece."""
    text, score, kind = b"", 0.0, _NORMAL
    for field, value in _fields(data):
        if field == _TEXT:
            text = _as_bytes(value)
        elif field == _SCORE and isinstance(value, bytes) and len(value) == 4:
            (score,) = struct.unpack("<f", value)
        elif field == _TYPE and isinstance(value, int):
            kind = value
        else:
            raise UnsoundFileError("a piece has a part that no piece has")
    if not 0 < len(text) <= MOST_PIECE_BYTES or b"\0" in text:
        raise UnsoundFileError(f"a piece has {len(text):,} bytes, or a NUL")
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        raise UnsoundFileError("a piece is not UTF-8") from None
    if not math.isfinite(score) or abs(score) > 1e9:
        raise UnsoundFileError(f"piece {text!r} has a score of {score}")
    if not _NORMAL <= kind <= _BYTE:
        raise UnsoundFileError(f"piece {text!r} is of a kind ({kind}) that there is not")
    return text, kind


def _read_options(data: bytes) -> dict[int, Any]:
    """Return the numbers among the options of the training."""
    options: dict[int, Any] = {}
    for field, value in _fields(data):
        if field in options and field in (_MODEL_TYPE, *_SPECIAL_IDS):
            raise UnsoundFileError("it says twice how it was trained")
        options[field] = value
    return options


def _check_pieces(pieces: list[tuple[bytes, int]], options: dict[int, Any]) -> None:
    if options.get(_MODEL_TYPE, 1) not in _MODEL_TYPES:
        raise UnsoundFileError("it is of a kind of model that there is not")
    texts = {text for text, _ in pieces}
    if len(texts) != len(pieces):
        raise UnsoundFileError("it has a piece twice")
    kinds = [kind for _, kind in pieces]
    if kinds.count(_UNKNOWN) != 1:
        raise UnsoundFileError(f"it has {kinds.count(_UNKNOWN)} pieces for what is unknown")
    if _NORMAL not in kinds and _USER_DEFINED not in kinds:
        raise UnsoundFileError("it has no piece of text")
    bytes_ = sorted(text for text, kind in pieces if kind == _BYTE)
    if bytes_ and bytes_ != [f"<0x{number:02X}>".encode() for number in range(256)]:
        raise UnsoundFileError("its pieces for bytes are not those of the 256 bytes")
    if bool(bytes_) != bool(options.get(_BYTE_FALLBACK, 0)):
        raise UnsoundFileError("it has pieces for bytes and does not use them, or the other way")
    for field in _SPECIAL_IDS:  # -1, that there is none, is a large number here
        place = options.get(field, 0)
        if not isinstance(place, int) or place >= len(pieces):
            raise UnsoundFileError("one of its special ids has no piece")


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and the value of each field of a message.

    A value is an int if it is a varint, else bytes. Groups, which nobody writes, are refused.
    """
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        field, wire = tag >> 3, tag & 7
        if field == 0:
            raise UnsoundFileError("a part of it has no number")
        if wire == 0:
            number, position = _varint(data, position)
            yield field, number
            continue
        if wire == 2:
            length, position = _varint(data, position)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise UnsoundFileError("a part of it is of a kind that there is not")
        if length > len(data) - position:
            raise UnsoundFileError("it is cut short")
        yield field, data[position : position + length]
        position += length


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Return a number of up to 64 bits, and where it ends."""
    number = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise UnsoundFileError("it is cut short")
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
    raise UnsoundFileError("a number in it has no end")


def _as_bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise UnsoundFileError("a number stands where a part belongs")
    return value
