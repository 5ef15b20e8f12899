"""Valid files -> damaged and hostile ones, as hypothesis strategies."""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

# Values that a number, a name or a part must not be trusted to be.
HOSTILE: list[Any] = [
    None, True, False, 0, 1, -1, 2, 7, 255, 65536, 10**9, 2**31, 2**63 - 1, 2**63, 2**64, 10**30,
    10**400, -(10**18), 0.0, 0.5, 1e308, -1e308, float("inf"), float("nan"), "", "0", "off",
    "x" * 5000, "../../../etc/passwd", "/dev/zero", "/etc/passwd", "a\0b", "\ud800", "train", "F32",
    "I64", [], {},
    [[]], [0], [1, 2], [10**12, 10**12], [-1, 5], {"a": 1}, ["x"] * 3, [[[[[[]]]]]],
]  # fmt: skip


_SPREAD = 2654435761


def byte_edits(most: int = 4) -> st.SearchStrategy[list[tuple[str, int, int, bytes]]]:
    """Edits of bytes: what to do, where, how long, and with what."""
    edit = st.tuples(
        st.sampled_from(
            ["flip", "flip", "set", "cut", "insert", "delete", "repeat", "huge", "head"]
        ),
        st.integers(0, 1 << 20),
        st.integers(0, 64),
        st.binary(max_size=12),
    )
    return st.lists(edit, min_size=1, max_size=most)


def edit_bytes(data: bytes, edits: list[tuple[str, int, int, bytes]]) -> bytes:
    """Apply edits one after the other."""
    for what, where, length, new in edits:
        place = where * _SPREAD % (len(data) + 1)  # hypothesis prefers small numbers
        if what == "head":  # headers are short and matter most
            place = where % min(len(data) + 1, 200)
            what = "set"
        if what == "flip" and place < len(data):
            flipped = data[place] ^ (1 << (length % 8))
            data = data[:place] + bytes([flipped]) + data[place + 1 :]
        elif what == "set":
            data = data[:place] + new + data[place + len(new) :]
        elif what == "cut":
            data = data[:place]
        elif what == "insert":
            data = data[:place] + new * (1 + length) + data[place:]
        elif what == "delete":
            data = data[:place] + data[place + length :]
        elif what == "repeat":
            data = data[:place] + data[place : place + length] * 3 + data[place + length :]
        elif what == "huge":
            data = data[:place] + b"\xff" * min(8, 1 + length % 8) + data[place + 8 :]
    return data


def tree_edits(most: int = 3) -> st.SearchStrategy[list[tuple[list[int], int, str]]]:
    """Edits of a JSON tree: a way down, a value of HOSTILE, and what to do with it."""
    edit = st.tuples(
        st.lists(st.integers(0, 40), min_size=1, max_size=5),
        st.integers(0, len(HOSTILE) - 1),
        st.sampled_from(["replace", "replace", "add", "remove", "deepen", "rename"]),
    )
    return st.lists(edit, min_size=1, max_size=most)


def edit_tree(tree: Any, edits: list[tuple[list[int], int, str]]) -> Any:
    """Apply edits to a copy of a tree of lists and dicts."""
    tree = copy.deepcopy(tree)
    for way, value, what in edits:
        parent, key = _walk_down(tree, way)
        if parent is None:
            continue
        hostile = copy.deepcopy(HOSTILE[value])
        if what == "replace":
            parent[key] = hostile
        elif what == "remove":
            del parent[key]
        elif what == "deepen":
            parent[key] = _nest(parent[key], 50 * (value + 1))
        elif isinstance(parent, list):
            parent.insert(key, hostile)
        elif what == "rename":
            parent[str(hostile)[:100]] = parent.pop(key)
        else:
            parent[str(value)] = hostile
    return tree


def _walk_down(tree: Any, way: list[int]) -> tuple[Any, Any]:
    parent, key = None, None
    for step in way:
        if isinstance(tree, dict) and tree:
            parent, key = tree, list(tree)[step % len(tree)]
        elif isinstance(tree, list) and tree:
            parent, key = tree, step % len(tree)
        else:
            break
        tree = parent[key]
    return parent, key


def _nest(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value


def to_json(tree: Any) -> bytes:
    """Write a tree, whatever is in it; one that is too deep for the writer as brackets."""
    try:
        return json.dumps(tree).encode("utf-8", "surrogatepass")
    except RecursionError:
        return b"[" * 100_000


# --- protobuf -------------------------------------------------------------------------------------

Field = tuple[int, int, Any]  # number, wire type, int or bytes


def read_fields(data: bytes) -> Iterator[Field]:
    """Yield the fields of a sound message."""
    position = 0
    while position < len(data):
        tag, position = _read_varint(data, position)
        if tag & 7 == 0:
            value, position = _read_varint(data, position)
            yield tag >> 3, 0, value
            continue
        if tag & 7 == 2:
            size, position = _read_varint(data, position)
        else:
            size = {1: 8, 5: 4}[tag & 7]
        yield tag >> 3, tag & 7, data[position : position + size]
        position += size


def write_fields(fields: list[Field]) -> bytes:
    """Return a message; a wire type that does not suit its value is written as it is."""
    out = bytearray()
    for number, wire, value in fields:
        out += _varint(number << 3 | wire)
        if isinstance(value, int):
            out += _varint(value)
        else:
            out += (_varint(len(value)) if wire == 2 else b"") + value
    return bytes(out)


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number, position


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while True:
        out.append(number & 127 | (128 if number > 127 else 0))
        number >>= 7
        if not number:
            return bytes(out)


_NUMBERS = st.sampled_from(
    [0, 1, 2, 3, 4, 5, 6, 7, 40, 255, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1]
)
_FLOATS = st.sampled_from([0.0, -1.0, 1e38, -1e38, float("nan"), float("inf"), float("-inf")])
_TEXTS = st.one_of(
    st.sampled_from(
        [
            b"",
            b"\0",
            b"<unk>",
            b"<s>",
            b"<0x41>",
            b"\xe2\x96\x81",
            b"a",
            b"12",
            b"\xff",
            b"x" * 4000,
        ]
    ),
    st.binary(max_size=8),
)


def field_edits(most: int = 4) -> st.SearchStrategy[list[tuple[str, int, int, Any]]]:
    """Edits of a model's fields: where, which piece, which field, and the new value."""
    edit = st.tuples(
        st.sampled_from(
            ["text", "score", "type", "drop", "twice", "option", "normalizer", "extra"]
        ),
        st.integers(0, 1 << 16),
        st.sampled_from(
            [1, 2, 3, 4, 5, 6, 7, 10, 16, 18, 24, 25, 26, 30, 33, 34, 35, 40, 41, 42, 43, 45, 99]
        ),
        st.one_of(_NUMBERS, _FLOATS, _TEXTS),
    )
    return st.lists(edit, min_size=1, max_size=most)


def edit_fields(model: bytes, edits: list[tuple[str, int, int, Any]]) -> bytes:
    """Apply edits to a SentencePiece model; it stays a protobuf message."""
    fields = list(read_fields(model))
    for what, where, number, value in edits:
        pieces = [place for place, field in enumerate(fields) if field[0] == 1]
        if not pieces:
            break
        place = pieces[where % len(pieces)]
        if what == "drop":
            del fields[place]
        elif what == "twice":
            fields.insert(where % len(fields), fields[place])
        elif what == "extra":
            fields.append((number, *_as_field(value)))
        elif what in ("option", "normalizer"):
            part = 2 if what == "option" else 3
            fields = [
                _change(field, number, value) if field[0] == part else field for field in fields
            ]
        else:
            inner = {"text": 1, "score": 2, "type": 3}[what]
            fields[place] = _change(fields[place], inner, value)
    return write_fields(fields)


def _change(part: Field, number: int, value: Any) -> Field:
    try:
        inner = [field for field in read_fields(part[2]) if field[0] != number]
    except (LookupError, TypeError):  # an earlier edit broke it
        inner = []
    return part[0], 2, write_fields([*inner, (number, *_as_field(value))])


def _as_field(value: Any) -> tuple[int, Any]:
    if isinstance(value, float):
        return 5, struct.pack("<f", value)
    return (0, value) if isinstance(value, int) else (2, value)
