"""Documents -> **the same documents in another language**: their units, translated in place.

Place: seqcli.corpus.formats -> **translate_units** -> the command line and Python callers. What
is no text in a unit goes through the model as marks. Where the model loses one, the text between
the marks is translated by itself, so that nothing of it is lost and no file is broken.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from seqcli.corpus.formats.document import Code, Document, Text, Unit, as_text
from seqcli.corpus.formats.kinds import KINDS, LINES, kind_of, open_document
from seqcli.corpus.opening import explain_os_error, packing_of
from seqcli.corpus.protection import MARKS, PATTERNS
from seqcli.corpus.spooling import STDIN
from seqcli.errors import CorpusError

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

_KEPT = "|".join(
    (
        PATTERNS["tag"],
        PATTERNS["url"],
        PATTERNS["email"],
        r"%(?:\([\w.-]+\))?(?:\d+\$)?[-+#0]*(?:\d+|\*)?(?:\.\d+)?(?:hh|h|ll|l|L|z|j|t|q)?"
        r"[sdifuxXoeEgGcrpa%@]",
        r"\{\{?[^{}\n]*\}?\}|\$\{[^{}\n]*\}|__\w+__",
        r"&(?:\w{1,32}|#\d{1,7}|#x[0-9A-Fa-f]{1,6});",
        "[⟦⟧]",
    )
)
_MADE_UP = re.compile(_KEPT)
_MARK = re.compile(r"⟦(\d+)⟧")
_BREAK = re.compile(r"(\s*\n\s*)")
_EDGE = r"(?:\s*⟦\d+⟧\s*)+"
_LETTER = re.compile(r"[^\W\d_]")
_NOT_WRITTEN = ("broken", "charset", "empty", "withheld")  # flags of units that stay as they were
TranslateLines = Callable[[Sequence[str]], Iterable["Translation"]]


@dataclass(frozen=True)
class Outcome:
    """What became of a unit."""

    number: int  # its place in the document, from 0
    unit: Unit
    text: Text | None  # None: it stays as it was
    flags: tuple[str, ...]


@dataclass
class _Sentence:
    """A sentence with marks from 1 on, what those stand for, and what is around it."""

    text: str
    codes: list[str | Code]
    before: list[str | Code] = field(default_factory=list)
    after: list[str | Code] = field(default_factory=list)
    is_joined: bool = False  # to the one before, as their script has no spaces
    done: list[str | Code] | None = None

    @property
    def is_text(self) -> bool:
        return bool(_LETTER.search(_MARK.sub("", self.text)))


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
    kept = re.compile("|".join((_KEPT, *(PATTERNS[kind] for kind in protect))))
    todo = {
        number: _split(unit.src, kept)
        for number, unit in enumerate(document.units)
        if unit.is_open or (redo and _has_text(unit.src))
    }
    flags: dict[int, list[str]] = {number: [] for number in todo}
    if memory is not None:
        _recall(document, todo, memory, kept, flags)
    _translate_whole(todo, translate, flags, least)
    _translate_around(todo, translate, flags)
    texts = {number: document.spell(_join(sentences)) for number, sentences in todo.items()}
    broken = {n: todo[n] for n, text in texts.items() if not document.is_whole(n, text)}
    for sentence in (each for found in broken.values() for each in found if each.codes):
        sentence.done = None
    _translate_around(broken, translate, flags)
    for number, sentences in broken.items():
        texts[number] = document.spell(_join(sentences))
        if not document.is_whole(number, texts[number]):
            flags[number].append("broken")
    return [
        _conclude(document, number, unit, texts.get(number), flags.get(number, []))
        for number, unit in enumerate(document.units)
    ]


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
    todo: dict[int, list[_Sentence]],
    memory: TranslationMemory,
    kept: re.Pattern[str],
    flags: dict[int, list[str]],
) -> None:
    """Do what a memory has: a whole unit that is one line, or a sentence with codes."""
    from seqcli.recalling import recall

    for number, sentences in todo.items():
        whole = _Sentence(*_mark(document.units[number].src, kept))
        if "\n" not in whole.text and (whole.codes or len(sentences) > 1):
            whole.done = recall(whole.text, whole.codes, memory, kept, use_fuzzy=False)
        if whole.done is not None:
            todo[number] = [whole]
            flags[number].append("memory")
            continue
        for each in sentences:
            if each.codes and each.is_text:
                each.done = recall(each.text, each.codes, memory, kept, use_fuzzy=memory.use_fuzzy)
                flags[number] += ["memory"] * (each.done is not None)


def _translate_whole(
    todo: dict[int, list[_Sentence]],
    translate: TranslateLines,
    flags: dict[int, list[str]],
    least: float | None,
) -> None:
    """Translate sentences with their marks; those that lose one are left undone."""
    asked = []
    for number, sentences in todo.items():
        for sentence in sentences:
            if sentence.done is not None:
                continue
            if not sentence.is_text:
                sentence.done = _fill(sentence.text, sentence.codes)
            elif len(sentence.codes) <= len(MARKS):
                asked.append((number, sentence))
    lines = [sentence.text for _, sentence in asked]
    for (number, sentence), translation in zip(asked, translate(lines), strict=True):
        hyp = translation.hyps[0]
        found = sorted(_MARK.findall(hyp.text))
        # Codes that the source does not have; people had their reasons.
        has_own = not hyp.is_from_memory and _MADE_UP.search(_MARK.sub("", hyp.text))
        if not has_own and found == sorted(str(n) for n in range(1, len(sentence.codes) + 1)):
            sentence.done = _fill(_one_line(hyp.text).strip(), sentence.codes)
            flags[number] += _flags_of(hyp)
        if least is not None and hyp.confidence is not None and hyp.confidence < least:
            flags[number].append("withheld")


def _translate_around(
    todo: dict[int, list[_Sentence]], translate: TranslateLines, flags: dict[int, list[str]]
) -> None:
    """Translate what stands between the marks of the sentences that are not done."""
    undone = [(n, each) for n, found in todo.items() for each in found if each.done is None]
    parts = [re.split(r"(⟦\d+⟧)", sentence.text) for _, sentence in undone]
    lines = [part for cut in parts for part in cut[::2] if _LETTER.search(part)]
    made = iter(translate(lines) if lines else ())
    for (number, sentence), cut in zip(undone, parts, strict=True):
        done = []
        for place, part in enumerate(cut):
            if place % 2 == 0 and _LETTER.search(part):
                hyp = next(made).hyps[0]
                flags[number] += _flags_of(hyp)
                blank = part[: len(part) - len(part.lstrip())], part[len(part.rstrip()) :]
                text = _MADE_UP.sub("", _MARK.sub("", _one_line(hyp.text))).strip()
                done.append(blank[0] + text + blank[1])
            else:
                done.append(part)
        sentence.done = _fill("".join(done), sentence.codes)
        flags[number].append("reassembled")


def _flags_of(hyp: Hypothesis) -> list[str]:
    signs = {"truncated": hyp.truncated, "looped": hyp.looped, "memory": hyp.is_from_memory}
    return [name for name, is_set in signs.items() if is_set]


def _one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\r", " ")


def _mark(text: Text, kept: re.Pattern[str]) -> tuple[str, list[str | Code]]:
    """Return a text with marks for what is no text, and what they stand for."""
    codes: list[str | Code] = []

    def mark(code: str | Code) -> str:
        codes.append(code)
        return f"⟦{len(codes)}⟧"

    marked = "".join(
        mark(part) if isinstance(part, Code) else kept.sub(lambda match: mark(match.group()), part)
        for part in text
    )
    return marked, codes


def _split(text: Text, kept: re.Pattern[str]) -> list[_Sentence]:
    """Cut the text of a unit into sentences, with marks for what is no text."""
    from seqcli.decoding.splitting import split_sentences

    marked, codes = _mark(text, kept)
    sentences = []
    for number, line in enumerate(_BREAK.split(marked)):
        if number % 2:
            sentences.append(_Sentence("", [], before=[line]))
            continue
        for place, text_of_sentence in enumerate(split_sentences(line)):
            sentence = _peel(text_of_sentence, codes)
            last = sentences[-1] if place else None
            sentence.is_joined = last is not None and not (last.after or sentence.before)
            sentences.append(sentence)
    return sentences


def _peel(text: str, codes: list[str | Code]) -> _Sentence:
    """Take off blanks and the codes of the format at both ends; number the other marks anew."""
    edges: list[list[str | Code]] = []
    for pattern in (rf"\A(?:{_EDGE}|\s+)", rf"(?:{_EDGE}|\s+)\Z"):
        found = re.search(pattern, text)
        is_code = found is not None and all(
            isinstance(codes[int(n) - 1], Code) for n in _MARK.findall(found.group())
        )
        edge = found.group() if found and is_code else ""
        if not edge:
            blank = re.search(r"\A\s+" if not edges else r"\s+\Z", text)
            edge = blank.group() if blank else ""
        text = text[: len(text) - len(edge)] if edges else text[len(edge) :]
        edges.append(_fill(edge, codes))
    own: list[str | Code] = []

    def renumber(match: re.Match[str]) -> str:
        own.append(codes[int(match[1]) - 1])
        return f"⟦{len(own)}⟧"

    return _Sentence(_MARK.sub(renumber, text), own, before=edges[0], after=edges[1])


def _fill(text: str, codes: Sequence[str | Code]) -> list[str | Code]:
    """Put the codes in the place of their marks."""
    parts: list[str | Code] = []
    for place, part in enumerate(_MARK.split(text)):
        if place % 2:
            parts.append(codes[int(part) - 1])
        elif part:
            parts.append(part)
    return parts


def _join(sentences: list[_Sentence]) -> Text:
    from seqcli.decoding.splitting import is_wide

    joined: list[str | Code] = []
    for sentence in sentences:
        last = as_text(joined[-1:])
        first = as_text((sentence.done or ())[:1])
        is_bare = bool(last and first) and not (is_wide(last[-1]) and is_wide(first[0]))
        if sentence.is_joined and is_bare:
            joined.append(" ")
        for part in (*sentence.before, *(sentence.done or ()), *sentence.after):
            if isinstance(part, str) and joined and isinstance(joined[-1], str):
                joined[-1] += part
            else:
                joined.append(part)
    return tuple(joined)


def write_document(document: Document, outcomes: Iterable[Outcome]) -> bytes:
    """Return the document with all translations that were made."""
    return document.write({each.number: each.text for each in outcomes if each.text is not None})


def iter_flagged(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Yield the outcomes that somebody should look at."""
    return (each for each in outcomes if set(each.flags) - {"memory"})
