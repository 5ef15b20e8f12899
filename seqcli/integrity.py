"""Files that know their own SHA-256, so that one changed byte shows; digests of other files.

Place: every module that writes what is read again much later. A *seal* is a digest that stands in
the file itself: it is made of all bytes of the file with 64 zeros in its place. So a sealed file is
replaced in one step, and no second file has to keep up with it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqcli.files import HASH_BLOCK, sha256_of

SEAL = "sha256"  # the key under which a manifest, or the metadata of a safetensors file, has it
UNSEALED = "0" * 64
_DIGEST = re.compile(r"[0-9a-f]{64}")
_HEAD = 1 << 24  # bytes at the start of a file, in which the seal must be


def seal(path: Path) -> None:
    """Write the digest of a file over the UNSEALED in its head, which it must have.

    Raises:
        OSError: When the disk refuses.
    """
    at, digest = _find(path, UNSEALED)
    with path.open("rb+") as file:
        file.seek(at)
        file.write(digest.encode("ascii"))


def is_sealed(path: Path, found: object) -> bool:
    """Tell whether a file is, byte for byte, what was sealed.

    Args:
        path: The file.
        found: The seal that was read in it.

    Raises:
        OSError: When it cannot be read.
    """
    if not (isinstance(found, str) and _DIGEST.fullmatch(found)):
        return False
    at, digest = _find(path, found)
    return at >= 0 and digest == found


def _find(path: Path, digits: str) -> tuple[int, str]:
    """Return where 64 digits stand, or -1, and the digest of the file without them."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        at = head.find(digits.encode("ascii"))
        digest = hashlib.sha256(head[:at] + UNSEALED.encode("ascii") + head[at + len(digits) :])
        while block := file.read(HASH_BLOCK):
            digest.update(block)
    return at, digest.hexdigest()


def dump_sealed(values: Mapping[str, Any]) -> str:
    """Return values as the JSON text of a manifest, with a seal as its first key."""
    tree = {SEAL: UNSEALED, **{name: value for name, value in values.items() if name != SEAL}}
    text = json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.replace(UNSEALED, hashlib.sha256(text.encode("utf-8")).hexdigest(), 1)


def text_is_sealed(data: bytes, found: object) -> bool:
    """Tell whether bytes are what ``dump_sealed`` made; found is the seal that was read in them."""
    if not (isinstance(found, str) and _DIGEST.fullmatch(found)):
        return False
    unsealed = data.replace(found.encode("ascii"), UNSEALED.encode("ascii"), 1)
    return hashlib.sha256(unsealed).hexdigest() == found


def has_digest(path: Path, digests: object) -> bool:
    """Tell whether a file has one of some SHA-256 digests; with none there is nothing to tell.

    Raises:
        OSError: When it cannot be read.
    """
    return not isinstance(digests, list) or not digests or sha256_of(path) in digests
