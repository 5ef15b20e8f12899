"""Patterns about things: what they are like, and whose they are."""

from __future__ import annotations

from actions import Reject, english_clause, korean_clause, make_action, topic, verb_with
from adjectives import INTENSIFIERS, combos, modifier_of, more, predicate, stem_of
from english import VerbForms, be_clause, clause, sentence, spaced
from korean import Stem, honorific, modifier, present, with_particle
from lexicon import Adjective, Noun
from patterns_actions import TENSES
from sampler import Pair, Sampler


def verb_person(noun: Noun) -> str:
    """Return the grammatical person of a noun, for its verb."""
    return "3p" if noun.is_plural else "3s"


def fitting_degree(degree: str, adjective: Adjective) -> str:
    """Return the degree, or "really" where people would not say it: too delicious."""
    if degree in ("too", "a little") and (
        adjective.valence == "+" or adjective.english in ("strong", "dangerous")
    ):
        return "really"
    return "really" if degree == "very" and adjective.english == "delicious" else degree


def described(s: Sampler) -> Pair:
    """The soup is very hot. / Was this movie boring?"""
    adjective, noun = s.described("p")
    use = (
        "the"
        if noun.classes & {"town", "room", "building", "outdoor", "nature"}
        else s.pick(("this", "the"))
    )
    if noun.kind in ("z", "t"):
        use = "the"
    kind = s.weighted(("statement", "negation", "yes-no question"), (0.6, 0.2, 0.2))
    was = s.chance(0.35) and adjective.kind != "past" and adjective.english != "famous"
    degree = s.pick(tuple(INTENSIFIERS)) if kind == "statement" and s.chance(0.5) else ""
    degree = fitting_degree(degree, adjective)
    text = be_clause(
        noun.phrase(use),
        verb_person(noun),
        spaced(degree, adjective.english),
        past=was,
        negative=kind == "negation",
        question=kind == "yes-no question",
    )
    # Korean has one subject in 이 only: 영화가 재미있어요, but 영화는 인기가 많아요.
    has_own_subject = " " in adjective.korean
    particle = "은" if use == "this" or noun.kind == "z" or has_own_subject else "이"
    said = predicate(adjective, is_past=was, negative=kind == "negation")
    said = more(said, INTENSIFIERS[degree]) if degree else said
    korean = spaced("이" if use == "this" else "", with_particle(noun.korean, particle), said)
    mark = "?" if kind == "yes-no question" else "."
    extra = (kind,) if kind != "negation" else ("statement", kind)
    return Pair(
        sentence(text, mark),
        korean + mark,
        noun.topic,
        (*extra, "past" if was else "present"),
        combos(adjective, noun),
    )


def person_described(s: Sampler) -> Pair:
    """My brother is tall. / Is your teacher kind?"""
    adjective = s.pick(
        [a for a in s.lexicon.adjectives if set(a.classes) & {"name", "kin", "counted"}]
    )
    people = [p for p in s.lexicon.persons(*adjective.classes) if p.is_third]
    person = s.pick(people)
    kind = s.weighted(("statement", "negation", "yes-no question"), (0.6, 0.2, 0.2))
    question = kind == "yes-no question"
    degree = s.pick(("very", "really")) if kind == "statement" and s.chance(0.5) else ""
    name = person.english.replace("my ", "your ") if question else person.english
    text = be_clause(
        name,
        person.person,
        spaced(degree, adjective.english),
        negative=kind == "negation",
        question=question,
    )
    said = predicate(adjective, negative=kind == "negation", is_elder=person.is_elder)
    korean = spaced(topic(person), more(said, INTENSIFIERS[degree]) if degree else said)
    mark = "?" if question else "."
    extra = (kind,) if kind != "negation" else ("statement", kind)
    return Pair(
        sentence(text, mark),
        korean + mark,
        "family",
        (*extra, "present"),
        combos(adjective, person),
    )


MODIFIED = ("buy", "wear", "eat", "drink", "read", "watch", "need", "borrow")


def modified_object(s: Sampler) -> Pair:
    """I want to buy a red bag. / I watched an interesting movie yesterday."""
    mood, mode, times, phenomenon = TENSES[s.pick(("past", "past", "future", "want"))]
    frame = s.frame(mood, MODIFIED)
    noun = s.pick(s.objects(frame))
    if not isinstance(noun, Noun):
        raise Reject
    adjective = s.adjective(noun, "a")
    bad = {"dirty", "old", "boring", "heavy", "expensive", "bad", "light", "hot", "cold"}
    if (adjective.english in bad and mode != "past") or (
        frame.lemma == "buy" and adjective.english in ("dirty", "boring", "delicious", "hot")
    ):
        raise Reject
    if frame.lemma in ("wear", "eat", "drink") and adjective.english in ("cheap", "expensive"):
        raise Reject
    action = make_action(frame, noun, (adjective.english, modifier_of(adjective), adjective.korean))
    question = s.chance(0.2)
    subject = s.asked(action) if question else s.subject(action)
    setting = s.setting(action, *times, time=0.45, place=0.25)
    english = english_clause(subject, action, mode, setting, question=question)
    mark = "?" if question else "."
    kind = "yes-no question" if question else "statement"
    return Pair(
        sentence(english, mark),
        korean_clause(subject, action, mode, setting) + mark,
        frame.topic,
        (kind, phenomenon, "noun modifier"),
        action.combos,
    )


def shop_modified(s: Sampler) -> Pair:
    """Do you have black shoes? / I'm looking for a cheap bag."""
    nouns = s.lexicon.things(
        "clothing", "footwear", "headwear", "goods", "electronic", "tableware", "furniture"
    )
    noun = s.pick(nouns)
    adjective = s.adjective(noun, "a")
    if adjective.english in ("dirty", "heavy", "old", "expensive", "clean", "soft"):
        raise Reject
    form = modifier_of(adjective)
    record = combos(adjective, noun)
    kind = s.pick(("have", "look", "like", "price"))
    if kind == "have":
        use = "plural" if noun.kind == "c" else "a"
        return Pair(
            f"Do you have {noun.phrase(use, adjective.english)}?",
            f"{form} {with_particle(noun.korean, '이')} 있어요?",
            "shopping",
            ("yes-no question", "present", "noun modifier"),
            record,
        )
    if kind == "look":
        return Pair(
            f"I'm looking for {noun.phrase('a', adjective.english)}.",
            f"{form} {with_particle(noun.korean, '을')} 찾고 있어요.",
            "shopping",
            ("statement", "progressive", "noun modifier"),
            record,
        )
    if kind == "like":
        if adjective.english in ("small", "big", "light", "new", "nice", "cheap"):
            raise Reject
        return Pair(
            f"I like {noun.phrase('plural', adjective.english)}.",
            f"{form} {with_particle(noun.korean, '을')} 좋아해요.",
            "shopping",
            ("statement", "present", "noun modifier"),
            record,
        )
    be = "are" if noun.is_plural else "is"
    if adjective.english in ("cheap", "nice", "comfortable", "convenient"):
        raise Reject
    return Pair(
        f"How much {be} {noun.phrase('the', adjective.english)}?",
        f"{form} {with_particle(noun.korean, '은')} 얼마예요?",
        "shopping",
        ("wh-question", "price", "present", "noun modifier"),
        record,
    )


def seems(s: Sampler) -> Pair:
    """I think this soup is too salty."""
    adjective, noun = s.described("p")
    if adjective.kind in ("past", "verb") or noun.kind in ("z", "t"):
        raise Reject
    degree = (
        s.pick(("", "too", "very", "really")) if adjective.valence != "+" else s.pick(("", "very"))
    )
    degree = fitting_degree(degree, adjective)
    text = be_clause(noun.phrase("this"), verb_person(noun), spaced(degree, adjective.english))
    said = modifier(stem_of(adjective))
    said = more(said, INTENSIFIERS[degree]) if degree else said
    korean = spaced("이", with_particle(noun.korean, "은"), said, "것 같아요")
    return Pair(
        f"I think {text}.",
        korean + ".",
        noun.topic,
        ("statement", "present", "opinion"),
        combos(adjective, noun),
    )


def owning(s: Sampler) -> Pair:
    """I have a car. / Does Minsu have an umbrella?"""
    noun = s.pick(s.lexicon.things("own", "pet"))
    kind = s.weighted(("statement", "negation", "yes-no question"), (0.4, 0.25, 0.35))
    question = kind == "yes-no question"
    subject = s.asked() if question else s.subject(first=0.4, we=False)
    have = VerbForms("have", "had", "had", "having")
    text = clause(
        subject.english,
        subject.person,
        have,
        noun.phrase("a"),
        "present",
        negative=kind == "negation",
        question=question,
    )
    stem = Stem("없" if kind == "negation" else "있")
    said = present(honorific(stem), True) if subject.is_elder else present(stem)
    mark = "?" if question else "."
    extra = (kind,) if kind != "negation" else ("statement", kind)
    return Pair(
        sentence(text, mark),
        spaced(topic(subject), with_particle(noun.korean, "이"), said) + mark,
        noun.topic,
        (*extra, "possession", "present"),
        verb_with("have", noun, "있"),
    )


def belonging(s: Sampler) -> Pair:
    """This is my mother's bag. / This car is Minsu's. / Whose umbrella is this?"""
    noun = s.pick(s.lexicon.things("own", "whose", "clothing", "footwear"))
    if "colored" not in noun.classes and "whose" not in noun.classes:
        raise Reject
    owner = s.subject(first=0.15, we=False)
    if owner.person == "3p" or ("feminine" in noun.classes and "male" in owner.classes):
        raise Reject
    mine = owner.english == "I"
    whose = "my" if mine else owner.english + "'s"
    korean_owner = "제" if mine else owner.korean
    this, be = ("these", "are") if noun.is_plural else ("this", "is")
    name = noun.phrase("name")
    kind = s.pick(("is", "is", "question", "whose", "belongs"))
    if kind == "whose":
        return Pair(
            f"Whose {name} {be} {this}?",
            f"이 {with_particle(noun.korean, '은')} 누구 거예요?",
            "home",
            ("wh-question", "possession", "present"),
        )
    if kind == "belongs":
        own = "mine" if mine else owner.english + "'s"
        return Pair(
            f"{this.capitalize()} {name} {be} {own}.",
            f"이 {with_particle(noun.korean, '은')} {korean_owner} 거예요.",
            "home",
            ("statement", "possession", "present"),
        )
    thing = with_particle(noun.korean, "이에요")
    if kind == "question" and not mine:
        asked = whose.replace("my ", "your ")
        return Pair(
            f"{be.capitalize()} {this} {asked} {name}?",
            f"이게 {korean_owner} {thing}?",
            "home",
            ("yes-no question", "possession", "present"),
        )
    return Pair(
        f"{this.capitalize()} {be} {whose} {name}.",
        f"이건 {korean_owner} {thing}.",
        "home",
        ("statement", "possession", "present"),
    )


PATTERNS = {
    "described": (9.0, described),
    "person_described": (3.0, person_described),
    "modified_object": (5.0, modified_object),
    "shop_modified": (4.0, shop_modified),
    "seems": (2.0, seems),
    "owning": (3.0, owning),
    "belonging": (3.0, belonging),
}
