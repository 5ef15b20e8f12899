"""Patterns of one clause about what people do: tense, negation, questions, ability, liking."""

from __future__ import annotations

from actions import (
    NO_SETTING,
    Action,
    Reject,
    Setting,
    english_clause,
    korean_clause,
    korean_predicate,
    owned,
    topic,
)
from english import sentence, spaced
from lexicon import Person
from sampler import Pair, Sampler

TENSES = {
    "habit": ("h", "present", ("habit", "frequency"), "present"),
    "past": ("d", "past", ("past",), "past"),
    "future": ("f", "future", ("future",), "future"),
    "want": ("w", "want", ("future",), "desire"),
    "can": ("c", "can", ("future",), "ability"),
    "must": ("m", "must", ("future",), "obligation"),
}


# Korean mode of a denied English one, where it is not the same mode with 안.
DENIED = {"can": "cannot", "must": "may", "could": "past"}


# Habits without an object of which one says that one does not have them.
DENIED_HABITS = (
    "smoke",
    "drive",
    "exercise",
    "swim",
    "watch TV",
    "play computer games",
    "cook",
    "work",
    "eat out",
)


def clause(
    s: Sampler,
    subject: Person,
    action: Action,
    mode: str,
    setting: Setting = NO_SETTING,
    *,
    negative: bool = False,
    question: bool = False,
) -> tuple[str, str]:
    """Return one finished sentence in both languages."""
    mark = "?" if question else "."
    english = english_clause(subject, action, mode, setting, negative=negative, question=question)
    korean_mode = DENIED.get(mode, mode) if negative else mode
    negation = "" if not negative or mode == "can" else "안"
    korean = korean_clause(subject, action, korean_mode, setting, negation=negation)
    return sentence(english, mark), korean + mark


def simple(s: Sampler, name: str) -> Pair:
    """I drink tea every day. / Did Minsu buy a bag? / My mother doesn't want to cook."""
    mood, mode, times, phenomenon = TENSES[name]
    frame = s.frame(mood)
    action = s.action(frame, "gen" if name == "habit" else "")
    kind = s.weighted(("statement", "negation", "yes-no question"), (0.55, 0.2, 0.25))
    is_odd = frame.lemma == "sleep" or (kind == "statement" and frame.article == "my")
    if name == "can" and is_odd:
        raise Reject
    is_question = kind == "yes-no question"
    subject = s.asked(action) if is_question else s.subject(action)
    is_chore = not frame.objects and frame.english not in DENIED_HABITS
    if (
        name == "habit"
        and kind == "negation"
        and (frame.article in ("to", "person") or is_chore or "{my}" in frame.english)
    ):
        raise Reject
    needs_time = name == "habit" and (not frame.objects or frame.article in ("to", "person", "the"))
    if frame.lemma in ("forget", "sleep well") and kind == "negation":
        raise Reject
    often = 1.0 if needs_time else 0.65
    setting = s.setting(action, *times, time=often, place=0.3, company=0.15, subject=subject)
    if (
        setting.adverb in ("always", "usually")
        and not frame.objects
        and (frame.scene in ("leisure", "out"))
    ):
        raise Reject
    if kind == "negation" and name == "habit":
        setting = NO_SETTING
    if is_question and name == "habit" and not setting.time:
        setting = s.setting(action, place=0.4)
    if setting.adverb and (frame.article == "to" or frame.lemma == "go to work"):
        raise Reject
    if name == "can" and "s" in frame.moods and setting == NO_SETTING:
        raise Reject  # Without time and place it is a skill, which Korean says in another way.
    english, korean = clause(
        s, subject, action, mode, setting, negative=kind == "negation", question=is_question
    )
    phenomena: tuple[str, ...]
    phenomena = (kind, phenomenon) if kind != "negation" else ("statement", kind, phenomenon)
    if phenomenon not in ("past", "future"):
        phenomena += ("present",) if "present" not in phenomena else ()
    return Pair(english, korean, frame.topic, phenomena, action.combos)


def habit(s: Sampler) -> Pair:
    """I often play tennis in the park."""
    return simple(s, "habit")


def past(s: Sampler) -> Pair:
    """Minsu watched a movie last night."""
    return simple(s, "past")


def future(s: Sampler) -> Pair:
    """I'm going to meet my friend tomorrow."""
    return simple(s, "future")


def want(s: Sampler) -> Pair:
    """Do you want to eat pizza tonight?"""
    return simple(s, "want")


def can(s: Sampler) -> Pair:
    """I can't go to school tomorrow."""
    return simple(s, "can")


def must(s: Sampler) -> Pair:
    """You don't have to wear a uniform."""
    return simple(s, "must")


def couldnt(s: Sampler) -> Pair:
    """I couldn't finish my homework last night."""
    action = s.action(s.frame("c"))
    subject = s.subject(action)
    setting = s.setting(action, "past", place=0.2)
    english = english_clause(subject, action, "could", setting, negative=True)
    korean = korean_clause(subject, action, "past", setting, negation="못")
    return Pair(
        sentence(english),
        korean + ".",
        action.frame.topic,
        ("statement", "negation", "ability", "past"),
        action.combos,
    )


def progressive(s: Sampler) -> Pair:
    """My father is cooking ramen now."""
    action = s.action(s.frame("g"))
    question = s.chance(0.3)
    subject = s.asked(action) if question else s.subject(action)
    setting = s.setting(action, "now", time=0.5, place=0.35, company=0.1, subject=subject)
    english, korean = clause(s, subject, action, "progressive", setting, question=question)
    kind = "yes-no question" if question else "statement"
    return Pair(
        english, korean, action.frame.topic, (kind, "progressive", "present"), action.combos
    )


def skill(s: Sampler) -> Pair:
    """Can you play the piano?"""
    action = s.action(s.frame("s"), "gen")
    kind = s.weighted(("statement", "negation", "yes-no question"), (0.4, 0.3, 0.3))
    question = kind == "yes-no question"
    subject = s.asked(action) if question else s.subject(action)
    english = english_clause(subject, action, "can", negative=kind == "negation", question=question)
    korean = korean_clause(subject, action, "no_skill" if kind == "negation" else "skill")
    mark = "?" if question else "."
    phenomena = ("statement", kind) if kind == "negation" else (kind,)
    return Pair(
        sentence(english, mark),
        korean + mark,
        action.frame.topic,
        (*phenomena, "ability", "present"),
        action.combos,
    )


def experience(s: Sampler) -> Pair:
    """Have you ever ridden a horse? / I've never visited Spain."""
    action = s.action(s.frame("e"))
    question = s.chance(0.45)
    subject = s.asked(action, hearer=0.8) if question else s.subject(action, elders=False, we=False)
    setting = s.setting(action, time=0, place=0.3)
    rest = spaced(action.forms.participle, action.rest, setting.english)
    rest = owned(rest, subject)
    has = "has" if subject.person == "3s" else "have"
    if question:
        english = f"{has} {subject.english} ever {rest}"
    else:
        head = "I've" if subject.english == "I" else f"{subject.english} {has}"
        english = f"{head} never {rest}"
    korean = korean_clause(subject, action, "tried" if question else "never", setting)
    mark = "?" if question else "."
    kind = ("yes-no question",) if question else ("statement", "negation")
    return Pair(
        sentence(english, mark),
        korean + mark,
        action.frame.topic,
        (*kind, "experience", "past"),
        action.combos,
    )


def liking(s: Sampler) -> Pair:
    """I like reading novels. / My hobby is swimming."""
    action = s.action(s.frame("l"), "gen")
    setting = s.setting(action, place=0.25, company=0.15)
    kind = s.weighted(("statement", "question", "hobby"), (0.6, 0.25, 0.15))
    subject = s.asked(action) if kind == "question" else s.subject(action)
    doing = spaced(action.forms.ing, action.rest, setting.english)
    doing = owned(doing, subject)
    if kind == "hobby" and setting == NO_SETTING and subject.english == "I":
        korean = "제 취미는 " + korean_predicate(action, subject, "hobby")
        return Pair(
            f"My hobby is {doing}.",
            korean + ".",
            "hobbies",
            ("statement", "present"),
            action.combos,
        )
    likes = "likes" if subject.person == "3s" else "like"
    does = "does" if subject.person == "3s" else "do"
    like = "좋아하세요" if subject.is_elder else "좋아해요"
    is_plain = not action.frame.honorific
    predicate = korean_predicate(action, subject, "like_to", is_plain=is_plain)
    korean = spaced(topic(subject), setting.korean, predicate + like)
    if kind == "question":
        english = sentence(f"{does} {subject.english} like {doing}", "?")
        return Pair(
            english, korean + "?", action.frame.topic, ("yes-no question", "present"), action.combos
        )
    return Pair(
        sentence(f"{subject.english} {likes} {doing}"),
        korean + ".",
        action.frame.topic,
        ("statement", "present"),
        action.combos,
    )


def plan(s: Sampler) -> Pair:
    """Minsu is planning to learn French this winter."""
    action = s.action(s.frame("f"))
    if "w" not in action.frame.moods:
        raise Reject
    subject = s.subject(action, first=0.5, elders=False)
    setting = s.setting(action, "future", time=0.7, place=0.2, company=0.2, subject=subject)
    be = "'m" if subject.english == "I" else "'re" if subject.english == "we" else " is"
    rest = spaced(action.forms.base, action.rest, setting.english)
    rest = owned(rest, subject)
    korean = korean_clause(subject, action, "plan", setting)
    return Pair(
        sentence(f"{subject.english}{be} planning to {rest}"),
        korean + ".",
        action.frame.topic,
        ("statement", "future"),
        action.combos,
    )


PATTERNS = {
    "habit": (7.0, habit),
    "past": (10.0, past),
    "future": (6.0, future),
    "want": (6.0, want),
    "can": (4.0, can),
    "must": (5.0, must),
    "couldnt": (2.0, couldnt),
    "progressive": (6.0, progressive),
    "skill": (1.2, skill),
    "experience": (2.0, experience),
    "liking": (3.0, liking),
    "plan": (2.5, plan),
}
