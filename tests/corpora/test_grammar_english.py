import pytest
from english import (
    MODES,
    add_ed,
    add_ing,
    add_s,
    article,
    be_clause,
    clause,
    comparative,
    sentence,
    superlative,
    verb_forms,
)
from lexicon import load

S_FORMS = [
    ("box", "boxes"),
    ("watch", "watches"),
    ("story", "stories"),
    ("day", "days"),
    ("go", "goes"),
    ("dress", "dresses"),
    ("cat", "cats"),
]
ARTICLES = [
    ("apple", "an apple"),
    ("banana", "a banana"),
    ("uniform", "a uniform"),
    ("umbrella", "an umbrella"),
    ("old house", "an old house"),
    ("university", "a university"),
    ("hour", "an hour"),
    ("ID card", "an ID card"),
]
GRADES = [
    ("big", "bigger", "biggest"),
    ("hot", "hotter", "hottest"),
    ("nice", "nicer", "nicest"),
    ("pretty", "prettier", "prettiest"),
    ("noisy", "noisier", "noisiest"),
    ("quiet", "quieter", "quietest"),
    ("famous", "more famous", "most famous"),
    ("expensive", "more expensive", "most expensive"),
    ("good", "better", "best"),
    ("cheap", "cheaper", "cheapest"),
]
# subject, person, mode, negative, question, expected
CLAUSES = [
    ("I", "1s", "present", False, False, "I go home"),
    ("Minsu", "3s", "present", False, False, "Minsu goes home"),
    ("Minsu", "3s", "present", True, False, "Minsu doesn't go home"),
    ("you", "2", "present", False, True, "do you go home"),
    ("my parents", "3p", "present", False, False, "my parents go home"),
    ("she", "3s", "past", False, False, "she went home"),
    ("she", "3s", "past", True, False, "she didn't go home"),
    ("Minsu", "3s", "past", False, True, "did Minsu go home"),
    ("I", "1s", "future", False, False, "I'm going to go home"),
    ("I", "1s", "future", True, False, "I'm not going to go home"),
    ("Minsu", "3s", "future", True, False, "Minsu isn't going to go home"),
    ("we", "1p", "progressive", False, False, "we're going home"),
    ("Minsu", "3s", "progressive", False, True, "is Minsu going home"),
    ("I", "1s", "past_progressive", False, False, "I was going home"),
    ("Minsu", "3s", "want", False, False, "Minsu wants to go home"),
    ("Minsu", "3s", "want", True, False, "Minsu doesn't want to go home"),
    ("I", "1s", "wanted", False, False, "I wanted to go home"),
    ("I", "1s", "can", True, False, "I can't go home"),
    ("you", "2", "can", False, True, "can you go home"),
    ("I", "1s", "could", True, False, "I couldn't go home"),
    ("Minsu", "3s", "must", False, False, "Minsu has to go home"),
    ("I", "1s", "must", True, False, "I don't have to go home"),
]


@pytest.mark.parametrize(("word", "expected"), S_FORMS)
def test_s_is_spelled_by_the_end_of_the_word(word, expected):
    assert add_s(word) == expected


@pytest.mark.parametrize(
    ("word", "past", "ing"),
    [
        ("walk", "walked", "walking"),
        ("close", "closed", "closing"),
        ("study", "studied", "studying"),
        ("play", "played", "playing"),
    ],
)
def test_regular_verbs_are_spelled_by_their_end(word, past, ing):
    assert (add_ed(word), add_ing(word)) == (past, ing)


@pytest.mark.parametrize(
    ("base", "past", "participle"),
    [("eat", "ate", "eaten"), ("buy", "bought", "bought"), ("order", "ordered", "ordered")],
)
def test_irregular_verbs_come_from_the_table(base, past, participle):
    forms = verb_forms(base, load().irregular)
    assert (forms.past, forms.participle) == (past, participle)


@pytest.mark.parametrize(("phrase", "expected"), ARTICLES)
def test_the_article_follows_the_sound(phrase, expected):
    assert article(phrase) == expected


@pytest.mark.parametrize(("adjective", "more", "most"), GRADES)
def test_adjectives_are_compared_by_length(adjective, more, most):
    assert (comparative(adjective), superlative(adjective)) == (more, most)


@pytest.mark.parametrize(("subject", "person", "mode", "negative", "question", "expected"), CLAUSES)
def test_a_clause_agrees_and_contracts(subject, person, mode, negative, question, expected):
    forms = verb_forms("go", load().irregular)
    said = clause(subject, person, forms, "home", mode, negative=negative, question=question)
    assert said == expected


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_can_be_asked_and_denied(mode):
    forms = verb_forms("go", load().irregular)
    for person in ("2", "3s"):
        said = clause("Minsu", person, forms, "", mode, negative=True)
        assert "n't" in said
        assert "Minsu" in clause("Minsu", person, forms, "", mode, question=True)


def test_be_is_contracted_after_pronouns_only():
    assert be_clause("I", "1s", "tired") == "I'm tired"
    assert be_clause("I", "1s", "tired", negative=True) == "I'm not tired"
    assert be_clause("Minsu", "3s", "tired", negative=True) == "Minsu isn't tired"
    assert be_clause("the bags", "3p", "heavy", past=True, question=True) == ("were the bags heavy")


def test_a_sentence_has_a_capital_and_a_stop():
    assert sentence("did you eat", "?") == "Did you eat?"
