"""Patterns about the weather."""

from __future__ import annotations

from actions import Reject
from english import sentence, spaced
from korean import Stem, past, present, with_eu, with_particle
from lexicon import read_table
from sampler import Pair, Sampler


def weather(s: Sampler) -> Pair:
    """It was cold in Busan yesterday. / Is it raining in Seoul now?"""
    row = s.pick(read_table("weather"))
    city = s.pick(s.lexicon.things("city"))
    kind = s.pick(("past", "future", "present", "question"))
    kind_of = row["kind"] if len(row["kind"]) == 1 else ""
    stem = Stem(row["korean"], kind_of, is_adjective=row["kind"] != "verb")
    if kind in ("past", "future"):
        times = [
            t
            for t in s.lexicon.times
            if t.tense == kind
            and t.tag in "PAMEW"
            and "year" not in t.english
            and "on " not in t.english
            and "summer" not in t.english
            and "winter" not in t.english
        ]
        if "sunny" in row["english"]:
            times = [time for time in times if time.tag != "E"]
        time = s.pick(times)
        said = past(stem) if kind == "past" else with_eu(stem, "ㄹ 거예요")
        return Pair(
            sentence(spaced(row[kind], city.at, time.english)),
            spaced(time.korean, city.korean + "에", said + ".")
            if row["kind"] == "verb"
            else spaced(time.korean, with_particle(city.korean, "은"), said + "."),
            "weather",
            ("statement", kind),
        )
    place = city.korean + "에" if row["kind"] == "verb" else with_particle(city.korean, "은")
    if kind == "question":
        head, _, rest = row["english"].rpartition("'s ")
        text = f"is {head} {rest}" if head else "is " + row["english"].replace(" is ", " ")
        return Pair(
            sentence(spaced(text, city.at, "now"), "?"),
            spaced("지금", place, present(stem)) + "?",
            "weather",
            ("yes-no question", "present"),
        )
    return Pair(
        sentence(spaced(row["english"], city.at, "today")),
        spaced("오늘", place, present(stem)) + ".",
        "weather",
        ("statement", "present"),
    )


def weather_more(s: Sampler) -> Pair:
    """Seoul is colder than Busan today. / How's the weather in Paris?"""
    one, two = s.pick(s.lexicon.things("city")), s.pick(s.lexicon.things("city"))
    if one == two:
        raise Reject
    if s.chance(0.25):
        day, korean_day = s.pick((("today", "오늘"), ("now", "지금")))
        return Pair(
            f"How's the weather {one.at} {day}?",
            f"{korean_day} {one.korean} 날씨가 어때요?",
            "weather",
            ("wh-question", "present"),
        )
    word, korean = s.pick((("colder", "추워요"), ("hotter", "더워요"), ("warmer", "따뜻해요")))
    day, korean_day = s.pick((("", ""), ("today", "오늘")))
    text = spaced(one.english, "is", word, "than", two.english, day)
    said = spaced(korean_day, with_particle(one.korean, "은"), two.korean + "보다 더", korean)
    return Pair(text + ".", said + ".", "weather", ("statement", "comparison", "present"))


PATTERNS = {
    "weather": (4.0, weather),
    "weather_more": (1.5, weather_more),
}
