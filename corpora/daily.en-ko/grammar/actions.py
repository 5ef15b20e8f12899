"""Verb frame + object + setting -> the same clause in English and in Korean.

An `Action` is a verb frame whose object is chosen; a `Setting` says when, where
and with whom. `say` gives both languages of one clause, in one of the modes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import english
from english import VerbForms, spaced
from korean import (
    Stem,
    honorific,
    infinitive,
    past,
    past_modifier,
    past_stem,
    present,
    with_ending,
    with_eu,
    with_particle,
)
from lexicon import Frame, Noun, Person, Time, load


class Reject(Exception):  # noqa: N818 - not an error: the sampler tries again
    """Raised when choices do not fit together."""


class Combo(NamedTuple):
    """A verb with its noun, or a modifier with its noun, in both languages."""

    english: str
    korean: str


def verb_with(verb: str, noun: Noun, stem: str) -> tuple[Combo, ...]:
    """Return the record of a verb with a noun, for patterns that make no `Action`."""
    return (Combo(f"{verb} | {noun.english}", f"{noun.korean} | {stem}"),)


@dataclass(frozen=True)
class Verbal:
    """The Korean verb at the end of a clause.

    Attributes:
        prefix: What stands before the stem and belongs to it: 운동 of 운동하, with
            its space once 안 has come between.
        stem: The part that is conjugated.
    """

    prefix: str
    stem: Stem


@dataclass(frozen=True)
class Setting:
    """Time, company and place of an action, any of them absent."""

    time: Time | None = None
    company: Person | None = None
    place: Noun | None = None

    @property
    def english(self) -> str:
        """What English puts after the object."""
        time = self.time.english if self.time and self.time.tense != "frequency" else ""
        company = f"with {possessed(self.company.english)}" if self.company else ""
        return spaced(company, self.place.at if self.place else "", time)

    @property
    def korean(self) -> str:
        """What Korean puts before the object."""
        company = with_particle(self.company.korean, "와") if self.company else ""
        place = with_particle(self.place.korean, "에서") if self.place else ""
        return spaced(self.time.korean if self.time else "", company, place)

    @property
    def adverb(self) -> str:
        """The English adverb that stands before the verb: often."""
        return self.time.english if self.time and self.time.tense == "frequency" else ""


MAIN_STEMS = {
    "먹어": "먹",
    "입어": "입",
    "신어": "신",
    "써": "쓰",
    "껴": "끼",
    "사": "사",
    "보여": "보이",
    "빌려": "빌리",
    "빌려주": "빌리",
}
NO_SETTING = Setting()


@dataclass(frozen=True)
class Action:
    """A verb frame with its object."""

    frame: Frame
    forms: VerbForms
    rest: str
    korean_object: str
    combos: tuple[Combo, ...]
    object: Noun | Person | None = None
    is_humble: bool = False

    def verbal(self, is_elder: bool = False) -> Verbal:
        """Return the Korean verb; of an elder subject in its honorific form."""
        frame = self.frame
        template = frame.honorific if is_elder and frame.honorific else frame.korean
        if self.is_humble:
            template = template.replace("도와주", "도와드리")
        verb = template.split(" ")[-1]
        prefix, _, text = verb.rpartition("+")
        stem = Stem(text.replace("_", " "), frame.kind)
        if is_elder and frame.honorific:
            stem = replace(stem, kind="")
            if not text.endswith("계시") and not text.endswith(("드시", "주무시")):
                stem = honorific(stem)
        elif is_elder:
            stem = honorific(stem)
        return Verbal(prefix, stem)


def possessed(text: str) -> str:
    """Mark "my" so that it can follow the subject: his mother."""
    return text.replace("my ", "{my} ", 1) if text.startswith("my ") else text


def owned(text: str, subject: Person) -> str:
    """Let "my" follow the subject: his homework.

    Raises:
        Reject: When the table leaves open whether the subject is he or she.
    """
    if "{my}" in text and not subject.possessive:
        raise Reject
    return text.replace("{my}", subject.possessive)


def make_action(
    frame: Frame,
    thing: Noun | Person | None = None,
    modifier: tuple[str, str, str] = ("", "", ""),
    use: str = "",
) -> Action:
    """Choose the object of a frame.

    Args:
        frame: The verb.
        thing: Its object, None if it takes none.
        modifier: Adjective of the object: English, Korean form, Korean stem.
        use: How English refers to the object, if not as the frame says.
    """
    head, _, tail = frame.english.partition(" ")
    forms = english.verb_forms(head, load().irregular)
    template = frame.korean.rpartition(" ")[0]
    if thing is None:
        return Action(frame, forms, tail, template, _fixed_combo(frame))
    is_humble = isinstance(thing, Person) and thing.is_elder
    if is_humble:
        template = template.replace("{에게}", "{께}")
    prefix = "이 " if frame.article == "this" else ""
    noun = spaced(modifier[1], thing.korean)
    korean_object = prefix + fill(template, noun)
    if isinstance(thing, Person):
        phrase = possessed(thing.english)
    else:
        phrase = thing.phrase(use or frame.article, modifier[0])
    stem = main_stem(frame.korean.split(" ")[-1])
    combos = [Combo(f"{frame.lemma} | {thing.english}", f"{thing.korean} | {stem}")]
    if modifier[0]:
        combos.append(Combo(f"{modifier[0]} | {thing.english}", f"{modifier[2]} | {thing.korean}"))
    return Action(
        frame, forms, tail.replace("{}", phrase), korean_object, tuple(combos), thing, is_humble
    )


def _fixed_combo(frame: Frame) -> tuple[Combo, ...]:
    """Record the noun that a verb without a slot carries, as in "drink a lot of water"."""
    words, korean = frame.english.split(" "), frame.korean.split(" ")
    if len(korean) == 1 or frame.objects:
        return ()
    return (Combo(f"{words[0]} | {words[-1]}", f"{korean[0][:-1]} | {korean[-1]}"),)


def main_stem(verb: str) -> str:
    """Return the stem that carries the meaning: 먹 of 먹어_보 (try) and of 먹 (eat)."""
    return MAIN_STEMS.get(verb.split("_")[0], verb)


def fill(template: str, noun: str) -> str:
    """Put a noun into a Korean template, `{을} 먹`, choosing the particle's form."""
    before, _, rest = template.partition("{")
    particle, _, after = rest.partition("}")
    return before + with_particle(noun, particle) + after


# Ends of the verbs that take the long negation, also with the honorific 시.
LONG_ENDS = ("하", "하시", "시키", "시키시")


def negate(verbal: Verbal, word: str = "안") -> Verbal:
    """Deny a verb with 안 (not) or 못 (cannot).

    Short verbs take the word before them, 안 가요; a noun with 하다 lets it in
    between, 운동을 안 해요; other verbs with 하다 take the long form, 좋아하지 않아요.
    """
    prefix, stem = verbal.prefix, verbal.stem
    if not prefix and stem.text.endswith(LONG_ENDS) and len(stem.text) > 2:
        plain = stem.text.removesuffix("시")
        long_form = Stem(plain + ("지 못하" if word == "못" else "지 않"))
        return Verbal("", honorific(long_form) if plain != stem.text else long_form)
    divided = with_particle(prefix, "을") if prefix else ""
    return Verbal(spaced(divided, word) + " ", stem)


def finish(verbal: Verbal, plain: Verbal, mode: str, *, is_elder: bool, is_third: bool) -> str:
    """Return the Korean verb with the ending of its mode.

    Args:
        verbal: The verb, honorific if the subject is an elder.
        plain: The verb without respect, for endings that carry the respect themselves.
        mode: One of `ENDINGS`, or one of the modes handled here.
        is_elder: Whether the ending must show respect.
        is_third: Whether the subject is a third person: wanting is then seen from outside.
    """
    stem = verbal.stem
    if mode == "present":
        return verbal.prefix + present(stem, is_elder)
    if mode in ("progressive", "past_progressive"):
        be = "계시" if is_elder else "있"
        tail = past(Stem(be)) if mode.startswith("past") else present(Stem(be), is_elder)
        return plain.prefix + with_ending(plain.stem, "고 ") + tail
    if mode in ("want", "wanted"):
        wish = Stem("싶어 하시") if is_elder else Stem("싶어 하") if is_third else Stem("싶")
        tail = past(wish) if mode == "wanted" else present(wish, is_elder)
        return plain.prefix + with_ending(plain.stem, "고 ") + tail
    if mode in ("skill", "no_skill"):
        know = Stem("알") if mode == "skill" else Stem("모르", "르")
        tail = present(honorific(know), True) if is_elder else present(know)
        return plain.prefix + with_eu(plain.stem, "ㄹ 줄 ") + tail
    return verbal.prefix + attach(stem, mode)


def attach(stem: Stem, mode: str) -> str:
    """Return the stem with the ending named by the mode."""
    if mode in EU_ENDINGS:
        return with_eu(stem, EU_ENDINGS[mode])
    if mode in A_ENDINGS:
        return infinitive(stem) + A_ENDINGS[mode]
    if mode in PLAIN_ENDINGS:
        return with_ending(stem, PLAIN_ENDINGS[mode])
    if mode in PAST_ENDINGS:
        return past_stem(stem) + PAST_ENDINGS[mode]
    if mode in ("tried", "never"):
        been = past_modifier(stem if stem.text.endswith("보") else Stem(infinitive(stem) + " 보"))
        return f"{been} 적이 {'있어요' if mode == 'tried' else '없어요'}"
    raise ValueError(f"{mode!r} is not a mode; use one of {', '.join(ALL_MODES)}")


EU_ENDINGS = {
    "future": "ㄹ 거예요",
    "can": "ㄹ 수 있어요",
    "cannot": "ㄹ 수 없어요",
    "shall": "ㄹ까요",
    "promise": "ㄹ게요",
    "invite": "ㄹ래요",
    "plan": "려고 해요",
    "if": "면",
    "when": "ㄹ 때",
    "since": "니까",
    "purpose": "러",
    "mustnt": "면 안 돼요",
    "after": "ㄴ 후에",
}
A_ENDINGS = {
    "must": "야 해요",
    "had_to": "야 했어요",
    "request": " 주세요",
    "could_you": " 주시겠어요",
    "may": "도 돼요",
    "lets": "요",
    "because": "서",
    "for_you": " 줄게요",
    "do_for": " 줄 수 있어요",
}
PLAIN_ENDINGS = {
    "and": "고",
    "but": "지만",
    "before": "기 전에",
    "dont": "지 마세요",
    "like_to": "는 것을 ",
    "hobby": "기예요",
    "how_about": "는 게 어때요",
    "wanted_but": "고 싶었지만",
    "should": "는 게 좋겠어요",
}
PAST_ENDINGS = {"past": "어요", "past_when": "을 때", "past_but": "지만"}
ALL_MODES = (
    "present",
    "progressive",
    "past_progressive",
    "want",
    "wanted",
    "skill",
    "no_skill",
    "tried",
    "never",
    "order",
    *EU_ENDINGS,
    *A_ENDINGS,
    *PLAIN_ENDINGS,
    *PAST_ENDINGS,
)


def korean_predicate(
    action: Action, subject: Person, mode: str, *, negation: str = "", is_plain: bool = False
) -> str:
    """Return the Korean object and verb, without subject and setting.

    Args:
        action: What is done.
        subject: Who does it: decides the respect.
        mode: One of `ALL_MODES`.
        negation: 안 or 못, or empty.
        is_plain: Whether to leave out the respect (another verb will carry it).
    """
    is_elder = subject.is_elder and not is_plain
    if mode == "order":
        polite = action.verbal(is_elder=True)
        return spaced(action.korean_object, polite.prefix + present(polite.stem, True))
    verbal = action.verbal(is_elder)
    plain = verbal if action.frame.honorific else action.verbal()
    if negation and mode in ("want", "wanted"):
        verb = _not_wanting(plain, subject, mode)
    else:
        if negation:
            verbal, plain = negate(verbal, negation), negate(plain, negation)
        verb = finish(verbal, plain, mode, is_elder=is_elder, is_third=subject.is_third)
    return spaced(action.korean_object, verb)


def _not_wanting(plain: Verbal, subject: Person, mode: str) -> str:
    wish = Stem("싶어 하지 않" if subject.is_third else "싶지 않")
    if subject.is_elder:
        wish = honorific(wish)
    tail = past(wish) if mode == "wanted" else present(wish, subject.is_elder)
    return plain.prefix + with_ending(plain.stem, "고 ") + tail


def topic(subject: Person, particle: str = "은") -> str:
    """Return the Korean subject with its particle, empty where Korean drops it."""
    return with_particle(subject.korean, particle) if subject.korean else ""


def english_clause(
    subject: Person,
    action: Action,
    mode: str,
    setting: Setting = NO_SETTING,
    *,
    negative: bool = False,
    question: bool = False,
) -> str:
    """Return the English clause; "my" in it follows the subject."""
    rest = spaced(action.rest, setting.english)
    text = english.clause(
        subject.english,
        subject.person,
        action.forms,
        rest,
        mode,
        negative=negative,
        question=question,
        adverb=setting.adverb,
    )
    return owned(text, subject)


def korean_clause(
    subject: Person,
    action: Action,
    mode: str,
    setting: Setting = NO_SETTING,
    *,
    negation: str = "",
    particle: str = "은",
) -> str:
    """Return the Korean clause: subject, time, company, place, object, verb."""
    predicate = korean_predicate(action, subject, mode, negation=negation)
    return spaced(topic(subject, particle), setting.korean, predicate)
