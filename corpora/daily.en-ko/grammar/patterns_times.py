"""Patterns with clock times, dates and durations."""

from __future__ import annotations

from actions import Reject, english_clause, korean_clause, make_action, topic, verb_with
from english import sentence, spaced
from korean import with_particle
from numerals import MONTHS, clock, date, english_number, month, native, sino
from sampler import Pair, Sampler

DAYS = tuple(
    zip(
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        ["월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일"],
        strict=True,
    )
)


EVENTS = (
    ("meeting", "회의"),
    ("class", "수업"),
    ("concert", "공연"),
    ("movie", "영화"),
    ("exam", "시험"),
    ("party", "파티"),
    ("wedding", "결혼식"),
    ("game", "경기"),
    ("interview", "면접"),
    ("festival", "축제"),
)


def time_now(s: Sampler) -> Pair:
    """It's three twenty."""
    english, korean = clock(s.pick(range(1, 13)), s.pick(range(0, 60, 5)))
    return Pair(
        f"It's {english} now.",
        f"지금은 {with_particle(korean, '이에요')}.",
        "times",
        ("statement", "time", "present"),
    )


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
        if (verb == "open" and not 6 <= hour <= 11) or (verb == "close" and not 5 <= hour <= 11):
            raise Reject
    else:
        name, noun = s.pick((("train", "기차"), ("bus", "버스"), ("plane", "비행기")))
        verb, korean_verb = s.pick((("leave", "출발해요"), ("arrive", "도착해요")))
    subject = with_particle(noun, "은")
    if s.chance(0.12):
        return Pair(
            f"What time does the {name} {verb}?",
            f"{subject} 몇 시에 {korean_verb}?",
            "times",
            ("wh-question", "time", "present"),
        )
    ends = verb + "s"
    return Pair(
        f"The {name} {ends} at {english}.",
        f"{subject} {korean}에 {korean_verb}.",
        "times",
        ("statement", "time", "present"),
    )


ROUTINE = (
    "get up",
    "go to bed",
    "have breakfast",
    "have lunch",
    "have dinner",
    "go to work",
    "exercise",
    "study",
    "go home",
)


HOURS = {
    "get up": range(5, 10),
    "go to bed": range(9, 13),
    "have breakfast": range(6, 10),
    "have lunch": range(11, 14),
    "have dinner": range(5, 9),
    "go to work": range(7, 10),
    "exercise": range(5, 9),
    "study": range(2, 11),
    "go home": range(4, 9),
}


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
        return Pair(
            sentence(text, "?"),
            spaced(topic_part, "몇 시에", rest) + "?",
            "times",
            ("wh-question", "time", "present"),
        )
    mode = s.pick(("present", "past", "must"))
    hour = (s.pick(HOURS[lemma]) - 1) % 12 + 1
    english, korean = clock(hour, s.pick((0, 0, 30)))
    subject = s.subject(action, first=0.45)
    days = {
        "present": (("", ""), ("every day", "매일")),
        "past": (("", ""), ("yesterday", "어제")),
        "must": (("", ""), ("tomorrow", "내일")),
    }[mode]
    day, korean_day = s.pick(days)
    text = english_clause(subject, action, mode)
    subject_part = topic(subject)
    rest = korean_clause(subject, action, mode).removeprefix(subject_part).strip()
    return Pair(
        sentence(spaced(text, "at", english, day)),
        spaced(subject_part, korean_day, korean + "에", rest) + ".",
        "times",
        ("statement", "time", "obligation" if mode == "must" else mode),
    )


def meeting_time(s: Sampler) -> Pair:
    """Let's meet at three o'clock at the cafe."""
    place = s.pick(
        s.lexicon.things("transit", "eat", "fun", "outdoor", "sight", "learn", "bookstore")
    )
    english, korean = clock(s.pick(range(1, 9)), s.pick((0, 0, 30)))
    if s.chance(0.5):
        return Pair(
            f"Shall we meet {place.at} at {english}?",
            f"{korean}에 {place.korean}에서 만날까요?",
            "times",
            ("suggestion", "time"),
        )
    return Pair(
        f"Let's meet {place.at} at {english}.",
        f"{korean}에 {place.korean}에서 만나요.",
        "times",
        ("suggestion", "time"),
    )


def _some_date(s: Sampler) -> tuple[str, str]:
    month_number, day = s.pick(range(1, 13)), s.pick(range(1, 31))
    if month_number == 2 and day > 28:
        raise Reject
    return date(month_number, day)


def birthday(s: Sampler) -> Pair:
    """My birthday is June third. / When's your mother's birthday?"""
    english, korean = _some_date(s)
    owner = s.subject(first=0.15, we=False)
    if owner.person == "3p":
        raise Reject
    whose = "my" if owner.english == "I" else owner.english + "'s"
    korean_owner = "제" if owner.english == "I" else owner.korean
    noun = "생신" if owner.is_elder else "생일"
    if s.chance(0.15):
        asked = "your" if owner.english == "I" else whose.replace("my ", "your ")
        mine = "" if owner.english == "I" else korean_owner
        return Pair(
            f"When's {asked} birthday?",
            spaced(mine, f"{noun}이 언제예요?"),
            "dates",
            ("wh-question", "time", "present"),
        )
    return Pair(
        sentence(f"{whose} birthday is {english}"),
        f"{korean_owner} {noun}은 {korean}이에요.",
        "dates",
        ("statement", "time", "possession", "present"),
    )


def event_day(s: Sampler) -> Pair:
    """The concert is on June third. / Is the exam on Friday? / Today is May first."""
    english, korean = _some_date(s)
    name, noun = s.pick([event for event in EVENTS if event[0] != "movie"])
    kind = s.pick(("date", "weekday", "today"))
    if kind == "today":
        return Pair(
            f"Today is {english}.",
            f"오늘은 {korean}이에요.",
            "dates",
            ("statement", "time", "present"),
        )
    if kind == "date" and name == "class":
        raise Reject
    day, korean_day = (english, korean) if kind == "date" else s.pick(DAYS)
    question = kind == "weekday" and s.chance(0.3)
    mark = "?" if question else "."
    text = f"is the {name} on {day}" if question else f"the {name} is on {day}"
    return Pair(
        sentence(text, mark),
        f"{with_particle(noun, '은')} {korean_day}에 있어요{mark}",
        "dates",
        ("yes-no question" if question else "statement", "time", "present"),
    )


def in_month(s: Sampler) -> Pair:
    """I'm going to travel in July. / Minsu moved in October."""
    frame = s.frame(s.pick(("d", "f")))
    if "W" not in frame.when or frame.lemma not in (
        "go",
        "travel",
        "move",
        "go camping",
        "go on a business trip",
        "quit {my} job",
        "visit",
        "go hiking",
        "learn to drive",
        "take",
        "learn",
        "marry",
    ):
        raise Reject
    action = s.action(frame)
    is_name = frame.article in ("to", "name") and "city" in frame.objects
    if frame.lemma == "go" and not is_name:
        raise Reject
    mode = s.pick(("past", "future"))
    number = s.pick(range(1, 13))
    subject = s.subject(action)
    text = english_clause(subject, action, mode)
    subject_part = topic(subject)
    rest = korean_clause(subject, action, mode).removeprefix(subject_part).strip()
    return Pair(
        sentence(f"{text} in {MONTHS[number - 1]}"),
        spaced(subject_part, f"{month(number)}에", rest) + ".",
        "dates",
        ("statement", "time", mode),
        action.combos,
    )


# What one does for a while, and for how many hours at most.
LASTING = {
    "study": 8,
    "sleep": 9,
    "work": 9,
    "exercise": 2,
    "watch TV": 4,
    "take a walk": 2,
    "play computer games": 4,
    "wait": 2,
    "clean {my} room": 2,
    "walk": 3,
}


def duration(s: Sampler) -> Pair:
    """I studied for two hours last night."""
    lemma = s.pick(tuple(LASTING))
    frame = next(f for f in s.lexicon.frames if f.english == lemma)
    action = make_action(frame)
    subject = s.subject(action, first=0.5)
    hours = s.pick(range(5 if lemma == "sleep" else 1, LASTING[lemma] + 1))
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
    return Pair(
        sentence(spaced(text, "for", english, day)),
        spaced(subject_part, korean_day, f"{korean} 동안", rest) + ".",
        frame.topic,
        ("statement", "quantity", "past", "time"),
    )


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
    return Pair(
        sentence(f"{subject.english} lived {place.at} for {english_number(number)} {years}"),
        spaced(topic(subject), f"{place.korean}에서 {korean} 동안 {said}."),
        "home",
        ("statement", "quantity", "past", "time"),
        verb_with("live", place, "살"),
    )


def takes(s: Sampler) -> Pair:
    """It takes twenty minutes from the hotel to the station by bus."""
    one, two = s.pick(s.lexicon.things("town")), s.pick(s.lexicon.things("town"))
    if one == two or one.english in two.english or two.english in one.english:
        raise Reject
    by, korean_by = s.pick(
        (
            ("by bus", "버스로"),
            ("by subway", "지하철로"),
            ("by taxi", "택시로"),
            ("on foot", "걸어서"),
        )
    )
    if s.chance(0.2):
        return Pair(
            f"How long does it take to get to the {two.english} {by}?",
            f"{two.korean}까지 {korean_by} 얼마나 걸려요?",
            "travel",
            ("wh-question", "time", "present"),
        )
    minutes = s.pick(range(5, 60, 5))
    amount, korean = f"{english_number(minutes)} minutes", f"{sino(minutes)} 분"
    if s.chance(0.5):
        return Pair(
            f"It takes {amount} to get to the {two.english} {by}.",
            f"{two.korean}까지 {korean_by} {korean} 걸려요.",
            "travel",
            ("statement", "time", "present"),
        )
    return Pair(
        f"It takes {amount} from the {one.english} to the {two.english} {by}.",
        f"{one.korean}에서 {two.korean}까지 {korean_by} {korean} 걸려요.",
        "travel",
        ("statement", "time", "present"),
    )


PATTERNS = {
    "time_now": (0.6, time_now),
    "schedule": (4.0, schedule),
    "routine": (3.0, routine),
    "meeting_time": (2.0, meeting_time),
    "birthday": (2.0, birthday),
    "event_day": (3.0, event_day),
    "in_month": (2.5, in_month),
    "duration": (2.0, duration),
    "takes": (3.5, takes),
    "lived": (1.5, lived),
}
