"""Train and run sequence-to-sequence translators with recurrent networks.

The public API is what ``__all__`` names; each name is imported when it is first used, so that
``import seqcli`` costs nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from seqcli.version import __version__

if TYPE_CHECKING:
    from seqcli.api import evaluate, preprocess, train, translate_document
    from seqcli.decoding.translator import Translator
    from seqcli.memory import TranslationMemory

__all__ = [
    "TranslationMemory",
    "Translator",
    "__version__",
    "evaluate",
    "preprocess",
    "train",
    "translate_document",
]

# How long a thread spins before it sleeps when it waits for the others. A recurrent model makes
# many short steps: threads that sleep at once wake too late (a quarter slower), and by default they
# spin so long that one other busy program slows training to a fifth. GNU OpenMP, which torch has on
# Linux, reads this when torch is imported, so it has no effect where torch was there first.
os.environ.setdefault("GOMP_SPINCOUNT", "7000")

# How many products, each of a shape of its own, torch and oneDNN keep ready. Batches come in
# hundreds of shapes, and by default so many are kept that training needs twice the memory.
os.environ.setdefault("LRU_CACHE_CAPACITY", "16")
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")

_HOMES = {
    "TranslationMemory": "seqcli.memory",
    "Translator": "seqcli.decoding.translator",
    "evaluate": "seqcli.api",
    "preprocess": "seqcli.api",
    "train": "seqcli.api",
    "translate_document": "seqcli.api",
}


def __getattr__(name: str) -> object:
    """Import a public name from the module that has it (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted({*globals(), *__all__})
