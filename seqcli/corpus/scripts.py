"""A language -> **its scripts**, as Unicode names them, and how much of a text is in them."""

from __future__ import annotations

import re
from functools import cache

import regex

_LATIN = (
    "af az bs ca cs cy da de en eo es et eu fi fo fr fy ga gd gl ha hr ht hu id ig is it jv la lb "
    "lt lv mg mi ms mt nb nl nn no oc pl pt rm ro rw sk sl sm sn so sq st su sv sw tk tl tr uz vi "
    "wo xh yo zu"
)
_CYRILLIC = "ba be bg ce cv kk ky mk mn os ru tg tt udm uk"
_SCRIPTS = {
    **dict.fromkeys(_LATIN.split(), ("Latin",)),
    **dict.fromkeys(_CYRILLIC.split(), ("Cyrillic",)),
    **dict.fromkeys(["ar", "arz", "ckb", "fa", "ps", "sd", "ug", "ur"], ("Arabic",)),
    **dict.fromkeys(["bho", "hi", "mai", "mr", "ne", "sa"], ("Devanagari",)),
    **dict.fromkeys(["as", "bn"], ("Bengali",)),
    **dict.fromkeys(["am", "ti"], ("Ethiopic",)),
    **dict.fromkeys(["he", "yi"], ("Hebrew",)),
    **dict.fromkeys(["wuu", "yue", "zh"], ("Han", "Bopomofo")),
    "sr": ("Cyrillic", "Latin"),
    "sh": ("Cyrillic", "Latin"),
    "ja": ("Han", "Hiragana", "Katakana"),
    "ko": ("Hangul", "Han"),
    "el": ("Greek",), "hy": ("Armenian",), "ka": ("Georgian",), "pa": ("Gurmukhi",),
    "gu": ("Gujarati",), "or": ("Oriya",), "ta": ("Tamil",), "te": ("Telugu",),
    "kn": ("Kannada",), "ml": ("Malayalam",), "si": ("Sinhala",), "th": ("Thai",),
    "lo": ("Lao",), "my": ("Myanmar",), "km": ("Khmer",), "bo": ("Tibetan",), "dv": ("Thaana",),
}  # fmt: skip
# What the second part of a code such as sr-Latn or zh-Hant says.
_SUBTAGS = {
    "latn": ("Latin",), "cyrl": ("Cyrillic",), "arab": ("Arabic",), "deva": ("Devanagari",),
    "hans": ("Han", "Bopomofo"), "hant": ("Han", "Bopomofo"), "grek": ("Greek",),
    "hebr": ("Hebrew",), "beng": ("Bengali",), "tfng": ("Tifinagh",), "mong": ("Mongolian",),
}  # fmt: skip
_AFTER_LATIN = "\u0250"  # letters before it are Latin
_LETTERS = regex.compile(r"\p{L}")
UNSPACED = regex.compile(
    r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}"
    r"\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}]"
)  # scripts that put no space between words


def base_language(language: str) -> str:
    """Return the language of a code, such as en of en-US."""
    return re.split("[-_.@]", language.lower())[0]


def scripts_of(language: str) -> tuple[str, ...]:
    """Return the scripts of a language by its code, such as de, zh-Hant; () if not known."""
    base, *rest = re.split("[-_.@]", language.lower())
    for part in rest:
        if part in _SUBTAGS:
            return _SUBTAGS[part]
    return _SCRIPTS.get(base, ())


def share_in(text: str, scripts: tuple[str, ...]) -> float:
    """Return the share of a text's letters that are in some scripts; 1 if it has no letters.

    Letters that many scripts share, such as the long vowel mark of Japanese, count.
    """
    if "Latin" in scripts and (text.isascii() or max(text) < _AFTER_LATIN):
        return 1.0
    letters = len(_LETTERS.findall(text))
    return len(_letters_in(scripts).findall(text)) / letters if letters else 1.0


@cache
def _letters_in(scripts: tuple[str, ...]) -> regex.Pattern[str]:
    parts = "".join(rf"\p{{Script={name}}}" for name in (*scripts, "Common", "Inherited"))
    return regex.compile(rf"[\p{{L}}&&[{parts}]]", regex.VERSION1)
