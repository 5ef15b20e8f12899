import filecmp
import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from itertools import pairwise

import pytest
from conftest import CORPUS, SPLITS
from generate import SIZES, table, words
from korean import PARTICLES, final_consonant, with_particle
from lemmas import lemma, lemma_counts
from lexicon import load

HELD_BACK = ("valid", "test", "test-unseen")
LEAST = {"train": 24_000, "valid": 1_000, "test": 1_000, "test-unseen": 500}
PHENOMENA = (
    "statement",
    "negation",
    "yes-no question",
    "wh-question",
    "request",
    "suggestion",
    "desire",
    "ability",
    "obligation",
    "past",
    "present",
    "future",
    "progressive",
    "comparison",
    "because",
    "but",
    "and",
    "when",
    "if",
    "possession",
    "location",
    "quantity",
)
TOPICS = (
    "greetings",
    "family",
    "food",
    "shopping",
    "travel",
    "work",
    "study",
    "home",
    "health",
    "weather",
    "hobbies",
    "feelings",
    "times",
    "dates",
)


def test_there_are_enough_pairs(lines):
    for split in SPLITS:
        assert len(lines[split, "en"]) == len(lines[split, "ko"]) == SIZES[split] >= LEAST[split]


def test_no_sentence_occurs_twice_in_either_language(lines):
    for language in ("en", "ko"):
        everything = [line for split in SPLITS for line in lines[split, language]]
        assert [line for line, count in Counter(everything).items() if count > 1] == []


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_line_is_a_clean_sentence(lines, split, language):
    shape = {
        "en": re.compile(r"[A-Z][A-Za-z' ,.?!-]*[.?!]"),
        "ko": re.compile(r"[가-힣][가-힣 ,.?!]*[.?!]"),
    }[language]
    for line in lines[split, language]:
        assert shape.fullmatch(line), line
        assert not re.search(r" [,.?!]", line), line
        assert line == " ".join(line.split()) == unicodedata.normalize("NFC", line)


def test_no_noun_has_the_particle_of_another_sound(lines):
    lexicon = load()
    wrong = set()
    for noun in lexicon.nouns + lexicon.places + lexicon.jobs + lexicon.people:
        stem = noun.korean.split(" ")[-1]
        for particle in ("은", "이", "을", "와", "로"):
            if len(stem) > 1:
                forms = {stem + form for form in PARTICLES[particle]}
                wrong |= forms - {with_particle(stem, particle)}
    for split in SPLITS:
        for line in lines[split, "ko"]:
            assert not wrong & set(words(line)), line


def test_the_copula_follows_the_last_sound(lines):
    for split in SPLITS:
        for line in lines[split, "ko"]:
            for word in words(line):
                if word.endswith("이에요") and word[-4:-3]:
                    assert final_consonant(word[:-3]), line
                elif word.endswith("예요") and word[:-2]:
                    assert not final_consonant(word[:-2]), line


@pytest.mark.parametrize("split", SPLITS)
def test_both_sides_end_with_the_same_mark(lines, split):
    fixed = {".": ".?", "?": "?", "!": "!."}
    for english, korean in zip(lines[split, "en"], lines[split, "ko"], strict=True):
        if split == "train":
            assert korean[-1] in ".?!"
        elif not english.startswith("Could you"):
            assert korean[-1] in fixed[english[-1]], english


@pytest.mark.parametrize("split", HELD_BACK)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_word_is_known_from_train(lines, split, language):
    train = Counter(word for line in lines["train", language] for word in words(line))
    for line in lines[split, language]:
        assert [word for word in words(line) if train[word] < 2] == [], line


def test_the_files_are_what_the_grammar_makes(built, lines):
    for split in SPLITS:
        assert lines[split, "en"] == [pair.english for pair in built.splits[split]]
        assert lines[split, "ko"] == [pair.korean for pair in built.splits[split]]


def test_rebuilding_gives_the_same_bytes(tmp_path):
    script = CORPUS / "grammar" / "generate.py"
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    subprocess.run([sys.executable, script, tmp_path], check=True, env=environment)
    names = [f"{split}.{language}" for split in SPLITS for language in ("en", "ko")]
    same, different, missing = filecmp.cmpfiles(CORPUS, tmp_path, names, shallow=False)
    assert (sorted(same), different, missing) == (sorted(names), [], [])


def test_unseen_pairs_combine_known_words_as_train_never_does(built):
    train = [combo for pair in built.splits["train"] for combo in pair.combos]
    english, korean = {combo.english for combo in train}, {combo.korean for combo in train}
    for pair in built.splits["test-unseen"]:
        new = [c for c in pair.combos if c.english not in english and c.korean not in korean]
        assert new, pair.english


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_held_out_combinations_are_only_in_test_unseen(built, split):
    for pair in built.splits[split]:
        assert not any(built.held.has(combo) for combo in pair.combos), pair.english


def test_the_files_alone_show_that_a_held_out_verb_never_meets_its_noun(built, lines):
    """Looks at the text, not at the records: verb before noun with nothing but small words."""
    small = {"a", "an", "the", "my", "your", "his", "her", "our", "to", "some"}
    train = set()
    for line in lines["train", "en"]:
        kept = [lemma(word) for word in words(line) if word not in small]
        train.update(pairwise(kept))
    # The kimchi of "kimchi stew" is not the noun kimchi, nor "going to park" the noun park.
    starts = {noun.english.split()[0] for noun in load().nouns if " " in noun.english}
    starts |= {frame.english.split()[0] for frame in load().frames}
    # Verbs of many senses, and a verb that is an adjective as well.
    skipped = {"have", "take", "get", "good", "clean"}
    checked = 0
    for combo in sorted(built.held.english):
        verb, noun = combo.split(" | ")
        if " " in verb + noun or verb in skipped or noun in starts:
            continue
        if verb in {frame_verb for frame_verb, _ in train}:
            checked += 1
            assert (verb, lemma(noun.lower())) not in train, combo
    assert checked > 50


def test_the_vocabulary_is_broad(lines):
    english = [line for split in SPLITS for line in lines[split, "en"]]
    assert len(lemma_counts(english)) >= 700


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("bought", "buy"),
        ("goes", "go"),
        ("doesn't", "do"),
        ("i'm", "i"),
        ("cities", "cities"),
        ("knives", "knife"),
        ("prettier", "pretty"),
        ("these", "this"),
        ("cooking", "cook"),
        ("mother's", "mother"),
    ],
)
def test_word_forms_count_as_one_lemma(word, expected):
    assert lemma(word) == expected


def test_every_phenomenon_and_topic_is_common(built):
    pairs = [pair for split in SPLITS for pair in built.splits[split]]
    phenomena = Counter(tag for pair in pairs for tag in pair.phenomena)
    topics = Counter(pair.topic for pair in pairs)
    assert [tag for tag in PHENOMENA if phenomena[tag] < 150] == []
    assert [topic for topic in TOPICS if topics[topic] < 30] == []


def test_the_readme_has_the_table_that_the_grammar_prints(built):
    assert table(built) in (CORPUS / "README.md").read_text(encoding="utf-8")


def test_sentences_are_short(lines):
    lengths = [len(words(line)) for line in lines["train", "en"]]
    assert sum(3 <= length <= 12 for length in lengths) / len(lengths) > 0.95
    assert max(lengths) <= 20
