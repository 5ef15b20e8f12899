"""A file that was fetched -> **the texts in it**, bounded in size.

Nothing is extracted by the names that an archive gives: a text has the name of the catalogue, and
its bytes are those of the one member, a regular file, that matches the catalogue's pattern.
"""

from __future__ import annotations

import contextlib
import fnmatch
import gzip
import hashlib
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from seqcli.downloads.catalogue import MOST_BYTES, RemoteFile, Text
from seqcli.errors import CorpusError
from seqcli.files import HASH_BLOCK, explaining, replacing

MOST_MEMBERS = 100_000
_DAMAGED = (
    EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError,
    NotImplementedError, RuntimeError,
)  # fmt: skip


def unpack(packed: Path, file: RemoteFile, folder: Path) -> dict[str, str]:
    """Write the texts of a file into a folder.

    Args:
        packed: Where it is.
        file: What the catalogue says of it.
        folder: Exists.

    Returns:
        SHA-256 of each text, by its name.

    Raises:
        CorpusError: The file is damaged, has not the members that it should have, or a text is
            empty, longer than allowed, or not the one that the catalogue knows. What to do next is
            left to the caller.
        SeqcliError: The disk refuses.
    """
    found = {}
    for text in file.texts:
        try:
            with _open(packed, file, text) as stream:
                found[text.name] = _copy(stream, folder / text.name, text, packed)
        except _DAMAGED as error:
            raise CorpusError(
                f"{packed}: damaged ({error or type(error).__name__}), or no {file.packing} file"
            ) from error
    return found


def copy_unpacked(place: Path, file: RemoteFile, folder: Path) -> dict[str, str] | None:
    """Copy the texts of a file that lie unpacked in a folder; None unless all of them do.

    Raises:
        CorpusError: A text cannot be read, or is not the one that the catalogue knows. What to do
            next is left to the caller.
        SeqcliError: The disk refuses.
    """
    origins = {text: place / text.name for text in file.texts}
    if not all(origin.is_file() for origin in origins.values()):
        return None
    found = {}
    for text, origin in origins.items():
        with _reading(origin), origin.open("rb") as stream:
            found[text.name] = _copy(stream, folder / text.name, text, origin)
    return found


@contextlib.contextmanager
def _reading(origin: Path) -> Iterator[None]:
    """Put an error of the disk in the block into words; those of writing are in words already."""
    try:
        yield
    except OSError as error:
        raise CorpusError(
            f"{origin}: cannot be read ({error.strerror or error}); mend that and run the command "
            "again"
        ) from error


@contextlib.contextmanager
def _open(packed: Path, file: RemoteFile, text: Text) -> Iterator[IO[bytes]]:
    if file.packing == "none":
        with packed.open("rb") as stream:
            yield stream
    elif file.packing == "gz":
        with gzip.open(packed, "rb") as unpacked:
            yield cast("IO[bytes]", unpacked)
    elif file.packing == "zip":
        with zipfile.ZipFile(packed) as archive:
            names = [each.filename for each in archive.infolist() if not each.is_dir()]
            with archive.open(_the_one(names, text, packed)) as stream:
                yield stream
    else:
        with tarfile.open(packed, "r:gz") as archive:
            members = {}
            for number, each in enumerate(archive):
                if number == MOST_MEMBERS:
                    raise CorpusError(f"{packed}: more than {MOST_MEMBERS:,} members; not used")
                if each.isreg():
                    members[each.name] = each
            member = archive.extractfile(members[_the_one(list(members), text, packed)])
            assert member is not None  # as for every regular file
            with member as stream:
                yield stream


def _the_one(names: list[str], text: Text, packed: Path) -> str:
    matching = [name for name in names if fnmatch.fnmatchcase(name, text.member)]
    if len(matching) != 1:
        raise CorpusError(
            f"{packed}: {len(matching)} members match {text.member!r}, and one must; the file is "
            "not the one that the catalogue knows"
        )
    return matching[0]


def _copy(stream: IO[bytes], path: Path, text: Text, packed: Path) -> str:
    most = text.bytes or MOST_BYTES
    digest, size = hashlib.sha256(), 0
    with explaining(path):
        file = path.open("wb")
    with file:
        while block := stream.read(HASH_BLOCK):
            size += len(block)
            if size > most:
                raise CorpusError(
                    f"{packed}: {text.name} unpacks to more than the {most:,} bytes that are "
                    "allowed; the file is not the one that the catalogue knows"
                )
            digest.update(block)
            with explaining(path):
                file.write(block)
    if not size:
        raise CorpusError(f"{packed}: {text.name} is empty, which no text is")
    found = digest.hexdigest()
    if text.sha256 is not None and found != text.sha256:
        raise CorpusError(
            f"{packed}: {text.name} has the SHA-256 {found}, and the catalogue says {text.sha256}; "
            "it is another version or damaged"
        )
    return found


def copy_file(origin: Path, target: Path) -> None:
    """Copy a file of a mirror, all of it or nothing.

    Raises:
        CorpusError: It cannot be read.
        SeqcliError: The disk refuses.
    """
    with replacing(target) as temporary, _reading(origin), origin.open("rb") as stream:
        with explaining(target):
            file = temporary.open("wb")
        with file:
            while block := stream.read(HASH_BLOCK):
                with explaining(target):
                    file.write(block)
