"""Patterns about where things and people are and how to get there."""

from __future__ import annotations

from actions import Reject, topic, verb_with
from english import article, sentence, spaced
from korean import Stem, past, present, with_particle
from lexicon import Noun
from sampler import Pair, Sampler

RELATIONS = (
    ("next to", "옆"),
    ("in front of", "앞"),
    ("behind", "뒤"),
    ("across from", "맞은편"),
    ("near", "근처"),
)


SURFACES = ("desk", "table", "chair", "bed", "sofa", "bookshelf")


COVERS = ("desk", "table", "bed", "chair")


CONTAINERS = ("bag", "box", "drawer", "backpack", "suitcase")


def town_place(s: Sampler) -> Pair:
    """The bank is next to the hotel. / There's a cafe behind the station."""
    one, two = s.pick(s.lexicon.things("town")), s.pick(s.lexicon.things("town"))
    if one == two or one.english in two.english or two.english in one.english:
        raise Reject
    relation, korean = s.pick(RELATIONS)
    where = f"{two.korean} {korean}에"
    kind = s.pick(("is", "is", "there", "question", "isn't"))
    if kind == "there":
        return Pair(
            f"There's {article(one.english)} {relation} the {two.english}.",
            f"{where} {with_particle(one.korean, '이')} 있어요.",
            "travel",
            ("statement", "location", "present"),
        )
    subject = with_particle(one.korean, "은")
    if kind == "question":
        return Pair(
            f"Is the {one.english} {relation} the {two.english}?",
            f"{subject} {where} 있어요?",
            "travel",
            ("yes-no question", "location", "present"),
        )
    if kind == "isn't":
        return Pair(
            f"There isn't {article(one.english)} {relation} the {two.english}.",
            f"{where} {with_particle(one.korean, '이')} 없어요.",
            "travel",
            ("statement", "negation", "location", "present"),
        )
    return Pair(
        f"The {one.english} is {relation} the {two.english}.",
        f"{subject} {where} 있어요.",
        "travel",
        ("statement", "location", "present"),
    )


def where_is(s: Sampler) -> Pair:
    """Where's the bank? / Is there a pharmacy near here? / How do I get to the park?"""
    place = s.pick(s.lexicon.things("town", "facility"))
    noun, name = place.korean, place.english
    is_known = with_particle(noun, "이")
    english, korean, phenomena = s.pick(
        (
            (f"Where's the {name}?", f"{is_known} 어디에 있어요?", ("wh-question",)),
            (f"How do I get to the {name}?", f"{noun}에 어떻게 가요?", ("wh-question",)),
            (
                f"Is there {article(name)} near here?",
                f"이 근처에 {is_known} 있어요?",
                ("yes-no question",),
            ),
            (
                f"There isn't {article(name)} near here.",
                f"이 근처에 {is_known} 없어요.",
                ("statement", "negation"),
            ),
        )
    )
    record = verb_with("get to", place, "가") if "get to" in english else ()
    return Pair(english, korean, "travel", (*phenomena, "location", "present"), record)


def how_far(s: Sampler) -> Pair:
    """The bank is far from here. / Is the park close to here? / Please take me to the hotel."""
    place = s.pick(s.lexicon.things("town"))
    if s.chance(0.33):
        return Pair(
            f"Please take me to the {place.english}.",
            f"{with_particle(place.korean, '로')} 가 주세요.",
            "travel",
            ("request", "location"),
            verb_with("take to", place, "가"),
        )
    far, korean = s.pick((("far from", "에서 멀어요"), ("close to", "에서 가까워요")))
    mark = s.pick((".", "?"))
    the = f"the {place.english}"
    return Pair(
        f"Is {the} {far} here?" if mark == "?" else sentence(f"{the} is {far} here"),
        f"{with_particle(place.korean, '은')} 여기{korean}{mark}",
        "travel",
        ("yes-no question" if mark == "?" else "statement", "location", "present"),
    )


def direction(s: Sampler) -> Pair:
    """Turn left at the bank. / Get off at City Hall. / Does this bus go to the park?"""
    place = s.pick(s.lexicon.things("town"))
    vehicle = s.pick(("bus", "subway", "taxi"))
    korean_vehicle = {"bus": "버스", "subway": "지하철", "taxi": "택시"}[vehicle]
    the, noun = f"the {place.english}", place.korean
    a_vehicle = "a taxi" if vehicle == "taxi" else f"the {vehicle}"
    options = (
        (f"Turn left at {the}.", f"{noun}에서 왼쪽으로 도세요."),
        (f"Turn right at {the}.", f"{noun}에서 오른쪽으로 도세요."),
        (f"Go straight to {the}.", f"{noun}까지 똑바로 가세요."),
        (f"Go straight and turn left at {the}.", f"똑바로 가서 {noun}에서 왼쪽으로 도세요."),
        (f"Go straight and turn right at {the}.", f"똑바로 가서 {noun}에서 오른쪽으로 도세요."),
        (f"Get off at {the}.", f"{noun}에서 내리세요."),
        (f"Take {a_vehicle} to {the}.", f"{noun}까지 {korean_vehicle}를 타세요."),
        (f"Let's meet in front of {the}.", f"{noun} 앞에서 만나요."),
        (f"I'm waiting in front of {the}.", f"{noun} 앞에서 기다리고 있어요."),
    )
    text, korean = s.pick(options)
    korean = korean.replace("지하철를", "지하철을")
    kind = "suggestion" if "Let's" in text else "statement" if "I'm" in text else "request"
    record = verb_with("go", place, "가") if text.startswith("Go straight to") else ()
    return Pair(text, korean, "travel", (kind, "location"), record)


def bus_question(s: Sampler) -> Pair:
    """Does this bus go to the park? / Which train goes to Busan?"""
    vehicle, korean_vehicle = s.pick((("bus", "버스"), ("train", "기차"), ("subway", "지하철")))
    place = s.pick(
        s.lexicon.things("korean-city")
        if vehicle == "train"
        else s.lexicon.things("town", "korean-city")
    )
    if place.english == "Jeju Island" or (vehicle == "subway" and "city" in place.classes):
        raise Reject
    record = verb_with("go", place, "가")
    if s.chance(0.5) and vehicle != "subway":
        return Pair(
            f"Which {vehicle} goes {place.to}?",
            f"어느 {with_particle(korean_vehicle, '이')} {place.korean}에 가요?",
            "travel",
            ("wh-question", "location", "present"),
            record,
        )
    return Pair(
        f"Does this {vehicle} go {place.to}?",
        f"이 {with_particle(korean_vehicle, '은')} {place.korean}에 가요?",
        "travel",
        ("yes-no question", "location", "present"),
        record,
    )


def by_vehicle(s: Sampler) -> Pair:
    """I go to work by subway. / Minsu went to Busan by train."""
    vehicle = s.pick(s.lexicon.things("transit-v"))
    place = s.pick(s.lexicon.things("dest", "korean-city"))
    is_city = "city" in place.classes
    if (vehicle.english == "train") != is_city or place.english == "Jeju Island":
        raise Reject
    subject = s.subject(first=0.5)
    mode = "past" if is_city else s.pick(("past", "present"))
    if mode == "present" and place.english not in ("school", "work", "library", "gym", "market"):
        raise Reject
    if place.english in ("school", "work") and subject.is_third and "name" not in subject.classes:
        raise Reject
    go = "went" if mode == "past" else "goes" if subject.person == "3s" else "go"
    time = (
        s.pick(
            [
                t
                for t in s.lexicon.times
                if t.tense == ("past" if mode == "past" else "habit")
                and t.tag in ("PMWY" if is_city else "PM")
            ]
        )
        if s.chance(0.6)
        else None
    )
    went = {"past": ("갔어요", "가셨어요"), "present": ("가요", "가세요")}[mode][subject.is_elder]
    text = spaced(
        subject.english, go, place.to, "by", vehicle.english, time.english if time else ""
    )
    korean = spaced(
        topic(subject),
        time.korean if time else "",
        with_particle(vehicle.korean, "로"),
        place.korean + "에",
        went,
    )
    return Pair(
        sentence(text),
        korean + ".",
        "travel",
        ("statement", mode, "location"),
        verb_with("go", place, "가"),
    )


def _spot(s: Sampler) -> tuple[Noun, str, str]:
    """Return a thing, and where it is in English and Korean."""
    place, relation, korean = s.pick(
        (
            (s.pick(SURFACES), "on", "위"),
            (s.pick(COVERS), "under", "밑"),
            (s.pick(CONTAINERS), "in", "안"),
        )
    )
    is_pet = relation != "in" and s.chance(0.2)
    if is_pet and place in ("desk", "table", "bookshelf") and relation == "on":
        raise Reject
    thing = s.pick(s.lexicon.things("pet" if is_pet else "small"))
    if "tableware" in thing.classes and (place, relation) not in (("table", "on"), ("box", "in")):
        raise Reject
    if thing.english == place:
        raise Reject
    where = s.lexicon.things(place)[0]
    return thing, f"{relation} the {place}", f"{where.korean} {korean}에"


def thing_place(s: Sampler) -> Pair:
    """The key is on the desk. / There's a cat under the bed."""
    thing, tail, spot = _spot(s)
    be = "are" if thing.is_plural else "is"
    subject = with_particle(thing.korean, "은")
    kind = s.pick(("is", "there", "question"))
    if kind == "there":
        lead = "There are" if thing.is_plural else "There's"
        return Pair(
            f"{lead} {thing.phrase('a')} {tail}.",
            f"{spot} {with_particle(thing.korean, '이')} 있어요.",
            "home",
            ("statement", "location", "present"),
        )
    the = thing.phrase("the")
    mark, kind = (".", "statement") if kind == "is" else ("?", "yes-no question")
    text = f"{the} {be} {tail}" if mark == "." else f"{be} {the} {tail}"
    return Pair(
        sentence(text, mark),
        f"{subject} {spot} 있어요{mark}",
        "home",
        (kind, "location", "present"),
    )


def putting(s: Sampler) -> Pair:
    """I put the key on the desk. / Please put the book in the bag."""
    thing, tail, spot = _spot(s)
    if "pet" in thing.classes or tail.startswith("under"):
        raise Reject
    what = with_particle(thing.korean, "을")
    if s.chance(0.5):
        return Pair(
            f"I put {thing.phrase('the')} {tail}.",
            f"{what} {spot} 뒀어요.",
            "home",
            ("statement", "location", "past"),
        )
    return Pair(
        f"Please put {thing.phrase('the')} {tail}.",
        f"{what} {spot} 놓아 주세요.",
        "home",
        ("request", "location"),
    )


def food_place(s: Sampler) -> Pair:
    """The milk is in the refrigerator. / Is there bread on the table?"""
    food = s.pick(
        s.lexicon.things("drink", "alcohol", "fruit", "vegetable", "meat", "snack", "grocery")
    )
    fridge = s.lexicon.things("refrigerator")[0]
    is_dry = "hotdrink" in food.classes or food.english in ("sugar", "salt", "cookie", "candy")
    is_fridge = s.chance(0.6) and not is_dry
    tail, spot = (
        ("in the refrigerator", f"{fridge.korean} 안에")
        if is_fridge
        else ("on the table", "식탁 위에")
    )
    noun = food.phrase("gen")
    kind, be = s.pick(("there", "question", "none")), "are" if noun.endswith("s") else "is"
    if noun in ("rice cakes", "cookies", "grapes", "strawberries"):
        be = "are"
    if kind == "question":
        return Pair(
            f"{be.capitalize()} there any {noun} {tail}?",
            f"{spot} {with_particle(food.korean, '이')} 있어요?",
            "food",
            ("yes-no question", "location", "present"),
        )
    if kind == "none":
        return Pair(
            f"There {be}n't any {noun} {tail}.",
            f"{spot} {with_particle(food.korean, '이')} 없어요.",
            "food",
            ("statement", "negation", "location", "present"),
        )
    lead = "There are" if be == "are" else "There's"
    return Pair(
        f"{lead} some {noun} {tail}.",
        f"{spot} {with_particle(food.korean, '이')} 있어요.",
        "food",
        ("statement", "location", "present"),
    )


def person_place(s: Sampler) -> Pair:
    """My mother is in the kitchen. / Is Minsu at the library?"""
    person = s.subject(first=0, we=False)
    place = s.pick(s.lexicon.things("room", "dest", "home", "outdoor", "office", "city"))
    if not place.at:
        raise Reject
    if "room" in place.classes and "kin" not in person.classes:
        raise Reject
    kind = s.pick(("is", "isn't", "question", "was"))
    be = "are" if person.person == "3p" else "is"
    stem = Stem("계시" if person.is_elder else "있")
    said = present(stem, person.is_elder)
    where = f"{place.korean}에"
    if kind == "question":
        asked = person.english.replace("my ", "your ")
        return Pair(
            sentence(f"{be} {asked} {place.at} now", "?"),
            f"{topic(person)} 지금 {where} 있어요?".replace("있어요", said),
            "family",
            ("yes-no question", "location", "present"),
        )
    if kind == "isn't":
        said = "안 계세요" if person.is_elder else "없어요"
        return Pair(
            sentence(f"{person.english} {be}n't {place.at} now"),
            f"{topic(person)} 지금 {where} {said}.",
            "family",
            ("statement", "negation", "location", "present"),
        )
    if kind == "was":
        was = "were" if person.person == "3p" else "was"
        time = s.pick([t for t in s.lexicon.times if t.tense == "past" and t.tag in "PAMEH"])
        return Pair(
            sentence(f"{person.english} {was} {place.at} {time.english}"),
            f"{topic(person)} {time.korean} {where} {past(stem)}.",
            "family",
            ("statement", "location", "past"),
        )
    return Pair(
        sentence(f"{person.english} {be} {place.at} now"),
        f"{topic(person)} 지금 {where} {said}.",
        "family",
        ("statement", "location", "present"),
    )


PATTERNS = {
    "town_place": (6.0, town_place),
    "where_is": (2.5, where_is),
    "how_far": (1.5, how_far),
    "direction": (3.0, direction),
    "bus_question": (1.2, bus_question),
    "by_vehicle": (2.0, by_vehicle),
    "thing_place": (4.0, thing_place),
    "putting": (2.0, putting),
    "food_place": (2.0, food_place),
    "person_place": (3.5, person_place),
}
