"""Patterns with numbers: prices, counting, clock times, dates, ages, durations."""

from __future__ import annotations

from dataclasses import replace

from actions import english_clause, korean_clause, korean_predicate, make_action, topic
from english import sentence, spaced
from korean import with_particle
from lexicon import Noun
from numerals import MONTHS, clock, date, english_number, month, native, sino
from sampler import Pair, Reject, Sampler

DAYS = tuple(zip(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
    "월요일 화요일 수요일 목요일 금요일 토요일 일요일".split(), strict=True,
))
# Class of goods -> plausible prices in won: lowest, highest, step.
PRICES = {
    "fruit": (1000, 9000, 500), "vegetable": (1000, 6000, 500), "drink": (1500, 9000, 500),
    "dish": (5000, 20000, 1000), "snack": (1000, 9000, 500), "clothing": (15000, 95000, 5000),
    "footwear": (10000, 95000, 5000), "headwear": (10000, 50000, 5000),
    "handwear": (10000, 60000, 5000), "goods": (10000, 90000, 5000),
    "stationery": (500, 5000, 500), "bookshop": (8000, 25000, 1000),
    "tableware": (3000, 20000, 1000), "electronic": (100000, 950000, 50000),
    "furniture": (50000, 450000, 50000),
}
EVENTS = (
    ("meeting", "회의"), ("class", "수업"), ("concert", "공연"), ("movie", "영화"),
    ("exam", "시험"), ("party", "파티"), ("wedding", "결혼식"), ("game", "경기"),
    ("interview", "면접"), ("festival", "축제"),
)


def _amount(s: Sampler, low: int, high: int, step: int) -> int:
    return s.pick(range(low, high + step, step))


def price(s: Sampler) -> Pair:
    """How much is this bag? / This bag is fifty thousand won."""
    group = s.pick(tuple(PRICES))
    noun = s.pick(s.lexicon.things(group))
    be = "are" if noun.is_plural else "is"
    this, won = noun.phrase("this"), _amount(s, *PRICES[group])
    subject = f"이 {with_particle(noun.korean, '은')}"
    kind = s.pick(("ask", "is", "is", "bought"))
    if kind == "ask":
        return Pair(f"How much {be} {this}?", f"{subject} 얼마예요?", "shopping",
                    ("wh-question", "price", "present"))
    amount = f"{english_number(won)} won"
    if kind == "bought":
        subject_person = s.subject(first=0.6)
        who = subject_person.english
        bought = "사셨어요" if subject_person.is_elder else "샀어요"
        return Pair(sentence(f"{who} bought {this} for {amount}"),
                    spaced(topic(subject_person), f"이 {with_particle(noun.korean, '을')}",
                           f"{sino(won)} 원에 {bought}."), "shopping",
                    ("statement", "price", "past", "quantity"))
    return Pair(sentence(f"{this} {be} {amount}"), f"{subject} {sino(won)} 원이에요.", "shopping",
                ("statement", "price", "present", "quantity"))


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
    return s.pick([noun for noun in s.lexicon.things(*classes)
                   if noun.counter and noun.kind in ("c", "m")
                   and (noun.kind == "c" or noun.counter == "잔")])


def ordering(s: Sampler) -> Pair:
    """Two cups of coffee, please. / Can I have three apples?"""
    noun = _countable(s, "order-drink", "fruit", "light", "tea", "ticket")
    number = s.pick(range(1, 8))
    text, korean = counted(noun, number)
    if s.chance(0.5):
        return Pair(sentence(f"{text}, please"), f"{noun.korean} {korean} 주세요.", noun.topic,
                    ("request", "quantity"))
    verb = "사고" if noun.classes & {"ticket", "fruit"} else "주문하고"
    return Pair(f"I'd like {text}.",
                f"{with_particle(noun.korean, '을')} {korean} {verb} 싶어요.", noun.topic,
                ("statement", "desire", "quantity"))


def counting_action(s: Sampler) -> Pair:
    """I bought three books yesterday. / Minsu drank two cups of coffee."""
    frame = s.frame("d", ["buy", "drink", "eat", "read", "borrow", "order", "take", "write"])
    noun = s.action(frame).object
    if not isinstance(noun, Noun) or not noun.counter or noun.kind not in ("c", "m"):
        raise Reject
    if noun.kind == "m" and noun.counter != "잔" or "vehicle" in noun.classes:
        raise Reject
    if {"test", "electronic", "furniture"} & noun.classes or frame.lemma == "keep":
        raise Reject
    few = bool(noun.classes & {"clothing", "headwear", "handwear", "goods"})
    text, korean = counted(noun, s.pick(range(2, 4 if few else 6 if frame.lemma != "buy" else 10)))
    base = make_action(frame, noun)
    action = replace(base, rest=text, korean_object=f"{base.korean_object} {korean}")
    mode = s.pick(("past", "past", "want", "future"))
    if mode == "want" and "w" not in frame.moods or mode == "future" and "f" not in frame.moods:
        raise Reject
    subject = s.subject(action)
    tense = "past" if mode == "past" else "future"
    setting = s.setting(action, tense, time=0.5, place=0.1)
    english = english_clause(subject, action, mode, setting)
    phenomena = ("statement", "quantity", "desire" if mode == "want" else mode)
    return Pair(sentence(english), korean_clause(subject, action, mode, setting) + ".", frame.topic,
                phenomena, action.combos)


def how_many(s: Sampler) -> Pair:
    """How many books did you buy? / How many cats do you have?"""
    if s.chance(0.3):
        noun = _countable(s, "pet", "stationery", "text", "headwear", "bag", "key", "umbrella")
        return Pair(f"How many {noun.plural} do you have?",
                    f"{with_particle(noun.korean, '이')} 몇 {noun.counter} 있어요?", noun.topic,
                    ("wh-question", "quantity", "possession", "present"))
    frame = s.frame("d", ["buy", "read", "borrow", "eat", "drink"])
    noun = s.action(frame).object
    if not isinstance(noun, Noun) or not noun.counter or (noun.kind, noun.counter) == ("m", "개"):
        raise Reject
    if noun.kind == "p" or {"furniture", "electronic"} & noun.classes:
        raise Reject
    action = make_action(frame, noun)
    subject = s.asked(action)
    things = counted(noun, 2)[0].removeprefix("two ")
    ed = "드셨어요" if subject.is_elder and frame.honorific else ""
    verb = ed or korean_predicate(action, subject, "past").split(" ")[-1]
    korean = spaced(topic(subject), with_particle(noun.korean, "을"), f"몇 {noun.counter}", verb)
    return Pair(f"How many {things} did {subject.english} {frame.lemma}?", korean + "?",
                frame.topic, ("wh-question", "quantity", "past"), action.combos)


def there_are(s: Sampler) -> Pair:
    """There are three chairs in the room. / I have two younger brothers."""
    number = s.pick(range(2, 11))
    kind = s.pick(("things", "people", "kin", "animals"))
    if kind == "kin":
        person = s.pick([p for p in s.lexicon.persons("counted") if p.is_third])
        owner = s.subject(first=0.35, we=False)
        count = s.pick(range(1, 5))
        if "kin" in owner.classes or owner.is_elder or owner.korean == person.korean:
            raise Reject
        name = person.english.removeprefix("my ") + ("s" if count > 1 else "")
        have = "have" if owner.english == "I" else "has"
        korean = spaced(topic(owner), with_particle(person.korean, "이"), f"{native(count)} 명",
                        "있어요.")
        return Pair(sentence(f"{owner.english} {have} {english_number(count)} {name}"), korean,
                    "family", ("statement", "quantity", "possession", "present"))
    if kind == "people":
        place = s.pick(s.lexicon.things("room", "inside", "town", "outdoor"))
        return Pair(f"There are {english_number(number)} people {place.at}.",
                    f"{place.korean}에 사람이 {native(number)} 명 있어요.", "home",
                    ("statement", "quantity", "location", "present"))
    if kind == "animals":
        noun = s.pick(s.lexicon.things("animal"))
        at, korean_at = ("at the zoo", "동물원") if "zoo" in noun.classes else (
            "on the farm", "농장") if noun.classes & {"farm", "horse"} else ("in the garden", "정원")
    else:
        noun = _countable(s, "furniture", "text", "stationery", "electronic")
        at, korean_at = s.pick((("in the room", "방"), ("in the classroom", "교실"),
                                ("in the office", "사무실")))
    return Pair(f"There are {english_number(number)} {noun.plural} {at}.",
                f"{korean_at}에 {with_particle(noun.korean, '이')} {native(number)} {noun.counter} "
                "있어요.", "home", ("statement", "quantity", "location", "present"))


def time_now(s: Sampler) -> Pair:
    """It's three twenty."""
    english, korean = clock(s.pick(range(1, 13)), s.pick(range(0, 60, 5)))
    return Pair(f"It's {english} now.", f"지금은 {korean}이에요.", "times",
                ("statement", "time", "present"))


def schedule(s: Sampler) -> Pair:
    """The meeting starts at three o'clock. / The bank opens at nine."""
    hour = s.pick(range(1, 13))
    minute = s.pick((0, 0, 30, 10, 20, 40, 50))
    english, korean = clock(hour, minute)
    kind = s.pick(("event", "event", "place", "train"))
    if kind == "event":
        name, noun = s.pick(EVENTS[:8])
        verb, korean_verb = s.pick((("start", "시작해요"), ("end", "끝나요")))
    elif kind == "place":
        place = s.pick(s.lexicon.things("openhours"))
        name, noun = place.english, place.korean
        verb, korean_verb = s.pick((("open", "문을 열어요"), ("close", "문을 닫아요")))
        if verb == "open" and not 6 <= hour <= 11 or verb == "close" and not 5 <= hour <= 11:
            raise Reject
    else:
        name, noun = s.pick((("train", "기차"), ("bus", "버스"), ("plane", "비행기")))
        verb, korean_verb = s.pick((("leave", "출발해요"), ("arrive", "도착해요")))
    subject = with_particle(noun, "은")
    if s.chance(0.12):
        return Pair(f"What time does the {name} {verb}?", f"{subject} 몇 시에 {korean_verb}?",
                    "times", ("wh-question", "time", "present"))
    ends = verb + "s"
    return Pair(f"The {name} {ends} at {english}.", f"{subject} {korean}에 {korean_verb}.", "times",
                ("statement", "time", "present"))


ROUTINE = ("get up", "go to bed", "have breakfast", "have lunch", "have dinner", "go to work",
           "exercise", "study", "go home")
HOURS = {"get up": range(5, 10), "go to bed": range(9, 13), "have breakfast": range(6, 10),
         "have lunch": range(11, 14), "have dinner": range(5, 9), "go to work": range(7, 10),
         "exercise": range(5, 9), "study": range(2, 11), "go home": range(4, 9)}


def routine(s: Sampler) -> Pair:
    """I get up at seven o'clock every day. / What time do you have dinner?"""
    lemma = s.pick(ROUTINE)
    if lemma == "go to bed":
        raise Reject
    frame = next(f for f in s.lexicon.frames if f.english == lemma)
    action = make_action(frame)
    if s.chance(0.12):
        subject = s.asked(action)
        text = "what time " + english_clause(subject, action, "present", question=True)
        predicate = korean_clause(subject, action, "present")
        topic_part = topic(subject)
        rest = predicate.removeprefix(topic_part).strip()
        return Pair(sentence(text, "?"), spaced(topic_part, "몇 시에", rest) + "?", "times",
                    ("wh-question", "time", "present"))
    mode = s.pick(("present", "past", "must"))
    hour = (s.pick(HOURS[lemma]) - 1) % 12 + 1
    english, korean = clock(hour, s.pick((0, 0, 30)))
    subject = s.subject(action, first=0.45)
    days = {"present": (("", ""), ("every day", "매일")),
            "past": (("", ""), ("yesterday", "어제")),
            "must": (("", ""), ("tomorrow", "내일"))}[mode]
    day, korean_day = s.pick(days)
    text = english_clause(subject, action, mode)
    subject_part = topic(subject)
    rest = korean_clause(subject, action, mode).removeprefix(subject_part).strip()
    return Pair(sentence(spaced(text, "at", english, day)),
                spaced(subject_part, korean_day, korean + "에", rest) + ".", "times",
                ("statement", "time", "obligation" if mode == "must" else mode))


def meeting_time(s: Sampler) -> Pair:
    """Let's meet at three o'clock at the cafe."""
    place = s.pick(s.lexicon.things("transit", "eat", "fun", "outdoor", "sight", "learn", "bookstore"))
    english, korean = clock(s.pick(range(1, 9)), s.pick((0, 0, 30)))
    if s.chance(0.5):
        return Pair(f"Shall we meet {place.at} at {english}?",
                    f"{korean}에 {place.korean}에서 만날까요?", "times", ("suggestion", "time"))
    return Pair(f"Let's meet {place.at} at {english}.", f"{korean}에 {place.korean}에서 만나요.",
                "times", ("suggestion", "time"))


def dates(s: Sampler) -> Pair:
    """My birthday is June third. / The concert is on Friday."""
    month_number, day = s.pick(range(1, 13)), s.pick(range(1, 31))
    if month_number == 2 and day > 28:
        raise Reject
    english, korean = date(month_number, day)
    kind = s.pick(("birthday", "birthday", "event", "day", "today"))
    if kind == "birthday":
        owner = s.subject(first=0.15, we=False)
        if owner.person == "3p":
            raise Reject
        whose = "my" if owner.english == "I" else owner.english + "'s"
        korean_owner = "제" if owner.english == "I" else owner.korean
        birthday = "생신" if owner.is_elder else "생일"
        if s.chance(0.15):
            asked = "your" if owner.english == "I" else whose.replace("my ", "your ")
            mine = "" if owner.english == "I" else korean_owner
            return Pair(f"When's {asked} birthday?", spaced(mine, f"{birthday}이 언제예요?"), "dates",
                        ("wh-question", "time", "present"))
        return Pair(sentence(f"{whose} birthday is {english}"),
                    f"{korean_owner} {birthday}은 {korean}이에요.", "dates",
                    ("statement", "time", "possession", "present"))
    name, noun = s.pick(EVENTS)
    if kind == "event" and name in ("class", "movie"):
        raise Reject
    if kind == "event":
        return Pair(f"The {name} is on {english}.", f"{with_particle(noun, '은')} {korean}에 있어요.",
                    "dates", ("statement", "time", "present"))
    if kind == "today":
        return Pair(f"Today is {english}.", f"오늘은 {korean}이에요.", "dates",
                    ("statement", "time", "present"))
    weekday, korean_day = s.pick(DAYS)
    if name == "movie":
        raise Reject
    question = s.chance(0.3)
    text = f"is the {name} on {weekday}" if question else f"the {name} is on {weekday}"
    mark = "?" if question else "."
    return Pair(sentence(text, mark), f"{with_particle(noun, '은')} {korean_day}에 있어요{mark}",
                "dates", ("yes-no question" if question else "statement", "time", "present"))


def in_month(s: Sampler) -> Pair:
    """I'm going to travel in July. / Minsu moved in October."""
    frame = s.frame(s.pick(("d", "f")))
    if "W" not in frame.when or frame.lemma not in (
        "go", "travel", "move", "go camping", "go on a business trip", "quit {my} job", "visit",
        "go hiking", "learn to drive", "take", "learn", "marry",
    ):
        raise Reject
    action = s.action(frame)
    mode = s.pick(("past", "future"))
    number = s.pick(range(1, 13))
    subject = s.subject(action)
    text = english_clause(subject, action, mode)
    subject_part = topic(subject)
    rest = korean_clause(subject, action, mode).removeprefix(subject_part).strip()
    return Pair(sentence(f"{text} in {MONTHS[number - 1]}"),
                spaced(subject_part, f"{month(number)}에", rest) + ".", "dates",
                ("statement", "time", mode), action.combos)


def age(s: Sampler) -> Pair:
    """My son is five years old. / How old is your daughter?"""
    person = s.subject(first=0.08, elders=False, we=False)
    low, high = (1, 16) if "child" in person.classes else (
        15, 35) if "young" in person.classes and "kin" in person.classes else (
        28, 56) if "kin" in person.classes else (19, 40)
    subject = topic(person) or "저는"
    if s.chance(0.12) and person.is_third:
        name = person.english.replace("my ", "your ")
        return Pair(f"How old is {name}?", f"{subject} 몇 살이에요?", "family",
                    ("wh-question", "quantity", "present"))
    number = s.pick(range(low, high))
    be = "I'm" if person.english == "I" else f"{person.english} is"
    years = "year" if number == 1 else "years"
    return Pair(sentence(f"{be} {english_number(number)} {years} old"),
                f"{subject} {native(number)} 살이에요.", "family",
                ("statement", "quantity", "present"))


LASTING = ("study", "sleep", "work", "exercise", "watch TV", "take a walk", "play computer games",
           "wait", "clean {my} room", "walk", "cook", "go jogging")


def duration(s: Sampler) -> Pair:
    """I studied for two hours last night."""
    lemma = s.pick(LASTING[:10])
    frame = next(f for f in s.lexicon.frames if f.english == lemma)
    action = make_action(frame)
    subject = s.subject(action, first=0.5)
    hours = s.pick(range(1, 9))
    minutes = s.pick((10, 20, 30, 40, 50))
    if s.chance(0.6):
        unit = "hour" if hours == 1 else "hours"
        english, korean = f"{english_number(hours)} {unit}", f"{native(hours)} 시간"
    else:
        english, korean = f"{english_number(minutes)} minutes", f"{sino(minutes)} 분"
    if lemma == "sleep" and "minutes" in english:
        raise Reject
    day, korean_day = s.pick((("", ""), ("yesterday", "어제"), ("today", "오늘")))
    text = english_clause(subject, action, "past")
    subject_part = topic(subject)
    rest = korean_clause(subject, action, "past").removeprefix(subject_part).strip()
    return Pair(sentence(spaced(text, "for", english, day)),
                spaced(subject_part, korean_day, f"{korean} 동안", rest) + ".", frame.topic,
                ("statement", "quantity", "past", "time"))


def lived(s: Sampler) -> Pair:
    """I lived in Seoul for three years."""
    place = s.pick(s.lexicon.things("city", "country"))
    subject = s.subject(first=0.5)
    number = s.pick(range(1, 11))
    unit, korean = s.pick((("year", f"{sino(number)} 년"), ("month", f"{native(number)} 달")))
    if unit == "month" and number > 6:
        raise Reject
    years = unit if number == 1 else unit + "s"
    said = "사셨어요" if subject.is_elder else "살았어요"
    return Pair(sentence(f"{subject.english} lived {place.at} for {english_number(number)} {years}"),
                spaced(topic(subject), f"{place.korean}에서 {korean} 동안 {said}."), "home",
                ("statement", "quantity", "past", "time"))


def takes(s: Sampler) -> Pair:
    """It takes twenty minutes from the hotel to the station by bus."""
    one, two = s.pick(s.lexicon.things("town")), s.pick(s.lexicon.things("town"))
    if one == two or one.english in two.english or two.english in one.english:
        raise Reject
    by, korean_by = s.pick((("by bus", "버스로"), ("by subway", "지하철로"), ("by taxi", "택시로"),
                            ("on foot", "걸어서")))
    if s.chance(0.2):
        return Pair(f"How long does it take to get to the {two.english} {by}?",
                    f"{two.korean}까지 {korean_by} 얼마나 걸려요?", "travel",
                    ("wh-question", "time", "present"))
    minutes = s.pick(range(5, 60, 5))
    amount, korean = f"{english_number(minutes)} minutes", f"{sino(minutes)} 분"
    if s.chance(0.5):
        return Pair(f"It takes {amount} to get to the {two.english} {by}.",
                    f"{two.korean}까지 {korean_by} {korean} 걸려요.", "travel",
                    ("statement", "time", "present"))
    return Pair(f"It takes {amount} from the {one.english} to the {two.english} {by}.",
                f"{one.korean}에서 {two.korean}까지 {korean_by} {korean} 걸려요.", "travel",
                ("statement", "time", "present"))


PATTERNS = {
    "price": (6.0, price), "ordering": (2.5, ordering),
    "counting_action": (5.0, counting_action), "how_many": (1.5, how_many),
    "there_are": (3.5, there_are), "time_now": (0.6, time_now), "schedule": (4.0, schedule),
    "routine": (3.0, routine), "meeting_time": (2.0, meeting_time), "dates": (5.0, dates),
    "in_month": (2.5, in_month), "age": (2.0, age), "duration": (2.0, duration),
    "takes": (3.5, takes), "lived": (1.5, lived),
}
