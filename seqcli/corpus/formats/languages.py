"""Tags of languages (BCP 47): **which of those in a file is the one that was asked for**."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
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


@lru_cache(maxsize=4096)
def is_taken(tag: str, chosen: str, other: str = "") -> bool:
    """Tell whether texts in a tag are taken together with those in the tag that was chosen.

    ``en`` takes ``en-US``. ``zh``, which is ``zh-Hans`` by itself, does not take ``zh-TW``, which
    is ``zh-Hant``: nobody wants both scripts from one model.

    Args:
        tag: Of the file.
        chosen: What ``choose_language`` returned: a tag that the file has, in normal form.
        other: Likewise, of the other side; what it names more closely is its own.
    """
    if not is_covered(tag, chosen) or _script_of(tag) != _script_of(chosen):
        return False
    return not (other and other != chosen and is_covered(other, chosen) and is_covered(tag, other))


def _script_of(tag: str) -> str | None:
    """Return the script of a tag, by CLDR's likely subtags if it does not say it; else None."""
    import langcodes

    try:
        return langcodes.Language.get(normal_tag(tag)).maximize().script
    except ValueError:
        return None


def choose_language(
    asked: str,
    found: Mapping[str, int] | Sequence[str],
    name: str,
    *,
    other: str = "",
    is_of_model: bool = False,
    lines: Mapping[str, int] | None = None,
) -> str:
    """Return the normal form of the tag that is asked for, or of the one that it covers.

    Texts in tags of which ``is_taken`` is true are meant too.

    Args:
        asked: What the user gave, such as en.
        found: The tags of the file, with how many texts are in each.
        name: What messages call the file.
        other: What the user gave for the other side; what it names more closely is its own.
        is_of_model: Whether the tag is a model's, so that the user cannot give another.
        lines: Where each tag stands first, by its normal form, if that is known.

    Raises:
        CorpusError: There is none, or more than one; lists what is there.
    """
    counts: Counter[str] = Counter()
    for tag, count in Counter(found).items():
        if tag.strip():
            counts[normal_tag(tag)] += count
    wanted = normal_tag(asked)
    if wanted in counts:
        return wanted
    covered = [tag for tag in counts if is_covered(tag, asked)]
    if other and normal_tag(other) != wanted and is_covered(other, asked):
        covered = [tag for tag in covered if not is_covered(tag, other)] or covered
    if len(covered) == 1:
        return covered[0]
    if not covered:
        advice = "give one of its languages as src_lang and another as tgt_lang"
        if is_of_model:
            advice = "take a model of one of its languages"
        there = f"it has {_list(counts)}; {advice}"
        if not counts:
            there = "none of its texts says its language; add xml:lang to them"
        raise CorpusError(f"{name}: has no text in {asked!r}; {there}")
    raise CorpusError(_ambiguous(asked, counts, covered, name, is_of_model, lines or {}))


def _ambiguous(
    asked: str,
    counts: Mapping[str, int],
    covered: Sequence[str],
    name: str,
    is_of_model: bool,
    lines: Mapping[str, int],
) -> str:
    advice = "give the one that is meant in full"
    if is_of_model:
        advice = f"leave one of them in the file, or call the one that is meant {asked}"
    there = [
        f"{tag} ({count:,}" + (f", from line {lines[tag]:,} on)" if tag in lines else ")")
        for tag, count in counts.items()
    ]
    places = sorted(lines[tag] for tag in covered if tag in lines)
    place = f"{name}:{places[1]}" if len(places) > 1 else name
    return f"{place}: {asked!r} may mean {_list(covered)}; it has {_list(there)}; {advice}"


def choose_texts(tags: Sequence[str], chosen: str, other: str, place: str) -> list[int]:
    """Return which texts of a unit are meant: those in the tag itself, else in one that it takes.

    Args:
        tags: Of the texts, in normal form.
        chosen: What ``choose_language`` returned.
        other: Likewise, of the other side.
        place: Of the unit.

    Raises:
        CorpusError: They are in two that are taken, such as en-US and en-GB for en.
    """
    if chosen in tags:
        return [number for number, tag in enumerate(tags) if tag == chosen]
    taken = [number for number, tag in enumerate(tags) if is_taken(tag, chosen, other)]
    found = list(dict.fromkeys(tags[number] for number in taken))
    if len(found) > 1:
        raise CorpusError(
            f"{place}: {chosen!r} may mean {_list(found)} here, and no text here is in {chosen} "
            "itself; leave one of them here, or give the one that is meant in full"
        )
    return taken


def _list(tags: Collection[str]) -> str:
    shown = ", ".join(list(tags)[:_SHOWN])
    return shown if len(tags) <= _SHOWN else f"{shown} and {len(tags) - _SHOWN:,} more"
