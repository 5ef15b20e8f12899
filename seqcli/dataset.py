"""Pairs of ids on disk, **memory-mapped**, with the manifest that says what they are.

Place: pieces -> **data dir** -> batches. Imports numpy, not torch; sentencepiece only through
``Dataset.pieces``.

A data dir holds, for each split NAME and each side SIDE (src, tgt): ``NAME.SIDE.ids``, the ids of
all sentences one after the other (little-endian uint16 or uint32, no BOS, no EOS);
``NAME.SIDE.offsets``, where each sentence starts, and the end of the last (little-endian int64,
sentences + 1 of them); for the splits that are not training also ``NAME.SIDE.txt``, the raw lines;
and ``manifest.json``, which is written last.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from seqcli.errors import CheckpointError, CorpusError
from seqcli.files import explaining, sha256_of, sync

if TYPE_CHECKING:
    from seqcli.pieces import PiecePair

FORMAT = 1  # of the data dir; another number is refused
KIND = "seqcli data"
MANIFEST = "manifest.json"
SIDES = ("src", "tgt")
ID_TYPES: dict[str, np.dtype[Any]] = {"uint16": np.dtype("<u2"), "uint32": np.dtype("<u4")}

# What a manifest must have, beside kind and format.
_KEYS = (
    "src_lang",
    "tgt_lang",
    "joint",
    "vocab_size",
    "id_type",
    "pieces_sha256",
    "splits",
    "inputs",
    "options",
)
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
            CorpusError: A file is missing or truncated, or the two do not fit together.
        """
        ids_path, offsets_path = _paths_of(stem)
        ids = _map(ids_path, ID_TYPES[id_type])
        offsets = _map(offsets_path, _OFFSET)
        rise = all((np.diff(part) >= 0).all() for part in _in_parts(offsets, overlap=1))
        if len(offsets) == 0 or offsets[0] != 0 or not rise:
            raise CorpusError(f"{offsets_path}: damaged (its numbers do not rise from 0); {_AGAIN}")
        if offsets[-1] != len(ids):
            raise CorpusError(
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


@dataclass(frozen=True)
class Split:
    """The pairs of one split: sentence i of ``src`` is translated by sentence i of ``tgt``."""

    name: str
    src: IdArray
    tgt: IdArray

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.src)


class Dataset:
    """A data dir that has been checked; its arrays are mapped, not read."""

    def __init__(self, data_dir: Path, manifest: dict[str, Any], splits: dict[str, Split]) -> None:
        """Take the parts that ``open`` has put together."""
        self.data_dir = data_dir
        self.manifest = manifest
        self._splits = splits

    @classmethod
    def open(cls, data_dir: Path) -> Dataset:
        """Open a data dir.

        Raises:
            CorpusError: It is not a data dir, not a finished one, of another format, or damaged.
        """
        manifest = _read_manifest(data_dir)
        path = data_dir / MANIFEST
        try:
            id_types = {side: str(manifest["id_type"][side]) for side in SIDES}
            counts = {name: int(entry["pairs"]) for name, entry in manifest["splits"].items()}
            unknown = set(id_types.values()) - ID_TYPES.keys()
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise CorpusError(f"{path}: damaged ({error}); {_AGAIN}") from error
        if unknown or "train" not in counts or "valid" not in counts:
            raise CorpusError(
                f"{path}: damaged (id types {sorted(id_types.values())}, splits {list(counts)}); "
                f"{_AGAIN}"
            )
        splits = {
            name: _open_split(data_dir, name, id_types=id_types, pairs=pairs)
            for name, pairs in counts.items()
        }
        return cls(data_dir, manifest, splits)

    @property
    def split_names(self) -> tuple[str, ...]:
        """The names of the splits: train, valid, and those of the test sets."""
        return tuple(self._splits)

    def split(self, name: str) -> Split:
        """Return the ids of a split.

        Raises:
            CorpusError: There is no such split; the message lists those that there are.
        """
        try:
            return self._splits[name]
        except KeyError:
            raise CorpusError(
                f"{self.data_dir}: has no split {name!r}, only {', '.join(self._splits)}; choose "
                f"one of them, or {_AGAIN} with --test {name}=PREFIX"
            ) from None

    def check_ids(self, pieces: PiecePair) -> None:
        """Read through the ids that training uses, and check that there is a piece for each.

        Raises:
            CorpusError: An id is too large: the file is damaged.
        """
        for name in ("train", "valid"):
            split = self.split(name)
            for side, ids, of_side in (
                ("src", split.src, pieces.src),
                ("tgt", split.tgt, pieces.tgt),
            ):
                if ids.largest >= len(of_side):
                    raise CorpusError(
                        f"{self.data_dir / f'{name}.{side}.ids'}: damaged (it has the id "
                        f"{ids.largest}, and there are {len(of_side):,} pieces); {_AGAIN}"
                    )

    def text(self, name: str) -> tuple[list[str], list[str]]:
        """Return the raw source and target lines of a split other than train.

        Raises:
            CorpusError: There is no such split or text, or it does not match the ids.
        """
        pairs = len(self.split(name))
        if name == "train":
            raise CorpusError(
                f"{self.data_dir}: the raw text of the split 'train' is not kept; choose one of "
                f"{', '.join(split for split in self._splits if split != 'train')}"
            )
        src, tgt = (_read_text(text_path(self.data_dir, name, side), pairs) for side in SIDES)
        return src, tgt

    def identity(self) -> dict[str, object]:
        """Return what tells the training text and pieces from others, wherever they lie."""
        inputs = [
            [entry["split"], entry["sha256"]]
            for entry in self.manifest.get("inputs", [])
            if entry["split"] in ("train", "valid")
        ]
        options = self.manifest.get("options")
        pieces = self.manifest.get("pieces_sha256")
        return {"inputs": inputs, "options": options, "pieces_sha256": pieces}

    def pieces(self) -> PiecePair:
        """Load the pieces that made the ids.

        Raises:
            CheckpointError: They cannot be read, or are not the ones that made the ids.
        """
        from seqcli.pieces import PiecePair

        pair = PiecePair.load(self.data_dir)
        if pair.joint != self.manifest.get("joint", pair.joint):
            raise CheckpointError(
                f"{self.data_dir}: has pieces of another preprocess beside its own; {_AGAIN}"
            )
        for name, digest in self.manifest["pieces_sha256"].items():
            path = self.data_dir / name
            if not path.exists() or sha256_of(path) != digest:
                raise CheckpointError(
                    f"{path}: not the pieces that made the ids of this data directory; put the "
                    f"right file back, or {_AGAIN}"
                )
        return pair


def text_path(data_dir: Path, name: str, side: str) -> Path:
    """Return where the raw lines of one side of a split are."""
    return data_dir / f"{name}.{side}.txt"


def files_of(names: Iterable[str]) -> list[str]:
    """Return the names of all files that these splits can have in a data dir."""
    suffixes = ("ids", "offsets", "txt")
    return [f"{name}.{side}.{suffix}" for name in names for side in SIDES for suffix in suffixes]


def write_text(path: Path, lines: Iterable[str]) -> None:
    """Write raw lines so that ``Dataset.text`` gives exactly them back.

    Args:
        path: The new file.
        lines: Without line feeds.

    Raises:
        SeqcliError: When the disk refuses.
    """
    with explaining(path):
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)
        sync(path)


def _read_text(path: Path, pairs: int) -> list[str]:
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: cannot be read ({error}); {_AGAIN}") from error
    lines.pop()  # what follows the last line feed: nothing
    if len(lines) != pairs:
        raise CorpusError(
            f"{path}: holds {len(lines):,} lines where the manifest says {pairs:,}; the data "
            f"directory was changed; {_AGAIN}"
        )
    return lines


def _read_manifest(data_dir: Path) -> dict[str, Any]:
    path = data_dir / MANIFEST
    make = "make one with `seqcli preprocess`"
    try:
        if not data_dir.is_dir():
            found = "this is a file" if data_dir.exists() else "no such directory"
            raise CorpusError(f"{data_dir}: {found}; a data directory is meant; {make}")
        manifest = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise CorpusError(
            f"{data_dir}: not a data directory, or not a finished one (no {MANIFEST}); {make}"
        ) from error
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror or error}); {make}") from error
    except (ValueError, RecursionError) as error:  # not JSON, or not UTF-8
        raise CorpusError(f"{path}: damaged ({error}); {_AGAIN}") from error
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise CorpusError(f"{data_dir}: not a data directory (see its {MANIFEST}); {make}")
    if manifest.get("format") != FORMAT:
        raise CorpusError(
            f"{path}: format {manifest.get('format')!r}, but this version of seqcli reads format "
            f"{FORMAT}; {_AGAIN}"
        )
    if missing := [key for key in _KEYS if key not in manifest]:
        raise CorpusError(f"{path}: damaged (has no {', '.join(missing)}); {_AGAIN}")
    return manifest


def _open_split(data_dir: Path, name: str, *, id_types: dict[str, str], pairs: int) -> Split:
    sides = [IdArray.open(data_dir / f"{name}.{side}", id_type=id_types[side]) for side in SIDES]
    for side, array in zip(SIDES, sides, strict=True):
        if len(array) != pairs:
            raise CorpusError(
                f"{data_dir}: {name}.{side} holds {len(array):,} sentences where the manifest says "
                f"{pairs:,}; the files are mixed up; {_AGAIN}"
            )
    return Split(name, *sides)


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
            raise CorpusError(
                f"{path}: truncated ({size:,} bytes are not a multiple of {dtype.itemsize}); "
                f"{_AGAIN}"
            )
        if size == 0:  # an empty file cannot be mapped
            return np.empty(0, dtype=dtype)
        return np.asarray(np.memmap(path, dtype=dtype, mode="r"))
    except OSError as error:
        raise CorpusError(
            f"{path}: cannot be read ({error.strerror or error}); {_AGAIN}"
        ) from error
