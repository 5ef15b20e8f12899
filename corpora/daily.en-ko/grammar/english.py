"""English words -> forms and clauses: articles, plurals, agreement, contractions.

A clause is built from a subject, the head verb and the rest of the verb phrase;
the mode (see `MODES`) decides the auxiliary and the form of the head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BE = {"1s": "am", "2": "are", "1p": "are", "3s": "is", "3p": "are"}
WAS = {"1s": "was", "2": "were", "1p": "were", "3s": "was", "3p": "were"}
CONTRACTED_BE = {
    "I": "I'm",
    "you": "you're",
    "we": "we're",
    "they": "they're",
    "he": "he's",
    "she": "she's",
    "it": "it's",
}
NEGATIVE = {
    "is": "isn't",
    "are": "aren't",
    "was": "wasn't",
    "were": "weren't",
    "do": "don't",
    "does": "doesn't",
    "did": "didn't",
    "can": "can't",
    "could": "couldn't",
    "will": "won't",
    "has": "hasn't",
    "have": "haven't",
}
# Mode -> wrapping verb that takes "to", its own mode, or None for a plain mode.
WRAPPERS = {
    "want": ("want", "present"),
    "wanted": ("want", "past"),
    "must": ("have", "present"),
    "had_to": ("have", "past"),
}
MODES = ("present", "past", "future", "progressive", "past_progressive", "can", "could", *WRAPPERS)


@dataclass(frozen=True)
class VerbForms:
    """The forms of one English verb."""

    base: str
    past: str
    participle: str
    ing: str

    @property
    def third(self) -> str:
        """The third person singular of the present."""
        if self.base == "have":
            return "has"
        return add_s(self.base)


def add_s(word: str) -> str:
    """Add the regular -s of plurals and third persons: boxes, stories, days, goes."""
    if word.endswith(("s", "x", "z", "ch", "sh", "o")):
        return word + "es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def add_ed(word: str) -> str:
    """Add the regular -ed of the past: walked, closed, studied, played."""
    if word.endswith("e"):
        return word + "d"
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ied"
    return word + "ed"


def add_ing(word: str) -> str:
    """Add -ing: walking, closing, seeing (doubled letters come from the table)."""
    if word.endswith("e") and not word.endswith("ee"):
        return word[:-1] + "ing"
    return word + "ing"


def verb_forms(base: str, irregular: Mapping[str, VerbForms]) -> VerbForms:
    """Return the forms of a verb, regular unless the table has it."""
    if base in irregular:
        return irregular[base]
    return VerbForms(base, add_ed(base), add_ed(base), add_ing(base))


def article(phrase: str) -> str:
    """Put a or an before a phrase, by sound: an apple, an hour, a uniform."""
    silent_h = phrase.startswith(("hour", "honest"))
    said_you = phrase.startswith(("uni", "used", "useful", "euro", "one"))
    vowel = phrase[0].lower() in "aeiou"
    return f"an {phrase}" if silent_h or (vowel and not said_you) else f"a {phrase}"


def comparative(adjective: str) -> str:
    """Return the comparative: bigger, prettier, more expensive."""
    if adjective in ("good", "bad", "far"):
        return {"good": "better", "bad": "worse", "far": "farther"}[adjective]
    return _graded(adjective, "er", "more")


def superlative(adjective: str) -> str:
    """Return the superlative: biggest, prettiest, most expensive."""
    if adjective in ("good", "bad", "far"):
        return {"good": "best", "bad": "worst", "far": "farthest"}[adjective]
    return _graded(adjective, "est", "most")


def _graded(adjective: str, ending: str, adverb: str) -> str:
    vowels = sum(
        letter in "aeiou" and (i == 0 or adjective[i - 1] not in "aeiou")
        for i, letter in enumerate(adjective.removesuffix("e"))
    )
    if adjective.endswith("y") and vowels == 1 and adjective[-2] not in "aeiou":
        return adjective[:-1] + "i" + ending
    if adjective in ("quiet", "narrow"):
        return adjective + ending
    if vowels > 1 or adjective in ("famous", "tired", "bored"):
        return f"{adverb} {adjective}"
    if adjective.endswith("e"):
        return adjective + ending[1:]
    if adjective in ("big", "hot", "thin", "sad"):
        return adjective + adjective[-1] + ending
    return adjective + ending


def clause(
    subject: str,
    person: str,
    forms: VerbForms,
    rest: str,
    mode: str,
    *,
    negative: bool = False,
    question: bool = False,
    adverb: str = "",
) -> str:
    """Return a clause without capital or stop: "doesn't my mother ...", "I'm eating bread".

    Args:
        subject: As it is said, "I" or "my mother".
        person: One of the keys of `BE`.
        forms: Of the head verb.
        rest: What follows the head, perhaps empty.
        mode: One of `MODES`.
        negative: Whether to deny it.
        question: Whether to put the auxiliary before the subject.
        adverb: Of frequency, said before the head.
    """
    if mode in WRAPPERS:
        wrapper, outer = WRAPPERS[mode]
        past = {"want": "wanted", "have": "had"}[wrapper]
        outer_forms = VerbForms(wrapper, past, past, wrapper + "ing")
        inner = spaced("to", forms.base, rest)
        return clause(
            subject, person, outer_forms, inner, outer, negative=negative, question=question
        )
    auxiliary, head = _auxiliary(person, forms, mode)
    if auxiliary in ("do", "does", "did") and not negative and not question:
        head = {"do": forms.base, "does": forms.third, "did": forms.past}[auxiliary]
        return spaced(subject, adverb, head, rest)
    return with_auxiliary(
        subject, auxiliary, spaced(adverb, head, rest), negative=negative, question=question
    )


def _auxiliary(person: str, forms: VerbForms, mode: str) -> tuple[str, str]:
    if mode == "present":
        return ("does" if person == "3s" else "do"), forms.base
    if mode == "past":
        return "did", forms.base
    if mode == "future":
        return BE[person], f"going to {forms.base}"
    if mode == "progressive":
        return BE[person], forms.ing
    if mode == "past_progressive":
        return WAS[person], forms.ing
    return mode, forms.base


def with_auxiliary(
    subject: str, auxiliary: str, rest: str, *, negative: bool = False, question: bool = False
) -> str:
    """Join subject, auxiliary and the rest, contracted as people say it."""
    if question:
        spoken = NEGATIVE[auxiliary] if negative else auxiliary
        return spaced(spoken, subject, rest)
    if auxiliary in ("am", "is", "are") and subject in CONTRACTED_BE:
        return spaced(CONTRACTED_BE[subject], "not" if negative else "", rest)
    return spaced(subject, NEGATIVE[auxiliary] if negative else auxiliary, rest)


def be_clause(
    subject: str,
    person: str,
    complement: str,
    *,
    past: bool = False,
    negative: bool = False,
    question: bool = False,
) -> str:
    """Return a clause with the verb be: "I'm not a student", "was the soup hot"."""
    auxiliary = (WAS if past else BE)[person]
    return with_auxiliary(subject, auxiliary, complement, negative=negative, question=question)


def spaced(*parts: str) -> str:
    """Join the parts that are not empty with single spaces."""
    return " ".join(part for part in parts if part)


def sentence(text: str, stop: str = ".") -> str:
    """Give a clause its capital letter and its final mark."""
    return text[0].upper() + text[1:] + stop
