"""Adjectives -> Korean predicates and noun modifiers, with their negations."""

from __future__ import annotations

from actions import Combo
from korean import Stem, honorific, modifier, past, past_modifier, present
from lexicon import Adjective, Noun, Person, State

INTENSIFIERS = {"very": "아주", "too": "너무", "really": "정말", "a little": "조금"}


def stem_of(adjective: Adjective) -> Stem:
    """Return the Korean stem; irregular classes are single letters."""
    kind = adjective.kind if len(adjective.kind) == 1 else ""
    return Stem(adjective.korean, kind, is_adjective=adjective.kind != "verb")


def state_stem(state: State) -> Stem:
    """Return the Korean stem of a condition, as 배가 고프."""
    kind = state.kind[0] if state.kind[0] in "ㅂㄷㅅㅎ르" else ""
    return Stem(state.korean, kind, is_adjective=state.kind.endswith("adjective"))


def negated(adjective: Adjective) -> Stem:
    """Return the stem that denies the adjective.

    Some have an antonym of their own (맛있 - 맛없); a short one takes 안, a long
    one or one with 하 takes -지 않.
    """
    stem = stem_of(adjective)
    if adjective.negative:
        return Stem(adjective.negative, is_adjective=True)
    is_short = len(stem.text) <= 2 and not stem.text.endswith("하")
    if is_short:
        return Stem("안 " + stem.text, stem.kind, is_adjective=True)
    return Stem(stem.text + "지 않", is_adjective=True)


def predicate(
    adjective: Adjective, *, is_past: bool = False, negative: bool = False, is_elder: bool = False
) -> str:
    """Return the polite predicate: 비싸요, 안 비쌌어요, 건강하세요."""
    stem = negated(adjective) if negative else stem_of(adjective)
    if is_elder:
        stem = honorific(stem)
    if is_past or adjective.kind == "past":
        return past(stem)
    return present(stem, is_elder)


def modifier_of(adjective: Adjective) -> str:
    """Return the Korean word before a noun: 비싼, 매운, 새, 초록색, 오래된."""
    if adjective.kind in ("modifier", "noun"):
        return adjective.korean
    if adjective.kind == "past":
        return past_modifier(stem_of(adjective))
    return modifier(stem_of(adjective))


def more(text: str, degree: str = "더") -> str:
    """Put 더 (more) before the last word: 키가 커요 -> 키가 더 커요."""
    head, _, last = text.rpartition(" ")
    return f"{head} {degree} {last}" if head else f"{degree} {last}"


def combos(adjective: Adjective, noun: Noun | Person) -> tuple[Combo, ...]:
    """Return the record of an adjective said of a noun."""
    return (Combo(f"{adjective.english} | {noun.english}", f"{adjective.korean} | {noun.korean}"),)
