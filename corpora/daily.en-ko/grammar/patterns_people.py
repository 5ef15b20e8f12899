"""Patterns about people: jobs, origin, gifts, talents."""

from __future__ import annotations

from actions import Combo, Reject, main_stem, topic, verb_with
from english import article, be_clause, clause, sentence, spaced, verb_forms
from korean import Stem, honorific, past, present, with_eu, with_particle
from lexicon import Noun, Person, read_table
from sampler import Pair, Sampler


def job(s: Sampler) -> Pair:
    """My father is a doctor. / Is Minsu a student? / I'm not a nurse."""
    person = s.subject(first=0.15, we=False)
    if person.person == "3p" or "child" in person.classes or person.classes & {"worker", "teacher"}:
        raise Reject
    work = s.pick(s.lexicon.jobs)
    if "student" in work.english and person.is_third and "young" not in person.classes:
        raise Reject
    if "old" in person.classes:
        raise Reject
    kind = s.weighted(("statement", "negation", "yes-no question"), (0.5, 0.2, 0.3))
    question = kind == "yes-no question"
    subject = topic(person) or "저는"
    a_job = article(work.english)
    if question:
        asked = person.english.replace("my ", "your ")
        asked, be = ("you", "2") if person.english == "I" else (asked, "3s")
        end = "이세요" if person.is_elder else "이에요"
        said = (
            with_particle(work.korean, end)
            if end == "이에요"
            else work.korean
            + ("이세요" if with_particle(work.korean, "이").endswith("이") else "세요")
        )
        korean = spaced("" if person.english == "I" else subject, said) + "?"
        return Pair(
            sentence(be_clause(asked, be, a_job, question=True), "?"),
            korean,
            "work",
            ("yes-no question", "present"),
        )
    if kind == "negation":
        end = "아니세요" if person.is_elder else "아니에요"
        return Pair(
            sentence(be_clause(person.english, person.person, a_job, negative=True)),
            f"{subject} {with_particle(work.korean, '이')} {end}.",
            "work",
            ("statement", "negation", "present"),
        )
    said = with_particle(work.korean, "이에요")
    if person.is_elder:
        ends = "이세요" if with_particle(work.korean, "이") == work.korean + "이" else "세요"
        said = work.korean + ends
    return Pair(
        sentence(be_clause(person.english, person.person, a_job)),
        f"{subject} {said}.",
        "work",
        ("statement", "present"),
    )


def dream(s: Sampler) -> Pair:
    """My son wants to be a pilot. / Do you want to be a singer?"""
    work = s.pick(s.lexicon.jobs)
    if "student" in work.english:
        raise Reject
    kind = s.pick(("wants", "wants", "asks", "wanted"))
    person = s.pick(
        [
            p
            for p in s.lexicon.persons("speaker", "child", "young")
            if p.is_third or p.english == "I"
        ]
    )
    become = f"{with_particle(work.korean, '이')} 되고"
    if kind == "asks":
        return Pair(
            f"Do you want to be {article(work.english)}?",
            f"{become} 싶어요?",
            "work",
            ("yes-no question", "desire"),
        )
    wish = "싶어 해요" if person.is_third else "싶어요"
    if kind == "wanted":
        wish = "싶어 했어요" if person.is_third else "싶었어요"
    subject = topic(person) or "저는"
    text = clause(
        person.english,
        person.person,
        verb_forms("be", s.lexicon.irregular),
        article(work.english),
        "wanted" if kind == "wanted" else "want",
    )
    return Pair(
        sentence(text),
        f"{subject} {become} {wish}.",
        "work",
        ("statement", "desire", "past" if kind == "wanted" else "present"),
    )


def origin(s: Sampler) -> Pair:
    """Anna is from Canada. / Minsu is from Busan. / Is your friend from Japan?"""
    foreign = s.chance(0.7)
    foreigners = [
        p
        for p in s.lexicon.persons("friend", "name")
        if "friend" in p.classes or p.english in ("Tom", "Anna", "Paul")
    ]
    person = s.pick(foreigners if foreign else s.lexicon.persons("friend", "name"))
    place = s.pick(s.lexicon.things("country" if foreign else "korean-city"))
    is_foreign_name = person.english in ("Tom", "Anna", "Paul")
    if is_foreign_name and (not foreign or place.english == "Korea"):
        raise Reject
    kind = s.pick(("is", "is", "question", "isn't") if foreign else ("is", "question"))
    subject = topic(person)
    if kind == "question":
        asked = person.english.replace("my ", "your ")
        return Pair(
            f"Is {asked} from {place.english}?",
            f"{subject} {place.korean}에서 왔어요?",
            "travel",
            ("yes-no question", "present"),
        )
    if kind == "isn't":
        return Pair(
            sentence(f"{person.english} isn't from {place.english}"),
            f"{subject} {place.korean} 사람이 아니에요.",
            "travel",
            ("statement", "negation", "present"),
        )
    return Pair(
        sentence(f"{person.english} is from {place.english}"),
        f"{subject} {place.korean}에서 왔어요.",
        "travel",
        ("statement", "present"),
    )


def _receiver(s: Sampler) -> Person:
    return s.pick(s.lexicon.persons("kin", "friend", "name", "teacher"))


def _gift(verb: dict[str, str], thing: Noun) -> tuple[Combo, ...]:
    return verb_with(verb["english"], thing, main_stem(verb["korean"]))


def _past_day(s: Sampler, tense: str = "past") -> tuple[str, str]:
    """Return a day in both languages, or none."""
    time = s.pick([t for t in s.lexicon.times if t.tense == tense and t.tag == "P"])
    return (time.english, time.korean) if s.chance(0.45) else ("", "")


def giving(s: Sampler) -> Pair:
    """I gave my mother a scarf. / I'm going to show Minsu a photo."""
    row = s.pick(read_table("giving"))
    thing = s.pick(s.lexicon.things(*row["objects"].split()))
    verb = verb_forms(row["english"], s.lexicon.irregular)
    is_toy = "toyish" in thing.classes
    receiver = s.pick(s.lexicon.persons("child")) if is_toy else _receiver(s)
    if "feminine" in thing.classes and "male" in receiver.classes:
        raise Reject
    to = receiver.korean + ("께" if receiver.is_elder else "에게")
    stem = Stem((row["humble"] if receiver.is_elder else row["korean"]).replace("_", " "))
    tense = s.pick(("past", "past", "future"))
    day, korean_day = _past_day(s, tense)
    said = past(stem) if tense == "past" else with_eu(stem, "ㄹ 거예요")
    head = f"I {verb.past}" if tense == "past" else f"I'm going to {verb.base}"
    return Pair(
        spaced(head, receiver.english, thing.phrase("a"), day) + ".",
        spaced(korean_day, to, with_particle(thing.korean, "을"), said) + ".",
        thing.topic,
        ("statement", tense),
        _gift(row, thing),
    )


def given(s: Sampler) -> Pair:
    """My friend lent me a book. / My mother bought me a coat yesterday."""
    row = s.pick(read_table("giving"))
    thing = s.pick(s.lexicon.things(*row["objects"].split()))
    verb = verb_forms(row["english"], s.lexicon.irregular)
    giver = _receiver(s)
    if "toyish" in thing.classes or (row["english"] != "show" and "child" in giver.classes):
        raise Reject
    plain = Stem(row["korean"].replace("_", " "))
    stem = honorific(plain) if giver.is_elder else plain
    day, korean_day = _past_day(s)
    what = with_particle(thing.korean, "을")
    return Pair(
        sentence(spaced(giver.english, verb.past, "me", thing.phrase("a"), day)),
        spaced(topic(giver, "이"), korean_day, "저에게", what, past(stem)) + ".",
        thing.topic,
        ("statement", "past"),
        _gift(row, thing),
    )


def asking_for(s: Sampler) -> Pair:
    """Could you show me this bag? / Could you lend me a pen?"""
    row = s.pick(read_table("giving"))
    classes = row["objects"].split()
    if row["english"] == "give":
        classes = ["tableware", "stationery", "soft", "map", "mirror"]
    elif row["english"] == "show":
        classes = ["clothing", "footwear", "headwear", "handwear", "goods", "electronic"]
    elif row["english"] == "buy":
        raise Reject
    thing = s.pick(s.lexicon.things(*classes))
    is_show = row["english"] == "show"
    phrase = thing.phrase("this" if is_show else "a")
    asking = row["korean"].replace("_", " ").removesuffix("주").strip()
    link = "" if asking in ("", "빌려") else " "
    korean = spaced("이" if is_show else "", with_particle(thing.korean, "을"), asking)
    korean = f"{korean}{link}주시겠어요?" if asking else f"{korean} 주시겠어요?"
    if row["english"] == "send":
        korean = f"저에게 {with_particle(thing.korean, '을')} 보내 주시겠어요?"
    return Pair(
        f"Could you {row['english']} me {phrase}?",
        korean,
        thing.topic,
        ("request",),
        _gift(row, thing),
    )


def getting(s: Sampler) -> Pair:
    """I got a letter from my friend."""
    thing = s.pick(s.lexicon.things("sendable", "giftlike", "bookshop", "handwear"))
    giver = _receiver(s)
    day = s.pick([t for t in s.lexicon.times if t.tense == "past" and t.tag == "P"])
    with_day = s.chance(0.5)
    source = giver.korean + ("께" if giver.is_elder else "에게서")
    text = spaced(
        "I got", thing.phrase("a"), "from", giver.english, day.english if with_day else ""
    )
    korean = spaced(
        day.korean if with_day else "", source, with_particle(thing.korean, "을"), "받았어요"
    )
    return Pair(
        text + ".",
        korean + ".",
        thing.topic,
        ("statement", "past"),
        verb_with("get", thing, "받"),
    )


def good_at(s: Sampler) -> Pair:
    """Minsu is good at soccer. / I'm not good at math."""
    noun = s.pick(s.lexicon.things("sport", "racket", "language", "subject"))
    if noun.english in ("music", "history"):
        raise Reject
    kind = s.weighted(("statement", "negation", "yes-no question"), (0.5, 0.25, 0.25))
    question = kind == "yes-no question"
    person = s.asked() if question else s.subject(first=0.3)
    text = be_clause(
        person.english,
        person.person,
        f"good at {noun.phrase('gen')}",
        negative=kind == "negation",
        question=question,
    )
    stem = Stem("잘 못하" if kind == "negation" else "잘하")
    said = present(honorific(stem), True) if person.is_elder else present(stem)
    mark = "?" if question else "."
    extra = ("statement", kind) if kind == "negation" else (kind,)
    korean = spaced(topic(person), with_particle(noun.korean, "을"), said)
    return Pair(
        sentence(text, mark),
        korean + mark,
        noun.topic,
        (*extra, "ability", "present"),
        verb_with("good at", noun, "잘하"),
    )


def gift_for(s: Sampler) -> Pair:
    """This is a present for my mother."""
    thing = s.pick(s.lexicon.things("giftlike", "goods", "toyish", "handwear", "bookshop"))
    person = _receiver(s)
    if "toyish" in thing.classes:
        person = s.pick(s.lexicon.persons("child"))
    if "feminine" in thing.classes and "male" in person.classes:
        raise Reject
    this, be = ("These", "are") if thing.is_plural else ("This", "is")
    whose = "께 드릴" if person.is_elder else "에게 줄"
    return Pair(
        f"{this} {be} {thing.phrase('a')} for {person.english}.",
        f"이건 {person.korean}{whose} {with_particle(thing.korean, '이에요')}.",
        "family",
        ("statement", "present"),
    )


PATTERNS = {
    "job": (3.5, job),
    "dream": (2.0, dream),
    "origin": (2.0, origin),
    "giving": (3.0, giving),
    "given": (2.0, given),
    "asking_for": (0.8, asking_for),
    "getting": (2.0, getting),
    "good_at": (2.5, good_at),
    "gift_for": (1.0, gift_for),
}
