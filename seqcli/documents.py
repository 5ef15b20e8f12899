"""Documents -> **the same documents in another language**: their units, translated in place.

Place: seqcli.corpus.formats -> **translate_units** -> the command line and Python callers. What
is no text in a unit goes through the model as marks (``seqcli.sentences``). Where the model loses
one, the text between the marks is translated by itself, so that nothing of it is lost and no file
is broken.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING

from seqcli.corpus.formats.document import Document, Text, Unit
from seqcli.corpus.formats.kinds import KINDS, LINES, kind_of, open_document
from seqcli.corpus.icu import has_messages, is_balanced, shape
from seqcli.corpus.opening import explain_os_error, packing_of
from seqcli.corpus.protection import MARKS, PATTERNS
from seqcli.corpus.spooling import STDIN
from seqcli.errors import CorpusError
from seqcli.sentences import (
    KEPT,
    MADE_UP,
    MARK,
    Sentence,
    as_parts,
    iter_all,
    join_sentences,
    mark_codes,
    split_text,
)

if TYPE_CHECKING:
    from seqcli.decoding.translation import Hypothesis, Translation
    from seqcli.decoding.translator import Translator
    from seqcli.memory import TranslationMemory

__all__ = [
    "KINDS",
    "LINES",
    "Outcome",
    "iter_flagged",
    "kind_of",
    "open_document",
    "read_document",
    "translate_units",
    "translate_with",
    "write_document",
]
MOST_BYTES = 512 << 20  # of a document, which is read whole

_NOT_WRITTEN = ("broken", "charset", "empty", "withheld")  # flags of units that stay as they were
TranslateLines = Callable[[Sequence[str]], Iterable["Translation"]]


@dataclass(frozen=True)
class Outcome:
    """What became of a unit."""

    number: int  # its place in the document, from 0
    unit: Unit
    text: Text | None  # None: it stays as it was
    flags: tuple[str, ...]


def read_document(source: Path | IO[bytes]) -> bytes:
    """Return the bytes of a document: a file, or standard input.

    Raises:
        CorpusError: It cannot be read, is packed, or is too large.
    """
    name = str(source) if isinstance(source, Path) else STDIN
    try:
        opened = source.open("rb") if isinstance(source, Path) else contextlib.nullcontext(source)
        with opened as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise CorpusError(explain_os_error(error, name)) from error
    if packing := packing_of(data):
        raise CorpusError(
            f"{name}: is packed ({packing}), and documents are read unpacked; unpack it first"
        )
    if len(data) > MOST_BYTES:
        raise CorpusError(f"{name}: more than {MOST_BYTES:,} bytes; split the document")
    return data


def translate_with(
    translator: Translator,
    data: bytes,
    name: str,
    kind: str,
    translate: TranslateLines,
    *,
    redo: bool = False,
    least: float | None = None,
    memory: TranslationMemory | None = None,
) -> tuple[Document, list[Outcome]]:
    """Read a document in the languages of a translator, and translate its open units.

    Args:
        translator: Says the languages, and what is copied.
        data: Of the document.
        name: What people know it by.
        kind: One of ``KINDS``.
        translate: Makes a translation of each line, in order.
        redo: Translate also units that have a translation.
        least: Confidence below which a unit stays as it was.
        memory: As ``translate_units``.

    Raises:
        CorpusError: As ``open_document``.
    """
    languages, protect = translator.settings.data, translator.settings.pieces.protect
    document = open_document(
        data, name, kind, src_lang=languages.src_lang, tgt_lang=languages.tgt_lang
    )
    outcomes = translate_units(
        document, translate, redo=redo, protect=protect, least=least, memory=memory
    )
    return document, outcomes


def translate_units(
    document: Document,
    translate: TranslateLines,
    *,
    redo: bool = False,
    protect: Sequence[str] = (),
    least: float | None = None,
    memory: TranslationMemory | None = None,
) -> list[Outcome]:
    """Translate the open units of a document.

    Args:
        document: Stays as it is; ``document.write`` takes what is returned.
        translate: Makes a translation of each line, in order.
        redo: Translate also units that have a translation.
        protect: Further kinds of text, of ``seqcli.corpus.protection``, that are copied.
        least: Confidence below which a unit stays as it was.
        memory: In which texts with codes are looked up; ``translate`` looks up those without.
    """
    kept = re.compile("|".join((KEPT, *(PATTERNS[kind] for kind in protect))))
    todo = {
        number: split_text(unit.src, kept)
        for number, unit in enumerate(document.units)
        if unit.is_open or (redo and _has_text(unit.src))
    }
    flags: dict[int, list[str]] = {number: [] for number in todo}
    if memory is not None:
        _recall(document, todo, memory, kept, flags)
    _translate_whole(todo, translate, flags, least)
    _translate_around(todo, translate, flags)
    texts = {n: document.spell(join_sentences(sentences)) for n, sentences in todo.items()}
    broken = {n: todo[n] for n, text in texts.items() if not _is_whole(document, n, text)}
    for sentence in chain.from_iterable(map(iter_all, broken.values())):
        if sentence.codes and sentence.is_text:
            sentence.done = None
    _translate_around(broken, translate, flags)
    for number, sentences in broken.items():
        texts[number] = document.spell(join_sentences(sentences))
        if not _is_whole(document, number, texts[number]):
            flags[number].append("broken")
    for number, sentences in todo.items():
        if any(message.is_torn for each in iter_all(sentences) for message in each.messages()):
            flags[number].append("broken")
    return [
        _conclude(document, number, unit, texts.get(number), flags.get(number, []))
        for number, unit in enumerate(document.units)
    ]


def _is_whole(document: Document, number: int, text: Text) -> bool:
    """Tell whether a target would leave the file, and what is in braces, what it is."""
    src, tgt = (
        "".join(part for part in side if isinstance(part, str))
        for side in (document.units[number].src, text)
    )
    is_same = is_balanced(tgt) or not is_balanced(src)
    if has_messages(src):
        is_same = is_same and shape(src) == shape(tgt)
    return is_same and document.is_whole(number, text)


def _has_text(text: Text) -> bool:
    return any(isinstance(part, str) and part.strip() for part in text)


def _conclude(
    document: Document, number: int, unit: Unit, text: Text | None, flags: list[str]
) -> Outcome:
    """Decide whether a translation is written."""
    if text is not None:
        plain = "".join(part for part in text if isinstance(part, str))
        if not plain.strip():
            flags.append("empty")
        elif not document.can_hold(plain):
            flags.append("charset")
        if set(_NOT_WRITTEN) & set(flags):
            text = None
    return Outcome(number, unit, text, tuple(dict.fromkeys(flags)))


def _recall(
    document: Document,
    todo: dict[int, list[Sentence]],
    memory: TranslationMemory,
    kept: re.Pattern[str],
    flags: dict[int, list[str]],
) -> None:
    """Do what a memory has: a whole unit that is one line, or a sentence with codes."""
    from seqcli.recalling import recall

    for number, sentences in todo.items():
        if any(each.messages() for each in sentences):
            continue
        whole = Sentence(*mark_codes(document.units[number].src, kept))
        if "\n" not in whole.text and (whole.codes or len(sentences) > 1):
            whole.done = recall(whole.text, as_parts(whole.codes), memory, kept, use_fuzzy=False)
        if whole.done is not None:
            todo[number] = [whole]
            flags[number].append("memory")
            continue
        for each in sentences:
            if each.codes and each.is_text:
                each.done = recall(
                    each.text, as_parts(each.codes), memory, kept, use_fuzzy=memory.use_fuzzy
                )
                flags[number] += ["memory"] * (each.done is not None)


def _translate_whole(
    todo: dict[int, list[Sentence]],
    translate: TranslateLines,
    flags: dict[int, list[str]],
    least: float | None,
) -> None:
    """Translate sentences with their marks; those that lose one are left undone."""
    asked = []
    for number, sentences in todo.items():
        for sentence in iter_all(sentences):
            if sentence.done is not None:
                continue
            if not sentence.is_text:
                sentence.finish(sentence.text)
            elif len(sentence.codes) <= len(MARKS):
                asked.append((number, sentence))
    lines = [sentence.text for _, sentence in asked]
    for (number, sentence), translation in zip(asked, translate(lines), strict=True):
        hyp = translation.hyps[0]
        found = sorted(MARK.findall(hyp.text))
        is_same = found == sorted(str(n) for n in range(1, len(sentence.codes) + 1))
        if is_same and (hyp.is_from_memory or not _is_odd(sentence, hyp.text)):
            sentence.finish(_one_line(hyp.text).strip())
            flags[number] += _flags_of(hyp)
        if not sentence.codes and not hyp.text.strip():
            flags[number].append("empty")
        if least is not None and hyp.confidence is not None and hyp.confidence < least:
            flags[number].append("withheld")


def _translate_around(
    todo: dict[int, list[Sentence]], translate: TranslateLines, flags: dict[int, list[str]]
) -> None:
    """Translate what stands between the marks of the sentences that are not done."""
    every = ((n, each) for n, found in todo.items() for each in iter_all(found))
    undone = [(n, each) for n, each in every if each.done is None]
    cuts = [sentence.cut() for _, sentence in undone]
    lines = [part.middle for cut in cuts for part in cut if part.middle]
    made = iter(translate(lines) if lines else ())
    for (number, sentence), cut in zip(undone, cuts, strict=True):
        done = []
        for part in cut:
            text = ""
            if part.middle:
                hyp = next(made).hyps[0]
                flags[number] += _flags_of(hyp)
                text = MADE_UP.sub("", MARK.sub("", _one_line(hyp.text)))
                flags[number] += ["empty"] * (not text.strip())
            done.append(part.fill(text))
        sentence.finish("".join(done))
        flags[number].append("reassembled")


def _is_odd(sentence: Sentence, text: str) -> bool:
    """Tell whether a translation with each mark has anything that people have reasons for only.

    That is a code which the source does not have, a word at a mark, no word at all, or tags in
    another order.
    """
    words = MARK.sub("", text)
    is_made_up = MADE_UP.search(words) is not None or (bool(sentence.codes) and not words.strip())
    return is_made_up or sentence.is_glued(text) or sentence.is_crossed(text)


def _flags_of(hyp: Hypothesis) -> list[str]:
    signs = {"truncated": hyp.truncated, "looped": hyp.looped, "memory": hyp.is_from_memory}
    return [name for name, is_set in signs.items() if is_set]


def _one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\r", " ")


def write_document(document: Document, outcomes: Iterable[Outcome]) -> bytes:
    """Return the document with all translations that were made."""
    return document.write({each.number: each.text for each in outcomes if each.text is not None})


def iter_flagged(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Yield the outcomes that somebody should look at."""
    return (each for each in outcomes if set(each.flags) - {"memory"})
