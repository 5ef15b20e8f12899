"""A name and a folder -> **its texts there**, fetched, verified, unpacked, all or none.

Files as they are at their addresses are kept in a cache, CACHE/NAME/FILE, and taken from there
the next time. A mirror has the same layout, so that a cache can be carried to where there is no
network.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from seqcli.downloads.catalogue import MOST_BYTES, SCHEMES, Collection, RemoteFile
from seqcli.downloads.fetching import Patience, fetch
from seqcli.downloads.unpacking import copy_file, copy_unpacked, unpack
from seqcli.errors import CorpusError, SeqcliError, SettingsError
from seqcli.files import explaining, filling, remove_unfinished, require_empty, sha256_of
from seqcli.locking import locked
from seqcli.reporting import Reporter

_ANOTHER = "it is another version or damaged"
_COPY_ANEW = "copy it to the mirror again, or give another one"
NOTE = "SOURCE.json"  # what is in a folder, where it came from and under which licence


@dataclass(frozen=True)
class GotText:
    """A text that is there now."""

    path: str
    sha256: str
    is_verified: bool  # whether the catalogue knew the SHA-256 of it or of what it was packed in


@dataclass(frozen=True)
class Got:
    """A collection that is there now."""

    name: str
    folder: str
    licence: str
    licence_address: str
    cite: str
    addresses: tuple[str, ...]
    texts: tuple[GotText, ...]


def default_cache() -> Path:
    """Return where files are kept unless one says otherwise."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "seqcli" / "downloads"


def licence_line(collection: Collection) -> str:
    """Return what is shown of a licence before anything is asked for."""
    return f"licence: {collection.licence} ({collection.licence_address})"


def get_collection(
    name: str,
    collection: Collection,
    folder: Path,
    *,
    cache: Path,
    mirror: str | None = None,
    overwrite: bool = False,
    patience: Patience,
    report: Reporter,
) -> Got:
    """Bring a collection into a folder; its licence is told before the first byte is asked for.

    Args:
        name: In the catalogue.
        collection: What the catalogue says.
        folder: Is made; must be empty.
        cache: Where fetched files are kept.
        mirror: A folder, or the start of an http(s) address, that is asked in the place of the
            addresses of the catalogue.
        overwrite: Replace an earlier download in the folder.
        patience: With servers.
        report: Hears of licence and progress.

    Raises:
        CorpusError: A file is damaged or not the one that the catalogue knows.
        SettingsError: The folder holds something else, or the mirror is no folder or address.
        SeqcliError: A file cannot be had, or the disk refuses.
    """
    require_empty(folder, overwrite=overwrite, what="a collection", own=(NOTE,))
    place = _place_of(mirror)
    report.note(f"{name}: {collection.title}")
    report.note(licence_line(collection))
    if collection.cite:
        report.note(f"please cite: {collection.cite}")
    kept = cache / name
    with explaining(kept):
        kept.mkdir(parents=True, exist_ok=True)
    got_texts: list[GotText] = []
    with locked(kept, what="a download"), filling(folder, last=NOTE) as work:
        remove_unfinished(kept)
        for file in collection.files:
            texts, is_verified = _take_unpacked(name, file, place, work), file.verifies_texts
            what = "it as it lies unpacked on the mirror" if file.is_verified else "it"
            if texts is None:
                packed = _bring(name, file, kept, place, patience, report)
                texts, is_verified = _unpack(packed, file, work, place), file.is_verified
            if not is_verified:
                report.warn(
                    f"{file.name}: the catalogue has no SHA-256 for {what}, so it was not "
                    f"verified; its texts have {', '.join(texts.values())}"
                )
            got_texts += [GotText(str(folder / text), texts[text], is_verified) for text in texts]
        got = Got(
            name=name,
            folder=str(folder),
            licence=collection.licence,
            licence_address=collection.licence_address,
            cite=collection.cite,
            addresses=tuple(file.addresses[0] for file in collection.files),
            texts=tuple(got_texts),
        )
        note = json.dumps(asdict(got), ensure_ascii=False, indent=2) + "\n"
        (work / NOTE).write_text(note, "utf-8")
    return got


def _place_of(mirror: str | None) -> Path | str | None:
    """Return the folder or the address of a mirror."""
    if mirror is None:
        return None
    if urlsplit(mirror).scheme in SCHEMES:
        return mirror.rstrip("/")
    folder = Path(mirror)
    if not folder.is_dir():
        raise SettingsError(
            f"--mirror {mirror}: no such folder, and no http or https address; a mirror has the "
            "files as NAME/FILE, like a cache of seqcli"
        )
    return folder


def _bring(
    name: str,
    file: RemoteFile,
    kept: Path,
    place: Path | str | None,
    patience: Patience,
    report: Reporter,
) -> Path:
    """Return the path in the cache of a file that is whole; it is fetched if it is not there."""
    path = kept / file.name
    if path.is_file():
        if _fault_of(path, file) is None:
            return path
        path.unlink()  # an older version, or damaged on the disk
    if isinstance(place, Path):
        origin = place / name / file.name
        if not origin.is_file():
            raise CorpusError(
                f"{origin}: the mirror has no such file, nor its texts unpacked; copy it there"
            )
        copy_file(origin, path)
        if fault := _fault_of(path, file):
            path.unlink()
            raise CorpusError(f"{origin}: the file {fault}; {_ANOTHER}; {_COPY_ANEW}")
        return path
    mirrored = () if place is None else (f"{place}/{quote(name)}/{quote(file.name)}",)
    addresses = mirrored or file.addresses
    for address in addresses:
        try:
            most = file.bytes or MOST_BYTES
            fetch(address, path, most_bytes=most, patience=patience, report=report)
            _require_whole(path, file, address)
            return path
        except SeqcliError as error:
            if address == addresses[-1]:
                raise
            report.warn(f"{error}; trying the next address")
    raise AssertionError("a file has an address")


def _fault_of(path: Path, file: RemoteFile) -> str | None:
    size = path.stat().st_size
    if file.bytes is not None and size != file.bytes:
        return f"has {size:,} bytes, and the catalogue says {file.bytes:,}"
    if file.sha256 is not None and (found := sha256_of(path)) != file.sha256:
        return f"has the SHA-256 {found}, and the catalogue says {file.sha256}"
    return None


def _require_whole(path: Path, file: RemoteFile, origin: str) -> None:
    if fault := _fault_of(path, file):
        path.unlink()
        raise CorpusError(
            f"{origin}: the file {fault}; {_ANOTHER}, and was deleted; run the command again, or "
            "give another place with --mirror"
        )


def _take_unpacked(
    name: str, file: RemoteFile, place: Path | str | None, work: Path
) -> dict[str, str] | None:
    """Take what lies unpacked on a mirror that is a folder, unless the packed file does as well."""
    if not isinstance(place, Path) or (place / name / file.name).is_file():
        return None
    try:
        return copy_unpacked(place / name, file, work)
    except CorpusError as error:
        raise CorpusError(f"{error}; {_COPY_ANEW}") from error


def _unpack(packed: Path, file: RemoteFile, work: Path, place: Path | str | None) -> dict[str, str]:
    try:
        return unpack(packed, file, work)
    except CorpusError as error:
        packed.unlink(missing_ok=True)
        advice = "run the command again to fetch it anew, or give another place with --mirror"
        if isinstance(place, Path):
            advice = _COPY_ANEW
        raise CorpusError(f"{error}; it was deleted from the cache: {advice}") from error
