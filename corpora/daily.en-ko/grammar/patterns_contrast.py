"""Patterns that join two clauses with "but"."""

from __future__ import annotations

from dataclasses import replace

from actions import (
    Action,
    Reject,
    attach,
    english_clause,
    korean_predicate,
    make_action,
    topic,
)
from adjectives import combos, predicate, stem_of
from english import be_clause, sentence, spaced
from korean import with_particle
from patterns_comparison import is_part
from sampler import Pair, Sampler


def _reasons(action: Action) -> list[tuple[str, str]]:
    """Return what may have kept somebody from it, in both languages."""
    no_time = ("{} didn't have time", "시간이 없었어요")
    no_money = ("{} didn't have money", "돈이 없었어요")
    frame = action.frame
    if frame.topic == "food" or frame.scene == "shop":
        return [no_money] if frame.topic == "food" and frame.objects else [no_money, no_time]
    if frame.topic == "travel" and "W" in frame.when:
        return [no_money, no_time]
    if frame.lemma == "live":
        return [no_money]
    if frame.scene == "home" or frame.lemma == "rest":
        return [("{} was busy", "바빴어요")]
    if "W" in frame.when or not frame.when:
        return [no_time]
    return [("{} was busy", "바빴어요"), no_time, ("{} was tired", "피곤했어요")]


def wanted_but(s: Sampler) -> Pair:
    """I wanted to buy a bag, but I didn't have money."""
    action = s.action(s.frame("w"))
    subject = s.subject(action, first=0.75, elders=False, we=False)
    if action.object and action.object.english in ("work", "school"):
        raise Reject
    if not subject.pronoun:
        raise Reject
    reasons = _reasons(action)
    english_reason, korean_reason = s.pick(reasons)
    first = english_clause(subject, action, "wanted")
    mode = "wanted_but"
    korean = korean_predicate(action, subject, mode)
    if subject.is_third:
        korean = korean.replace("고 싶었지만", "고 싶어 했지만")
    text = f"{first}, but {english_reason.format(subject.pronoun)}"
    return Pair(
        sentence(text),
        spaced(topic(subject), korean, korean_reason) + ".",
        action.frame.topic,
        ("but", "desire", "past", "negation", "statement"),
        action.combos,
    )


def i_didnt(s: Sampler) -> Pair:
    """Minsu drank coffee, but I didn't."""
    action = s.action(s.frame("d"))
    subject = s.subject(action, first=0, we=False)
    if "{my}" in action.rest:
        raise Reject
    first = english_clause(subject, action, "past")
    verbal = korean_predicate(
        make_action(action.frame), s.lexicon.people[0], "past", negation="안"
    ).split("} ")[-1]
    if action.frame.article not in ("a", "person"):
        raise Reject
    korean = f"{topic(subject)} {korean_predicate(action, subject, 'past_but')} 저는 {verbal}."
    return Pair(
        sentence(f"{first}, but I didn't"),
        korean,
        action.frame.topic,
        ("but", "negation", "past", "statement"),
        action.combos,
    )


def contrast_taste(s: Sampler) -> Pair:
    """I like coffee, but I don't like tea."""
    frame = s.frame("n", ["like"])
    group = s.pick(frame.objects)
    one, two = s.pick(s.lexicon.things(group)), s.pick(s.lexicon.things(group))
    if one == two or is_part(one, two):
        raise Reject
    subject = s.subject(make_action(frame, one), first=0.6, we=False)
    if not subject.pronoun:
        raise Reject
    like, dislike = (make_action(frame, noun) for noun in (one, two))
    other = replace(subject, english=subject.pronoun)
    first = english_clause(subject, like, "present")
    second = english_clause(other, dislike, "present", negative=True)
    end = "않으세요" if subject.is_elder else "않아요"
    but = "좋아하시지만" if subject.is_elder else "좋아하지만"
    korean = spaced(
        topic(subject),
        with_particle(one.korean, "은"),
        but,
        with_particle(two.korean, "은"),
        "좋아하지 " + end,
    )
    return Pair(
        sentence(f"{first}, but {second}"),
        korean + ".",
        "hobbies",
        ("but", "negation", "present", "statement"),
        like.combos + dislike.combos,
    )


# Adjectives that cannot be said of one thing at a time.
OPPOSITES = (
    {"interesting", "boring"},
    {"easy", "difficult"},
    {"clean", "dirty"},
    {"light", "heavy"},
    {"cheap", "expensive"},
    {"quiet", "noisy"},
    {"fast", "slow"},
    {"bright", "dark"},
    {"popular", "boring"},
    {"sweet", "salty"},
    {"comfortable", "dirty"},
    {"pretty", "dirty"},
    {"quiet", "crowded"},
    {"safe", "dangerous"},
)


def contrast_thing(s: Sampler) -> Pair:
    """This bag is pretty but expensive."""
    adjective, noun = s.described("p")
    other = s.adjective(noun, "p")
    if {adjective.valence, other.valence} != {"+", "-"}:
        raise Reject
    if any({adjective.english, other.english} == opposites for opposites in OPPOSITES):
        raise Reject
    use = s.pick(("this", "the"))
    was = s.chance(0.3) and use == "the"
    if "past" in (adjective.kind, other.kind):
        raise Reject
    be = be_clause(
        noun.phrase(use),
        "3p" if noun.is_plural else "3s",
        f"{adjective.english} but {other.english}",
        past=was,
    )
    stem = stem_of(adjective)
    but = attach(stem, "past_but" if was else "but")
    subject = ("이 " if use == "this" else "") + with_particle(noun.korean, "은")
    korean = f"{subject} {but} {predicate(other, is_past=was)}."
    return Pair(
        sentence(be),
        korean,
        noun.topic,
        ("but", "past" if was else "present", "statement"),
        (*combos(adjective, noun), *combos(other, noun)),
    )


PATTERNS = {
    "wanted_but": (3.0, wanted_but),
    "i_didnt": (3.0, i_didnt),
    "contrast_taste": (2.0, contrast_taste),
    "contrast_thing": (2.5, contrast_thing),
}
