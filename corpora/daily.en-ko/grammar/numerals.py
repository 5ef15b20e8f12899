"""Numbers -> words: English, native Korean for counting, Sino-Korean for amounts.

Korean counts things, people, hours and years of age with native numerals (두 명,
세 시, 스무 살); minutes, prices, dates, floors and months take Sino-Korean ones.
"""

from __future__ import annotations

# fmt: off
ENGLISH_SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
]
# fmt: on
# fmt: off
ENGLISH_TENS = [
    "-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
]
# fmt: on
ENGLISH_ORDINALS = {
    1: "first",
    2: "second",
    3: "third",
    5: "fifth",
    8: "eighth",
    9: "ninth",
    12: "twelfth",
}
SINO_DIGITS = ["영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"]
SINO_UNITS = ((1000, "천"), (100, "백"), (10, "십"))
NATIVE_ONES = ["-", "하나", "둘", "셋", "넷", "다섯", "여섯", "일곱", "여덟", "아홉"]
NATIVE_TENS = ["-", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔"]
# Form before a counter, where it differs: 하나 but 한 개.
BEFORE_COUNTER = {"하나": "한", "둘": "두", "셋": "세", "넷": "네"}
# fmt: off
MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
]
# fmt: on


def english_number(number: int) -> str:
    """Return 0 to 999,999 in English words, as in "fifteen thousand five hundred"."""
    if number >= 1000:
        thousands, rest = divmod(number, 1000)
        return f"{english_number(thousands)} thousand" + (
            f" {english_number(rest)}" if rest else ""
        )
    if number >= 100:
        hundreds, rest = divmod(number, 100)
        return f"{ENGLISH_SMALL[hundreds]} hundred" + (f" {english_number(rest)}" if rest else "")
    if number < 20:
        return ENGLISH_SMALL[number]
    tens, ones = divmod(number, 10)
    return ENGLISH_TENS[tens] + (f"-{ENGLISH_SMALL[ones]}" if ones else "")


def english_ordinal(number: int) -> str:
    """Return 1 to 99 as an English ordinal, as in "twenty-first"."""
    if number in ENGLISH_ORDINALS:
        return ENGLISH_ORDINALS[number]
    if number < 20:
        return ENGLISH_SMALL[number] + "th"
    tens, ones = divmod(number, 10)
    if ones:
        return f"{ENGLISH_TENS[tens]}-{english_ordinal(ones)}"
    return ENGLISH_TENS[tens][:-1] + "ieth"


def sino(number: int) -> str:
    """Return 0 to 99,999,999 in Sino-Korean: 15 십오, 12,500 만 이천오백.

    By spelling rule a space follows 만 (ten thousand), and a single 일 (one) is
    not said before 십, 백, 천 and a leading 만.
    """
    if number >= 10_000:
        myriads, rest = divmod(number, 10_000)
        head = "만" if myriads == 1 else sino(myriads) + "만"
        return f"{head} {sino(rest)}" if rest else head
    if number == 0:
        return SINO_DIGITS[0]
    words = ""
    for unit, name in SINO_UNITS:
        digit, number = divmod(number, unit)
        if digit:
            words += ("" if digit == 1 else SINO_DIGITS[digit]) + name
    return words + (SINO_DIGITS[number] if number else "")


def native(number: int) -> str:
    """Return 1 to 99 in native Korean as it stands before a counter: 한, 두, 스무, 스물한."""
    tens, ones = divmod(number, 10)
    if number == 20:
        return "스무"
    head = NATIVE_TENS[tens] if tens else ""
    if not ones:
        return head
    return head + BEFORE_COUNTER.get(NATIVE_ONES[ones], NATIVE_ONES[ones])


def month(number: int) -> str:
    """Return the Korean month; June and October lose a consonant: 유월, 시월."""
    return {6: "유월", 10: "시월"}.get(number, sino(number) + "월")


def clock(hour: int, minute: int = 0) -> tuple[str, str]:
    """Return a time of day in English and Korean: "three twenty", 세 시 이십 분."""
    korean = f"{native(hour)} 시"
    if minute == 0:
        return f"{english_number(hour)} o'clock", korean
    if minute == 30:
        return f"{english_number(hour)} thirty", f"{korean} 반"
    zero = "oh " if minute < 10 else ""
    return f"{english_number(hour)} {zero}{english_number(minute)}", f"{korean} {sino(minute)} 분"


def date(month_number: int, day: int) -> tuple[str, str]:
    """Return a date in English and Korean: "June third", 유월 삼 일."""
    english = f"{MONTHS[month_number - 1]} {english_ordinal(day)}"
    return english, f"{month(month_number)} {sino(day)} 일"
