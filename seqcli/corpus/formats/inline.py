"""Segments with tags in them -> **pairs of lines**, with marks where both sides have the same tag.

The marks are those of ``seqcli.corpus.protection``, which a model carries over.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, TypeAlias

from seqcli.corpus.pairs import SentencePair
from seqcli.corpus.protection import MARKS

_BRACKET = re.compile("[⟦⟧]")
_NEWLINES = re.compile("[\r\n]+")


class Tag(NamedTuple):
    """A tag of a file format within a segment."""

    kind: str  # only tags of the same kind can be each other's translation
    key: str  # by which the file itself says what belongs together, or ""
    content: str  # what it stands for, such as "<b>", or ""
    is_break: bool  # two words beside it stay two when it is left out


Segment: TypeAlias = Sequence[str | Tag]


def one_line(text: str) -> str:
    """Return a text as one line: each newline, and the blanks around it, become one space."""
    if "\n" not in text and "\r" not in text:
        return text
    return " ".join(part for cut in _NEWLINES.split(text) if (part := cut.strip()))


def join_pair(src: Segment, tgt: Segment) -> SentencePair:
    """Return the lines of both sides.

    A tag that both sides have becomes the same mark on both, numbered as the source has them. What
    one side alone has, or comes after the last mark there is, is left out: a model could not learn
    to carry it over. If the text itself holds the brackets of marks, all tags are left out.
    """
    if len(src) < 2 and len(tgt) < 2:  # the usual case, without any tag
        return SentencePair(_plain_line(src), _plain_line(tgt))
    src_tags, tgt_tags = ([part for part in side if isinstance(part, Tag)] for side in (src, tgt))
    partners: dict[int, int] = {}
    if src_tags and tgt_tags and not any(map(_has_brackets, (*src, *tgt))):
        partners = _match(src_tags, tgt_tags)
    shared = sorted(partners)[: len(MARKS)]
    src_marks = dict(zip(shared, MARKS, strict=False))
    tgt_marks = {partners[place]: mark for place, mark in src_marks.items()}
    return SentencePair(one_line(_fill(src, src_marks)), one_line(_fill(tgt, tgt_marks)))


def _has_brackets(part: str | Tag) -> bool:
    return isinstance(part, str) and _BRACKET.search(part) is not None


def _plain_line(segment: Segment) -> str:
    return one_line(segment[0]) if segment and isinstance(segment[0], str) else ""


def _match(src: Sequence[Tag], tgt: Sequence[Tag]) -> dict[int, int]:
    """Find the tags that translate each other: by key, else by content, else by what is left.

    Returns:
        Numbers of source tags, with the numbers of their target tags.
    """
    found: dict[int, int] = {}
    rules: tuple[Callable[[Tag], Hashable], ...] = (
        lambda tag: (tag.kind, tag.key) if tag.key else None,
        lambda tag: (tag.kind, tag.content) if tag.content else None,
        lambda tag: tag.kind,
    )
    for number, rule in enumerate(rules):
        src_groups = _group(src, rule, set(found))
        tgt_groups = _group(tgt, rule, set(found.values()))
        for same, places in src_groups.items():
            others = tgt_groups.get(same, [])
            is_last = number == len(rules) - 1
            if not is_last or len(places) == len(others):  # no guess at which one is missing
                found.update(zip(places, others, strict=False))
    return found


def _group(
    tags: Sequence[Tag], rule: Callable[[Tag], Hashable], done: set[int]
) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for place, tag in enumerate(tags):
        if place not in done and (same := rule(tag)) is not None:
            groups[same].append(place)
    return groups


def _fill(segment: Segment, marks: dict[int, str]) -> str:
    """Put marks in the place of tags, by their number."""
    parts: list[str] = []
    place = 0
    is_cut = False  # whether a tag that parts words was left out just here
    for part in segment:
        if isinstance(part, Tag):
            mark = marks.get(place)
            place += 1
            is_cut = is_cut or (mark is None and part.is_break)
            part = mark or ""
        if not part:
            continue
        if is_cut and parts and not (parts[-1][-1].isspace() or part[0].isspace()):
            parts.append(" ")
        is_cut = False
        parts.append(part)
    return "".join(parts)
