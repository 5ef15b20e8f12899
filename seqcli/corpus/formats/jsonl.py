"""Lines of JSON objects -> **entries**: by the keys src and tgt, or by tags of languages.

Tags may stand in an object of their own with the key translation, as in the datasets of Hugging
Face.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import IO, Any

from seqcli.corpus.formats.base import Entry
from seqcli.corpus.formats.inline import one_line
from seqcli.corpus.formats.languages import (
    MOST_LENGTH,
    MOST_TAGS,
    choose_texts,
    is_taken,
    normal_tag,
)
from seqcli.corpus.lines import decode_lines, lone_cr
from seqcli.corpus.pairs import SentencePair
from seqcli.errors import CorpusError

_SIDES = ("src", "tgt")
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_INNER = "translation"
_RULE = (
    'a line is an object such as {"src": "...", "tgt": "..."}, or has languages as its keys, or '
    'those in {"translation": {...}}'
)
_SHOWN_KEYS = 10


def find_languages(stream: IO[bytes], name: str) -> dict[str, int]:
    """Return the keys that texts have, and how many; none if they are src and tgt.

    Raises:
        CorpusError: As read_pairs.
    """
    found: dict[str, int] = {}
    for number, record in _iter_records(stream, name):
        if record is None:
            continue
        if any(side in record for side in _SIDES):
            return {}
        for key, value in _texts_of(record).items():
            if isinstance(value, str) and len(key) <= MOST_LENGTH:
                found[key] = found.get(key, 0) + 1
        if len(found) > MOST_TAGS:
            raise CorpusError(
                f"{name}:{number}: more than {MOST_TAGS:,} different keys by now; {_RULE}"
            )
    return found


def read_pairs(stream: IO[bytes], name: str, src_lang: str, tgt_lang: str) -> Iterator[Entry]:
    """Yield one entry a line; a blank line, or a text that is null, is a blank side.

    So is a language that a line with texts in others does not have, as in a TMX.

    Raises:
        CorpusError: A line is no JSON object, has src or tgt alone or no text by any key, or a side
            is no text.
    """
    for number, record in _iter_records(stream, name):
        if record is None:
            yield Entry(number, SentencePair("", ""))
            continue
        texts, place = record, f"{name}:{number}"
        keys: Sequence[str] = _SIDES
        if not any(side in record for side in _SIDES):
            texts = _texts_of(record)
            keys = [
                _key_of(each, other, texts, place)
                for each, other in ((src_lang, tgt_lang), (tgt_lang, src_lang))
            ]
        missing = next((key for key in keys if key not in texts), None)
        if missing is not None and (keys is _SIDES or not _has_text(texts)):
            raise CorpusError(_missing(missing, texts, place))
        yield Entry(number, SentencePair(*(_text_of(texts, key, place) for key in keys)))


def _has_text(texts: dict[str, Any]) -> bool:
    return any(isinstance(value, str) and value.strip() for value in texts.values())


def _texts_of(record: dict[str, Any]) -> dict[str, Any]:
    """Return the object that has languages as its keys."""
    inner = record.get(_INNER)
    return inner if isinstance(inner, dict) else record


def _key_of(tag: str, other: str, texts: dict[str, Any], place: str) -> str:
    """Return the key of a language's text; without a text, a key it takes; else the tag."""
    if texts.get(tag) is not None:
        return tag
    keys = [key for key, value in texts.items() if normal_tag(key) == tag and value is not None]
    if not keys:  # what is no text may be anything, such as a number of the line
        keys = [key for key, value in texts.items() if isinstance(value, str)]
    chosen = choose_texts([normal_tag(key) for key in keys], tag, other, place)
    if chosen:
        return keys[chosen[0]]
    others = (key for key, value in texts.items() if not isinstance(value, str))
    return next((key for key in others if is_taken(normal_tag(key), tag, other)), tag)


def _missing(key: str, texts: dict[str, Any], place: str) -> str:
    keys = [repr(each[:MOST_LENGTH]) for each in texts]
    found = ", ".join(keys[:_SHOWN_KEYS]) or "none"
    more = f" and {len(keys) - _SHOWN_KEYS:,} more" if len(keys) > _SHOWN_KEYS else ""
    return (
        f"{place}: has no key {key!r}; it has {found}{more}; {_RULE}; mend the line, or write null "
        "for a text that is not there"
    )


def _text_of(texts: dict[str, Any], key: str, place: str) -> str:
    value = texts.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise CorpusError(
            f"{place}: {key!r} is {json.dumps(value)[:40]}, not a text; {_RULE}; mend the line"
        )
    if bad := _NO_TEXT.search(value):
        raise CorpusError(
            f"{place}: {key!r} has U+{ord(bad.group()):04X}, which is no character of a text; "
            "write the file again from its source, or mend the line"
        )
    return one_line(value)


def _iter_records(stream: IO[bytes], name: str) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Yield the number of each line with its object, or None if it is blank."""
    for number, line in enumerate(decode_lines(stream, name), start=1):
        if not line.strip():
            yield number, None
            continue
        try:
            record = json.loads(line, object_pairs_hook=_unite)
        except RecursionError:
            raise CorpusError(f"{name}:{number}: is nested too deeply; {_RULE}") from None
        except ValueError as error:
            if "\r" in line.strip():
                raise CorpusError(lone_cr(name, number)) from error
            raise CorpusError(
                f"{name}:{number}: not a line of JSON ({error}); {_RULE}; mend the line"
            ) from error
        if not isinstance(record, dict):
            raise CorpusError(
                f"{name}:{number}: {line.strip()[:40]!r} is not a JSON object; {_RULE}; mend the "
                "line"
            )
        yield number, record


def _unite(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object, and let nothing of it get lost."""
    united = dict(items)
    if len(united) != len(items):
        keys = [key for key, _ in items]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return united
