"""An address -> **a file**, resumed where an earlier attempt stopped. Nothing else opens a socket.

What arrives goes to ``NAME.part`` beside the file, and ``NAME.part.json`` says what it is a part
of; both stay when a download fails, and go when it is complete.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from seqcli.errors import SeqcliError
from seqcli.files import explaining, write_atomically
from seqcli.reporting import Reporter
from seqcli.version import __version__

BLOCK = 1 << 16
LEAST_BYTES = 1024  # that must come within the time-out, or the server counts as stalled
PROGRESS_BYTES = 1 << 20  # an attempt that brought so much does not count as failed
_RETRIED = {408, 425, 429, 500, 502, 503, 504}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_NO_RANGE = re.compile(r"bytes \*/(\d+)")  # of an answer 416: how long the file is


@dataclass(frozen=True)
class Patience:
    """How long a server is given."""

    timeout: float = 30.0  # seconds without LEAST_BYTES
    attempts: int = 5  # in a row that bring less than PROGRESS_BYTES
    pause: float = 1.0  # seconds after the first failure, doubled after each further one


class _AttemptError(Exception):
    """This attempt failed, and another one may not."""


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https only, and from https to https only."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme != "https" and (scheme != "http" or urlsplit(req.full_url).scheme == "https"):
            raise SeqcliError(
                f"{req.full_url}: sends on to {newurl[:200]!r}; only http and https addresses are "
                "followed, and from https only to https; get the file in another way, and give "
                "its folder with --mirror"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(
    address: str, target: Path, *, most_bytes: int, patience: Patience, report: Reporter
) -> None:
    """Download a file; its content is not verified.

    Args:
        address: http or https.
        target: In a folder that exists; appears when all is there.
        most_bytes: A longer file is refused.
        patience: With the server.
        report: Hears of the progress and of attempts that failed.

    Raises:
        SeqcliError: It cannot be had: an answer such as 404, too many failed attempts, too long a
            file, or the disk refuses.
    """
    part = _Part(target, address)
    failures = 0
    while True:
        before = part.size
        try:
            _attempt(address, part, most_bytes=most_bytes, timeout=patience.timeout, report=report)
            break
        except _AttemptError as error:
            failures = 0 if part.size - before >= PROGRESS_BYTES else failures + 1
            if failures >= patience.attempts:
                raise SeqcliError(
                    f"{address}: {error}; given up (failed attempts: {failures}); what has arrived "
                    "is kept: run the command again to go on from there"
                ) from error
            report.note(f"{address}: {error}; trying again")
            time.sleep(patience.pause * 2 ** max(0, failures - 1))
    with explaining(target):
        part.complete()


class _Part:
    """What has arrived of a file, and what it is a part of."""

    def __init__(self, target: Path, address: str) -> None:
        self._target = target
        self.path = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")
        self.validator = ""
        self.total: int | None = None  # bytes of the whole file
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            note = json.loads(self._note.read_text("utf-8"))
            if note["address"] == address:
                self.validator = str(note["validator"])
                self.total = None if note.get("bytes") is None else int(note["bytes"])
        self._address = address

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def start(self, validator: str, total: int | None) -> None:
        """Begin from nothing, with a version of the file and its bytes, if they are known."""
        self.path.unlink(missing_ok=True)
        self.validator, self.total = validator, total
        note = {"address": self._address, "validator": validator, "bytes": total}
        write_atomically(self._note, json.dumps(note))

    def forget(self) -> None:
        """Remove all of it."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
        self.validator, self.total = "", None

    def complete(self) -> None:
        """Make it the file."""
        self.path.touch()
        self.path.replace(self._target)
        self._note.unlink(missing_ok=True)


def _attempt(
    address: str, part: _Part, *, most_bytes: int, timeout: float, report: Reporter
) -> None:
    if part.size and not part.validator:  # nothing tells whether the file is still the same
        part.forget()
    offset = part.size
    headers = {"User-Agent": f"seqcli/{__version__}", "Accept-Encoding": "identity"}
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": part.validator}
    try:
        with _open(urllib.request.Request(address, headers=headers), timeout) as response:
            _receive(response, part, offset, address, most_bytes, timeout, report)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and offset:
            length = _NO_RANGE.fullmatch(error.headers.get("Content-Range", ""))
            if length is not None and int(length[1]) == offset == part.total:
                return  # all had arrived when an earlier attempt was ended
            part.forget()
            raise _AttemptError("the server has less of the file than has arrived") from error
        if error.code in _RETRIED:
            raise _AttemptError(f"the server answers {error.code} ({error.reason})") from error
        raise SeqcliError(
            f"{address}: the server answers {error.code} ({error.reason}); see whether the file "
            "has moved, get it in another way, and give its folder with --mirror"
        ) from error
    except TimeoutError as error:
        raise _AttemptError(f"nothing has come for {timeout:g} seconds") from error
    except http.client.HTTPException as error:
        raise _AttemptError(f"the answer breaks off ({type(error).__name__})") from error
    except urllib.error.URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise _AttemptError(f"no connection ({reason})") from error
    except OSError as error:  # not of the disk: those are explained where they arise
        raise _AttemptError(f"the connection broke ({error.strerror or error})") from error


def _open(request: urllib.request.Request, timeout: float) -> Any:
    opener = urllib.request.OpenerDirector()  # without those for ftp:, file: and data:
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        _NoDowngrade(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener.open(request, timeout=timeout)


def _receive(
    response: Any,
    part: _Part,
    offset: int,
    address: str,
    most_bytes: int,
    timeout: float,
    report: Reporter,
) -> None:
    """Append an answer to the part, or begin it again where the server sends all of the file."""
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isascii() and length.isdecimal() else None
    if response.status == 206:
        _require_rest(response.headers, part, offset)
        total = part.total if total is None else offset + total
    elif response.status == 200:
        with explaining(part.path):
            part.start(_validator(response.headers), total)
        offset = 0
    else:
        raise SeqcliError(f"{address}: the server answers {response.status}, which is no file")
    if total is not None and total > most_bytes:
        raise _too_long(address, total, most_bytes)
    done = _copy(response, part.path, offset, address, most_bytes, timeout, total, report)
    if total is not None and done < total:
        raise _AttemptError(f"the answer breaks off after {done:,} of {total:,} bytes")


def _require_rest(headers: Mapping[str, str], part: _Part, offset: int) -> None:
    """Check that an answer goes on with the file of which there is a part, which goes if not."""
    match = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
    if match is None or int(match[1]) != offset:
        part.forget()
        raise _AttemptError("the server sends another part of the file than was asked for")
    is_other_length = part.total is not None and match[2] not in ("*", str(part.total))
    kind = "ETag" if part.validator.startswith('"') else "Last-Modified"
    if is_other_length or headers.get(kind, part.validator) != part.validator:
        part.forget()
        raise _AttemptError("the file has changed since a part of it arrived")


def _copy(
    response: Any,
    path: Path,
    done: int,
    address: str,
    most_bytes: int,
    timeout: float,
    total: int | None,
    report: Reporter,
) -> int:
    since, started = done, time.monotonic()
    with explaining(path):
        file = path.open("ab")
    with file:
        while True:
            block = response.read1(BLOCK)  # raises TimeoutError, not to be taken for the disk's
            if not block:
                return done
            done += len(block)
            if done > most_bytes:
                raise _too_long(address, done, most_bytes)
            with explaining(path):
                file.write(block)
            now = time.monotonic()
            if done - since >= LEAST_BYTES:
                since, started = done, now
            elif now - started > timeout:
                raise TimeoutError
            report.progress(f"fetching {address.rsplit('/', 1)[-1]}", done, total, None)


def _validator(headers: Mapping[str, str]) -> str:
    """Return what says that a file is still the same: a strong ETag, or the time of its change."""
    etag = headers.get("ETag", "")
    return etag if etag.startswith('"') else headers.get("Last-Modified", "")


def _too_long(address: str, found: int, most_bytes: int) -> SeqcliError:
    return SeqcliError(
        f"{address}: {found:,} bytes or more, where at most {most_bytes:,} are allowed; this is "
        "not the file that the catalogue knows"
    )
