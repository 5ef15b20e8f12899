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

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqcli.errors import CheckpointError, CorpusError, DamagedDataError
from seqcli.files import explaining, sync
from seqcli.id_arrays import ID_TYPES, IdArray
from seqcli.integrity import SEAL, has_digest, text_is_sealed
from seqcli.untrusted import MOST_JSON_BYTES, UnsoundFileError, parse_json, read_bounded

if TYPE_CHECKING:
    from seqcli.pieces import PiecePair

FORMAT = 1  # of the data dir; another number is refused
KIND = "seqcli data"
MANIFEST = "manifest.json"
FILES = "files"  # key of the manifest: file -> SHA-256
SIDES = ("src", "tgt")

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
_AGAIN = "run `seqcli preprocess` again"
_MOST_TEXT_BYTES = 1 << 30  # of a split that is held to be scored
_MOST_SPLITS = 1000
_SPLIT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


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
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise DamagedDataError(f"{path}: damaged ({error}); {_AGAIN}") from error
        strange = [name for name in counts if not _SPLIT_NAME.fullmatch(name)]
        if strange or len(counts) > _MOST_SPLITS:  # a name is a part of a path
            raise DamagedDataError(f"{path}: damaged (its splits have strange names); {_AGAIN}")
        if unknown or "train" not in counts or "valid" not in counts:
            raise DamagedDataError(
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
                    raise DamagedDataError(
                        f"{self.data_dir / f'{name}.{side}.ids'}: damaged (it has the id "
                        f"{ids.largest}, and there are {len(of_side):,} pieces); {_AGAIN}"
                    )

    def check_files(self, *names: str) -> None:
        """Check that files are, byte for byte, what ``preprocess`` wrote; all of them by default.

        Raises:
            DamagedDataError: One is not; it is named.
        """
        digests = self.manifest.get(FILES, {})  # an older data directory has none
        for name in names or digests:
            path = self.data_dir / name
            try:
                is_intact = name not in digests or has_digest(path, [digests[name]])
            except OSError as error:
                raise DamagedDataError(
                    f"{path}: cannot be read ({error.strerror or error}); {_AGAIN}"
                ) from error
            if not is_intact:
                raise DamagedDataError(
                    f"{path}: not the file that belongs to this data directory (its SHA-256 is "
                    f"not the one in {MANIFEST}): it was damaged, swapped or edited; put the right "
                    f"file back, or {_AGAIN}"
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
        paths = [text_path(self.data_dir, name, side) for side in SIDES]
        src, tgt = (_read_text(path, pairs) for path in paths)
        self.check_files(*(path.name for path in paths))
        return src, tgt

    def identity(self) -> dict[str, object]:
        """Return what tells the training text and pieces from others, wherever they lie.

        Raises:
            CorpusError: The manifest is damaged.
        """
        try:
            inputs = [
                [entry["split"], entry["sha256"]]
                for entry in self.manifest["inputs"]
                if entry["split"] in ("train", "valid")
            ]
        except (LookupError, TypeError) as error:
            raise CorpusError(
                f"{self.data_dir / MANIFEST}: damaged ({error!r}); {_AGAIN}"
            ) from error
        options = self.manifest.get("options")
        pieces = self.manifest.get("pieces_sha256")
        return {"inputs": inputs, "options": options, "pieces_sha256": pieces}

    def pieces(self) -> PiecePair:
        """Load the pieces that made the ids.

        Raises:
            CheckpointError: They cannot be read, or are not the ones that made the ids.
        """
        from seqcli.pieces import PiecePair, piece_files

        pair = PiecePair.load(self.data_dir)
        if pair.joint != self.manifest.get("joint", pair.joint):
            raise CheckpointError(
                f"{self.data_dir}: has pieces of another preprocess beside its own; {_AGAIN}"
            )
        digests = self.manifest["pieces_sha256"]
        if not isinstance(digests, dict) or digests.keys() != set(piece_files(joint=pair.joint)):
            raise CheckpointError(
                f"{self.data_dir / MANIFEST}: damaged (does not name its pieces); {_AGAIN}"
            )
        for name, digest in digests.items():
            path = self.data_dir / name
            try:
                is_right = path.exists() and has_digest(path, [digest])
            except OSError as error:
                raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from error
            if not is_right:
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
        lines = read_bounded(path, _MOST_TEXT_BYTES).decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError, UnsoundFileError) as error:
        raise DamagedDataError(f"{path}: cannot be read ({error}); {_AGAIN}") from error
    lines.pop()  # what follows the last line feed: nothing
    if len(lines) != pairs:
        raise DamagedDataError(
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
        data = read_bounded(path, MOST_JSON_BYTES)
        manifest = parse_json(data)
    except FileNotFoundError as error:
        raise CorpusError(
            f"{data_dir}: not a data directory, or not a finished one (no {MANIFEST}); {make}"
        ) from error
    except OSError as error:
        raise DamagedDataError(
            f"{path}: cannot be read ({error.strerror or error}); {make}"
        ) from error
    except (ValueError, RecursionError) as error:  # not JSON, or not UTF-8
        raise DamagedDataError(f"{path}: damaged ({error}); {_AGAIN}") from error
    manifest = manifest if isinstance(manifest, dict) else {}
    is_ours = manifest.get("kind") == KIND
    # An older data directory has neither digests nor a seal.
    seals = (FILES, SEAL) if is_ours else (SEAL,)
    if any(key in manifest for key in seals) and not text_is_sealed(data, manifest.get(SEAL)):
        raise DamagedDataError(
            f"{path}: damaged or edited (its bytes do not have the SHA-256 that it says); {_AGAIN}"
        )
    if not is_ours:
        raise CorpusError(f"{data_dir}: not a data directory (see its {MANIFEST}); {make}")
    if manifest.get("format") != FORMAT:
        raise CorpusError(
            f"{path}: format {manifest.get('format')!r}, but this version of seqcli reads format "
            f"{FORMAT}; {_AGAIN}"
        )
    if missing := [key for key in _KEYS if key not in manifest]:
        raise DamagedDataError(f"{path}: damaged (has no {', '.join(missing)}); {_AGAIN}")
    return manifest


def _open_split(data_dir: Path, name: str, *, id_types: dict[str, str], pairs: int) -> Split:
    sides = [IdArray.open(data_dir / f"{name}.{side}", id_type=id_types[side]) for side in SIDES]
    for side, array in zip(SIDES, sides, strict=True):
        if len(array) != pairs:
            raise DamagedDataError(
                f"{data_dir / f'{name}.{side}.offsets'}: holds {len(array):,} sentences where the "
                f"manifest says {pairs:,}; the files are damaged or mixed up; {_AGAIN}"
            )
    return Split(name, *sides)
