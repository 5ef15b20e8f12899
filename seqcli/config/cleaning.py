"""The settings of `seqcli data clean`, a section of the tree."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seqcli.config.kinds import Count, Section

RatioUnit = Literal["bytes", "characters", "words"]


class CleaningSettings(Section):
    """What `seqcli data clean` repairs and drops; a rule is true or false."""

    repair: bool = Field(
        True, description="Undo encoding damage (ftfy), and make line breaks in a pair spaces."
    )
    empty: bool = Field(True, description="Drop pairs with a side that has no text.")
    encoding: bool = Field(True, description="Drop encoding damage that cannot be undone.")
    control: bool = Field(True, description="Drop control characters.")
    length: bool = Field(True, description="Drop pairs with a side too short or too long.")
    min_words: int = Field(1, ge=0, description="Fewest words of a side.")
    max_words: Count = Field(150, description="Most words of a side.")
    max_chars: Count = Field(1500, description="Most characters of a side.")
    long_word: bool = Field(
        True, description="Drop pairs with a word too long, in scripts with spaces between words."
    )
    max_word_chars: Count = Field(40, description="Most characters of a word.")
    length_ratio: bool = Field(True, description="Drop pairs with a side too long for the other.")
    max_ratio: float = Field(
        3.0, gt=0, le=1000, description="Most times that a side may be as long as the other."
    )
    ratio_unit: RatioUnit = Field(
        "bytes",
        description="What is compared; bytes (UTF-8) are fair to scripts with a word a letter.",
    )
    identical: bool = Field(True, description="Drop pairs whose sides are the same but for case.")
    markup: bool = Field(True, description="Drop left-overs of HTML, entities, wiki markup.")
    numbers: bool = Field(True, description="Drop pairs whose numbers do not match.")
    min_digits: Count = Field(
        2, description="Numbers with fewer digits are not compared: words may stand for them."
    )
    min_numbers: float = Field(
        0.5, ge=0, le=1, description="Least share of the numbers that both sides must share."
    )
    script: bool = Field(True, description="Drop sides in another script than their language's.")
    min_script: float = Field(
        0.5, ge=0, le=1, description="Least share of the letters in the language's script."
    )
    language: bool = Field(
        False, description="Drop sides in another language (py3langid: seqcli[langid])."
    )
    min_language: float = Field(
        0.1,
        ge=0,
        le=1,
        description="How likely the language must be, beside the likeliest.",
    )
    duplicates: bool = Field(True, description="Drop pairs that were there before.")
    near_duplicates: bool = Field(
        True, description="Drop pairs there before but for case, digits, punctuation, spaces."
    )
