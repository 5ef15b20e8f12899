"""Files that a stranger may have made -> bytes, JSON, promises of headers, **within bounds**.

Place: every module that reads a data or run directory. What a header says of sizes is compared with
the size of the file before anything is allocated, so that a small file cannot ask for much memory.
Nothing here runs code that a file brings. Imports the standard library and errors only.
"""

from __future__ import annotations

import json
import math
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqcli.errors import SettingsError

MOST_JSON_BYTES = 4 << 20  # of a manifest; those that seqcli writes are a thousandth of that
MOST_HEADER_BYTES = 16 << 20  # of a safetensors file
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "I16": 16, "U16": 16, "F16": 16,
    "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64,
}  # fmt: skip


class UnsoundFileError(ValueError):
    """A file is not what its kind must be; the text says in what way."""


def read_bounded(path: Path, most: int) -> bytes:
    """Return the bytes of a regular file.

    Args:
        path: A pipe or a device, which may never end, is refused.
        most: Bytes that it may have.

    Raises:
        UnsoundFileError: It is larger, or no regular file.
        OSError: It cannot be read.
    """
    state = path.stat()
    if stat.S_ISDIR(state.st_mode):
        raise IsADirectoryError(21, "Is a directory", str(path))
    if not stat.S_ISREG(state.st_mode):
        raise UnsoundFileError("it is a pipe or a device, not a file")
    with path.open("rb") as file:
        data = file.read(min(state.st_size, most) + 1)  # read() makes room for all it may get
    if len(data) > most:
        raise UnsoundFileError(f"it has {state.st_size:,} bytes, and {most:,} are the most")
    return data


def read_json(path: Path) -> Any:
    """Return what a JSON file of at most MOST_JSON_BYTES holds.

    Raises:
        UnsoundFileError: It is too large, nested too deeply, or no regular file.
        ValueError: It is not JSON, or not UTF-8.
        OSError: It cannot be read.
    """
    return parse_json(read_bounded(path, MOST_JSON_BYTES))


def parse_json(data: bytes) -> Any:
    """Return what JSON says.

    Raises:
        UnsoundFileError: It is nested too deeply.
        ValueError: It is not JSON, or not UTF-8.
    """
    try:
        return json.loads(data.decode("utf-8"))
    except RecursionError:
        raise UnsoundFileError("it is nested too deeply") from None


@dataclass(frozen=True)
class TensorHeader:
    """What a safetensors file says of a tensor."""

    dtype: str
    shape: tuple[int, ...]


def read_tensor_headers(path: Path) -> dict[str, TensorHeader]:
    """Return the headers of a safetensors file, after checking them against its size.

    Every tensor has at least one number, so that no size in a shape is larger than the file.

    Source: the format's own description, https://github.com/huggingface/safetensors#format.

    Raises:
        UnsoundFileError: The header is too large or unreadable, or a tensor is not where it says.
        OSError: The file cannot be read.
    """
    size = path.stat().st_size
    start = read_start(path, 8)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > size - 8:
        raise UnsoundFileError("it is cut short, or no safetensors file")
    if length > MOST_HEADER_BYTES:
        raise UnsoundFileError(
            f"its header has {length:,} bytes, and {MOST_HEADER_BYTES:,} are the most"
        )
    try:
        tree = json.loads(read_start(path, 8 + length)[8:].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UnsoundFileError(f"its header is not JSON ({type(error).__name__})") from None
    if not isinstance(tree, dict):
        raise UnsoundFileError("its header is not a JSON object")
    room = size - 8 - length
    return {
        name: _check_tensor(name, entry, room)
        for name, entry in tree.items()
        if name != "__metadata__"
    }


def read_start(path: Path, count: int) -> bytes:
    """Return the first bytes of a regular file.

    Raises:
        UnsoundFileError: It is a pipe or a device.
        OSError: It cannot be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise UnsoundFileError("it is not a file")
    with path.open("rb") as file:
        return file.read(count)


def _check_tensor(name: str, entry: object, room: int) -> TensorHeader:
    if not isinstance(entry, dict):
        raise UnsoundFileError(f"tensor {name[:80]!r} is not described")
    dtype: Any = entry.get("dtype")
    shape: Any = entry.get("shape")
    place: Any = entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in _BITS:
        raise UnsoundFileError(f"tensor {name[:80]!r} has no number type that is known")
    if not (_is_whole(shape, least=1) and _is_whole(place, least=0) and len(place) == 2):
        raise UnsoundFileError(f"tensor {name[:80]!r} has no sound shape or place")
    if max(shape, default=1) > room or len(shape) > 8:
        raise UnsoundFileError(f"tensor {name[:80]!r} is larger than the file")
    wanted = math.prod(shape) * _BITS[dtype] // 8
    if not 0 <= place[0] <= place[1] <= room or place[1] - place[0] != wanted:
        raise UnsoundFileError(f"tensor {name[:80]!r} is not where the header says")
    return TensorHeader(dtype, tuple(shape))


def _is_whole(values: Any, *, least: int) -> bool:
    return isinstance(values, list) and all(
        isinstance(value, int) and not isinstance(value, bool) and value >= least
        for value in values
    )


def require_inside(directory: Path, names: Iterable[str]) -> None:
    """Check that what is written under these names does not land elsewhere.

    Args:
        directory: Such as a run that somebody else has made.
        names: Of files and folders in it; missing ones are right.

    Raises:
        SettingsError: One is a link that leads out of the directory.
    """
    home = directory.resolve()
    for name in names:
        path = directory / name
        for each in (path, *(path.rglob("*") if path.is_dir() else ())):
            if each.is_symlink() and home not in each.resolve().parents:
                raise SettingsError(
                    f"{each}: is a link to {each.resolve()}, outside of the directory, and would "
                    "be written to; put the file itself there, or remove the link"
                )
