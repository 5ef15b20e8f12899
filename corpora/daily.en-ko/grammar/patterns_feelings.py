"""Patterns about feelings and health."""

from __future__ import annotations

from actions import Reject, topic
from adjectives import more
from english import be_clause, clause, sentence, spaced, verb_forms
from korean import Stem, honorific, infinitive, past, present, with_particle
from lexicon import read_table
from sampler import Pair, Sampler


def _degreed(said: str, degree: str) -> str:
    """Put very, so or really before the last word: 배가 정말 고파요, but 정말 화가 나요."""
    if said.startswith("화가"):
        return f"{degree} {said}".strip()
    return more(said, degree) if degree else said


def _feeling(row: dict[str, str]) -> Stem:
    kind = row["kind"] if len(row["kind"]) == 1 else ""
    return Stem(row["korean"], kind, is_adjective=row["kind"] != "verb")


def _degree(s: Sampler, row: dict[str, str]) -> tuple[str, str]:
    degree = s.pick((("", ""), ("very", "아주"), ("so", "너무"), ("really", "정말")))
    if row["kind"] == "verb" and degree[0] in ("very", "so"):
        raise Reject
    return degree


DAYS = (("", ""), ("today", "오늘"), ("now", "지금"))
# Feelings that one asks the reason for, and that show in a face.
ASKED = ("happy", "sad", "tired", "busy", "sleepy", "nervous", "angry")
SEEN = ("happy", "sad", "tired", "sleepy", "bored", "lonely", "sick")


def feeling(s: Sampler) -> Pair:
    """I'm very tired today. / I was sad yesterday."""
    row = s.pick(read_table("feelings"))
    stem, word = _feeling(row), row["english"]
    degree, korean_degree = _degree(s, row)
    if s.chance(0.25):
        time = s.pick([t for t in s.lexicon.times if t.tense == "past" and t.tag in "PMEA"])
        return Pair(
            spaced("I was", degree, word, time.english) + ".",
            spaced(time.korean, _degreed(past(stem), korean_degree)) + ".",
            "feelings",
            ("statement", "past"),
        )
    day, korean_day = s.pick(DAYS)
    return Pair(
        sentence(spaced("I'm", degree, word, day)),
        spaced(korean_day, _degreed(present(stem), korean_degree)) + ".",
        "feelings",
        ("statement", "present"),
    )


def asking_feeling(s: Sampler) -> Pair:
    """Are you hungry now? / Why are you so sad today?"""
    row = s.pick(read_table("feelings"))
    stem, word = _feeling(row), row["english"]
    day, korean_day = s.pick(DAYS)
    if word in ASKED and s.chance(0.5):
        return Pair(
            sentence(spaced("why are you so", word, day), "?"),
            spaced(korean_day, "왜", "그렇게", present(stem)) + "?",
            "feelings",
            ("wh-question", "present"),
        )
    return Pair(
        sentence(spaced("are you", word, day), "?"),
        spaced(korean_day, present(stem)) + "?",
        "feelings",
        ("yes-no question", "present"),
    )


def others_feeling(s: Sampler) -> Pair:
    """Minsu is very tired today. / My sister looks happy."""
    row = s.pick(read_table("feelings"))
    stem, word = _feeling(row), row["english"]
    degree, korean_degree = _degree(s, row)
    person = s.subject(first=0, we=False)
    if word in SEEN and s.chance(0.5):
        looks = "look" if person.person == "3p" else "looks"
        seems = honorific(Stem("보이")) if person.is_elder else Stem("보이")
        face = "편찮아" if word == "sick" and person.is_elder else infinitive(stem)
        return Pair(
            sentence(spaced(person.english, looks, degree, word)),
            f"{spaced(topic(person), korean_degree, face)} {present(seems, person.is_elder)}.",
            "feelings",
            ("statement", "present"),
        )
    day, korean_day = s.pick(DAYS[:2])
    if row["third"] != "y" or degree == "so":
        raise Reject
    said = present(honorific(stem), True) if person.is_elder else present(stem)
    if word == "sick" and person.is_elder:
        said = "편찮으세요"
    return Pair(
        sentence(spaced(be_clause(person.english, person.person, ""), degree, word, day)),
        spaced(topic(person), korean_day, korean_degree, said) + ".",
        "feelings",
        ("statement", "present"),
    )


def ache(s: Sampler) -> Pair:
    """My head hurts. / Do your eyes hurt? / My grandmother's back hurts a lot."""
    noun = s.pick(s.lexicon.things("body", "bodies"))
    part = noun.phrase("name")
    hurts = "hurt" if noun.is_plural else "hurts"
    kind = s.pick(("I", "I", "you", "third", "third", "past"))
    part_korean = with_particle(noun.korean, "이")
    lot, korean_lot = s.pick((("", ""), ("a lot", "많이")))
    day, korean_day = s.pick((("", ""), ("today", "오늘"), ("now", "지금")))
    if kind == "you":
        does = "do" if noun.is_plural else "does"
        return Pair(
            sentence(spaced(does, "your", part, "hurt", lot, day), "?"),
            spaced(korean_day, part_korean, korean_lot, "아파요?"),
            "health",
            ("yes-no question", "present"),
        )
    if kind == "past":
        time = s.pick([t for t in s.lexicon.times if t.tense == "past" and t.tag in "PMEW"])
        return Pair(
            spaced("My", part, "hurt", lot, time.english) + ".",
            spaced(time.korean, part_korean, korean_lot, "아팠어요."),
            "health",
            ("statement", "past"),
        )
    if kind == "third":
        person = s.subject(first=0, we=False)
        if person.person == "3p" or noun.english == "throat":
            raise Reject
        said = "아프세요" if person.is_elder else "아파요"
        return Pair(
            sentence(spaced(person.english + "'s", part, hurts, lot)),
            spaced(topic(person), part_korean, korean_lot, said + "."),
            "health",
            ("statement", "present"),
        )
    return Pair(
        spaced("My", part, hurts, lot, day) + ".",
        spaced(korean_day, part_korean, korean_lot, "아파요."),
        "health",
        ("statement", "present"),
    )


def symptom(s: Sampler) -> Pair:
    """I have a fever. / My son had a cough last night. / I hurt my knee yesterday."""
    if s.chance(0.45):
        noun = s.pick(
            [
                n
                for n in s.lexicon.things("body")
                if n.english in ("leg", "arm", "knee", "shoulder", "back", "head")
            ]
        )
        person = s.subject(first=0.5, we=False)
        time = s.pick([t for t in s.lexicon.times if t.tense == "past" and t.tag in "PMEW"])
        if not person.possessive:
            raise Reject
        ed = "다치셨어요" if person.is_elder else "다쳤어요"
        return Pair(
            sentence(spaced(person.english, "hurt", person.possessive, noun.english, time.english)),
            spaced(topic(person), time.korean, with_particle(noun.korean, "을"), ed) + ".",
            "health",
            ("statement", "past"),
        )
    row = s.pick(read_table("symptoms"))
    stem = Stem(row["korean"])
    kind = s.pick(("present", "past", "question"))
    person = s.asked() if kind == "question" else s.subject(first=0.5, we=False)
    if person.is_elder:
        stem = honorific(stem)
    head, _, rest = row["english"].partition(" ")
    forms = verb_forms(head, s.lexicon.irregular)
    time = s.pick([t for t in s.lexicon.times if t.tense == "past" and t.tag in "PME"])
    is_past = kind == "past"
    text = clause(
        person.english,
        person.person,
        forms,
        spaced(rest, time.english if is_past else ""),
        "past" if is_past else "present",
        question=kind == "question",
    )
    mark = "?" if kind == "question" else "."
    said = past(stem) if is_past else present(stem, person.is_elder)
    return Pair(
        sentence(text, mark),
        spaced(topic(person), time.korean if is_past else "", said) + mark,
        "health",
        ("yes-no question" if mark == "?" else "statement", "past" if is_past else "present"),
    )


PATTERNS = {
    "feeling": (1.5, feeling),
    "asking_feeling": (0.8, asking_feeling),
    "others_feeling": (2.0, others_feeling),
    "ache": (1.5, ache),
    "symptom": (2.0, symptom),
}
