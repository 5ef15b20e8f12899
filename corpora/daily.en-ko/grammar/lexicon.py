"""Tables (`tables/*.tsv`) -> lexicon: words with the classes that say what goes with what.

Every table has a header line; `README.md` beside the corpus explains the columns.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from english import VerbForms, add_s, article

TOPICS = {
    "food": {"dish", "snack", "fruit", "vegetable", "meat", "grocery", "drink", "cooked"},
    "shopping": {"clothing", "footwear", "headwear", "handwear", "goods", "electronic"},
    "travel": {"vehicle", "town", "city", "country", "outdoor", "sight", "reservable"},
    "study": {"subject", "language", "subject-adult", "schoolthing", "text", "stationery", "test"},
    "hobbies": {"media", "audio", "sport", "racket", "keys", "bowed", "event", "story", "animal"},
    "work": {"work", "office", "writing"},
    "health": {"body", "bodies", "medicine"},
}
TABLES = Path(__file__).parent / "tables"


@dataclass(frozen=True)
class Noun:
    """A thing or a place.

    Attributes:
        english: Singular, as in a dictionary.
        plural: Plural, never empty.
        kind: c countable, m mass, p said in the plural, z no article, t always "the".
        korean: Without particle.
        classes: What the verb and adjective tables may ask for.
        counter: Korean counting word.
        to: After "go", for places: "to the bank".
        at: Where something happens, for places: "at the bank".
    """

    english: str
    plural: str
    kind: str
    korean: str
    classes: frozenset[str]
    counter: str = ""
    to: str = ""
    at: str = ""

    @property
    def is_plural(self) -> bool:
        """Whether English says this noun in the plural."""
        return self.kind == "p"

    @property
    def topic(self) -> str:
        """What one talks about with this noun."""
        for topic, classes in TOPICS.items():
            if self.classes & classes:
                return topic
        return "home"

    def phrase(self, use: str, modifier: str = "") -> str:
        """Return the English noun phrase.

        Args:
            use: a, the, my, this, gen (in general), plural, name, to or at.
            modifier: English adjective to put before the noun.
        """
        noun = self.plural if self.is_plural else self.english
        if use in ("to", "at"):
            return self.to if use == "to" else self.at
        if self.kind == "z" or use == "name":
            return noun
        if use == "gen":
            use = "plural" if self.kind == "c" else "bare"
        if use == "plural":
            noun = self.plural
        if modifier:
            noun = f"{modifier} {noun}"
        if use == "a":
            return article(noun) if self.kind == "c" else noun
        determiner = {"the": "the ", "my": "{my} ", "this": "these " if self.is_plural else "this "}
        return determiner.get(use, "") + noun


@dataclass(frozen=True)
class Person:
    """Somebody who acts: I, my mother, Minsu.

    Attributes:
        english: As said by the speaker.
        korean: Empty where Korean drops it: "I" in statements, "you" in questions.
        person: A key of `english.BE`.
        pronoun: For a second mention; empty if the person may be a man or a woman.
        classes: elder means that the verb must show respect.
    """

    english: str
    korean: str
    person: str
    pronoun: str
    classes: frozenset[str]

    @property
    def is_elder(self) -> bool:
        """Whether Korean uses honorific verb forms for this subject."""
        return "elder" in self.classes

    @property
    def is_third(self) -> bool:
        """Whether this is neither the speaker nor the hearer."""
        return self.person in ("3s", "3p")

    @property
    def possessive(self) -> str:
        """The word for "my" from this person's side, empty if unknown."""
        return {
            "I": "my",
            "you": "your",
            "we": "our",
            "he": "his",
            "she": "her",
            "they": "their",
        }.get(self.pronoun, "")


@dataclass(frozen=True)
class Frame:
    """A verb in one meaning, with what it takes: one row of `verbs.tsv`."""

    english: str
    korean: str
    kind: str
    objects: tuple[str, ...]
    article: str
    moods: str
    when: str
    where: tuple[str, ...]
    topic: str
    scene: str
    who: str
    honorific: str

    @property
    def lemma(self) -> str:
        """The English verb without its object slot: "listen to"."""
        return self.english.replace("{}", "").replace("  ", " ").strip()


@dataclass(frozen=True)
class Adjective:
    """A describing word: one row of `adjectives.tsv`."""

    english: str
    korean: str
    kind: str
    classes: tuple[str, ...]
    valence: str
    uses: str
    negative: str


@dataclass(frozen=True)
class Time:
    """A time adverbial: one row of `times.tsv`."""

    english: str
    korean: str
    tense: str
    tag: str


@dataclass(frozen=True)
class State:
    """A condition and the actions that people take in it: one row of `states.tsv`."""

    english: str
    korean: str
    kind: str
    subject: str
    uses: str
    actions: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Lexicon:
    """All tables, in the order of their lines."""

    nouns: tuple[Noun, ...]
    places: tuple[Noun, ...]
    people: tuple[Person, ...]
    frames: tuple[Frame, ...]
    adjectives: tuple[Adjective, ...]
    times: tuple[Time, ...]
    states: tuple[State, ...]
    jobs: tuple[Noun, ...]
    irregular: dict[str, VerbForms]

    @cache  # noqa: B019 - one lexicon lives as long as the program
    def things(self, *classes: str) -> tuple[Noun, ...]:
        """Return the nouns and places that are in any of the classes, or named so."""
        wanted = set(classes)
        return tuple(
            noun
            for noun in self.nouns + self.places
            if noun.classes & wanted or noun.english in wanted
        )

    @cache  # noqa: B019 - as above
    def persons(self, *classes: str) -> tuple[Person, ...]:
        """Return the people in any of the classes."""
        return tuple(person for person in self.people if person.classes & set(classes))

    def place(self, name: str) -> Noun:
        """Return the place with this English name."""
        return next(place for place in self.places if place.english == name)


@cache
def read_table(name: str) -> list[dict[str, str]]:
    """Return the rows of a table as dictionaries by column."""
    with (TABLES / f"{name}.tsv").open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [{key: value or "" for key, value in row.items()} for row in rows]


def _noun(row: dict[str, str]) -> Noun:
    return Noun(
        row["english"],
        row.get("plural") or add_s(row["english"]),
        row.get("kind", "c"),
        row["korean"],
        frozenset(row.get("classes", "").split()),
        row.get("counter", ""),
    )


def _place(row: dict[str, str]) -> Noun:
    name = row["english"]
    classes = frozenset(row["classes"].split())
    is_name = bool(classes & {"city", "country"})
    return Noun(
        name,
        add_s(name),
        "z" if is_name else "c",
        row["korean"],
        classes,
        "개",
        row["to"] or f"to the {name}",
        row["at"] or f"at the {name}",
    )


def _frame(row: dict[str, str]) -> Frame:
    return Frame(
        row["english"].replace(" my ", " {my} "),
        row["korean"],
        row["kind"],
        tuple(row["objects"].split()),
        row["article"],
        row["moods"],
        row["when"],
        tuple(row["where"].split(",")) if row["where"] else (),
        row["topic"],
        row["scene"],
        row["who"],
        row["honorific"],
    )


@cache
def load() -> Lexicon:
    """Read all tables."""
    return Lexicon(
        nouns=tuple(_noun(row) for row in read_table("nouns")),
        places=tuple(_place(row) for row in read_table("places")),
        people=tuple(
            Person(
                row["english"],
                row["korean"],
                row["person"],
                row["pronoun"],
                frozenset(row["classes"].split()),
            )
            for row in read_table("people")
        ),
        frames=tuple(_frame(row) for row in read_table("verbs")),
        adjectives=tuple(
            Adjective(
                row["english"],
                row["korean"],
                row["kind"],
                tuple(row["classes"].split()),
                row["valence"],
                row["uses"],
                row["negative"],
            )
            for row in read_table("adjectives")
        ),
        times=tuple(Time(**row) for row in read_table("times")),
        states=tuple(
            State(
                row["english"],
                row["korean"],
                row["kind"],
                row["subject"],
                row["uses"],
                tuple(row["actions"].split(";")),
            )
            for row in read_table("states")
        ),
        jobs=tuple(_noun(row) for row in read_table("jobs")),
        irregular={row["base"]: VerbForms(**row) for row in read_table("verb_forms")},
    )
