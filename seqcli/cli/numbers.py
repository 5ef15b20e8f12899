"""Numbers that a person types, as parsers that say in words what is wrong with one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from seqcli.errors import SettingsError

Number = TypeVar("Number", int, float)


def parse_whole(flag: str, least: int, most: int) -> Callable[[str], int]:
    """Return a parser of whole numbers in a range.

    The parser raises SettingsError for anything else.
    """

    def parse(value: str | int) -> int:
        text = str(value)
        if text.isascii() and text.isdecimal() and len(text) < 19 and least <= int(text) <= most:
            return int(text)
        raise SettingsError(
            f"{flag} is {text!r}; it must be a whole number, at least {least:,}, at most {most:,}"
        )

    return parse


def parse_number(flag: str, least: float, most: float) -> Callable[[str], float]:
    """Return a parser of numbers in a range.

    The parser raises SettingsError for anything else.
    """

    def parse(value: str | float) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if least <= number <= most:
            return number
        raise SettingsError(
            f"{flag} is {str(value)!r}; it must be a number, at least {least:g}, at most {most:g}"
        )

    return parse


def parse_list(text: str, parse: Callable[[str], Number]) -> list[Number]:
    """Return the numbers of a list with commas, each once, in rising order.

    Raises:
        SettingsError: If one of them is none, or out of range.
    """
    return sorted({parse(word.strip()) for word in text.split(",")})
