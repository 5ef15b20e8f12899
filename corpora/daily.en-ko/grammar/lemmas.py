"""English sentences -> dictionary forms, to count how many different words are used."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache

from english import add_ed, add_ing, add_s, comparative, superlative
from lexicon import load

IRREGULAR = {
    "am": "be",
    "is": "be",
    "are": "be",
    "was": "be",
    "were": "be",
    "does": "do",
    "has": "have",
    "an": "a",
    "these": "this",
    "those": "that",
    "me": "i",
    "my": "i",
    "mine": "i",
    "your": "you",
    "our": "we",
    "us": "we",
    "his": "he",
    "him": "he",
    "her": "she",
    "their": "they",
    "them": "they",
    "people": "person",
    "better": "good",
    "best": "good",
    "feet": "foot",
    "would": "will",
    "could": "can",
}


@cache
def _forms() -> dict[str, str]:
    """Return word form -> lemma for the verbs, nouns and adjectives of the tables."""
    lexicon = load()
    forms = dict(IRREGULAR)
    for verb in lexicon.irregular.values():
        for form in (verb.past, verb.participle, verb.ing, add_s(verb.base)):
            forms.setdefault(form, verb.base)
    for frame in lexicon.frames:
        base = frame.english.split(" ")[0]
        if base not in lexicon.irregular:
            for form in (add_s(base), add_ed(base), add_ing(base)):
                forms.setdefault(form, base)
    for noun in lexicon.nouns + lexicon.places + lexicon.jobs:
        forms.setdefault(noun.plural.lower().split(" ")[-1], noun.english.lower().split(" ")[-1])
    for adjective in lexicon.adjectives:
        word = adjective.english
        forms.setdefault(comparative(word), word)
        forms.setdefault(superlative(word), word)
    return forms


def lemma(word: str) -> str:
    """Return the dictionary form of one lower-case word, the word itself if unknown."""
    for ending in ("n't", "'m", "'re", "'ll", "'ve", "'s", "'d"):
        word = word.removesuffix(ending)
    forms = _forms()
    if word in forms:
        return forms[word]
    singular = word.removesuffix("s")
    return singular if singular in forms.values() else word


def lemma_counts(sentences: Iterable[str]) -> Counter[str]:
    """Count the lemmas of the sentences."""
    words = Counter(
        word for text in sentences for word in re.findall(r"[a-z][a-z'-]*", text.lower())
    )
    counts: Counter[str] = Counter()
    for word, count in words.items():
        counts[lemma(word)] += count
    return counts
