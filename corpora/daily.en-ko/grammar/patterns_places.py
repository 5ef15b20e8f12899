"""Patterns about where things are and how to get there, and about the weather."""

from __future__ import annotations

from actions import topic
from english import article, sentence, spaced
from korean import Stem, past, present, with_eu, with_particle
from lexicon import read_table
from numerals import english_ordinal, sino
from sampler import Pair, Reject, Sampler

RELATIONS = (
    ("next to", "옆"), ("in front of", "앞"), ("behind", "뒤"), ("across from", "맞은편"),
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
        return Pair(f"There's {article(one.english)} {relation} the {two.english}.",
                    f"{where} {with_particle(one.korean, '이')} 있어요.", "travel",
                    ("statement", "location", "present"))
    subject = with_particle(one.korean, "은")
    if kind == "question":
        return Pair(f"Is the {one.english} {relation} the {two.english}?",
                    f"{subject} {where} 있어요?", "travel",
                    ("yes-no question", "location", "present"))
    if kind == "isn't":
        return Pair(f"There isn't {article(one.english)} {relation} the {two.english}.",
                    f"{where} {with_particle(one.korean, '이')} 없어요.", "travel",
                    ("statement", "negation", "location", "present"))
    return Pair(f"The {one.english} is {relation} the {two.english}.", f"{subject} {where} 있어요.",
                "travel", ("statement", "location", "present"))


def where_is(s: Sampler) -> Pair:
    """Where's the bank? / Is there a pharmacy near here? / The bank is far from here."""
    place = s.pick(s.lexicon.things("town", "facility"))
    noun, kind = place.korean, s.pick(("where", "near", "far", "close", "none", "how", "taxi"))
    the, travel = f"the {place.english}", "travel"
    if kind == "where":
        return Pair(f"Where's {the}?", f"{with_particle(noun, '이')} 어디에 있어요?", travel,
                    ("wh-question", "location", "present"))
    if kind == "near":
        return Pair(f"Is there {article(place.english)} near here?",
                    f"이 근처에 {with_particle(noun, '이')} 있어요?", travel,
                    ("yes-no question", "location", "present"))
    if kind == "none":
        return Pair(f"There isn't {article(place.english)} near here.",
                    f"이 근처에 {with_particle(noun, '이')} 없어요.", travel,
                    ("statement", "negation", "location", "present"))
    if "facility" in place.classes and kind != "how":
        raise Reject
    if kind == "how":
        return Pair(f"How do I get to {the}?", f"{noun}에 어떻게 가요?", travel,
                    ("wh-question", "location", "present"))
    if kind == "taxi":
        return Pair(f"Please take me to {the}.", f"{with_particle(noun, '로')} 가 주세요.", travel,
                    ("request", "location"))
    far, korean = ("far from", "에서 멀어요") if kind == "far" else ("close to", "에서 가까워요")
    mark = s.pick((".", "?"))
    text = f"Is {the} {far} here?" if mark == "?" else f"The {place.english} is {far} here."
    asked = "yes-no question" if mark == "?" else "statement"
    return Pair(text, f"{with_particle(noun, '은')} 여기{korean}{mark}", travel,
                (asked, "location", "present"))


def direction(s: Sampler) -> Pair:
    """Turn left at the bank. / Get off at City Hall. / Does this bus go to the park?"""
    place = s.pick(s.lexicon.things("town"))
    vehicle = s.pick(("bus", "subway", "taxi"))
    korean_vehicle = {"bus": "버스", "subway": "지하철", "taxi": "택시"}[vehicle]
    the, noun = f"the {place.english}", place.korean
    options = (
        (f"Turn left at {the}.", f"{noun}에서 왼쪽으로 도세요."),
        (f"Turn right at {the}.", f"{noun}에서 오른쪽으로 도세요."),
        (f"Go straight to {the}.", f"{noun}까지 똑바로 가세요."),
        (f"Go straight and turn left at {the}.", f"똑바로 가서 {noun}에서 왼쪽으로 도세요."),
        (f"Go straight and turn right at {the}.", f"똑바로 가서 {noun}에서 오른쪽으로 도세요."),
        (f"Get off at {the}.", f"{noun}에서 내리세요."),
        (f"Take the {vehicle} to {the}.", f"{noun}까지 {korean_vehicle}를 타세요."),
        (f"Let's meet in front of {the}.", f"{noun} 앞에서 만나요."),
        (f"I'm waiting in front of {the}.", f"{noun} 앞에서 기다리고 있어요."),
    )
    text, korean = s.pick(options)
    korean = korean.replace("지하철를", "지하철을")
    kind = "suggestion" if "Let's" in text else "statement" if "I'm" in text else "request"
    return Pair(text, korean, "travel", (kind, "location"))


def bus_question(s: Sampler) -> Pair:
    """Does this bus go to the park? / Which train goes to Busan?"""
    vehicle, korean_vehicle = s.pick((("bus", "버스"), ("train", "기차"), ("subway", "지하철")))
    place = s.pick(s.lexicon.things("korean-city") if vehicle == "train" else
                   s.lexicon.things("town", "korean-city"))
    if place.english == "Jeju Island" or (vehicle == "subway" and "city" in place.classes):
        raise Reject
    if s.chance(0.5) and vehicle != "subway":
        return Pair(f"Which {vehicle} goes {place.to}?",
                    f"어느 {with_particle(korean_vehicle, '이')} {place.korean}에 가요?", "travel",
                    ("wh-question", "location", "present"))
    return Pair(f"Does this {vehicle} go {place.to}?",
                f"이 {with_particle(korean_vehicle, '은')} {place.korean}에 가요?", "travel",
                ("yes-no question", "location", "present"))


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
    time = s.pick([t for t in s.lexicon.times if t.tense == ("past" if mode == "past" else "habit")
                   and t.tag in ("PMW" if is_city else "PM")]) if s.chance(0.6) else None
    went = {"past": ("갔어요", "가셨어요"), "present": ("가요", "가세요")}[mode][subject.is_elder]
    text = spaced(subject.english, go, place.to, "by", vehicle.english, time.english if time else "")
    korean = spaced(topic(subject), time.korean if time else "",
                    with_particle(vehicle.korean, "로"), place.korean + "에", went)
    return Pair(sentence(text), korean + ".", "travel", ("statement", mode, "location"))


def thing_place(s: Sampler) -> Pair:
    """The key is on the desk. / There's a cat under the bed."""
    place, relation, korean_relation = s.pick((
        (s.pick(SURFACES), "on", "위"), (s.pick(COVERS), "under", "밑"),
        (s.pick(CONTAINERS), "in", "안"),
    ))
    where = s.lexicon.things(place)[0]
    is_pet = relation != "in" and s.chance(0.2)
    if is_pet and place in ("desk", "table", "bookshelf") and relation == "on":
        raise Reject
    thing = s.pick(s.lexicon.things("pet" if is_pet else "small"))
    if "tableware" in thing.classes and (place, relation) not in (("table", "on"), ("box", "in")):
        raise Reject
    if thing.english == place:
        raise Reject
    spot = f"{where.korean} {korean_relation}에"
    tail = f"{relation} the {place}"
    kind = s.pick(("is", "there", "question", "put"))
    be = "are" if thing.is_plural else "is"
    subject = with_particle(thing.korean, "은")
    if kind == "there":
        lead = "There are" if thing.is_plural else "There's"
        return Pair(f"{lead} {thing.phrase('a')} {tail}.",
                    f"{spot} {with_particle(thing.korean, '이')} 있어요.", "home",
                    ("statement", "location", "present"))
    if kind == "question":
        return Pair(f"{be.capitalize()} {thing.phrase('the')} {tail}?", f"{subject} {spot} 있어요?",
                    "home", ("yes-no question", "location", "present"))
    if kind == "put" and not is_pet and relation != "under":
        if s.chance(0.5):
            return Pair(f"I put {thing.phrase('the')} {tail}.",
                        f"{with_particle(thing.korean, '을')} {spot} 뒀어요.", "home",
                        ("statement", "location", "past"))
        return Pair(f"Please put {thing.phrase('the')} {tail}.",
                    f"{with_particle(thing.korean, '을')} {spot} 놓아 주세요.", "home",
                    ("request", "location"))
    return Pair(sentence(f"{thing.phrase('the')} {be} {tail}"), f"{subject} {spot} 있어요.", "home",
                ("statement", "location", "present"))


def food_place(s: Sampler) -> Pair:
    """The milk is in the refrigerator. / Is there bread on the table?"""
    food = s.pick(s.lexicon.things("drink", "fruit", "vegetable", "meat", "snack", "grocery"))
    fridge = s.lexicon.things("refrigerator")[0]
    is_fridge = s.chance(0.6) and "hotdrink" not in food.classes
    tail, spot = ("in the refrigerator", f"{fridge.korean} 안에") if is_fridge else (
        "on the table", "식탁 위에")
    noun = food.phrase("gen")
    kind, be = s.pick(("there", "question", "none")), "are" if noun.endswith("s") else "is"
    if noun in ("rice cakes", "cookies", "grapes", "strawberries"):
        be = "are"
    if kind == "question":
        return Pair(f"{be.capitalize()} there any {noun} {tail}?",
                    f"{spot} {with_particle(food.korean, '이')} 있어요?", "food",
                    ("yes-no question", "location", "present"))
    if kind == "none":
        return Pair(f"There {be}n't any {noun} {tail}.",
                    f"{spot} {with_particle(food.korean, '이')} 없어요.", "food",
                    ("statement", "negation", "location", "present"))
    lead = "There are" if be == "are" else "There's"
    return Pair(f"{lead} some {noun} {tail}.", f"{spot} {with_particle(food.korean, '이')} 있어요.",
                "food", ("statement", "location", "present"))


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
        return Pair(sentence(f"{be} {asked} {place.at} now", "?"),
                    f"{topic(person)} 지금 {where} 있어요?".replace("있어요", said), "family",
                    ("yes-no question", "location", "present"))
    if kind == "isn't":
        said = "안 계세요" if person.is_elder else "없어요"
        return Pair(sentence(f"{person.english} {be}n't {place.at} now"),
                    f"{topic(person)} 지금 {where} {said}.", "family",
                    ("statement", "negation", "location", "present"))
    if kind == "was":
        was = "were" if person.person == "3p" else "was"
        time = s.pick([t for t in s.lexicon.times if t.tense == "past" and t.tag in "PAMEH"])
        return Pair(sentence(f"{person.english} {was} {place.at} {time.english}"),
                    f"{topic(person)} {time.korean} {where} {past(stem)}.", "family",
                    ("statement", "location", "past"))
    return Pair(sentence(f"{person.english} {be} {place.at} now"),
                f"{topic(person)} 지금 {where} {said}.", "family",
                ("statement", "location", "present"))


def floor(s: Sampler) -> Pair:
    """The restroom is on the third floor."""
    place = s.pick(s.lexicon.things("facility", "inside", "eat", "shop", "tasty"))
    if place.english in ("elevator", "market", "shopping mall", "department store"):
        raise Reject
    number = s.pick(range(1, 10))
    question = s.chance(0.25)
    if question:
        return Pair(f"Is the {place.english} on the {english_ordinal(number)} floor?",
                    f"{with_particle(place.korean, '은')} {sino(number)} 층에 있어요?", "shopping",
                    ("yes-no question", "location", "quantity", "present"))
    return Pair(f"The {place.english} is on the {english_ordinal(number)} floor.",
                f"{with_particle(place.korean, '은')} {sino(number)} 층에 있어요.", "shopping",
                ("statement", "location", "quantity", "present"))


def weather(s: Sampler) -> Pair:
    """It was cold in Busan yesterday. / Is it raining in Seoul now?"""
    row = s.pick(read_table("weather"))
    city = s.pick(s.lexicon.things("city"))
    kind = s.pick(("past", "future", "present", "question"))
    kind_of = row["kind"] if len(row["kind"]) == 1 else ""
    stem = Stem(row["korean"], kind_of, is_adjective=row["kind"] != "verb")
    if kind in ("past", "future"):
        times = [t for t in s.lexicon.times if t.tense == kind and t.tag in "PAMEW"
                 and "year" not in t.english and "on " not in t.english
                 and "summer" not in t.english and "winter" not in t.english]
        time = s.pick(times)
        said = past(stem) if kind == "past" else with_eu(stem, "ㄹ 거예요")
        return Pair(sentence(spaced(row[kind], city.at, time.english)),
                    spaced(time.korean, city.korean + "에", said + ".")
                    if row["kind"] == "verb" else
                    spaced(time.korean, with_particle(city.korean, "은"), said + "."),
                    "weather", ("statement", kind))
    place = city.korean + "에" if row["kind"] == "verb" else with_particle(city.korean, "은")
    if kind == "question":
        head, _, rest = row["english"].rpartition("'s ")
        text = f"is {head} {rest}" if head else "is " + row["english"].replace(" is ", " ")
        return Pair(sentence(spaced(text, city.at, "now"), "?"),
                    spaced("지금", place, present(stem)) + "?", "weather",
                    ("yes-no question", "present"))
    return Pair(sentence(spaced(row["english"], city.at, "today")),
                spaced("오늘", place, present(stem)) + ".", "weather", ("statement", "present"))


def weather_more(s: Sampler) -> Pair:
    """Seoul is colder than Busan today. / How's the weather in Paris?"""
    one, two = s.pick(s.lexicon.things("city")), s.pick(s.lexicon.things("city"))
    if one == two:
        raise Reject
    if s.chance(0.25):
        day, korean_day = s.pick((("today", "오늘"), ("now", "지금")))
        return Pair(f"How's the weather {one.at} {day}?", f"{korean_day} {one.korean} 날씨가 어때요?",
                    "weather", ("wh-question", "present"))
    word, korean = s.pick((("colder", "추워요"), ("hotter", "더워요"), ("warmer", "따뜻해요")))
    day, korean_day = s.pick((("", ""), ("today", "오늘")))
    text = spaced(one.english, "is", word, "than", two.english, day)
    said = spaced(korean_day, with_particle(one.korean, "은"), two.korean + "보다 더", korean)
    return Pair(text + ".", said + ".", "weather", ("statement", "comparison", "present"))


PATTERNS = {
    "town_place": (6.0, town_place), "where_is": (4.0, where_is), "direction": (3.0, direction),
    "bus_question": (1.2, bus_question), "by_vehicle": (2.0, by_vehicle),
    "thing_place": (5.0, thing_place), "food_place": (2.0, food_place),
    "person_place": (3.5, person_place), "floor": (1.5, floor), "weather": (4.0, weather),
    "weather_more": (1.5, weather_more),
}
