"""Makes the grammar of the bundled corpus importable, and builds the corpus once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).parents[2] / "corpora" / "daily.en-ko"
SPLITS = ("train", "valid", "test", "test-unseen")

# The grammar is a folder of scripts, not a package: its modules import each other by name.
sys.path.insert(0, str(CORPUS / "grammar"))


@pytest.fixture(scope="session")
def lines() -> dict[tuple[str, str], list[str]]:
    """The committed files, by split and language."""
    found = {}
    for split in SPLITS:
        for language in ("en", "ko"):
            with (CORPUS / f"{split}.{language}").open(encoding="utf-8", newline="\n") as file:
                found[split, language] = [line.removesuffix("\n") for line in file]
    return found


@pytest.fixture(scope="session")
def built() -> Any:
    """The corpus as the grammar makes it now, with its derivation records."""
    import generate

    return generate.build()
