"""Patterns of two clauses: and, when, before, after, in order to, relative."""

from __future__ import annotations

import english
from actions import (
    Reject,
    Setting,
    attach,
    english_clause,
    korean_clause,
    korean_predicate,
    owned,
    topic,
    verb_with,
)
from adjectives import combos, predicate
from english import VerbForms, be_clause, sentence, spaced
from korean import Stem, honorific, past_modifier, past_stem, with_particle
from lexicon import Frame, Noun
from patterns_reasons import allowed
from sampler import Pair, Sampler


def while_doing(s: Sampler) -> Pair:
    """I was watching a movie when Minsu called."""
    action = s.action(s.frame("g"))
    subject = s.subject(action, first=0.7)
    caller = s.pick(s.lexicon.persons("name", "friend", "kin"))
    if caller.korean == subject.korean or caller == action.object:
        raise Reject
    did, stem = s.pick((("called", "전화하"), ("came home", "집에 오")))
    lives_here = "kin" in caller.classes or caller.english == "my roommate"
    at_home = "home" in action.frame.where or action.frame.scene == "home"
    if did == "came home" and not (lives_here and at_home):
        raise Reject
    came = honorific(Stem(stem)) if caller.is_elder else Stem(stem)
    first = english_clause(subject, action, "past_progressive")
    korean = spaced(
        topic(caller, "이"),
        past_stem(came) + "을 때",
        korean_clause(subject, action, "past_progressive"),
    )
    return Pair(
        sentence(f"{first} when {caller.english} {did}"),
        korean + ".",
        action.frame.topic,
        ("when", "progressive", "past", "statement"),
        action.combos,
    )


def _is_loose(frame: Frame) -> bool:
    """Whether the verb reads oddly in a list of things done."""
    loose = {"study", "early", "late", "sleep", "rest"}
    return frame.english.startswith(("go ", "throw ")) or (
        bool(loose & set(frame.lemma.split(" "))) and (not frame.objects)
    )


def both(s: Sampler) -> Pair:
    """I cleaned my room and did the laundry."""
    scene = s.pick(("home", "leisure", "leisure", "shop"))
    name, mood = s.pick((("past", "d"), ("past", "d"), ("future", "f"), ("habit", "h")))
    use = "gen" if name == "habit" else ""
    one, two = (s.action(s.frame(mood, scene=scene), use) for _ in range(2))
    if one.frame.topic != two.frame.topic or "person" in (one.frame.article, two.frame.article):
        raise Reject
    if any(_is_loose(action.frame) for action in (one, two)):
        raise Reject
    if (
        one.verbal() == two.verbal()
        or one.frame.lemma == two.frame.lemma
        or one.object == two.object is not None
    ):
        raise Reject
    if one.korean_object.split(" ")[-1:] == two.korean_object.split(" ")[-1:]:
        raise Reject
    subject = s.subject(two, first=0.55, elders=False)
    if not allowed(subject, one):
        raise Reject
    times = {"past": ("past",), "future": ("future",), "habit": ("habit",)}[name]
    setting = s.setting(two, *times, time=0.5, place=0)
    if setting.time and setting.time.tag not in one.frame.when.replace("W", "") + "PA":
        raise Reject
    mode = "present" if name == "habit" else name
    first = english_clause(subject, one, mode)
    if mode == "future":
        second = spaced(two.forms.base, two.rest)
    else:
        forms = two.forms
        third = subject.person == "3s"
        second = spaced(
            forms.past if mode == "past" else forms.third if third else forms.base, two.rest
        )
    second = owned(second, subject)
    time = Setting(time=setting.time)
    korean = spaced(
        topic(subject),
        time.korean,
        korean_predicate(one, subject, "and", is_plain=True),
        korean_predicate(two, subject, mode),
    )
    return Pair(
        sentence(spaced(first, "and", second, time.english)),
        korean + ".",
        one.frame.topic,
        ("and", "present" if name == "habit" else name, "statement"),
        one.combos + two.combos,
    )


def ate_and_drank(s: Sampler) -> Pair:
    """I ate a sandwich and drank coffee."""
    one, two = s.action(s.frame("d", ["eat"])), s.action(s.frame("d", ["drink"]))
    if not isinstance(two.object, Noun) or "alcohol" in two.object.classes:
        raise Reject
    name = s.pick(("past", "future"))
    subject = s.subject(first=0.5, elders=False)
    time = Setting(time=s.time(one.frame, name) if s.chance(0.5) else None)
    first = english_clause(subject, one, name)
    second = two.forms.past if name == "past" else two.forms.base
    korean = spaced(
        topic(subject),
        time.korean,
        korean_predicate(one, subject, "and"),
        korean_predicate(two, subject, name),
    )
    return Pair(
        sentence(spaced(first, "and", second, two.rest, time.english)),
        korean + ".",
        "food",
        ("and", name, "statement"),
        one.combos + two.combos,
    )


ANCHORS = (
    ("have breakfast", "아침을 먹"),
    ("have lunch", "점심을 먹"),
    ("have dinner", "저녁을 먹"),
    ("go to bed", "자"),
    ("do {my} homework", "숙제하"),
    ("take a shower", "샤워하"),
)


def before_after(s: Sampler) -> Pair:
    """I read a book before going to bed."""
    action = s.action(s.frame("h", scene=s.pick(("leisure", "desk", "home"))), "gen")
    if not action.frame.where or "E" not in action.frame.when:
        raise Reject
    word = s.pick(("before", "after"))
    anchor, korean_anchor = s.pick(ANCHORS)
    if (anchor, word) == ("go to bed", "after") or anchor.split()[-1] in action.frame.lemma:
        raise Reject
    if action.frame.topic == "food" and anchor.startswith("have"):
        raise Reject
    name = s.pick(("past", "present", "future"))
    subject = s.subject(action, first=0.6, elders=False)
    if "homework" in anchor and subject.is_third and not subject.classes & {"young", "child"}:
        raise Reject
    head, _, rest = anchor.partition(" ")
    ing = {"have": "having", "go": "going", "do": "doing", "take": "taking"}[head]
    clause = english_clause(subject, action, name)
    tail = owned(f"{word} {ing} {rest}", subject)
    link = attach(Stem(korean_anchor), word)
    korean = spaced(topic(subject), link, korean_predicate(action, subject, name))
    return Pair(
        sentence(f"{clause} {tail}"),
        korean + ".",
        action.frame.topic,
        ("when", name, "statement"),
        action.combos,
    )


def purpose(s: Sampler) -> Pair:
    """I went to the market to buy apples."""
    frame = s.frame(s.pick(("d", "f")))
    places = [s.lexicon.place(name) for name in frame.where]
    places = [p for p in places if p.classes & {"dest", "shop", "city"} and p.english != "work"]
    if frame.topic == "food":
        places = [place for place in places if place.classes & {"eat", "shop"}]
    place = s.pick(places)
    if frame.topic == "work" or frame.article in ("my", "the") or frame.lemma == "order":
        raise Reject
    action = s.action(frame)
    name = s.pick(("past", "past", "future"))
    subject = s.subject(action, first=0.5)
    setting = s.setting(action, name, time=0.4, place=0)
    go = VerbForms("go", "went", "gone", "going")
    if name == "future":
        text = english.clause(subject.english, subject.person, go, place.to, "future")
    else:
        text = f"{subject.english} went {place.to}"
    doing = owned(spaced("to", action.forms.base, action.rest), subject)
    went = honorific(Stem("가")) if subject.is_elder else Stem("가")
    korean = spaced(
        topic(subject),
        setting.korean,
        korean_predicate(action, subject, "purpose", is_plain=True),
        with_particle(place.korean, "에"),
        attach(went, name),
    )
    return Pair(
        sentence(spaced(text, doing, setting.english)),
        korean + ".",
        frame.topic,
        ("purpose", name, "statement"),
        action.combos + verb_with("go", place, "가"),
    )


def relative(s: Sampler) -> Pair:
    """The book I read yesterday was interesting."""
    frame = s.frame("d", ["eat", "drink", "buy", "read", "watch", "order", "make", "cook", "try"])
    action = s.action(frame, "the")
    noun = action.object
    if not isinstance(noun, Noun):
        raise Reject
    adjective = s.adjective(noun, "p")
    if adjective.kind in ("past", "verb") or adjective.english in ("dirty", "fresh", "clean"):
        raise Reject
    subject = s.subject(action, first=0.6, elders=True)
    time = s.time(frame, "past") if s.chance(0.6) else None
    is_past = frame.lemma != "buy"
    head = noun.phrase("the")
    verb = action.forms.past
    text = spaced(head, subject.english, verb, time.english if time else "")
    plural = "3p" if noun.is_plural else "3s"
    english_text = be_clause(text, plural, adjective.english, past=is_past)
    verbal = action.verbal(subject.is_elder)
    person = topic(subject, "이") or "제가"
    korean = spaced(
        time.korean if time else "",
        person,
        past_modifier(verbal.stem),
        with_particle(noun.korean, "은"),
        predicate(adjective, is_past=is_past),
    )
    return Pair(
        sentence(english_text),
        korean + ".",
        frame.topic,
        ("relative clause", "past", "statement"),
        action.combos + combos(adjective, noun),
    )


PATTERNS = {
    "while_doing": (3.0, while_doing),
    "both": (10.0, both),
    "ate_and_drank": (2.0, ate_and_drank),
    "before_after": (3.5, before_after),
    "purpose": (9.0, purpose),
    "relative": (4.0, relative),
}
