"""Stems and nouns -> Korean word forms: particles, and the polite 해요 style by rule.

A Korean syllable is one character made of a leading consonant, a vowel and
perhaps a final consonant. Every rule here looks at the last syllable of a word.
Names follow the Revised Romanisation where an English name would be clumsy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ["", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"]
FIRST_SYLLABLE = 0xAC00

# Particle name -> form after a consonant, after a vowel. `로` has its own rule for ㄹ.
PARTICLES = {
    "은": ("은", "는"),
    "이": ("이", "가"),
    "을": ("을", "를"),
    "와": ("과", "와"),
    "로": ("으로", "로"),
    "이나": ("이나", "나"),
    "이에요": ("이에요", "예요"),
    "이었어요": ("이었어요", "였어요"),
    "이라서": ("이라서", "라서"),
}

# Stem vowel + 아/어 -> one vowel, for stems without a final consonant.
CONTRACTIONS = {
    "ㅏ": "ㅏ",
    "ㅓ": "ㅓ",
    "ㅐ": "ㅐ",
    "ㅔ": "ㅔ",
    "ㅕ": "ㅕ",
    "ㅗ": "ㅘ",
    "ㅜ": "ㅝ",
    "ㅣ": "ㅕ",
    "ㅚ": "ㅙ",
}


@dataclass(frozen=True)
class Stem:
    """A verb or adjective stem (the dictionary form without 다).

    Attributes:
        text: The stem, perhaps of several words: only its end changes.
        kind: Irregular class ㅂ, ㄷ, ㅅ, ㅎ or 르; empty for regular stems.
            The ㄹ, 으 and 하 stems need no mark: their spelling tells.
        is_adjective: Whether the word describes, which decides its noun-modifying form.
    """

    text: str
    kind: str = ""
    is_adjective: bool = False


def split_syllable(syllable: str) -> tuple[str, str, str]:
    """Return leading consonant, vowel and final consonant ("" if none)."""
    index = ord(syllable) - FIRST_SYLLABLE
    if not 0 <= index < len(LEADS) * len(VOWELS) * len(FINALS):
        raise ValueError(f"{syllable!r} is not a Korean syllable")
    rest, final = divmod(index, len(FINALS))
    lead, vowel = divmod(rest, len(VOWELS))
    return LEADS[lead], VOWELS[vowel], FINALS[final]


def join_syllable(lead: str, vowel: str, final: str = "") -> str:
    """Return the one-character syllable of its letters."""
    rest = LEADS.index(lead) * len(VOWELS) + VOWELS.index(vowel)
    return chr(FIRST_SYLLABLE + rest * len(FINALS) + FINALS.index(final))


def final_consonant(word: str) -> str:
    """Return the final consonant of the last syllable, "" if it ends in a vowel."""
    return split_syllable(word[-1])[2]


def with_final(word: str, final: str) -> str:
    """Return the word with the final consonant of its last syllable replaced."""
    lead, vowel, _ = split_syllable(word[-1])
    return word[:-1] + join_syllable(lead, vowel, final)


def with_particle(word: str, name: str) -> str:
    """Attach a particle: 을 gives 빵을 but 커피를; a name without variants is appended."""
    if name not in PARTICLES:
        return word + name
    after_consonant, after_vowel = PARTICLES[name]
    final = final_consonant(word)
    if name == "로" and final == "ㄹ":
        return word + after_vowel
    return word + (after_consonant if final else after_vowel)


def infinitive(stem: Stem) -> str:
    """Return the 아/어 form on which half of the endings build: 가, 마셔, 해, 추워."""
    word, before = stem.text, stem.text[:-1]
    lead, vowel, final = split_syllable(word[-1])
    if word[-1] == "하":
        return before + "해"
    if stem.kind == "르":
        bright = _is_bright(before)
        return with_final(before, "ㄹ") + ("라" if bright else "러")
    if stem.kind == "ㅂ":
        return with_final(word, "") + ("와" if word[-1] in "돕곱" else "워")
    if stem.kind == "ㅎ":
        return before + join_syllable(lead, "ㅒ" if vowel == "ㅑ" else "ㅐ")
    if stem.kind == "ㄷ":
        word = with_final(word, "ㄹ")
    if stem.kind == "ㅅ":
        word = with_final(word, "")
    if vowel == "ㅡ" and not final:
        bright = bool(before) and before[-1] != " " and _is_bright(before)
        return before + join_syllable(lead, "ㅏ" if bright else "ㅓ")
    if final or vowel not in CONTRACTIONS:
        return word + ("아" if vowel in "ㅏㅗ" else "어")
    return before + join_syllable(lead, CONTRACTIONS[vowel])


def _is_bright(word: str) -> bool:
    return split_syllable(word[-1])[1] in "ㅏㅗ"


def with_eu(stem: Stem, ending: str) -> str:
    """Attach an ending that puts 으 after consonants: 면, ㄹ, ㄴ, 러, 니까, 시.

    The first character of the ending may be a bare ㄹ or ㄴ, which becomes the
    final consonant of the syllable before it.
    """
    word = stem.text
    final = final_consonant(word)
    if stem.kind == "ㅂ":
        word = with_final(word, "") + "우"
    elif stem.kind == "ㄷ":
        word = with_final(word, "ㄹ") + "으"
    elif stem.kind == "ㅅ":
        word = with_final(word, "") + "으"
    elif stem.kind == "ㅎ":
        word = with_final(word, "")
    elif final == "ㄹ":
        if ending[0] in "ㄹㄴ니시세":
            word = with_final(word, "")
    elif final:
        word += "으"
    if ending[0] in "ㄹㄴ":
        return with_final(word, ending[0]) + ending[1:]
    return word + ending


def with_ending(stem: Stem, ending: str) -> str:
    """Attach an ending that never changes the stem (고, 지, 기), but ㄹ drops before ㄴ."""
    if final_consonant(stem.text) == "ㄹ" and ending[0] in "는니네":
        return with_final(stem.text, "") + ending
    return stem.text + ending


def honorific(stem: Stem) -> Stem:
    """Return the stem that shows respect for the subject: 가 -> 가시, 읽 -> 읽으시."""
    return replace(stem, text=with_eu(stem, "시"), kind="")


def present(stem: Stem, is_honorific: bool = False) -> str:
    """Return the polite present, 가요; of an honorific stem 가세요."""
    if is_honorific:
        return stem.text[:-1] + "세요"
    if stem.text.endswith("아니"):
        return stem.text + "에요"
    return infinitive(stem) + "요"


def past_stem(stem: Stem) -> str:
    """Return the past stem: 갔, 먹었, 했. It takes endings as 있 does."""
    if stem.text.endswith("아니"):
        return stem.text + "었"
    return with_final(infinitive(stem), "ㅆ")


def past(stem: Stem) -> str:
    """Return the polite past, 갔어요."""
    return past_stem(stem) + "어요"


def modifier(stem: Stem) -> str:
    """Return the form before a noun, now or in general: 가는, 매운, 맛있는."""
    if not stem.is_adjective or stem.text.endswith(("있", "없")):
        return with_ending(stem, "는")
    return with_eu(stem, "ㄴ")


def past_modifier(stem: Stem) -> str:
    """Return the form before a noun for a finished action: 산, 먹은, 만든."""
    return with_eu(stem, "ㄴ")
