"""Seeded choices from the lexicon: which verb, object, subject, time and place.

All randomness of the corpus passes through `Sampler.pick` and `Sampler.chance`,
which use nothing but `random.Random.random`: the same on every platform.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TypeVar

from actions import NO_SETTING, Action, Combo, Reject, Setting, make_action
from lexicon import Adjective, Frame, Lexicon, Noun, Person, Time, load

Item = TypeVar("Item")

# Time tags that a frame's `when` letters allow.
TAGS = {"P": "PK", "D": "PH", "M": "M", "E": "EA", "W": "W", "Y": "Y", "H": "H"}


@dataclass(frozen=True)
class Pair:
    """One sentence in both languages, with the record of how it was made.

    Attributes:
        english: With capital letter and final mark.
        korean: With final mark.
        topic: What it is about.
        phenomena: Grammar that it shows.
        combos: Verb+noun and modifier+noun combinations in it.
        is_fixed: Whether it is a set phrase, kept out of the test sets.
    """

    english: str
    korean: str
    topic: str
    phenomena: tuple[str, ...]
    combos: tuple[Combo, ...] = ()
    is_fixed: bool = False


class Sampler:
    """Draws words that fit together."""

    def __init__(self, seed: int) -> None:
        """Start a reproducible stream of choices."""
        self._random = random.Random(seed)
        self.lexicon: Lexicon = load()
        self._described: dict[str, list[Adjective]] = {}
        self._choices: dict[tuple[str, tuple[str, ...], str], tuple[list[Frame], list[float]]] = {}

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items, each as likely.

        Raises:
            Reject: When there is none.
        """
        if not items:
            raise Reject
        return items[int(self._random.random() * len(items))]

    def chance(self, share: float) -> bool:
        """Return True in this share of the calls."""
        return self._random.random() < share

    def weighted(self, items: Sequence[Item], weights: Sequence[float]) -> Item:
        """Return one of the items, as likely as its weight says."""
        return self.among(items, tuple(accumulate(weights)))

    def among(self, items: Sequence[Item], running: Sequence[float]) -> Item:
        """Return one of the items, given the running sums of their weights."""
        return items[bisect(running, self._random.random() * running[-1])]

    def frame(self, mood: str, lemmas: Sequence[str] = (), scene: str = "") -> Frame:
        """Return a verb that can be used in this mood, perhaps one of a few."""
        key = (mood, tuple(lemmas), scene)
        if key not in self._choices:
            frames = [
                frame
                for frame in self.lexicon.frames
                if mood in frame.moods
                and (not lemmas or frame.lemma in lemmas)
                and (not scene or frame.scene == scene)
            ]
            weights = [1 + min(len(self.objects(frame)), 24) / 3 for frame in frames]
            self._choices[key] = (frames, list(accumulate(weights)))
        frames, running = self._choices[key]
        if not frames:
            raise Reject
        return self.among(frames, running)

    def objects(self, frame: Frame) -> Sequence[Noun | Person]:
        """Return everything that can be the object of a verb."""
        if frame.article == "person":
            return self.lexicon.persons(*frame.objects)
        return self.lexicon.things(*frame.objects) if frame.objects else []

    def action(self, frame: Frame, use: str = "") -> Action:
        """Choose the object of a verb; `use` overrides the article of "a" frames."""
        if not frame.objects:
            return make_action(frame)
        return make_action(
            frame, self.pick(self.objects(frame)), use=use if frame.article == "a" else ""
        )

    def subject(
        self,
        action: Action | None = None,
        *,
        first: float = 0.4,
        elders: bool = True,
        we: bool = True,
    ) -> Person:
        """Return who does it: "I" in the given share, else a third person or "we"."""
        people = self.lexicon.people
        if self.chance(first):
            return people[0]
        if we and self.chance(0.12) and (not action or shared(action)):
            return self.lexicon.persons("group")[0]
        fitting = [
            person
            for person in people
            if person.is_third
            and (elders or not person.is_elder)
            and (not action or suits(person, action))
        ]
        return self.pick(fitting)

    def asked(self, action: Action | None = None, *, hearer: float = 0.7) -> Person:
        """Return whom a question is about: "you", or a third person seen by the hearer."""
        if self.chance(hearer):
            return self.lexicon.persons("hearer")[0]
        person = self.subject(action, first=0, we=False)
        return replace(person, english=person.english.replace("my ", "your "))

    def time(self, frame: Frame, *tenses: str) -> Time:
        """Return a time that fits the verb."""
        return self.pick(self._times(frame, *tenses))

    def _times(self, frame: Frame, *tenses: str) -> list[Time]:
        tags = "".join(TAGS[letter] for letter in frame.when)
        return [time for time in self.lexicon.times if time.tense in tenses and time.tag in tags]

    def setting(
        self,
        action: Action,
        *tenses: str,
        time: float = 0.6,
        place: float = 0.3,
        company: float = 0.0,
        subject: Person | None = None,
    ) -> Setting:
        """Return time, place and company, each present in about the given share."""
        frame = action.frame
        chosen = NO_SETTING
        fitting = self._times(frame, *tenses)
        if fitting and self.chance(time):
            chosen = replace(chosen, time=self.pick(fitting))
        if frame.where and self.chance(place):
            chosen = replace(chosen, place=self.lexicon.place(self.pick(frame.where)))
        if can_share(frame) and self.chance(company):
            chosen = replace(chosen, company=self.company(subject))
        return chosen

    def company(self, subject: Person | None = None) -> Person:
        """Return somebody to do things with."""
        people = self.lexicon.persons("friend", "name", "counted")
        is_third = subject is not None and (subject.is_third or subject.person == "1p")
        return self.pick(
            [
                person
                for person in people
                if not same(person, subject)
                and not (is_third and is_private(person))
                and (subject is None or subject.possessive or "my " not in person.english)
            ]
        )

    def adjective(self, noun: Noun | Person, use: str, valence: str = "") -> Adjective:
        """Return an adjective that can describe the noun."""
        return self.pick(
            [
                adjective
                for adjective in self.lexicon.adjectives
                if use in adjective.uses
                and (not valence or adjective.valence == valence)
                and describes(adjective, noun)
            ]
        )

    def described(self, use: str) -> tuple[Adjective, Noun]:
        """Return an adjective and a thing that it can describe."""
        if use not in self._described:
            self._described[use] = [
                adjective
                for adjective in self.lexicon.adjectives
                if use in adjective.uses and self.lexicon.things(*adjective.classes)
            ]
        adjective = self.pick(self._described[use])
        return adjective, self.pick(self.lexicon.things(*adjective.classes))


def describes(adjective: Adjective, noun: Noun | Person) -> bool:
    """Whether the adjective makes sense of the noun."""
    return bool(noun.classes & set(adjective.classes)) or noun.english in adjective.classes


def can_share(frame: Frame) -> bool:
    """Whether people do this together with others."""
    return (
        "u" in frame.moods
        and frame.article != "person"
        and frame.scene in ("leisure", "meal", "out")
    )


def is_private(person: Person) -> bool:
    """Whether this is a partner or a child, whom few of the third persons have."""
    return bool(person.classes & {"romantic", "spouse", "child"})


def shared(action: Action) -> bool:
    """Whether "we" may do it: several people do not have one boyfriend."""
    is_own = isinstance(action.object, Person) and is_private(action.object)
    return action.frame.who != "I" and not is_own


def same(one: Person, other: Person | None) -> bool:
    """Whether two words are about the same person, however possessed."""
    return other is not None and one.korean == other.korean


def suits(person: Person, action: Action) -> bool:
    """Whether this third person would do such a thing."""
    who = action.frame.who
    if who == "I":
        return False
    if isinstance(action.object, Person):
        other = action.object
        if same(other, person) or is_private(other) or "kin" in person.classes:
            return False
        if not person.possessive:
            return False
    if action.object and {"feminine"} & action.object.classes and "male" in person.classes:
        return False
    if "{my}" in action.rest and not person.possessive:
        return False
    if who == "adult":
        return bool(person.classes & {"adult", "elder"}) and "old" not in person.classes
    if who == "young":
        return bool(person.classes & {"young", "child"})
    if action.frame.topic == "work":
        return bool(person.classes & {"adult"})
    return True
