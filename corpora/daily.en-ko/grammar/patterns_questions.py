"""Patterns of wh-questions: what, where, when, who, whom with, why, how often."""

from __future__ import annotations

from dataclasses import replace

from actions import (
    NO_SETTING,
    Reject,
    Setting,
    english_clause,
    korean_clause,
    korean_predicate,
    make_action,
    topic,
)
from english import sentence, spaced
from korean import with_particle
from lexicon import Frame, Noun
from patterns_actions import TENSES
from sampler import Pair, Sampler, can_share

WHAT = (
    "eat",
    "drink",
    "buy",
    "read",
    "watch",
    "study",
    "learn",
    "order",
    "listen to",
    "make",
    "cook",
    "draw",
    "borrow",
    "write",
)
NAMES = ("past", "past", "future", "want", "habit", "must")


def what(s: Sampler) -> Pair:
    """What did you eat last night? / What does your mother want to buy?"""
    name = s.pick(NAMES)
    mood, mode, times, phenomenon = TENSES[name]
    frame = s.frame(mood, WHAT)
    # One Korean verb for each English one, since the object does not tell: 뭘 만들었어요?
    frame = next(other for other in s.lexicon.frames if other.lemma == frame.lemma)
    action = s.action(frame)
    if "{을}" not in frame.korean:
        raise Reject
    tail = action.rest.replace(_phrase(action.object, frame.article), "").strip()
    open_action = replace(action, rest=tail, korean_object="뭘")
    subject = s.asked(open_action)
    times = ("habit",) if name == "habit" else times
    if name == "habit" and frame.lemma == "study":
        raise Reject
    often = 1.0 if name == "habit" else 0.7
    setting = s.setting(action, *times, time=often, place=0.35, company=0.1, subject=subject)
    text = "what " + english_clause(subject, open_action, mode, setting, question=True)
    korean = korean_clause(subject, open_action, mode, setting)
    return Pair(sentence(text, "?"), korean + "?", frame.topic, ("wh-question", phenomenon))


def _phrase(thing: object, article: str) -> str:
    if not isinstance(thing, Noun):
        raise Reject
    return thing.phrase(article)


def is_degree(frame: Frame) -> bool:
    """Whether the verb comes with how much or how early, which a question would be about."""
    return bool({"early", "late", "lot", "well"} & set(frame.english.split()))


def where(s: Sampler) -> Pair:
    """Where did you buy this hat? / Where do you usually exercise?"""
    name = s.pick(("past", "past", "future", "habit"))
    mood, mode, times, phenomenon = TENSES[name]
    frame = s.frame(mood)
    if not frame.where or (not frame.objects and (frame.scene == "home" or is_degree(frame))):
        raise Reject
    is_bought = frame.lemma == "buy" and frame.article == "a" and name == "past"
    action = s.action(frame, "this" if is_bought else "gen" if name == "habit" else "")
    subject = s.asked(action)
    time = s.time(frame, *times) if s.chance(0.6) and not is_bought else None
    if name == "habit":
        time = next(time for time in s.lexicon.times if time.english == "usually")
    setting = Setting(time=time)
    text = "where " + english_clause(subject, action, mode, setting, question=True)
    this = "이 " if is_bought else ""
    verb = korean_predicate(action, subject, mode)
    thing, _, done = (this + verb).rpartition(" ")
    order = (thing, "어디에서", done) if is_bought else ("어디에서", verb)
    korean = spaced(topic(subject), setting.korean, *order)
    return Pair(
        sentence(text, "?"),
        korean + "?",
        frame.topic,
        ("wh-question", "location", phenomenon),
        action.combos,
    )


def when(s: Sampler) -> Pair:
    """When are you going to visit your grandmother? / When did Minsu buy a car?"""
    name = s.pick(("past", "future", "future"))
    mood, mode, _, phenomenon = TENSES[name]
    frame = s.frame(mood)
    action = s.action(frame)
    is_food = frame.topic == "food" and bool(frame.objects)
    if is_degree(frame):
        raise Reject
    if frame.article == "my" or is_food or ("W" not in frame.when and name == "past"):
        raise Reject
    subject = s.asked(action)
    setting = s.setting(action, place=0.15)
    text = "when " + english_clause(subject, action, mode, setting, question=True)
    korean = spaced(topic(subject), "언제", setting.korean, korean_predicate(action, subject, mode))
    return Pair(
        sentence(text, "?"),
        korean + "?",
        frame.topic,
        ("wh-question", "time", phenomenon),
        action.combos,
    )


def who(s: Sampler) -> Pair:
    """Who cooked this soup? / Who wants to eat pizza?"""
    name = s.pick(("past", "past", "future", "want", "can"))
    mood, mode, times, phenomenon = TENSES[name]
    frame = s.frame(mood)
    if frame.article == "my" or "{my}" in frame.english or frame.article == "person":
        raise Reject
    made = frame.lemma in ("cook", "make", "buy", "write", "draw", "order")
    made = made and name == "past" and frame.article == "a"
    action = s.action(frame, "this" if made else "")
    anybody = replace(s.lexicon.people[0], english="who", person="3s")
    setting = s.setting(action, *times, time=0.4, place=0) if not made else NO_SETTING
    text = english_clause(anybody, action, mode, setting)
    korean_mode = mode
    predicate = korean_predicate(action, replace(anybody, korean="누구"), korean_mode)
    time = setting.korean
    korean = spaced(time, "누가", ("이 " if made else "") + predicate)
    return Pair(
        sentence(text, "?"), korean + "?", frame.topic, ("wh-question", phenomenon), action.combos
    )


def who_with(s: Sampler) -> Pair:
    """Who did you watch the movie with? / Who are you going to have dinner with?"""
    name = s.pick(("past", "past", "future", "want"))
    mood, mode, times, phenomenon = TENSES[name]
    frame = s.frame(mood)
    if not can_share(frame) or "{my}" in frame.english:
        raise Reject
    action = s.action(frame)
    subject = s.asked(action)
    time = s.time(frame, *times) if s.chance(0.4) else None
    text = "who " + english_clause(subject, action, mode, question=True)
    korean = spaced(
        topic(subject),
        time.korean if time else "",
        "누구와",
        korean_predicate(action, subject, mode),
    )
    return Pair(
        sentence(spaced(text, "with", time.english if time else ""), "?"),
        korean + "?",
        frame.topic,
        ("wh-question", phenomenon),
        action.combos,
    )


def who_met(s: Sampler) -> Pair:
    """Who did you meet yesterday? / Who are you going to help tomorrow?"""
    name = s.pick(("past", "future", "want"))
    mood, mode, times, phenomenon = TENSES[name]
    frame = s.frame(mood, ("meet", "help", "call", "talk with", "wait for"))
    particle = {
        "meet": "누구를",
        "help": "누구를",
        "call": "누구에게",
        "talk with": "누구와",
        "wait for": "누구를",
    }[frame.lemma]
    action = replace(
        make_action(frame),
        rest=frame.english.partition(" ")[2].replace("{}", "").strip(),
        korean_object=particle,
    )
    subject = s.asked(action)
    setting = s.setting(action, *times, time=0.8, place=0.2)
    text = "who " + english_clause(subject, action, mode, setting, question=True)
    return Pair(
        sentence(text, "?"),
        korean_clause(subject, action, mode, setting) + "?",
        frame.topic,
        ("wh-question", phenomenon),
    )


# What nobody asks why one did not do.
UNWANTED = (
    "miss",
    "lose",
    "forget",
    "fail the exam",
    "catch a cold",
    "make a mistake",
    "come late to class",
    "get angry",
    "fight with",
    "cry",
    "smoke",
)


def why(s: Sampler) -> Pair:
    """Why did you sell your car? / Why do you want to learn Korean? / Why didn't you ..."""
    name = s.pick(("past", "past", "want", "must", "future"))
    mood, mode, times, phenomenon = TENSES[name]
    frame = s.frame(mood)
    if name == "future" and (
        "W" not in frame.when or frame.topic in ("food", "hobbies", "family", "work")
    ):
        raise Reject
    if is_degree(frame):
        raise Reject
    action = s.action(frame)
    subject = s.asked(action)
    negative = name == "past" and s.chance(0.5)
    if negative and frame.lemma in UNWANTED:
        raise Reject
    if name == "past" and not negative and frame.topic in ("food", "home"):
        raise Reject
    time = s.time(frame, *times) if s.chance(0.35) and name in ("past", "future") else None
    setting = Setting(time=time)
    text = "why " + english_clause(subject, action, mode, setting, question=True, negative=negative)
    predicate = korean_predicate(action, subject, mode, negation="안" if negative else "")
    korean = spaced(topic(subject), setting.korean, "왜", predicate)
    phenomena = ("wh-question", phenomenon, "negation") if negative else ("wh-question", phenomenon)
    return Pair(sentence(text, "?"), korean + "?", frame.topic, phenomena, action.combos)


def how_often(s: Sampler) -> Pair:
    """How often do you go to the gym?"""
    frame = s.frame("h")
    if frame.lemma in ("wear", "buy") or frame.article == "at" or is_degree(frame):
        raise Reject
    action = s.action(frame, "gen")
    subject = s.asked(action)
    text = "how often " + english_clause(subject, action, "present", question=True)
    korean = spaced(topic(subject), "얼마나 자주", korean_predicate(action, subject, "present"))
    return Pair(
        sentence(text, "?"), korean + "?", frame.topic, ("wh-question", "present"), action.combos
    )


def where_go(s: Sampler) -> Pair:
    """Where did you go yesterday? / Where does Minsu want to go this weekend?"""
    name = s.pick(("past", "future", "want"))
    _, mode, times, phenomenon = TENSES[name]
    frame = next(f for f in s.lexicon.frames if f.english == "go {}")
    action = replace(make_action(frame), rest="", korean_object="어디에")
    subject = s.asked(action)
    time = s.pick([t for t in s.lexicon.times if t.tense in times and t.tag != "H"])
    setting = Setting(time=time)
    if s.chance(0.3):
        setting = replace(setting, company=s.company(subject))
    text = "where " + english_clause(subject, action, mode, setting, question=True)
    return Pair(
        sentence(text, "?"),
        korean_clause(subject, action, mode, setting) + "?",
        "travel",
        ("wh-question", "location", phenomenon),
    )


def which(s: Sampler) -> Pair:
    """What kind of music do you like? / Which subject does Minsu hate?"""
    row, korean_row, frame_lemma = s.pick(
        (
            ("music", "음악", "like"),
            ("food", "음식", "like"),
            ("movies", "영화", "like"),
            ("books", "책", "like"),
            ("sports", "운동", "like"),
            ("fruit", "과일", "like"),
            ("animals", "동물", "like"),
            ("dramas", "드라마", "like"),
        )
    )
    subject = s.asked()
    does = "does" if subject.person == "3s" else "do"
    said = "좋아하세요" if subject.is_elder else "좋아해요"
    korean = spaced(topic(subject), "어떤", with_particle(korean_row, "을"), said)
    text = f"What kind of {row} {does} {subject.english} {frame_lemma}?"
    return Pair(text, korean + "?", "hobbies", ("wh-question", "present"))


PATTERNS = {
    "what": (4.0, what),
    "where": (3.0, where),
    "when": (3.0, when),
    "who": (2.5, who),
    "who_with": (2.0, who_with),
    "who_met": (1.0, who_met),
    "why": (3.0, why),
    "how_often": (1.5, how_often),
    "where_go": (1.5, where_go),
    "which": (0.6, which),
}
