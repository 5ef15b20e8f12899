"""Patterns of meeting and parting: hello, thanks, see you, how somebody is."""

from __future__ import annotations

from actions import topic
from english import sentence, spaced
from sampler import Pair, Sampler

# What one says to somebody whose name one knows.
TO_SOMEBODY = (
    ("Hello, {}.", "안녕하세요, {}."),
    ("Good morning, {}.", "좋은 아침이에요, {}."),
    ("Good night, {}.", "안녕히 주무세요, {}."),
    ("Goodbye, {}.", "안녕히 가세요, {}."),
    ("Nice to meet you, {}.", "만나서 반가워요, {}."),
    ("Long time no see, {}.", "오랜만이에요, {}."),
    ("Thank you, {}.", "고마워요, {}."),
    ("I'm sorry, {}.", "미안해요, {}."),
    ("Congratulations, {}.", "축하해요, {}."),
    ("Happy birthday, {}.", "생일 축하해요, {}."),
    ("Welcome, {}.", "어서 오세요, {}."),
    ("Take care, {}.", "조심히 가세요, {}."),
    ("Have a nice weekend, {}.", "주말 잘 보내세요, {}."),
)


def greeting(s: Sampler) -> Pair:
    """Hello, Minsu. / Thank you, Anna."""
    english, korean = s.pick(TO_SOMEBODY)
    person = s.pick(s.lexicon.persons("name"))
    return Pair(
        english.format(person.english), korean.format(person.korean), "greetings", ("greeting",)
    )


def see_you(s: Sampler) -> Pair:
    """See you on Monday. / See you at the cafe tomorrow."""
    time = s.pick([t for t in s.lexicon.times if t.tense == "future" and t.tag in "PMEAW"])
    place = s.pick(s.lexicon.things("eat", "transit", "learn", "fun")) if s.chance(0.5) else None
    return Pair(
        spaced("See you", place.at if place else "", time.english) + ".",
        spaced(time.korean, f"{place.korean}에서" if place else "", "봐요") + ".",
        "greetings",
        ("greeting", "future"),
    )


def how_is(s: Sampler) -> Pair:
    """How is your mother? / Minsu is doing well. / Say hello to your father."""
    person = s.pick(s.lexicon.persons("kin", "friend", "name"))
    yours = person.english.replace("my ", "your ")
    fine = "잘 지내세요" if person.is_elder else "잘 지내요"
    be = "are" if person.person == "3p" else "is"
    to = "께" if person.is_elder else "에게"
    english, korean, kind = s.pick(
        (
            (f"how {be} {yours}?", f"{topic(person)} {fine}?", ("wh-question", "present")),
            (
                f"{person.english} {be} doing well.",
                f"{topic(person)} {fine}.",
                ("statement", "present"),
            ),
            (f"say hello to {yours}.", f"{person.korean}{to} 안부 전해 주세요.", ("request",)),
        )
    )
    return Pair(sentence(english, ""), korean, "greetings", ("greeting", *kind))


PATTERNS = {
    "greeting": (0.35, greeting),
    "see_you": (0.8, see_you),
    "how_is": (0.4, how_is),
}
