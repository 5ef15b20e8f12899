"""One training at a time in a run directory: a lock that goes with the process that holds it.

Place: training, and whatever else changes a run -> **RUN_DIR/.seqcli-lock** while it does.
The system lets go of the lock when the process ends, however it ends; a file that a killed process
has left behind locks nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from seqcli.errors import SettingsError
from seqcli.files import LOCK, explaining

_HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
NO_LOCKS = (
    "{directory}: its file system has no locks, so seqcli cannot tell whether another training "
    "uses it; see to it that none does"
)


@contextlib.contextmanager
def locked(directory: Path, *, what: str) -> Iterator[str | None]:
    """Hold the lock of a directory, which must exist.

    Args:
        directory: Nobody else may change it meanwhile.
        what: Wants to, such as "a training", for the message to whoever comes second.

    Yields:
        None, or what to tell the user if the file system has no locks.

    Raises:
        SettingsError: Somebody else holds it.
        SeqcliError: When the disk refuses.
    """
    path = directory / LOCK
    with explaining(path):
        descriptor, problem = _take(path)
    if descriptor is None:
        raise SettingsError(
            f"{directory}: in use by {_holder(path)}; two at a time would spoil each other's work: "
            "wait until it has ended or stop it (Ctrl-C saves), or choose another directory"
        )
    try:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            text = f"{what}, process {os.getpid()} on {socket.gethostname()}"
            os.write(descriptor, text.encode("utf-8", "replace"))
        yield NO_LOCKS.format(directory=directory) if problem else None
    finally:
        with contextlib.suppress(OSError):  # Windows removes no file that is open
            path.unlink()
        os.close(descriptor)


def _take(path: Path) -> tuple[int | None, bool]:
    """Return the open file that holds the lock, or None; and whether there are no locks here."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
        except OSError as error:
            if error.errno not in _HELD:
                return descriptor, True
            os.close(descriptor)
            return None, False
        except BaseException:
            os.close(descriptor)
            raise
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor, False
        os.close(descriptor)  # its owner has just removed it: take that which is there now


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        # A byte far behind the text, which others may read meanwhile.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _holder(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")[:200].strip() or "another process"
    except OSError:
        return "another process"
