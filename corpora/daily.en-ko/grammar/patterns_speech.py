"""Patterns of what one says to somebody: requests, suggestions, promises, advice."""

from __future__ import annotations

from actions import (
    NO_SETTING,
    Action,
    Reject,
    Setting,
    korean_clause,
    korean_predicate,
)
from english import sentence, spaced
from sampler import Pair, Sampler

ADVISED = ("health", "home", "study", "work", "travel")


def advice(s: Sampler) -> Pair:
    """You should see a doctor. / You shouldn't eat a lot."""
    action = s.action(s.frame("m"))
    if (
        action.frame.lemma == "find"
        or action.frame.topic not in ADVISED
        or action.frame.article in ("to", "name", "person")
        or "trip" in action.frame.lemma
    ):
        raise Reject
    setting = s.setting(action, "future", time=0.3, place=0.1)
    english, korean = _bare(s, action, "should", setting)
    return Pair(
        f"You should {english}.",
        korean + ".",
        action.frame.topic,
        ("statement", "advice", "present"),
        action.combos,
    )


def _bare(s: Sampler, action: Action, mode: str, setting: Setting = NO_SETTING) -> tuple[str, str]:
    """Return a verb phrase said to the hearer, and its Korean in the mode."""
    hearer = s.lexicon.persons("hearer")[0]
    english = spaced(action.forms.base, action.rest, setting.english).replace("{my}", "your")
    return english, spaced(setting.korean, korean_predicate(action, hearer, mode))


def _here(action: Action) -> str:
    """Return "here": the place of an action, or the spot where something comes to rest."""
    return "여기에" if action.frame.lemma in ("sit", "park") else "여기에서"


def request(s: Sampler) -> Pair:
    """Please open the window. / Could you wait at home?"""
    action = s.action(s.frame("r"))
    setting = s.setting(action, "future", time=0.25, place=0.1)
    polite = s.chance(0.4)
    english, korean = _bare(s, action, "could_you" if polite else "request", setting)
    english = f"Could you {english}?" if polite else f"Please {english}."
    return Pair(
        english, korean + ("?" if polite else "."), action.frame.topic, ("request",), action.combos
    )


def prohibition(s: Sampler) -> Pair:
    """Please don't smoke here. / You can't swim here."""
    action = s.action(s.frame("x"))
    here = "y" in action.frame.moods and s.chance(0.7)
    soft = s.chance(0.55)
    english, korean = _bare(s, action, "dont" if soft else "mustnt")
    korean = spaced(_here(action) if here else "", korean)
    english = f"{'Please do' if soft else 'You must'}n't {english}"
    english = english.replace("mustn't", "must not")
    return Pair(
        sentence(spaced(english, "here" if here else "")),
        korean + ".",
        action.frame.topic,
        ("prohibition", "negation"),
        action.combos,
    )


def suggestion(s: Sampler) -> Pair:
    """Let's go hiking on Saturday. / Shall we order pizza?"""
    action = s.action(s.frame("u"))
    setting = s.setting(action, "future", time=0.5, place=0.25)
    lead, mode, mark, korean_lead = s.pick(
        (
            ("let's", "lets", ".", "같이"),
            ("shall we", "shall", "?", ""),
            ("why don't we", "how_about", "?", "같이"),
            ("do you want to {} with me", "invite", "?", "같이"),
        )
    )
    action_english, _ = _bare(s, action, mode, setting)
    owner = "my" if action.frame.article == "person" else "our"
    action_english = action_english.replace("your", owner)
    if "{}" in lead and action.frame.lemma.endswith("with"):
        raise Reject
    if "{}" in lead:
        core = spaced(action.forms.base, action.rest).replace("{my}", "my")
        english = spaced(lead.replace("{}", core), setting.english)
    else:
        english = f"{lead} {action_english}"
    hearer = s.lexicon.persons("hearer")[0]
    korean = spaced(setting.korean, korean_lead, korean_predicate(action, hearer, mode))
    return Pair(
        sentence(english, mark), korean + mark, action.frame.topic, ("suggestion",), action.combos
    )


def permission(s: Sampler) -> Pair:
    """Can I try on this shirt? / You can sit here."""
    action = s.action(s.frame("o"))
    here = "y" in action.frame.moods and s.chance(0.6)
    hearer = s.lexicon.persons("hearer")[0]
    core = spaced(action.forms.base, action.rest, "here" if here else "").replace("{my}", "my")
    korean = spaced(_here(action) if here else "", korean_predicate(action, hearer, "may"))
    if here and s.chance(0.4):
        core = core.replace("my ", "your ")
        return Pair(
            f"You can {core}.", korean + ".", action.frame.topic, ("permission",), action.combos
        )
    return Pair(
        f"Can I {core}?",
        korean + "?",
        action.frame.topic,
        ("permission", "yes-no question"),
        action.combos,
    )


def promise(s: Sampler) -> Pair:
    """I'll close the door. / I'll call Minsu tomorrow."""
    action = s.action(s.frame("k"))
    subject = s.lexicon.people[0]
    setting = s.setting(action, "future", time=0.45, place=0.1)
    if setting.time and setting.time.tag == "W":
        raise Reject
    rest = spaced(action.forms.base, action.rest, setting.english).replace("{my}", "my")
    korean = korean_clause(subject, action, "promise", setting)
    return Pair(
        f"I'll {rest}.", korean + ".", action.frame.topic, ("statement", "future"), action.combos
    )


PATTERNS = {
    "request": (2.5, request),
    "prohibition": (1.0, prohibition),
    "suggestion": (5.0, suggestion),
    "permission": (1.5, permission),
    "promise": (2.5, promise),
    "advice": (2.0, advice),
}
