"""Paths -> **bytes, unpacked**: plain, gzip, xz, zstd or bzip2, told by the content.

The memory that unpacking takes is bounded, whatever a file says of itself. The errors of the disk
and of damaged files are put into words here.
"""

from __future__ import annotations

import bz2
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from seqcli.errors import CorpusError

_BLOCK = 1 << 16
_MOST_XZ_MEMORY = 256 << 20  # bytes; `xz -9` needs a quarter of that


@dataclass(frozen=True)
class _Packing:
    name: str
    suffix: str
    magic: bytes
    unpack: Callable[[IO[bytes]], IO[bytes]]
    errors: Callable[[], tuple[type[Exception], ...]]  # what tells damage, besides EOFError


class _XzStream(io.RawIOBase):
    """Unpacks xz with bounded memory, which lzma.LZMAFile does not offer."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._unpacker = self._start()

    @staticmethod
    def _start() -> Any:
        import lzma

        return lzma.LZMADecompressor(memlimit=_MOST_XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            data = b""
            if self._unpacker.eof:  # another stream may follow, or padding
                data = (self._unpacker.unused_data or self._file.read(_BLOCK)).lstrip(b"\0")
                if not data and not (data := self._file.read(_BLOCK).lstrip(b"\0")):
                    return 0
                self._unpacker = self._start()
            elif self._unpacker.needs_input and not (data := self._file.read(_BLOCK)):
                raise EOFError("it ends too early")
            if unpacked := self._unpacker.decompress(data, len(buffer)):
                buffer[: len(unpacked)] = unpacked
                return len(unpacked)


def _unpack_zstd(file: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", _zstd().ZstdFile(file))


def _zstd() -> Any:
    try:
        from compression import zstd
    except ImportError:  # before Python 3.14
        from backports import zstd
    return zstd


def _lzma_errors() -> tuple[type[Exception], ...]:
    import lzma

    return (lzma.LZMAError,)


_PACKINGS = (
    _Packing(
        "gzip",
        ".gz",
        b"\x1f\x8b",
        lambda file: cast("IO[bytes]", gzip.GzipFile(fileobj=file)),
        lambda: (zlib.error,),
    ),
    _Packing(
        "xz", ".xz", b"\xfd7zXZ\0", lambda file: io.BufferedReader(_XzStream(file)), _lzma_errors
    ),
    _Packing("zstd", ".zst", b"\x28\xb5\x2f\xfd", _unpack_zstd, lambda: (_zstd().ZstdError,)),
    _Packing(
        "bzip2", ".bz2", b"BZh", lambda file: cast("IO[bytes]", bz2.BZ2File(file)), lambda: ()
    ),
)


@contextmanager
def opened(path: Path, name: str | None = None) -> Iterator[IO[bytes]]:
    """Lend the bytes of a file, unpacked.

    Args:
        path: A regular file.
        name: What messages call it; None for its path.

    Raises:
        CorpusError: It cannot be read, now or in the block, or is damaged, or is not packed as its
            name says.
    """
    name = str(path) if name is None else name
    packing: _Packing | None = None
    try:
        with path.open("rb") as file:
            packing = _packing_of(file, path, name)
            if packing is None:
                yield file
            else:
                with packing.unpack(file) as stream:
                    yield stream
    except (IsADirectoryError, FileNotFoundError) as error:
        raise CorpusError(explain_os_error(error, name)) from error
    except io.UnsupportedOperation as error:  # it cannot go back to its start
        raise CorpusError(
            f"{name}: a pipe, and text is read more than once; write it to a file first"
        ) from error
    except Exception as error:
        damage = packing.errors() if packing else ()
        if not isinstance(error, (EOFError, OSError, *damage)):
            raise
        raise CorpusError(_explain(error, name, packing)) from error


def _explain(error: Exception, name: str, packing: _Packing | None) -> str:
    if packing is not None and getattr(error, "errno", None) is None:
        return f"{name}: damaged {packing.name} data ({error}); copy or compress the file again"
    return explain_os_error(error, name)


def explain_os_error(error: Exception, name: str) -> str:
    """Return the message for a file that the disk does not give."""
    if isinstance(error, IsADirectoryError):
        return f"{name}: this is a directory; give the path of a file"
    if isinstance(error, FileNotFoundError):
        return f"{name}: no such file; correct the path"
    found = getattr(error, "strerror", None) or error
    return f"{name}: cannot be read ({found}); mend that and run the command again"


def packing_of(data: bytes) -> str:
    """Return the name of what data is packed with, by its first bytes; "" if it is not."""
    found = _packing_by(data)
    return found.name if found else ""


def _packing_of(file: IO[bytes], path: Path, name: str) -> _Packing | None:
    """Tell how a file is packed, and leave it at its start."""
    start = file.read(max(len(each.magic) for each in _PACKINGS))
    file.seek(0)
    found = _packing_by(start)
    promised = next((each for each in _PACKINGS if path.suffix.lower() == each.suffix), None)
    if promised is not None and start and found is not promised:
        raise CorpusError(
            f"{name}: not {promised.name} data, though its name ends in {promised.suffix}; rename "
            "it or compress it again"
        )
    return found


def _packing_by(start: bytes) -> _Packing | None:
    found = next((each for each in _PACKINGS if start.startswith(each.magic)), None)
    return None if found is not None and found.name == "bzip2" and not _is_bzip2(start) else found


def _is_bzip2(start: bytes) -> bool:
    """Tell bzip2 from a text that begins with BZh: a digit and a binary mark follow."""
    return start[3:4] in b"123456789" and start[4:6] in (b"\x31\x41", b"\x17\x72")
