"""Patterns that compare and prefer: more than, the most, favorite, like better."""

from __future__ import annotations

from actions import Reject, english_clause, korean_clause, make_action, topic
from adjectives import combos, more, predicate
from english import be_clause, comparative, sentence, spaced, superlative
from korean import with_particle
from lexicon import Adjective, Noun, read_table
from patterns_things import verb_person
from sampler import Pair, Sampler


def _comparable(s: Sampler) -> tuple[Adjective, Noun, Noun]:
    adjective, one = s.described("c")
    shared = [
        thing
        for thing in s.lexicon.things(*adjective.classes)
        if "room" not in (one.english, thing.english)
        and one.english not in thing.english
        and thing.english not in one.english
        and thing.classes & one.classes & set(adjective.classes) - {"own"}
    ]
    return adjective, one, s.pick(shared)


def _said(noun: Noun) -> str:
    if noun.kind in ("z", "t"):
        return noun.phrase("the")
    if noun.classes & {
        "vehicle",
        "town",
        "building",
        "room",
        "sight",
        "outdoor",
        "facility",
        "nature",
        "inside",
    }:
        return noun.phrase("the")
    if noun.classes & {
        "fruit",
        "vegetable",
        "meat",
        "animal",
        "subject",
        "language",
        "dish",
        "snack",
        "subject-adult",
        "sweet",
        "city",
    }:
        return noun.phrase("gen")
    return ""


# From the small and weak to the big and strong; what is not here may be compared freely.
RANKS = ("phone", "monkey", "tiger", "bear", "elephant")
RANKED = {
    "big": 1,
    "strong": 1,
    "dangerous": 1,
    "heavy": 1,
    "small": -1,
    "light": -1,
}
SPEEDS = ("bus", "subway", "taxi", "car", "train", "plane")


def is_true(adjective: Adjective, one: Noun, two: Noun) -> bool:
    """Whether the comparison does not contradict what everybody knows."""
    order = SPEEDS if adjective.english in ("fast", "slow") else RANKS
    known = [order.index(noun.english) for noun in (one, two) if noun.english in order]
    if adjective.english in ("fast", "slow"):
        if "boat" in (one.english, two.english):
            return False
        far_apart = len(known) == 2 and max(known) >= 4
        return not far_apart or (known[0] > known[1]) == (adjective.english == "fast")
    direction = RANKED.get(adjective.english, 0)
    if not direction or not known:
        return True
    if "lion" in (one.english, two.english) or len(known) < 2:
        return False
    return (known[0] - known[1]) * direction > 0


def comparison(s: Sampler) -> Pair:
    """The subway is faster than the bus. / Are apples sweeter than pears?"""
    adjective, one, two = _comparable(s)
    left, right = _said(one) or one.phrase("this"), _said(two) or two.phrase("this")
    is_this = not _said(one)
    left_plural = (
        "3p" if " " not in left and left.endswith("s") and one.kind in "cp" else verb_person(one)
    )
    question = s.chance(0.25)
    if not is_true(adjective, one, two) and not question:
        raise Reject
    text = be_clause(
        left, left_plural, f"{comparative(adjective.english)} than {right}", question=question
    )
    korean = spaced(
        "이" if is_this else "",
        with_particle(one.korean, "은"),
        "이" if is_this else "",
        two.korean + "보다",
        more(predicate(adjective)),
    )
    mark = "?" if question else "."
    return Pair(
        sentence(text, mark),
        korean + mark,
        one.topic,
        ("comparison", "yes-no question" if question else "statement", "present"),
        combos(adjective, one) + combos(adjective, two),
    )


def which_more(s: Sampler) -> Pair:
    """Which is faster, the bus or the subway?"""
    adjective, one, two = _comparable(s)
    left, right = _said(one) or one.phrase("this"), _said(two) or two.phrase("this")
    this = "" if _said(one) else "이 "
    # Of places Korean asks 어디가 (where), of other things 어느 것이 (which one).
    which = "어디가" if one in s.lexicon.places else "어느 것이"
    text = f"Which is {comparative(adjective.english)}, {left} or {right}?"
    korean = f"{this}{with_particle(one.korean, '와')} {this}{two.korean} 중에서 {which} "
    return Pair(
        text,
        korean + more(predicate(adjective)) + "?",
        one.topic,
        ("comparison", "wh-question", "present"),
        combos(adjective, one) + combos(adjective, two),
    )


def person_comparison(s: Sampler) -> Pair:
    """Minsu is taller than Jiho."""
    adjective = s.pick(
        [
            a
            for a in s.lexicon.adjectives
            if set(a.classes) & {"name", "kin", "counted"} and "c" in a.uses
        ]
    )
    people = [p for p in s.lexicon.persons(*adjective.classes) if p.is_third]
    one, two = s.pick(people), s.pick(people)
    is_odd = "romantic" in one.classes and "romantic" in two.classes
    if is_odd or one == two or one.person == "3p" or two.person == "3p":
        raise Reject
    if "elder" in (one.classes ^ two.classes):
        raise Reject
    text = be_clause(
        one.english, one.person, f"{comparative(adjective.english)} than {two.english}"
    )
    said = more(predicate(adjective, is_elder=one.is_elder))
    return Pair(
        sentence(text),
        f"{topic(one)} {two.korean}보다 {said}.",
        "family",
        ("comparison", "statement", "present"),
        combos(adjective, one) + combos(adjective, two),
    )


def superlative_of(s: Sampler) -> Pair:
    """This bag is the cheapest in this store. / Minsu is the tallest in my class."""
    if s.chance(0.5):
        adjective, noun = s.described("c")
        if noun.topic != "shopping" or adjective.english in ("slow", "dangerous", "clean"):
            raise Reject
        text = be_clause(
            noun.phrase("this"), verb_person(noun), f"the {superlative(adjective.english)}"
        )
        said = more(predicate(adjective), "가장")
        korean = f"이 가게에서 이 {with_particle(noun.korean, '이')} {said}"
        return Pair(
            sentence(text + " in this store"),
            korean + ".",
            "shopping",
            ("comparison", "statement", "present"),
            combos(adjective, noun),
        )
    adjective = s.pick(
        [a for a in s.lexicon.adjectives if set(a.classes) & {"name", "counted"} and "c" in a.uses]
    )
    person = s.pick(
        [
            p
            for p in s.lexicon.persons(*adjective.classes)
            if p.is_third
            and p.person != "3p"
            and p.classes & {"kin", "name"}
            and "spouse" not in p.classes
        ]
    )
    group, korean_group = (
        ("in my family", "우리 가족 중에서")
        if "kin" in person.classes
        else ("in my class", "우리 반에서")
    )
    text = be_clause(person.english, person.person, f"the {superlative(adjective.english)}")
    said = more(predicate(adjective, is_elder=person.is_elder), "가장")
    return Pair(
        sentence(f"{text} {group}"),
        f"{korean_group} {topic(person, '이')} {said}.",
        "family",
        ("comparison", "statement", "present"),
        combos(adjective, person),
    )


def favorite(s: Sampler) -> Pair:
    """My favorite fruit is peaches. / What's your mother's favorite color?"""
    row = s.pick(read_table("favorites"))
    noun = s.pick(s.lexicon.things(*row["classes"].split()))
    owner = s.subject(first=0.35, we=False)
    if owner.person == "3p":
        raise Reject
    whose = "my" if owner.english == "I" else owner.english + "'s"
    liker = topic(owner, "이") or "제가"
    liking = "좋아하시는" if owner.is_elder else "좋아하는"
    kind = s.weighted(("is", "ask"), (0.85, 0.15))
    if kind == "ask":
        whose = "your" if owner.english == "I" else whose.replace("my ", "your ")
        korean = spaced(
            "" if owner.english == "I" else liker,
            "가장",
            liking,
            with_particle(row["korean"], "이"),
            "뭐예요?",
        )
        return Pair(
            f"What's {whose} favorite {row['english']}?",
            korean,
            "hobbies",
            ("wh-question", "present"),
        )
    korean = f"{liker} 가장 {liking} {with_particle(row['korean'], '은')} "
    return Pair(
        sentence(f"{whose} favorite {row['english']} is {_named(noun)}"),
        korean + with_particle(noun.korean, "이에요") + ".",
        "hobbies",
        ("statement", "present"),
    )


def _named(noun: Noun) -> str:
    return f"the {noun.english}" if "animal" in noun.classes else noun.phrase("gen")


def is_part(one: Noun, two: Noun) -> bool:
    """Whether one is a kind of the other, so that they cannot be compared: jazz, music."""
    return "music" in (one.english, two.english) and {"audio"} <= (one.classes & two.classes)


def preferring(s: Sampler) -> Pair:
    """I like coffee more than tea. / Which do you like more, coffee or tea?"""
    frame = s.frame("n", ["like"])
    group = s.pick(frame.objects)
    one, two = s.pick(s.lexicon.things(group)), s.pick(s.lexicon.things(group))
    if one == two or is_part(one, two):
        raise Reject
    record = make_action(frame, one).combos + make_action(frame, two).combos
    if s.chance(0.3):
        text = f"Which do you like more, {one.phrase('gen')} or {two.phrase('gen')}?"
        korean = f"{with_particle(one.korean, '와')} {two.korean} 중에서 뭘 더 좋아해요?"
        return Pair(text, korean, "hobbies", ("wh-question", "comparison", "present"), record)
    subject = s.subject(first=0.5, we=False)
    likes = "likes" if subject.person == "3s" else "like"
    text = f"{subject.english} {likes} {one.phrase('gen')} more than {two.phrase('gen')}"
    said = "좋아하세요" if subject.is_elder else "좋아해요"
    korean = spaced(
        topic(subject), two.korean + "보다", with_particle(one.korean, "을"), "더", said
    )
    return Pair(
        sentence(text), korean + ".", "hobbies", ("statement", "comparison", "present"), record
    )


def stative(s: Sampler) -> Pair:
    """I like coffee. / Does Minsu need a bag? / My mother doesn't like beer."""
    action = s.action(s.frame("n"))
    kind = s.weighted(("statement", "negation", "yes-no question"), (0.5, 0.25, 0.25))
    if action.frame.lemma == "hate" and kind == "negation":
        raise Reject
    question = kind == "yes-no question"
    subject = s.asked(action) if question else s.subject(action)
    text = english_clause(
        subject, action, "present", negative=kind == "negation", question=question
    )
    korean = korean_clause(subject, action, "present", negation="안" * (kind == "negation"))
    mark = "?" if question else "."
    extra = (kind,) if kind != "negation" else ("statement", kind)
    return Pair(
        sentence(text, mark), korean + mark, action.frame.topic, (*extra, "present"), action.combos
    )


PATTERNS = {
    "comparison": (4.0, comparison),
    "which_more": (1.5, which_more),
    "person_comparison": (2.0, person_comparison),
    "superlative": (2.5, superlative_of),
    "favorite": (2.5, favorite),
    "preferring": (2.5, preferring),
    "stative": (6.0, stative),
}
