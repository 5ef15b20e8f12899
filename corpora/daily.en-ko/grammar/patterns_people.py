"""Patterns about people: jobs, origin, gifts, talents, feelings and health."""

from __future__ import annotations

from actions import Combo, main_stem, topic
from adjectives import more
from english import article, be_clause, clause, sentence, spaced, verb_forms
from korean import Stem, honorific, infinitive, past, present, with_eu, with_particle
from lexicon import Person, read_table
from sampler import Pair, Reject, Sampler


def job(s: Sampler) -> Pair:
    """My father is a doctor. / Is Minsu a student? / I'm not a nurse."""
    person = s.subject(first=0.15, we=False)
    if person.person == "3p" or "child" in person.classes or person.classes & {"worker", "teacher"}:
        raise Reject
    work = s.pick(s.lexicon.jobs)
    if person.is_elder and work.classes or ("student" in work.english and person.is_elder):
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
        said = with_particle(work.korean, end) if end == "이에요" else work.korean + (
            "이세요" if with_particle(work.korean, "이").endswith("이") else "세요")
        korean = spaced("" if person.english == "I" else subject, said) + "?"
        return Pair(sentence(be_clause(asked, be, a_job, question=True), "?"), korean, "work",
                    ("yes-no question", "present"))
    if kind == "negation":
        end = "아니세요" if person.is_elder else "아니에요"
        return Pair(sentence(be_clause(person.english, person.person, a_job, negative=True)),
                    f"{subject} {with_particle(work.korean, '이')} {end}.", "work",
                    ("statement", "negation", "present"))
    said = with_particle(work.korean, "이에요")
    if person.is_elder:
        ends = "이세요" if with_particle(work.korean, "이") == work.korean + "이" else "세요"
        said = work.korean + ends
    return Pair(sentence(be_clause(person.english, person.person, a_job)), f"{subject} {said}.",
                "work", ("statement", "present"))


def dream(s: Sampler) -> Pair:
    """My son wants to be a pilot. / Do you want to be a singer?"""
    work = s.pick(s.lexicon.jobs)
    if "student" in work.english:
        raise Reject
    kind = s.pick(("wants", "wants", "asks", "wanted"))
    person = s.pick([p for p in s.lexicon.persons("speaker", "child", "young") if p.is_third
                     or p.english == "I"])
    become = f"{with_particle(work.korean, '이')} 되고"
    if kind == "asks":
        return Pair(f"Do you want to be {article(work.english)}?", f"{become} 싶어요?", "work",
                    ("yes-no question", "desire"))
    wish = "싶어 해요" if person.is_third else "싶어요"
    if kind == "wanted":
        wish = "싶어 했어요" if person.is_third else "싶었어요"
    subject = topic(person) or "저는"
    text = clause(person.english, person.person, verb_forms("be", s.lexicon.irregular),
                  article(work.english), "wanted" if kind == "wanted" else "want")
    return Pair(sentence(text), f"{subject} {become} {wish}.", "work",
                ("statement", "desire", "past" if kind == "wanted" else "present"))


def origin(s: Sampler) -> Pair:
    """Anna is from Canada. / Minsu is from Busan. / Is your friend from Japan?"""
    foreign = s.chance(0.7)
    foreigners = [p for p in s.lexicon.persons("friend", "name")
                  if "friend" in p.classes or p.english in ("Tom", "Anna", "Paul")]
    person = s.pick(foreigners if foreign else s.lexicon.persons("friend", "name"))
    place = s.pick(s.lexicon.things("country" if foreign else "korean-city"))
    if not foreign and person.english in ("Tom", "Anna", "Paul"):
        raise Reject
    kind = s.pick(("is", "is", "question", "isn't") if foreign else ("is", "question"))
    subject = topic(person)
    if kind == "question":
        asked = person.english.replace("my ", "your ")
        return Pair(f"Is {asked} from {place.english}?", f"{subject} {place.korean}에서 왔어요?",
                    "travel", ("yes-no question", "present"))
    if kind == "isn't":
        return Pair(sentence(f"{person.english} isn't from {place.english}"),
                    f"{subject} {place.korean} 사람이 아니에요.", "travel",
                    ("statement", "negation", "present"))
    return Pair(sentence(f"{person.english} is from {place.english}"),
                f"{subject} {place.korean}에서 왔어요.", "travel", ("statement", "present"))


def _receiver(s: Sampler) -> Person:
    return s.pick(s.lexicon.persons("kin", "friend", "name", "teacher"))


def giving(s: Sampler) -> Pair:
    """I gave my mother a scarf. / My friend lent me a book. / Could you show me that bag?"""
    row = s.pick(read_table("giving"))
    thing = s.pick(s.lexicon.things(*row["objects"].split()))
    verb = verb_forms(row["english"], s.lexicon.irregular)
    phrase = thing.phrase("a")
    object_korean = with_particle(thing.korean, "을")
    combos = (Combo(f"{row['english']} | {thing.english}", f"{thing.korean} | {main_stem(row['korean'])}"),)
    kind = s.pick(("I", "I", "future", "me", "me", "ask"))
    is_toy = "toyish" in thing.classes
    if is_toy and kind in ("me", "ask"):
        raise Reject
    if kind == "ask" and row["english"] == "give":
        thing = s.pick(s.lexicon.things("tableware", "stationery", "soft", "map", "mirror"))
        phrase, object_korean = thing.phrase("a"), with_particle(thing.korean, "을")
        combos = (Combo(f"give | {thing.english}", f"{thing.korean} | 주"),)
    plain = Stem(row["korean"].replace("_", " "))
    if kind == "ask":
        is_show = row["english"] == "show"
        phrase = thing.phrase("this") if is_show else phrase
        asking = row["korean"].replace("_", " ").removesuffix("주").strip()
        link = "" if asking in ("", "빌려") else " "
        korean = f"{'이 ' if is_show else ''}{object_korean} {asking}{link}주시겠어요?"
        return Pair(f"Could you {verb.base} me {phrase}?", korean, thing.topic, ("request",), combos)
    if kind == "me":
        giver = _receiver(s)
        stem = honorific(plain) if giver.is_elder else plain
        day = s.pick([t for t in s.lexicon.times if t.tense == "past" and t.tag in "PW"])
        with_day = s.chance(0.5)
        text = spaced(giver.english, verb.past, "me", phrase, day.english if with_day else "")
        korean = spaced(topic(giver, "이"), day.korean if with_day else "", "저에게", object_korean,
                        past(stem))
        return Pair(sentence(text), korean + ".", thing.topic, ("statement", "past"), combos)
    receiver = s.pick(s.lexicon.persons("child")) if is_toy else _receiver(s)
    if "feminine" in thing.classes and "male" in receiver.classes:
        raise Reject
    to = receiver.korean + ("께" if receiver.is_elder else "에게")
    stem = Stem((row["humble"] if receiver.is_elder else row["korean"]).replace("_", " "))
    tense = "past" if kind == "I" else "future"
    day = s.pick([t for t in s.lexicon.times if t.tense == tense and t.tag in "PW"])
    with_day = s.chance(0.4)
    said = past(stem) if tense == "past" else with_eu(stem, "ㄹ 거예요")
    head = f"I {verb.past}" if tense == "past" else f"I'm going to {verb.base}"
    text = spaced(head, receiver.english, phrase, day.english if with_day else "")
    korean = spaced(day.korean if with_day else "", to, object_korean, said)
    return Pair(text + ".", korean + ".", thing.topic, ("statement", tense), combos)


def getting(s: Sampler) -> Pair:
    """I got a letter from my friend."""
    thing = s.pick(s.lexicon.things("sendable", "giftlike", "bookshop", "handwear"))
    giver = _receiver(s)
    day = s.pick([t for t in s.lexicon.times if t.tense == "past" and t.tag in "PW"])
    with_day = s.chance(0.5)
    source = giver.korean + ("께" if giver.is_elder else "에게서")
    text = spaced("I got", thing.phrase("a"), "from", giver.english,
                  day.english if with_day else "")
    korean = spaced(day.korean if with_day else "", source, with_particle(thing.korean, "을"),
                    "받았어요")
    return Pair(text + ".", korean + ".", thing.topic, ("statement", "past"),
                (Combo(f"get | {thing.english}", f"{thing.korean} | 받"),))


def good_at(s: Sampler) -> Pair:
    """Minsu is good at soccer. / I'm not good at math."""
    noun = s.pick(s.lexicon.things("sport", "racket", "language", "subject"))
    if noun.english in ("music", "history"):
        raise Reject
    kind = s.weighted(("statement", "negation", "yes-no question"), (0.5, 0.25, 0.25))
    question = kind == "yes-no question"
    person = s.asked() if question else s.subject(first=0.3)
    text = be_clause(person.english, person.person, f"good at {noun.phrase('gen')}",
                     negative=kind == "negation", question=question)
    stem = Stem("잘 못하" if kind == "negation" else "잘하")
    said = present(honorific(stem), True) if person.is_elder else present(stem)
    mark = "?" if question else "."
    extra = ("statement", kind) if kind == "negation" else (kind,)
    korean = spaced(topic(person), with_particle(noun.korean, "을"), said)
    return Pair(sentence(text, mark), korean + mark, noun.topic, (*extra, "ability", "present"),
                (Combo(f"good at | {noun.english}", f"{noun.korean} | 잘하"),))


def _degreed(said: str, degree: str) -> str:
    """Put very, so or really before the last word: 배가 정말 고파요."""
    return more(said, degree) if degree else said


def feeling(s: Sampler) -> Pair:
    """I'm very tired today. / Are you hungry? / Why is Minsu angry? / You look tired."""
    row = s.pick(read_table("feelings"))
    kind_of = row["kind"] if len(row["kind"]) == 1 else ""
    stem = Stem(row["korean"], kind_of, is_adjective=row["kind"] != "verb")
    word = row["english"]
    kind = s.pick(("I", "I", "I", "you", "why", "was", "third", "third", "look"))
    degree, korean_degree = s.pick((("", ""), ("very", "아주"), ("so", "너무"), ("really", "정말")))
    day, korean_day = s.pick((("", ""), ("today", "오늘"), ("now", "지금")))
    if row["kind"] == "verb" and degree in ("very", "so"):
        raise Reject
    if kind == "you":
        return Pair(sentence(spaced("are you", word, day), "?"),
                    spaced(korean_day, present(stem)) + "?", "feelings",
                    ("yes-no question", "present"))
    if kind == "why":
        if word not in ("happy", "sad", "tired", "busy", "sleepy", "nervous", "angry"):
            raise Reject
        return Pair(sentence(spaced("why are you so", word, day), "?"),
                    spaced(korean_day, "왜", "그렇게", present(stem)) + "?", "feelings",
                    ("wh-question", "present"))
    if kind == "was":
        time = s.pick([t for t in s.lexicon.times if t.tense == "past" and t.tag in "PMEA"])
        return Pair(spaced("I was", degree, word, time.english) + ".",
                    spaced(time.korean, _degreed(past(stem), korean_degree)) + ".", "feelings",
                    ("statement", "past"))
    if kind == "third":
        person = s.subject(first=0, we=False)
        if row["third"] != "y" or day == "now" or degree == "so":
            raise Reject
        said = present(honorific(stem), True) if person.is_elder else present(stem)
        if word == "sick" and person.is_elder:
            said = "편찮으세요"
        return Pair(sentence(spaced(be_clause(person.english, person.person, ""), degree, word,
                                    day)),
                    spaced(topic(person), korean_day, korean_degree, said) + ".", "feelings",
                    ("statement", "present"))
    if kind == "look":
        if row["english"] in ("hungry", "thirsty", "hot", "cold", "full", "glad", "busy"):
            raise Reject
        person = s.subject(first=0, we=False)
        looks = "look" if person.person == "3p" else "looks"
        seems = honorific(Stem("보이")) if person.is_elder else Stem("보이")
        if word in ("nervous", "worried", "angry", "scared"):
            raise Reject
        said = f"{infinitive(stem)} {present(seems, person.is_elder)}"
        return Pair(sentence(spaced(person.english, looks, degree, word)),
                    spaced(topic(person), korean_degree, said) + ".", "feelings",
                    ("statement", "present"))
    return Pair(sentence(spaced("I'm", degree, word, day)),
                spaced(korean_day, _degreed(present(stem), korean_degree)) + ".", "feelings",
                ("statement", "present"))


def ache(s: Sampler) -> Pair:
    """My head hurts. / Do your eyes hurt? / My grandmother's back hurts a lot."""
    noun = s.pick(s.lexicon.things("body", "bodies"))
    part = noun.phrase("name")
    hurts = "hurt" if noun.is_plural else "hurts"
    kind = s.pick(("I", "I", "you", "third", "third", "past"))
    part_korean = with_particle(noun.korean, "이")
    lot, korean_lot = s.pick((("", ""), ("a lot", "많이")))
    day, korean_day = s.pick((("", ""), ("today", "오늘"), ("now", "지금")))
    if kind == "you":
        does = "do" if noun.is_plural else "does"
        return Pair(sentence(spaced(does, "your", part, "hurt", lot, day), "?"),
                    spaced(korean_day, part_korean, korean_lot, "아파요?"), "health",
                    ("yes-no question", "present"))
    if kind == "past":
        time = s.pick([t for t in s.lexicon.times if t.tense == "past" and t.tag in "PMEW"])
        return Pair(spaced("My", part, "hurt", lot, time.english) + ".",
                    spaced(time.korean, part_korean, korean_lot, "아팠어요."), "health",
                    ("statement", "past"))
    if kind == "third":
        person = s.subject(first=0, we=False)
        if person.person == "3p" or noun.english == "throat":
            raise Reject
        said = "아프세요" if person.is_elder else "아파요"
        return Pair(sentence(spaced(person.english + "'s", part, hurts, lot)),
                    spaced(topic(person), part_korean, korean_lot, said + "."), "health",
                    ("statement", "present"))
    return Pair(spaced("My", part, hurts, lot, day) + ".",
                spaced(korean_day, part_korean, korean_lot, "아파요."), "health",
                ("statement", "present"))


def symptom(s: Sampler) -> Pair:
    """I have a fever. / My son had a cough last night. / I hurt my knee yesterday."""
    if s.chance(0.45):
        noun = s.pick([n for n in s.lexicon.things("body") if n.english in
                       ("leg", "arm", "knee", "shoulder", "back", "head")])
        person = s.subject(first=0.5, we=False)
        time = s.pick([t for t in s.lexicon.times if t.tense == "past" and t.tag in "PMEW"])
        if not person.possessive:
            raise Reject
        ed = "다치셨어요" if person.is_elder else "다쳤어요"
        return Pair(sentence(spaced(person.english, "hurt", person.possessive, noun.english,
                                    time.english)),
                    spaced(topic(person), time.korean, with_particle(noun.korean, "을"), ed) + ".",
                    "health", ("statement", "past"))
    row = s.pick(read_table("symptoms"))
    stem = Stem(row["korean"])
    kind = s.pick(("present", "past", "question"))
    person = s.asked() if kind == "question" else s.subject(first=0.5, we=False)
    if person.is_elder:
        stem = honorific(stem)
    head, _, rest = row["english"].partition(" ")
    forms = verb_forms(head, s.lexicon.irregular)
    time = s.pick([t for t in s.lexicon.times if t.tense == "past" and t.tag in "PMEW"])
    is_past = kind == "past"
    text = clause(person.english, person.person, forms, spaced(rest, time.english if is_past else ""),
                  "past" if is_past else "present", question=kind == "question")
    mark = "?" if kind == "question" else "."
    said = past(stem) if is_past else present(stem, person.is_elder)
    return Pair(sentence(text, mark),
                spaced(topic(person), time.korean if is_past else "", said) + mark, "health",
                ("yes-no question" if mark == "?" else "statement", "past" if is_past else "present"))


def gift_for(s: Sampler) -> Pair:
    """This is a present for my mother."""
    thing = s.pick(s.lexicon.things("giftlike", "goods", "toyish", "handwear", "bookshop"))
    person = _receiver(s)
    if "toyish" in thing.classes:
        person = s.pick(s.lexicon.persons("child"))
    this, be = ("These", "are") if thing.is_plural else ("This", "is")
    whose = "께 드릴" if person.is_elder else "에게 줄"
    return Pair(f"{this} {be} {thing.phrase('a')} for {person.english}.",
                f"이건 {person.korean}{whose} {with_particle(thing.korean, '이에요')}.",
                "family", ("statement", "present"))


PATTERNS = {
    "job": (3.5, job), "dream": (2.0, dream), "origin": (2.0, origin), "giving": (5.0, giving),
    "getting": (2.0, getting), "good_at": (2.5, good_at), "feeling": (3.0, feeling),
    "ache": (1.5, ache), "symptom": (2.0, symptom), "gift_for": (1.0, gift_for),
}
