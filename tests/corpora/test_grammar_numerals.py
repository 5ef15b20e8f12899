import pytest
from numerals import clock, date, english_number, english_ordinal, month, native, sino

ENGLISH = [
    (0, "zero"),
    (13, "thirteen"),
    (20, "twenty"),
    (45, "forty-five"),
    (300, "three hundred"),
    (15000, "fifteen thousand"),
    (12500, "twelve thousand five hundred"),
    (650000, "six hundred fifty thousand"),
]
SINO = [
    (0, "영"),
    (1, "일"),
    (10, "십"),
    (16, "십육"),
    (25, "이십오"),
    (100, "백"),
    (1000, "천"),
    (7500, "칠천오백"),
    (10000, "만"),
    (15000, "만 오천"),
    (35000, "삼만 오천"),
    (100000, "십만"),
    (650000, "육십오만"),
]
NATIVE = [
    (1, "한"),
    (2, "두"),
    (3, "세"),
    (4, "네"),
    (5, "다섯"),
    (10, "열"),
    (11, "열한"),
    (12, "열두"),
    (20, "스무"),
    (21, "스물한"),
    (34, "서른네"),
    (48, "마흔여덟"),
]
ORDINALS = [
    (1, "first"),
    (2, "second"),
    (3, "third"),
    (5, "fifth"),
    (9, "ninth"),
    (12, "twelfth"),
    (15, "fifteenth"),
    (20, "twentieth"),
    (21, "twenty-first"),
    (30, "thirtieth"),
]
CLOCK = [
    (3, 0, "three o'clock", "세 시"),
    (3, 20, "three twenty", "세 시 이십 분"),
    (12, 30, "twelve thirty", "열두 시 반"),
    (6, 55, "six fifty-five", "여섯 시 오십오 분"),
]


@pytest.mark.parametrize(("number", "expected"), ENGLISH)
def test_english_numbers_are_spelled_out(number, expected):
    assert english_number(number) == expected


@pytest.mark.parametrize(("number", "expected"), ORDINALS)
def test_english_ordinals_are_spelled_out(number, expected):
    assert english_ordinal(number) == expected


@pytest.mark.parametrize(("number", "expected"), SINO)
def test_amounts_take_sino_korean_numerals(number, expected):
    assert sino(number) == expected


@pytest.mark.parametrize(("number", "expected"), NATIVE)
def test_counters_take_native_numerals_in_their_short_form(number, expected):
    assert native(number) == expected


def test_june_and_october_lose_a_consonant():
    assert [month(number) for number in (5, 6, 7, 10, 11)] == [
        "오월",
        "유월",
        "칠월",
        "시월",
        "십일월",
    ]


@pytest.mark.parametrize(("hour", "minute", "english", "korean"), CLOCK)
def test_hours_are_native_and_minutes_sino_korean(hour, minute, english, korean):
    assert clock(hour, minute) == (english, korean)


def test_a_date_is_month_and_day():
    assert date(6, 3) == ("June third", "유월 삼 일")
