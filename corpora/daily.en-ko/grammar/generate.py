"""Grammar -> corpus: sample, hold combinations out, split, write.

Run as `python generate.py [FOLDER]` to rebuild the files (by default in the
folder above), or as `python generate.py --table` to print the counts.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

import patterns_actions
import patterns_comparison
import patterns_contrast
import patterns_counting
import patterns_feelings
import patterns_greetings
import patterns_joined
import patterns_people
import patterns_places
import patterns_questions
import patterns_reasons
import patterns_speech
import patterns_things
import patterns_times
import patterns_weather
from actions import Combo, Reject
from lemmas import lemma, lemma_counts
from lexicon import read_table
from sampler import Pair, Sampler

SEED = 2024
SIZES = {"train": 26_000, "valid": 1_000, "test": 1_000, "test-unseen": 600}
# Share of the combinations held out, and the least that must stay for each word.
HELD_SHARE = 0.09
KEPT_PER_WORD = 3
SURVEY_DRAWS = 40_000
# A word of valid, test or test-unseen occurs at least this often in train.
MIN_COUNT = 4

PATTERNS: dict[str, tuple[float, Callable[[Sampler], Pair]]] = {
    **patterns_actions.PATTERNS,
    **patterns_reasons.PATTERNS,
    **patterns_greetings.PATTERNS,
    **patterns_joined.PATTERNS,
    **patterns_speech.PATTERNS,
    **patterns_things.PATTERNS,
    **patterns_places.PATTERNS,
    **patterns_comparison.PATTERNS,
    **patterns_contrast.PATTERNS,
    **patterns_counting.PATTERNS,
    **patterns_feelings.PATTERNS,
    **patterns_times.PATTERNS,
    **patterns_weather.PATTERNS,
    **patterns_people.PATTERNS,
    **patterns_questions.PATTERNS,
}


@dataclass(frozen=True)
class HeldOut:
    """The combinations that train never shows, by either language."""

    english: frozenset[str]
    korean: frozenset[str]

    def has(self, combo: Combo) -> bool:
        """Whether the combination is held out."""
        return combo.english in self.english or combo.korean in self.korean


@dataclass(frozen=True)
class Corpus:
    """The pairs of every split, and what was held out."""

    splits: dict[str, list[Pair]]
    held: HeldOut


def draws(seed: int) -> Iterator[Pair]:
    """Yield sampled pairs without end."""
    sampler = Sampler(seed)
    names = list(PATTERNS)
    running = list(accumulate(PATTERNS[name][0] for name in names))
    while True:
        pattern = PATTERNS[sampler.among(names, running)][1]
        try:
            yield pattern(sampler)
        except Reject:
            continue


def phrases() -> list[Pair]:
    """Return the set phrases."""
    return [
        Pair(row["english"], row["korean"], row["topic"], ("set phrase",), is_fixed=True)
        for row in read_table("phrases")
    ]


def survey(seed: int) -> list[Combo]:
    """Return the combinations that the grammar makes, in the order they first appear."""
    seen: dict[Combo, None] = {}
    for _, pair in zip(range(SURVEY_DRAWS), draws(seed), strict=False):
        seen.update(dict.fromkeys(pair.combos))
    return list(seen)


def hold_out(combos: Sequence[Combo], sampler: Sampler) -> HeldOut:
    """Choose combinations for test-unseen before any sentence of the corpus is made.

    A combination that a set phrase contains is not held out, since those are in train.
    Both words of a held-out combination keep at least `KEPT_PER_WORD` others, and
    no more than a third of a word's combinations are held out.
    """
    total = Counter(word for combo in combos for word in _words(combo))
    left = Counter(total)
    goal = int(len(combos) * HELD_SHARE)
    held: dict[Combo, None] = {}
    pool = [combo for combo in combos if not _in_phrase(combo)]
    while pool and len(held) < goal:
        combo = pool.pop(int(sampler.pick(range(len(pool)))))
        both = _words(combo)
        if all(left[word] - 1 >= max(KEPT_PER_WORD, total[word] * 2 / 3) for word in both):
            left.subtract(both)
            held[combo] = None
    return HeldOut(
        frozenset(combo.english for combo in held), frozenset(combo.korean for combo in held)
    )


def _words(combo: Combo) -> list[str]:
    left, right = combo.english.split(" | ")
    return ["left " + left, "right " + right]


def _heads(combo: Combo) -> set[str]:
    """Return the first word of the verb and the last of the noun."""
    left, right = combo.english.split(" | ")
    return {lemma(left.split(" ")[0]), lemma(right.split(" ")[-1].lower())}


def _in_phrase(combo: Combo) -> bool:
    heads = _heads(combo)
    return any(heads <= lemmas for lemmas in _phrase_lemmas())


@cache
def _phrase_lemmas() -> list[set[str]]:
    return [{lemma(word) for word in words(pair.english)} for pair in phrases()]


def words(text: str) -> list[str]:
    """Return the words of a sentence without its punctuation."""
    return re.sub(r"[.,?!]", "", text).lower().split()


def _known(pair: Pair, english: Counter[str], korean: Counter[str]) -> bool:
    return all(english[word] >= MIN_COUNT for word in words(pair.english)) and all(
        korean[word] >= MIN_COUNT for word in words(pair.korean)
    )


def distinct(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Yield the pairs of which neither side came before: translation is one to one."""
    english: set[str] = set()
    korean: set[str] = set()
    for pair in pairs:
        if pair.english.lower() not in english and pair.korean not in korean:
            english.add(pair.english.lower())
            korean.add(pair.korean)
            yield pair


def _chain(first: list[Pair], rest: Iterator[Pair]) -> Iterator[Pair]:
    yield from first
    yield from rest


def build() -> Corpus:
    """Make the whole corpus in memory."""
    held = hold_out(survey(SEED), Sampler(SEED + 1))
    fixed = phrases()
    train: list[Pair] = []
    seen: list[Pair] = []
    unseen: list[Pair] = []
    wanted_seen = SIZES["train"] + SIZES["valid"] + SIZES["test"] - len(fixed)
    for pair in distinct(_chain(fixed, draws(SEED + 2))):
        if pair.is_fixed:
            train.append(pair)
        elif any(held.has(combo) for combo in pair.combos):
            unseen.append(pair)
        elif len(seen) < wanted_seen:
            seen.append(pair)
        if len(seen) >= wanted_seen and len(unseen) >= 4 * SIZES["test-unseen"]:
            break
    splits = split(train, seen, unseen)
    return Corpus(splits, held)


def split(train: list[Pair], seen: list[Pair], unseen: list[Pair]) -> dict[str, list[Pair]]:
    """Deal the pairs out; whatever has a word that is rare in train stays in train."""
    sampler = Sampler(SEED + 3)
    dealt = shuffled(seen, sampler)
    wanted = SIZES["valid"] + SIZES["test"]
    train = train + dealt[2 * wanted :]
    candidates = dealt[: 2 * wanted]
    english = Counter(word for pair in train for word in words(pair.english))
    korean = Counter(word for pair in train for word in words(pair.korean))
    known = [pair for pair in candidates if _known(pair, english, korean)]
    chosen = known[:wanted]
    chosen_set = set(chosen)
    train += [pair for pair in candidates if pair not in chosen_set]
    held = [pair for pair in shuffled(unseen, sampler) if _known(pair, english, korean)]
    return {
        "train": shuffled(train, sampler),
        "valid": chosen[: SIZES["valid"]],
        "test": chosen[SIZES["valid"] :],
        "test-unseen": held[: SIZES["test-unseen"]],
    }


def shuffled(pairs: Sequence[Pair], sampler: Sampler) -> list[Pair]:
    """Return the pairs in random order."""
    rest, out = list(pairs), []
    while rest:
        index = sampler.pick(range(len(rest)))
        rest[index], rest[-1] = rest[-1], rest[index]
        out.append(rest.pop())
    return out


def write(corpus: Corpus, folder: Path) -> None:
    """Write one file per split and language, one sentence a line."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, pairs in corpus.splits.items():
        for language in ("en", "ko"):
            lines = [pair.english if language == "en" else pair.korean for pair in pairs]
            with (folder / f"{name}.{language}").open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(line + "\n" for line in lines)


def table(corpus: Corpus) -> str:
    """Return the counts as Markdown tables."""
    everything = [pair for pairs in corpus.splits.values() for pair in pairs]
    lines = ["| Split | Pairs | English words | Korean words |", "|---|---:|---:|---:|"]
    for name, pairs in corpus.splits.items():
        english = sum(len(words(pair.english)) for pair in pairs)
        korean = sum(len(words(pair.korean)) for pair in pairs)
        lines.append(f"| {name} | {len(pairs):,} | {english:,} | {korean:,} |")
    lines += ["", f"English lemmas used: {len(lemma_counts(p.english for p in everything)):,}."]
    for title, tags in (
        ("Phenomenon", [tag for pair in everything for tag in pair.phenomena]),
        ("Topic", [pair.topic for pair in everything]),
    ):
        lines += ["", f"| {title} | Pairs |", "|---|---:|"]
        counts = sorted(Counter(tags).items(), key=lambda item: (-item[1], item[0]))
        lines += [f"| {tag} | {count:,} |" for tag, count in counts]
    return "\n".join(lines)


def main() -> None:
    """Rebuild the files, or print the counts."""
    parser = argparse.ArgumentParser(description="Rebuild the daily English-Korean corpus.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--table", action="store_true", help="print counts and write nothing")
    options = parser.parse_args()
    corpus = build()
    if options.table:
        print(table(corpus))
    else:
        write(corpus, options.folder)


if __name__ == "__main__":
    main()
