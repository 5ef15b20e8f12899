"""The ids of many sentences in two files, **memory-mapped**: written whole, read piecemeal.

Place: ids -> **STEM.ids and STEM.offsets** -> dataset. ``STEM.ids`` has the ids of all sentences
one after the other (little-endian uint16 or uint32); ``STEM.offsets`` where each sentence starts,
and the end of the last (little-endian int64, sentences + 1 of them). Imports numpy, not torch.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from seqcli.errors import DamagedDataError
from seqcli.files import explaining, sync

ID_TYPES: dict[str, np.dtype[Any]] = {"uint16": np.dtype("<u2"), "uint32": np.dtype("<u4")}
_OFFSET = np.dtype("<i8")
_PART = 1 << 22  # numbers looked at together
_AGAIN = "run `seqcli preprocess` again"

IdRow = npt.NDArray[np.integer[Any]]


def id_type_for(vocab_size: int) -> str:
    """Return the name of the smallest id type that holds every id below ``vocab_size``."""
    return "uint16" if vocab_size <= 1 << 16 else "uint32"


class IdArray:
    """The ids of many sentences, read from disk when they are asked for."""

    def __init__(self, ids: IdRow, offsets: IdRow) -> None:
        """Take arrays that belong together.

        Args:
            ids: Of all sentences, (tokens,).
            offsets: Where each sentence starts, and the end of the last, (sentences + 1,), int64.
        """
        self._ids = ids
        self._offsets = offsets

    @classmethod
    def open(cls, stem: Path, *, id_type: str) -> IdArray:
        """Map ``STEM.ids`` and ``STEM.offsets``.

        Args:
            stem: Path of both files without their suffix.
            id_type: A key of ID_TYPES.

        Raises:
            DamagedDataError: A file is missing or truncated, or the two do not fit together.
        """
        ids_path, offsets_path = _paths_of(stem)
        ids = _map(ids_path, ID_TYPES[id_type])
        offsets = _map(offsets_path, _OFFSET)
        rise = all((np.diff(part) >= 0).all() for part in _in_parts(offsets, overlap=1))
        if len(offsets) == 0 or offsets[0] != 0 or not rise:
            raise DamagedDataError(
                f"{offsets_path}: damaged (its numbers do not rise from 0); {_AGAIN}"
            )
        if offsets[-1] != len(ids):
            raise DamagedDataError(
                f"{ids_path}: holds {len(ids):,} ids where {offsets_path.name} says "
                f"{offsets[-1]:,}; the files are damaged or mixed up; {_AGAIN}"
            )
        return cls(ids, offsets)

    def __len__(self) -> int:
        """Return the number of sentences."""
        return len(self._offsets) - 1

    def __getitem__(self, index: int) -> IdRow:
        """Return the ids of a sentence, (length,), without BOS and EOS; read-only, not a copy."""
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError(f"sentence {index} of {len(self)}")
        return self._ids[self._offsets[position] : self._offsets[position + 1]]

    @property
    def largest(self) -> int:
        """The largest id, -1 if there is none; reads them all."""
        return max((int(part.max()) for part in _in_parts(self._ids)), default=-1)

    def lengths_of(self, sentences: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the number of ids of some sentences, (sentences,)."""
        return (self._offsets[sentences + 1] - self._offsets[sentences]).astype(np.int64)

    def release(self) -> None:
        """Give back the memory of what was read; it is read again when it is asked for."""
        for array in (self._ids, self._offsets):
            _release(array)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The number of ids of each sentence, (sentences,)."""
        return np.diff(self._offsets).astype(np.int64, copy=False)


class IdWriter:
    """Writes an IdArray sentence by sentence; memory does not grow with their number.

    A context manager: the files are complete, and synced, when its block ends well.
    """

    def __init__(self, stem: Path, *, id_type: str) -> None:
        """Open ``STEM.ids`` and ``STEM.offsets`` for writing.

        Raises:
            SeqcliError: When the disk refuses, here and in every other method.
        """
        self._stem = stem
        self._dtype = ID_TYPES[id_type]
        self._end = 0
        with explaining(stem):
            self._files = [path.open("wb") for path in _paths_of(stem)]
            self._files[1].write(np.zeros(1, dtype=_OFFSET).tobytes())

    def append(self, rows: Sequence[Sequence[int]]) -> None:
        """Add sentences of ids, each below the limit of the id type."""
        lengths = np.fromiter(map(len, rows), dtype=_OFFSET, count=len(rows))
        ids = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=int(lengths.sum()))
        if len(ids) and not 0 <= ids.min() <= ids.max() <= np.iinfo(self._dtype).max:
            raise ValueError(f"ids from {ids.min()} to {ids.max()} do not fit {self._dtype.name}")
        ends = self._end + np.cumsum(lengths)
        with explaining(self._stem):
            self._files[0].write(ids.astype(self._dtype).tobytes())
            self._files[1].write(ends.astype(_OFFSET).tobytes())
        self._end += len(ids)

    def __enter__(self) -> IdWriter:
        """Return the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files, and sync them if nothing failed."""
        with explaining(self._stem), ExitStack() as last_first:
            if kind is None:
                for path in _paths_of(self._stem):
                    last_first.callback(sync, path)
            for file in self._files:
                last_first.callback(file.close)


def _paths_of(stem: Path) -> tuple[Path, Path]:
    return stem.with_name(f"{stem.name}.ids"), stem.with_name(f"{stem.name}.offsets")


def _in_parts(array: IdRow, *, overlap: int = 0) -> Iterator[IdRow]:
    """Yield an array in parts, so that no copy of all of it is made; each is given back after."""
    for start in range(0, len(array), _PART):
        yield array[max(0, start - overlap) : start + _PART]
        _release(array)


def _release(array: IdRow) -> None:
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def _map(path: Path, dtype: np.dtype[Any]) -> IdRow:
    try:
        size = path.stat().st_size
        if size % dtype.itemsize:
            raise DamagedDataError(
                f"{path}: truncated ({size:,} bytes are not a multiple of {dtype.itemsize}); "
                f"{_AGAIN}"
            )
        if size == 0:  # an empty file cannot be mapped
            return np.empty(0, dtype=dtype)
        return np.asarray(np.memmap(path, dtype=dtype, mode="r"))
    except OSError as error:
        raise DamagedDataError(
            f"{path}: cannot be read ({error.strerror or error}); {_AGAIN}"
        ) from error
