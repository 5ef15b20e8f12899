"""Patterns with quantities: prices, counting, ages."""

from __future__ import annotations

from dataclasses import replace

from actions import (
    Reject,
    english_clause,
    korean_clause,
    korean_predicate,
    make_action,
    topic,
    verb_with,
)
from english import sentence, spaced
from korean import with_particle
from lexicon import Noun
from numerals import english_number, english_ordinal, native, sino
from sampler import Pair, Sampler

# Class of goods -> plausible prices in won: lowest, highest, step.
PRICES = {
    "fruit": (1000, 9000, 500),
    "vegetable": (1000, 6000, 500),
    "drink": (1500, 9000, 500),
    "dish": (5000, 20000, 1000),
    "snack": (1000, 9000, 500),
    "clothing": (15000, 95000, 5000),
    "footwear": (10000, 95000, 5000),
    "headwear": (10000, 50000, 5000),
    "handwear": (10000, 60000, 5000),
    "goods": (10000, 90000, 5000),
    "stationery": (500, 5000, 500),
    "bookshop": (8000, 25000, 1000),
    "tableware": (3000, 20000, 1000),
    "electronic": (100000, 950000, 50000),
    "furniture": (50000, 450000, 50000),
}


def _amount(s: Sampler, low: int, high: int, step: int) -> int:
    return s.pick(range(low, high + step, step))


def price(s: Sampler) -> Pair:
    """How much is this bag? / This bag is fifty thousand won."""
    group = s.pick(tuple(PRICES))
    noun = s.pick([noun for noun in s.lexicon.things(group) if noun.english != "rice"])
    be = "are" if noun.is_plural else "is"
    this, won = noun.phrase("this"), _amount(s, *PRICES[group])
    subject = f"이 {with_particle(noun.korean, '은')}"
    kind = s.pick(("ask", "is", "is", "bought"))
    if kind == "ask":
        return Pair(
            f"How much {be} {this}?",
            f"{subject} 얼마예요?",
            "shopping",
            ("wh-question", "price", "present"),
        )
    amount = f"{english_number(won)} won"
    if kind == "bought":
        subject_person = s.subject(first=0.6)
        who = subject_person.english
        bought = "사셨어요" if subject_person.is_elder else "샀어요"
        return Pair(
            sentence(f"{who} bought {this} for {amount}"),
            spaced(
                topic(subject_person),
                f"이 {with_particle(noun.korean, '을')}",
                f"{sino(won)} 원에 {bought}.",
            ),
            "shopping",
            ("statement", "price", "past", "quantity"),
            verb_with("buy", noun, "사"),
        )
    return Pair(
        sentence(f"{this} {be} {amount}"),
        f"{subject} {sino(won)} 원이에요.",
        "shopping",
        ("statement", "price", "present", "quantity"),
    )


def counted(noun: Noun, number: int) -> tuple[str, str]:
    """Return how many of a thing, in English and as Korean says it after the noun."""
    korean = f"{native(number)} {noun.counter}"
    if noun.counter == "잔":
        cups = "cup" if "hotdrink" in noun.classes or noun.english == "coffee" else "glass"
        cups = cups if number == 1 else {"cup": "cups", "glass": "glasses"}[cups]
        return f"{english_number(number)} {cups} of {noun.english}", korean
    name = noun.english if number == 1 else noun.plural
    return f"{english_number(number)} {name}", korean


def _countable(s: Sampler, *classes: str) -> Noun:
    return s.pick(
        [
            noun
            for noun in s.lexicon.things(*classes)
            if noun.counter
            and noun.kind in ("c", "m")
            and (noun.kind == "c" or noun.counter == "잔")
        ]
    )


def ordering(s: Sampler) -> Pair:
    """Two cups of coffee, please. / Can I have three apples?"""
    noun = _countable(s, "order-drink", "fruit", "lightmeal", "tea", "ticket")
    number = s.pick(range(1, 8))
    text, korean = counted(noun, number)
    if s.chance(0.5):
        return Pair(
            sentence(f"{text}, please"),
            f"{noun.korean} {korean} 주세요.",
            noun.topic,
            ("request", "quantity"),
        )
    bought = "사" if noun.classes & {"ticket", "fruit"} else "주문하"
    return Pair(
        f"I'd like {text}.",
        f"{with_particle(noun.korean, '을')} {korean} {bought}고 싶어요.",
        noun.topic,
        ("statement", "desire", "quantity"),
        verb_with("would like", noun, bought),
    )


def counting_action(s: Sampler) -> Pair:
    """I bought three books yesterday. / Minsu drank two cups of coffee."""
    frame = s.frame("d", ["buy", "drink", "eat", "read", "borrow", "order", "take", "write"])
    noun = s.action(frame).object
    if not isinstance(noun, Noun) or not noun.counter or noun.kind not in ("c", "m"):
        raise Reject
    if (noun.kind == "m" and noun.counter != "잔") or "vehicle" in noun.classes:
        raise Reject
    if frame.lemma == "read" and noun.english == "textbook":
        raise Reject
    if {"test", "electronic", "furniture"} & noun.classes or frame.lemma == "keep":
        raise Reject
    few = bool(noun.classes & {"clothing", "headwear", "handwear", "goods"})
    text, korean = counted(noun, s.pick(range(2, 4 if few else 6 if frame.lemma != "buy" else 10)))
    base = make_action(frame, noun)
    action = replace(base, rest=text, korean_object=f"{base.korean_object} {korean}")
    mode = s.pick(("past", "past", "want", "future"))
    if (mode == "want" and "w" not in frame.moods) or (mode == "future" and "f" not in frame.moods):
        raise Reject
    subject = s.subject(action)
    tense = "past" if mode == "past" else "future"
    setting = s.setting(action, tense, time=0.5, place=0.1)
    english = english_clause(subject, action, mode, setting)
    phenomena = ("statement", "quantity", "desire" if mode == "want" else mode)
    return Pair(
        sentence(english),
        korean_clause(subject, action, mode, setting) + ".",
        frame.topic,
        phenomena,
        action.combos,
    )


def how_many(s: Sampler) -> Pair:
    """How many books did you buy? / How many cats do you have?"""
    if s.chance(0.3):
        noun = _countable(s, "pet", "stationery", "text", "headwear", "bag", "key", "umbrella")
        return Pair(
            f"How many {noun.plural} do you have?",
            f"{with_particle(noun.korean, '이')} 몇 {noun.counter} 있어요?",
            noun.topic,
            ("wh-question", "quantity", "possession", "present"),
            verb_with("have", noun, "있"),
        )
    frame = s.frame("d", ["buy", "read", "borrow", "eat", "drink"])
    noun = s.pick([thing for thing in s.objects(frame) if isinstance(thing, Noun)])
    if not noun.counter or (noun.kind, noun.counter) == ("m", "개"):
        raise Reject
    if noun.kind == "p" or {"furniture", "electronic"} & noun.classes:
        raise Reject
    action = make_action(frame, noun)
    subject = s.asked(action)
    things = counted(noun, 2)[0].removeprefix("two ")
    ed = "드셨어요" if subject.is_elder and frame.honorific else ""
    verb = ed or korean_predicate(action, subject, "past").split(" ")[-1]
    korean = spaced(topic(subject), with_particle(noun.korean, "을"), f"몇 {noun.counter}", verb)
    return Pair(
        f"How many {things} did {subject.english} {frame.lemma}?",
        korean + "?",
        frame.topic,
        ("wh-question", "quantity", "past"),
        action.combos,
    )


def siblings(s: Sampler) -> Pair:
    """I have two younger brothers. / Minsu has one son."""
    person = s.pick([p for p in s.lexicon.persons("counted") if "kin" in p.classes])
    owner = s.subject(first=0.35, we=False)
    count = s.pick(range(1, 5))
    if "kin" in owner.classes or owner.is_elder or owner.korean == person.korean:
        raise Reject
    name = person.english.removeprefix("my ") + ("s" if count > 1 else "")
    have = "have" if owner.english == "I" else "has"
    who = with_particle(person.korean, "이")
    return Pair(
        sentence(f"{owner.english} {have} {english_number(count)} {name}"),
        spaced(topic(owner), who, f"{native(count)} 명", "있어요."),
        "family",
        ("statement", "quantity", "possession", "present"),
    )


def people_there(s: Sampler) -> Pair:
    """There are five people at the library."""
    number = s.pick(range(2, 11))
    places = s.lexicon.things("room", "inside", "town", "outdoor")
    place = s.pick([place for place in places if place.at])
    if "room" in place.classes and number > 5:
        raise Reject
    return Pair(
        f"There are {english_number(number)} people {place.at}.",
        f"{place.korean}에 사람이 {native(number)} 명 있어요.",
        "home",
        ("statement", "quantity", "location", "present"),
    )


HABITATS = (
    ("wild", "at the zoo", "동물원"),
    ("farm", "on the farm", "농장"),
    ("horse", "on the farm", "농장"),
    ("animal", "in the garden", "정원"),
)


def there_are(s: Sampler) -> Pair:
    """There are three chairs in the room. / There are two cows on the farm."""
    number = s.pick(range(2, 11))
    if s.chance(0.5):
        noun = s.pick(s.lexicon.things("animal"))
        _, at, korean_at = next(habitat for habitat in HABITATS if habitat[0] in noun.classes)
    else:
        noun = _countable(s, "chair", "desk", "text", "stationery", "computer", "printer", "fan")
        at, korean_at = s.pick(
            (("in the room", "방"), ("in the classroom", "교실"), ("in the office", "사무실"))
        )
    return Pair(
        f"There are {english_number(number)} {noun.plural} {at}.",
        f"{korean_at}에 {with_particle(noun.korean, '이')} {native(number)} {noun.counter} 있어요.",
        "home",
        ("statement", "quantity", "location", "present"),
    )


def age(s: Sampler) -> Pair:
    """My son is five years old. / How old is your daughter?"""
    person = s.subject(first=0.08, elders=False, we=False)
    low, high = (
        (1, 16)
        if "child" in person.classes
        else (15, 35)
        if "young" in person.classes and "kin" in person.classes
        else (28, 56)
        if "kin" in person.classes
        else (19, 40)
    )
    subject = topic(person) or "저는"
    if s.chance(0.12) and person.is_third:
        name = person.english.replace("my ", "your ")
        return Pair(
            f"How old is {name}?",
            f"{subject} 몇 살이에요?",
            "family",
            ("wh-question", "quantity", "present"),
        )
    number = s.pick(range(low, high))
    be = "I'm" if person.english == "I" else f"{person.english} is"
    years = "year" if number == 1 else "years"
    return Pair(
        sentence(f"{be} {english_number(number)} {years} old"),
        f"{subject} {native(number)} 살이에요.",
        "family",
        ("statement", "quantity", "present"),
    )


def floor(s: Sampler) -> Pair:
    """The restroom is on the third floor."""
    place = s.pick(s.lexicon.things("facility", "inside", "eat", "shop", "tasty"))
    if place.english in ("elevator", "market", "shopping mall", "department store"):
        raise Reject
    number = s.pick(range(1, 10))
    question = s.chance(0.25)
    if question:
        return Pair(
            f"Is the {place.english} on the {english_ordinal(number)} floor?",
            f"{with_particle(place.korean, '은')} {sino(number)} 층에 있어요?",
            "shopping",
            ("yes-no question", "location", "quantity", "present"),
        )
    return Pair(
        f"The {place.english} is on the {english_ordinal(number)} floor.",
        f"{with_particle(place.korean, '은')} {sino(number)} 층에 있어요.",
        "shopping",
        ("statement", "location", "quantity", "present"),
    )


PATTERNS = {
    "floor": (1.5, floor),
    "price": (6.0, price),
    "ordering": (2.5, ordering),
    "counting_action": (5.0, counting_action),
    "how_many": (1.5, how_many),
    "there_are": (1.8, there_are),
    "people_there": (0.9, people_there),
    "siblings": (0.9, siblings),
    "age": (2.0, age),
}
