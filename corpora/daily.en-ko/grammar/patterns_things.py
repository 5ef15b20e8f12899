"""Patterns about things and places: what they are like, comparison, possession, location."""

from __future__ import annotations

from actions import english_clause, korean_clause, make_action, topic
from adjectives import INTENSIFIERS, combos, modifier_of, more, predicate, stem_of
from english import VerbForms, be_clause, clause, comparative, sentence, spaced, superlative
from korean import Stem, honorific, modifier, present, with_particle
from lexicon import Adjective, Noun, read_table
from patterns_actions import TENSES
from sampler import Pair, Reject, Sampler


def _be(noun: Noun) -> str:
    return "3p" if noun.is_plural else "3s"


def described(s: Sampler) -> Pair:
    """The soup is very hot. / Was this movie boring?"""
    adjective, noun = s.described("p")
    use = "the" if noun.classes & {"town", "room", "building", "outdoor", "nature"} else s.pick(("this", "the"))
    if noun.kind in ("z", "t"):
        use = "the"
    kind = s.weighted(("statement", "negation", "yes-no question"), (0.6, 0.2, 0.2))
    was = s.chance(0.35) and adjective.kind != "past"
    degree = s.pick(tuple(INTENSIFIERS)) if kind == "statement" and s.chance(0.5) else ""
    if degree in ("too", "a little") and adjective.valence == "+":
        degree = "really"
    text = be_clause(noun.phrase(use), _be(noun), spaced(degree, adjective.english), past=was,
                     negative=kind == "negation", question=kind == "yes-no question")
    particle = "은" if use == "this" or noun.kind == "z" else "이"
    said = predicate(adjective, is_past=was, negative=kind == "negation")
    korean = spaced("이" if use == "this" else "", with_particle(noun.korean, particle),
                    INTENSIFIERS.get(degree, ""), said)
    mark = "?" if kind == "yes-no question" else "."
    extra = (kind,) if kind != "negation" else ("statement", kind)
    return Pair(sentence(text, mark), korean + mark, noun.topic,
                (*extra, "past" if was else "present"), combos(adjective, noun))


def person_described(s: Sampler) -> Pair:
    """My brother is tall. / Is your teacher kind?"""
    adjective = s.pick([a for a in s.lexicon.adjectives if set(a.classes) & {"name", "kin", "counted"}])
    people = [p for p in s.lexicon.persons(*adjective.classes) if p.is_third]
    person = s.pick(people)
    kind = s.weighted(("statement", "negation", "yes-no question"), (0.6, 0.2, 0.2))
    question = kind == "yes-no question"
    degree = s.pick(("very", "really")) if kind == "statement" and s.chance(0.5) else ""
    name = person.english.replace("my ", "your ") if question else person.english
    text = be_clause(name, person.person, spaced(degree, adjective.english),
                     negative=kind == "negation", question=question)
    said = predicate(adjective, negative=kind == "negation", is_elder=person.is_elder)
    korean = spaced(topic(person), more(said, INTENSIFIERS[degree]) if degree else said)
    mark = "?" if question else "."
    extra = (kind,) if kind != "negation" else ("statement", kind)
    return Pair(sentence(text, mark), korean + mark, "family", (*extra, "present"),
                combos(adjective, person))


def _comparable(s: Sampler) -> tuple[Adjective, Noun, Noun]:
    adjective, one = s.described("c")
    shared = [thing for thing in s.lexicon.things(*adjective.classes)
              if one.english not in thing.english and thing.english not in one.english and thing.classes & one.classes & set(adjective.classes)]
    return adjective, one, s.pick(shared)


def _said(noun: Noun) -> str:
    if noun.classes & {"vehicle", "town", "building", "room", "sight", "outdoor", "facility", "nature"}:
        return noun.phrase("the")
    if noun.classes & {"fruit", "vegetable", "meat", "animal", "subject", "language", "dish",
                       "snack", "subject-adult", "sweet", "city"}:
        return noun.phrase("gen")
    return ""


def comparison(s: Sampler) -> Pair:
    """The subway is faster than the bus. / Are apples sweeter than pears?"""
    adjective, one, two = _comparable(s)
    left, right = _said(one) or one.phrase("this"), _said(two) or two.phrase("this")
    is_this = not _said(one)
    left_plural = "3p" if " " not in left and left.endswith("s") and one.kind in "cp" else _be(one)
    question = s.chance(0.25)
    text = be_clause(left, left_plural, f"{comparative(adjective.english)} than {right}",
                     question=question)
    korean = spaced("이" if is_this else "", with_particle(one.korean, "은"),
                    "이" if is_this else "", two.korean + "보다", more(predicate(adjective)))
    mark = "?" if question else "."
    return Pair(sentence(text, mark), korean + mark, one.topic,
                ("comparison", "yes-no question" if question else "statement", "present"),
                combos(adjective, one) + combos(adjective, two))


def which_more(s: Sampler) -> Pair:
    """Which is faster, the bus or the subway?"""
    adjective, one, two = _comparable(s)
    left, right = _said(one) or one.phrase("this"), _said(two) or two.phrase("this")
    this = "" if _said(one) else "이 "
    text = f"Which is {comparative(adjective.english)}, {left} or {right}?"
    korean = f"{this}{with_particle(one.korean, '와')} {this}{two.korean} 중에서 어느 것이 "
    return Pair(text, korean + more(predicate(adjective)) + "?", one.topic,
                ("comparison", "wh-question", "present"),
                combos(adjective, one) + combos(adjective, two))


def person_comparison(s: Sampler) -> Pair:
    """Minsu is taller than Jiho."""
    adjective = s.pick([a for a in s.lexicon.adjectives
                        if set(a.classes) & {"name", "kin", "counted"} and "c" in a.uses])
    people = [p for p in s.lexicon.persons(*adjective.classes) if p.is_third]
    one, two = s.pick(people), s.pick(people)
    if one == two or one.person == "3p" or two.person == "3p":
        raise Reject
    if "elder" in (one.classes ^ two.classes):
        raise Reject
    text = be_clause(one.english, one.person, f"{comparative(adjective.english)} than {two.english}")
    said = more(predicate(adjective, is_elder=one.is_elder))
    return Pair(sentence(text), f"{topic(one)} {two.korean}보다 {said}.", "family",
                ("comparison", "statement", "present"),
                combos(adjective, one) + combos(adjective, two))


def superlative_of(s: Sampler) -> Pair:
    """This bag is the cheapest in this store. / Minsu is the tallest in my class."""
    if s.chance(0.5):
        adjective, noun = s.described("c")
        if noun.topic != "shopping" or adjective.english in ("slow", "dangerous"):
            raise Reject
        text = be_clause(noun.phrase("this"), _be(noun), f"the {superlative(adjective.english)}")
        korean = f"이 가게에서 이 {with_particle(noun.korean, '이')} {more(predicate(adjective), '가장')}"
        return Pair(sentence(text + " in this store"), korean + ".", "shopping",
                    ("comparison", "statement", "present"), combos(adjective, noun))
    adjective = s.pick([a for a in s.lexicon.adjectives
                        if set(a.classes) & {"name", "counted"} and "c" in a.uses])
    person = s.pick([p for p in s.lexicon.persons(*adjective.classes) if p.is_third
                     and p.person != "3p" and p.classes & {"kin", "name"} and "spouse" not in p.classes])
    group, korean_group = ("in my family", "우리 가족 중에서") if "kin" in person.classes else (
        "in my class", "우리 반에서")
    text = be_clause(person.english, person.person, f"the {superlative(adjective.english)}")
    said = more(predicate(adjective, is_elder=person.is_elder), "가장")
    return Pair(sentence(f"{text} {group}"), f"{korean_group} {topic(person, '이')} {said}.", "family",
                ("comparison", "statement", "present"), combos(adjective, person))


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
    if adjective.english in bad and mode != "past" or (frame.lemma == "buy" and adjective.english in
                                                       ("dirty", "boring", "delicious", "hot")):
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
    return Pair(sentence(english, mark), korean_clause(subject, action, mode, setting) + mark,
                frame.topic, (kind, phenomenon, "noun modifier"), action.combos)


def shop_modified(s: Sampler) -> Pair:
    """Do you have black shoes? / I'm looking for a cheap bag."""
    nouns = s.lexicon.things("clothing", "footwear", "headwear", "goods", "electronic", "tableware",
                             "furniture")
    noun = s.pick(nouns)
    adjective = s.adjective(noun, "a")
    if adjective.english in ("dirty", "heavy", "old", "expensive", "clean", "soft"):
        raise Reject
    form = modifier_of(adjective)
    record = combos(adjective, noun)
    kind = s.pick(("have", "look", "like", "price"))
    if kind == "have":
        use = "plural" if noun.kind == "c" else "a"
        return Pair(f"Do you have {noun.phrase(use, adjective.english)}?",
                    f"{form} {with_particle(noun.korean, '이')} 있어요?", "shopping",
                    ("yes-no question", "present", "noun modifier"), record)
    if kind == "look":
        return Pair(f"I'm looking for {noun.phrase('a', adjective.english)}.",
                    f"{form} {with_particle(noun.korean, '을')} 찾고 있어요.", "shopping",
                    ("statement", "progressive", "noun modifier"), record)
    if kind == "like":
        if adjective.english in ("small", "big", "light", "new", "nice", "cheap"):
            raise Reject
        return Pair(f"I like {noun.phrase('plural', adjective.english)}.",
                    f"{form} {with_particle(noun.korean, '을')} 좋아해요.", "shopping",
                    ("statement", "present", "noun modifier"), record)
    be = "are" if noun.is_plural else "is"
    if adjective.english in ("cheap", "nice"):
        raise Reject
    return Pair(f"How much {be} {noun.phrase('the', adjective.english)}?",
                f"{form} {with_particle(noun.korean, '은')} 얼마예요?", "shopping",
                ("wh-question", "price", "present", "noun modifier"), record)


def seems(s: Sampler) -> Pair:
    """I think this soup is too salty."""
    adjective, noun = s.described("p")
    if adjective.kind in ("past", "verb") or noun.kind == "z":
        raise Reject
    degree = s.pick(("", "too", "very", "really")) if adjective.valence != "+" else s.pick(("", "very"))
    text = be_clause(noun.phrase("this"), _be(noun), spaced(degree, adjective.english))
    korean = spaced("이", with_particle(noun.korean, "은"), INTENSIFIERS.get(degree, ""),
                    modifier(stem_of(adjective)), "것 같아요")
    return Pair(f"I think {text}.", korean + ".", noun.topic, ("statement", "present", "opinion"),
                combos(adjective, noun))


def owning(s: Sampler) -> Pair:
    """I have a car. / Does Minsu have an umbrella?"""
    noun = s.pick(s.lexicon.things("own", "pet"))
    kind = s.weighted(("statement", "negation", "yes-no question"), (0.4, 0.25, 0.35))
    question = kind == "yes-no question"
    subject = s.asked() if question else s.subject(first=0.4, we=False)
    have = VerbForms("have", "had", "had", "having")
    text = clause(subject.english, subject.person, have, noun.phrase("a"), "present",
                  negative=kind == "negation", question=question)
    stem = Stem("없" if kind == "negation" else "있")
    said = present(honorific(stem), True) if subject.is_elder else present(stem)
    mark = "?" if question else "."
    extra = (kind,) if kind != "negation" else ("statement", kind)
    return Pair(sentence(text, mark), spaced(topic(subject), with_particle(noun.korean, "이"), said)
                + mark, noun.topic, (*extra, "possession", "present"))


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
        return Pair(f"Whose {name} {be} {this}?", f"이 {with_particle(noun.korean, '은')} 누구 거예요?",
                    "home", ("wh-question", "possession", "present"))
    if kind == "belongs":
        own = "mine" if mine else owner.english + "'s"
        return Pair(f"{this.capitalize()} {name} {be} {own}.",
                    f"이 {with_particle(noun.korean, '은')} {korean_owner} 거예요.", "home",
                    ("statement", "possession", "present"))
    thing = with_particle(noun.korean, "이에요")
    if kind == "question" and not mine:
        asked = whose.replace("my ", "your ")
        return Pair(f"{be.capitalize()} {this} {asked} {name}?", f"이게 {korean_owner} {thing}?",
                    "home", ("yes-no question", "possession", "present"))
    return Pair(f"{this.capitalize()} {be} {whose} {name}.", f"이건 {korean_owner} {thing}.", "home",
                ("statement", "possession", "present"))


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
        korean = spaced("" if owner.english == "I" else liker, "가장", liking,
                        with_particle(row["korean"], "이"), "뭐예요?")
        return Pair(f"What's {whose} favorite {row['english']}?", korean, "hobbies",
                    ("wh-question", "present"))
    korean = f"{liker} 가장 {liking} {with_particle(row['korean'], '은')} "
    return Pair(sentence(f"{whose} favorite {row['english']} is {_named(noun)}"),
                korean + with_particle(noun.korean, "이에요") + ".", "hobbies",
                ("statement", "present"))


def _named(noun: Noun) -> str:
    return f"the {noun.english}" if "animal" in noun.classes else noun.phrase("gen")


def preferring(s: Sampler) -> Pair:
    """I like coffee more than tea. / Which do you like more, coffee or tea?"""
    frame = s.frame("n", ["like"])
    group = s.pick(frame.objects)
    one, two = s.pick(s.lexicon.things(group)), s.pick(s.lexicon.things(group))
    if one == two:
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
    korean = spaced(topic(subject), two.korean + "보다", with_particle(one.korean, "을"), "더", said)
    return Pair(sentence(text), korean + ".", "hobbies", ("statement", "comparison", "present"),
                record)


def stative(s: Sampler) -> Pair:
    """I like coffee. / Does Minsu need a bag? / My mother doesn't like beer."""
    action = s.action(s.frame("n"))
    kind = s.weighted(("statement", "negation", "yes-no question"), (0.5, 0.25, 0.25))
    if action.frame.lemma == "hate" and kind == "negation":
        raise Reject
    question = kind == "yes-no question"
    subject = s.asked(action) if question else s.subject(action)
    text = english_clause(subject, action, "present", negative=kind == "negation",
                          question=question)
    korean = korean_clause(subject, action, "present", negation="안" * (kind == "negation"))
    mark = "?" if question else "."
    extra = (kind,) if kind != "negation" else ("statement", kind)
    return Pair(sentence(text, mark), korean + mark, action.frame.topic, (*extra, "present"),
                action.combos)


PATTERNS = {
    "described": (9.0, described), "person_described": (3.0, person_described),
    "comparison": (4.0, comparison), "which_more": (1.5, which_more),
    "person_comparison": (2.0, person_comparison), "superlative": (2.5, superlative_of), "modified_object": (5.0, modified_object),
    "shop_modified": (4.0, shop_modified), "seems": (2.0, seems), "owning": (3.0, owning),
    "belonging": (3.0, belonging), "favorite": (2.5, favorite), "preferring": (2.5, preferring),
    "stative": (6.0, stative),
}
