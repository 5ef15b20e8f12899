"""A pair -> **the first rule that it breaks**, and what was found.

Each rule has the name by which it is switched, counted and written into the side file.
Sources: the rules and their usual limits are those of OPUS clean-up as OpusFilter collects them
(Aulamo, Virpioja & Tiedemann 2020).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from seqcli.corpus.checking.marks import CONTROL_CHARACTERS, is_mojibake
from seqcli.corpus.cleaning.identification import identifier_of
from seqcli.corpus.keys import squeeze
from seqcli.corpus.pairs import SentencePair, is_blank
from seqcli.corpus.scripts import UNSPACED, scripts_of, share_in

RatioUnit = Literal["bytes", "characters", "words"]
Judge = Callable[[str, str], str | None]

# In the order in which they are asked; the last two see what the others have kept.
RULES = (
    "empty", "encoding", "control", "length", "long-word", "length-ratio", "identical", "markup",
    "numbers", "script", "language", "duplicates", "near-duplicates",
)  # fmt: skip

_TAG = r"</?[A-Za-z][^<>]*>|<!--|<!\[CDATA\["
_ENTITY = r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8}\d{0,2});"
_WIKI = r"\[\[|\]\]|\{\{|\}\}|\[/?(?:b|i|u|url|img|quote|code|color|size)(?:=[^\]]*)?\]|'''|@-@"
_MARKUP = re.compile(f"{_TAG}|{_ENTITY}|{_WIKI}")
_MARKS = ("<", "&", "[", "]", "{", "}", "'''", "@-@")  # one of them is in all markup
_NUMBER = re.compile(r"\d+(?:[.,'’\u00a0\u202f:]\d+)*")
_NO_CENTS = re.compile(r"[.,]00?$")
_NOT_DIGITS = re.compile(r"\D+")


@dataclass(frozen=True)
class CleaningOptions:
    """What is repaired, which rules are on, and their limits."""

    repair: bool
    empty: bool
    encoding: bool
    control: bool
    length: bool
    min_words: int
    max_words: int
    max_chars: int
    long_word: bool
    max_word_chars: int
    length_ratio: bool
    max_ratio: float
    ratio_unit: RatioUnit
    identical: bool
    markup: bool
    numbers: bool
    min_digits: int
    min_numbers: float
    script: bool
    min_script: float
    language: bool
    min_language: float
    duplicates: bool
    near_duplicates: bool

    def is_on(self, rule: str) -> bool:
        """Tell whether a rule of RULES is on."""
        return bool(getattr(self, rule.replace("-", "_")))


class Judges:
    """The rules that are on, for two languages."""

    def __init__(self, options: CleaningOptions, src_lang: str, tgt_lang: str) -> None:
        """Make ready.

        Raises:
            SettingsError: Languages are to be identified, and what does that is not installed or
                does not know them.
        """
        self._options = options
        self._langs = (src_lang, tgt_lang)
        self._scripts = (scripts_of(src_lang), scripts_of(tgt_lang))
        self.not_applied: list[str] = []
        if options.script:
            self.not_applied = [
                f"script of {lang!r}: not a language code with a script that is known"
                for lang, scripts in zip(self._langs, self._scripts, strict=True)
                if not scripts
            ]
        self._identify = identifier_of(self._langs) if options.language else None
        judges: dict[str, Judge] = {
            "empty": _empty,
            "encoding": _encoding,
            "control": _control,
            "length": self._length,
            "long-word": self._long_word,
            "length-ratio": self._length_ratio,
            "identical": _identical,
            "markup": _markup,
            "numbers": self._numbers,
            "script": self._script,
            "language": self._language,
        }
        self._judges = [(rule, judges[rule]) for rule in judges if options.is_on(rule)]

    def judge(self, pair: SentencePair) -> tuple[str, str] | None:
        """Return the first rule that a pair breaks and what was found, or None if it is good."""
        src, tgt = pair
        for rule, judge in self._judges:
            found = judge(src, tgt)
            if found is not None:
                return rule, found
        return None

    def _length(self, src: str, tgt: str) -> str | None:
        options = self._options
        for side in (src, tgt):
            words, chars = len(side.split()), len(side)
            if not options.min_words <= words <= options.max_words:
                return f"{words} words"
            if chars > options.max_chars:
                return f"{chars} characters"
        return None

    def _long_word(self, src: str, tgt: str) -> str | None:
        most = self._options.max_word_chars
        for side in (src, tgt):
            word = max(side.split(), key=len, default="")
            if len(word) > most and not UNSPACED.search(word):
                return f"a word of {len(word)} characters"
        return None

    def _length_ratio(self, src: str, tgt: str) -> str | None:
        size = _SIZES[self._options.ratio_unit]
        low, high = sorted((size(src), size(tgt)))
        ratio = high / low if low else float(high)
        return None if ratio <= self._options.max_ratio else f"{ratio:.2f}"

    def _numbers(self, src: str, tgt: str) -> str | None:
        numbers = [_numbers_in(side, self._options.min_digits) for side in (src, tgt)]
        total = sum(map(len, numbers))
        if not total or numbers[0] == numbers[1]:
            return None
        shared = 2 * sum((Counter(numbers[0]) & Counter(numbers[1])).values()) / total
        if shared >= self._options.min_numbers:
            return None
        return " | ".join(" ".join(side) or "none" for side in numbers)

    def _script(self, src: str, tgt: str) -> str | None:
        for side, scripts in zip((src, tgt), self._scripts, strict=True):
            if scripts and (share := share_in(side, scripts)) < self._options.min_script:
                return f"{share:.0%} of the letters are {' or '.join(scripts)}"
        return None

    def _language(self, src: str, tgt: str) -> str | None:
        assert self._identify is not None
        for side, language in zip((src, tgt), self._langs, strict=True):
            looks_like, probability = self._identify(side, language)
            if probability < self._options.min_language:
                return f"{looks_like}, not {language}"
        return None


def _empty(src: str, tgt: str) -> str | None:
    return "" if is_blank(SentencePair(src, tgt)) else None


def _encoding(src: str, tgt: str) -> str | None:
    for side in (src, tgt):
        if ("?" in side or not side.isascii()) and is_mojibake(side):
            return "damaged characters"
    return None


def _control(src: str, tgt: str) -> str | None:
    for side in (src, tgt):
        if not side.isprintable() and (match := CONTROL_CHARACTERS.search(side)):
            return f"U+{ord(match[0]):04X}"
    return None


def _identical(src: str, tgt: str) -> str | None:
    is_same = src == tgt or squeeze(src).casefold() == squeeze(tgt).casefold()
    return "" if is_same else None


def _markup(src: str, tgt: str) -> str | None:
    for side in (src, tgt):
        if any(mark in side for mark in _MARKS) and (match := _MARKUP.search(side)):
            return match[0][:40]
    return None


def _numbers_in(text: str, min_digits: int) -> list[str]:
    """Return the numbers of a text, sorted: as 0-9, without separators, first zeros and .00."""
    found = []
    for number in _NUMBER.findall(text):
        digits = _NOT_DIGITS.sub("", _NO_CENTS.sub("", number))
        if not digits.isascii():
            digits = "".join(str(unicodedata.decimal(digit)) for digit in digits)
        digits = digits.lstrip("0")
        if len(digits) >= min_digits:
            found.append(digits)
    return sorted(found)


_SIZES: dict[RatioUnit, Callable[[str], int]] = {
    "bytes": lambda text: len(text) if text.isascii() else len(text.encode()),
    "characters": len,
    "words": lambda text: len(text.split()),
}


def names_of_rules(options: CleaningOptions) -> Sequence[str]:
    """Return the rules that are on, in their order."""
    return [rule for rule in RULES if options.is_on(rule)]
