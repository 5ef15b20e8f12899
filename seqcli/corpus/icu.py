"""Text with ICU messages -> **their branches**: ``{count, plural, one {a dog} other {# dogs}}``.

Source: the message syntax of ICU4J's MessageFormat, with its quotes. Branches are text for people;
what stands around them is for programs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_HEAD = re.compile(r"\{\s*[\w.-]+\s*,\s*(plural|select|selectordinal|choice)\s*,")
_SELECTOR = re.compile(r"\s*(?:offset\s*:\s*\d+\s+)?(?:=\d+|[\w-]+)\s*\{")
_CLOSE = re.compile(r"\s*\}")
_MOST_DEPTH = 40  # braces within each other
QUOTED = r"'[{}#][^']*'"
_QUOTED = re.compile(QUOTED)
_ARGUMENT = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True)
class Branches:
    """A message: what is for programs, and in every second place the text of a branch."""

    parts: tuple[str, ...]
    is_plural: bool  # a ``#`` in a branch is the number
    is_torn: bool = False  # it cannot be read, and is one part


def has_messages(text: str) -> bool:
    """Tell whether a text seems to have messages with branches."""
    return _HEAD.search(text) is not None


def cut_messages(text: str) -> Iterator[str | Branches]:
    """Yield the text in order: what stands between messages, and these.

    One that cannot be read, or is a ``choice``, is torn, and goes on to the end of the text.
    """
    start = 0
    while head := _HEAD.search(text, start):
        if head.start() > start:
            yield text[start : head.start()]
        message = _read(text, head)
        yield message
        start = head.start() + sum(map(len, message.parts))
    if start < len(text):
        yield text[start:]


def shape(text: str, *, is_plural: bool = False) -> Any:
    """Return what a translation has to have, too: arguments, and messages with their branches."""
    pieces = list(cut_messages(text))
    arguments: list[str] = []
    messages: list[Any] = []
    for piece, following in zip(pieces, [*pieces, ""][1:], strict=True):
        if isinstance(piece, str):
            unquoted = _QUOTED.sub("", piece)
            arguments += _ARGUMENT.findall(unquoted)
            arguments += re.findall("[{}#]" if is_plural else "[{}]", _ARGUMENT.sub("", unquoted))
            is_quoting = piece.endswith("'") and isinstance(following, Branches)
            arguments += ["'"] * is_quoting + _QUOTED.findall(piece)
            continue
        inner = [shape(each, is_plural=is_plural or piece.is_plural) for each in piece.parts[1::2]]
        messages.append((piece.parts[::2], inner))
    return sorted(arguments), sorted(messages, key=repr)


def is_balanced(text: str) -> bool:
    """Tell whether each brace has its other one behind or before it."""
    depth = 0
    for brace in re.findall("[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def _read(text: str, head: re.Match[str]) -> Branches:
    parts: list[str] = []
    done, place = head.start(), head.end()
    while head[1] != "choice" and (selector := _SELECTOR.match(text, place)):
        end = _end_of_branch(text, selector.end())
        if end is None:
            break
        parts += [text[done : selector.end()], text[selector.end() : end]]
        done, place = end, end + 1
    close = _CLOSE.match(text, place)
    if not parts or close is None or place != done + 1:
        return Branches((text[head.start() :],), is_plural=False, is_torn=True)
    return Branches((*parts, text[done : close.end()]), is_plural=head[1] != "select")


def _end_of_branch(text: str, start: int) -> int | None:
    """Return where the brace stands that closes a branch; None if there is none."""
    depth, place = 0, start
    while place < len(text):
        quoted = _QUOTED.match(text, place)
        if quoted:
            place = quoted.end()
            continue
        if text[place : place + 2] in ("'{", "'}") and text[place - 1 : place] != "'":
            return None  # a quote without an end
        if text[place] == "}" and not depth:
            return place
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth > _MOST_DEPTH:
            return None
        place += 1
    return None
