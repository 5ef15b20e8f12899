"""Files that are written whole or not at all, and the errors of the disk in words.

Place: every module that writes. Imports the standard library and errors only.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from seqcli.errors import SeqcliError, SettingsError

UNFINISHED = ".seqcli-unfinished-"  # start of the name of whatever is not complete yet
LOCK = ".seqcli-lock"  # see locking
HASH_BLOCK = 1 << 20
_TEMPORARY: list[Path] = []

_NEXT_STEP = {
    errno.ENOSPC: "free some space or choose another place",
    errno.EFBIG: "it is larger than the file system or a limit (ulimit -f) allows; raise the limit",
    errno.EDQUOT: "free some of your quota or choose another place",
    errno.EACCES: "choose a place where you may write, or change its permissions",
    errno.EPERM: "choose a place where you may write, or change its permissions",
    errno.EROFS: "choose a place that is not read-only",
    errno.ENOENT: "make the folder first, or correct the path",
    errno.ENOTDIR: "a part of the path is a file; correct the path",
    errno.EISDIR: "this is a directory; give the path of a file",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def write_atomically(path: Path, data: bytes | str) -> None:
    """Write a whole file (text as UTF-8), so that a reader never meets half of it.

    Args:
        path: Where the file shall be; its folder must exist. An existing file is replaced.
        data: All of its content.

    Raises:
        SeqcliError: When the disk refuses; the old file, if any, is still there.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Lend a temporary name in the folder of ``path``; what is written there becomes ``path``.

    The file is synced and moved in place when the block ends well, and removed when it does not.
    What replaces a file gets its permissions, and until then only the owner may read it.
    A link is followed. A device or a pipe, such as ``/dev/null``, is lent itself: replacing it
    would destroy it.

    Raises:
        SeqcliError: When the disk refuses, in the block or after it.
    """
    with explaining(path):
        target = path.resolve() if path.is_symlink() else path
        is_device = path.exists() and not path.is_file() and not path.is_dir()
    if is_device:
        with explaining(path):
            yield path
        return
    temporary = target.with_name(f"{UNFINISHED}{secrets.token_hex(4)}-{target.name[-40:]}")
    try:
        with explaining(path, alias=temporary):
            old = _state_of(target)
            if old is not None:
                os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            yield temporary
            sync(temporary)
            if old is not None:
                _take_over(temporary, old)
            temporary.replace(target)
            sync_directory(target.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _state_of(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _take_over(path: Path, old: os.stat_result) -> None:
    """Give a file the group and the permissions of another: nobody more may read it."""
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):  # of a group that we are not in
            os.chown(path, -1, old.st_gid)
    with contextlib.suppress(OSError):  # of a file system that has no permissions
        has_group = path.stat().st_gid == old.st_gid
        path.chmod(old.st_mode & (0o777 if has_group else 0o707))


def require_other_file(path: Path, inputs: Iterable[Path], *, what: str) -> None:
    """Check that a file that will be replaced is none of those that are read.

    Args:
        path: What will be written. A device or a pipe is not replaced, and is always allowed.
        inputs: What is read, by any name; one that is missing is passed over.
        what: Who asks for ``path``, for the message, such as "--output".

    Raises:
        SettingsError: It is one of them.
    """
    if not path.is_file():
        return
    for each in inputs:
        if each.exists() and path.samefile(each):
            name = "is" if str(each) == str(path) else f"is the same file as {each}, which is"
            raise SettingsError(
                f"{what} {path}: {name} read; write to another file, and replace it when you have "
                "looked at the result"
            )


@contextlib.contextmanager
def explaining(path: Path, *, alias: Path | None = None) -> Iterator[None]:
    """Turn an OSError of the block into a SeqcliError with the path and what to do.

    Args:
        path: What the user knows the file by.
        alias: The name by which the system knows it, if that is another one.
    """
    try:
        yield
    except OSError as error:
        named = path if error.filename is None else Path(os.fsdecode(error.filename))
        where = path if named == alias else _without_unfinished(named)
        found = error.strerror or str(error)
        step = _NEXT_STEP.get(error.errno or 0, "mend this and run the command again")
        raise SeqcliError(f"{where}: cannot be written ({found}); {step}") from error


def _without_unfinished(path: Path) -> Path:
    return Path(*(part for part in path.parts if not part.startswith(UNFINISHED)))


def make_temporary() -> Path:
    """Make an empty file in the system's folder for such; it is removed when the process ends.

    Raises:
        SeqcliError: The disk refuses.
    """
    with explaining(Path(tempfile.gettempdir())):
        descriptor, name = tempfile.mkstemp(prefix="seqcli-")
        os.close(descriptor)
    if not _TEMPORARY:
        atexit.register(remove_temporary)
    _TEMPORARY.append(Path(name))
    return _TEMPORARY[-1]


def remove_temporary() -> None:
    """Remove what ``make_temporary`` has made."""
    while _TEMPORARY:
        with contextlib.suppress(OSError):
            _TEMPORARY.pop().unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_directory(directory: Path) -> None:
    """Wait until the names in a directory are on the disk, where the system can do that."""
    with contextlib.suppress(OSError):  # Windows cannot open a directory
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def require_empty(directory: Path, *, overwrite: bool, what: str, own: Iterable[str] = ()) -> None:
    """Check that a directory can be filled without touching what somebody else put there.

    Nothing is made or deleted. Leftovers of a process that was killed do not count.

    Args:
        directory: May be missing; its nearest existing parent must then be writable.
        overwrite: Allow it to hold something, if that is what was written here before.
        what: What shall be written, such as "a data directory", for the message.
        own: Names of files by which such a directory is known.

    Raises:
        SettingsError: It is a file; or it holds something, and ``overwrite`` is off or nothing of
            it is ours.
        SeqcliError: It cannot be read or written.
    """
    with explaining(directory):
        existing = directory
        while not existing.exists() and existing != existing.parent:
            existing = existing.parent
        if not existing.is_dir():
            raise SettingsError(
                f"{existing}: this is a file; {what} needs a directory; choose another name"
            )
        if not os.access(existing, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(existing))
        if existing == directory and not (overwrite and _has_any(directory, own)):
            _refuse_entries(directory, what, overwrite)


def _has_any(directory: Path, names: Iterable[str]) -> bool:
    return any((directory / name).exists() for name in names)


def _refuse_entries(directory: Path, what: str, overwrite: bool) -> None:
    found = sorted(
        entry.name
        for entry in directory.iterdir()
        if not entry.name.startswith(UNFINISHED) and entry.name != LOCK
    )
    if found:
        advice = "choose another directory" if overwrite else "choose another name"
        hint = "" if overwrite else ", or give --overwrite if it is an older one"
        raise SettingsError(
            f"{directory}: not empty (it has {found[0]!r}); {what} is not written over something "
            f"else; {advice}{hint}"
        )


@contextlib.contextmanager
def filling(directory: Path, *, last: str, stale: Iterable[str] = ()) -> Iterator[Path]:
    """Lend an empty directory; what is written there appears in ``directory`` all at once.

    The files are moved when the block ends well. When it does not, ``directory`` is as before:
    it is gone if it was missing. What earlier attempts that were killed have left is removed.

    Args:
        directory: Is made if it is missing. Files of the same names are replaced.
        last: Name of the file that makes the others valid. It is removed before any other is
            touched and comes after all of them.
        stale: Names of files that are removed, if they are not replaced.

    Raises:
        SeqcliError: When the disk refuses, in the block or after it.
    """
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    work = directory / f"{UNFINISHED}{secrets.token_hex(4)}"
    with explaining(directory):
        try:
            directory.mkdir(parents=True, exist_ok=True)
            remove_unfinished(directory)
            work.mkdir()
            yield work
            _move_in(work, directory, last=last, stale=stale)
        finally:
            shutil.rmtree(work, ignore_errors=True)
            for path in missing:  # stays if it holds something
                with contextlib.suppress(OSError):
                    path.rmdir()


def _move_in(work: Path, directory: Path, *, last: str, stale: Iterable[str]) -> None:
    names = sorted(path.name for path in work.iterdir() if path.name != last)
    (directory / last).unlink(missing_ok=True)
    for name in stale:
        (directory / name).unlink(missing_ok=True)
    for name in (*names, last):
        (work / name).replace(directory / name)
    sync_directory(directory)


def remove_unfinished(directory: Path) -> None:
    """Remove what a process that was killed has left behind; nobody else may be writing there."""
    for leftover in directory.glob(f"{UNFINISHED}*"):
        _remove(leftover)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
