"""Tags of languages (BCP 47): **which of those in a file is the one that was asked for**."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from seqcli.errors import CorpusError

MOST_TAGS = 1_000  # of a file
MOST_LENGTH = 100  # characters of a tag
_SHOWN = 20  # tags listed in a message


@lru_cache(maxsize=4096)
def normal_tag(tag: str) -> str:
    """Return the one form of a tag: ``EN_us`` and ``eng-US`` are ``en-US``.

    What is no tag is returned in lower case.
    """
    import langcodes

    try:
        return langcodes.standardize_tag(tag.strip())
    except ValueError:
        return tag.strip().lower().replace("_", "-")


def is_covered(tag: str, asked: str) -> bool:
    """Tell whether a tag is of the language that was asked for, or of a part of it.

    Source: RFC 4647 section 3.3.2, extended filtering: ``zh-TW`` covers ``zh-Hant-TW``.
    """
    wanted, subtags = (normal_tag(each).lower().split("-") for each in (asked, tag))
    if wanted[0] != subtags[0]:
        return False
    place = 1
    for subtag in wanted[1:]:
        while place < len(subtags) and subtags[place] != subtag:
            if len(subtags[place]) == 1:  # what follows is of an extension
                return False
            place += 1
        if place == len(subtags):
            return False
        place += 1
    return True


def choose_language(asked: str, found: Sequence[str], name: str) -> str:
    """Return the normal form of the one tag that is asked for: that tag itself, or one it covers.

    Args:
        asked: What the user gave, such as en.
        found: The tags of the file.
        name: What messages call the file.

    Raises:
        CorpusError: There is none, or more than one; lists what is there.
    """
    tags = list(dict.fromkeys(normal_tag(tag) for tag in found if tag.strip()))
    if normal_tag(asked) in tags:
        return normal_tag(asked)
    covered = [tag for tag in tags if is_covered(tag, asked)]
    if len(covered) == 1:
        return covered[0]
    there = f"it has {_list(tags)}"
    if not covered:
        raise CorpusError(
            f"{name}: has no text in {asked!r}; {there}; give one of its languages as src_lang and "
            "another as tgt_lang"
        )
    raise CorpusError(
        f"{name}: {asked!r} may mean {_list(covered)}; {there}; give the one that is meant in full"
    )


def _list(tags: Sequence[str]) -> str:
    shown = ", ".join(tags[:_SHOWN])
    return shown if len(tags) <= _SHOWN else f"{shown} and {len(tags) - _SHOWN:,} more"
