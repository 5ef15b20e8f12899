import pytest
from actions import make_action
from lexicon import load
from patterns_comparison import is_true
from sampler import Sampler, describes, suits

LEXICON = load()


def person(name):
    return next(person for person in LEXICON.people if person.english == name)


def noun(name):
    return LEXICON.things(name)[0]


def adjective(name):
    return next(word for word in LEXICON.adjectives if word.english == name)


def verbs_of(name):
    found = set()
    for frame in LEXICON.frames:
        if (
            frame.objects
            and frame.article != "person"
            and noun(name) in LEXICON.things(*frame.objects)
        ):
            found.add(frame.lemma)
    return found


@pytest.mark.parametrize(
    ("name", "senseless"),
    [
        ("bus", {"eat", "drink", "read", "wear", "cook"}),
        ("museum", {"read", "eat", "wear", "buy", "drink"}),
        ("bag", {"eat", "drink", "cook", "teach", "play"}),
        ("coffee", {"wear", "read", "ride", "meet", "play"}),
        ("soccer", {"eat", "wear", "buy", "read"}),
    ],
)
def test_a_verb_never_takes_a_noun_that_makes_no_sense(name, senseless):
    assert verbs_of(name) & senseless == set()


@pytest.mark.parametrize(
    ("name", "thing", "expected"),
    [
        ("kind", "soup", False),
        ("spicy", "kimchi", True),
        ("spicy", "bag", False),
        ("red", "bag", True),
        ("red", "milk", False),
        ("expensive", "laptop", True),
        ("delicious", "desk", False),
    ],
)
def test_an_adjective_describes_its_own_classes_only(name, thing, expected):
    assert describes(adjective(name), noun(thing)) is expected


@pytest.mark.parametrize(
    ("name", "verb", "expected"),
    [
        ("my son", "drive", False),
        ("my father", "drive", True),
        ("my grandmother", "study", False),
        ("Minsu", "study", True),
    ],
)
def test_a_verb_finds_a_subject_who_would_do_it(name, verb, expected):
    frame = next(frame for frame in LEXICON.frames if frame.english == verb)
    assert suits(person(name), make_action(frame)) is expected


@pytest.mark.parametrize(
    ("name", "one", "two", "expected"),
    [
        ("strong", "elephant", "monkey", True),
        ("strong", "monkey", "elephant", False),
        ("small", "monkey", "elephant", True),
        ("fast", "subway", "plane", False),
        ("fast", "plane", "bus", True),
        ("expensive", "coat", "shirt", True),
    ],
)
def test_a_comparison_does_not_contradict_what_everybody_knows(name, one, two, expected):
    assert is_true(adjective(name), noun(one), noun(two)) is expected


def test_every_class_that_a_verb_or_adjective_asks_for_has_members():
    people = {name for person in LEXICON.people for name in person.classes}
    for row in LEXICON.frames + LEXICON.adjectives:
        for name in getattr(row, "objects", ()) or getattr(row, "classes", ()):
            assert name in people or LEXICON.things(name), (row.english, name)


def test_every_place_that_a_verb_names_is_in_the_table():
    for frame in LEXICON.frames:
        for name in frame.where:
            assert LEXICON.place(name).at, frame.english


def test_every_korean_object_slot_has_an_object_class():
    for frame in LEXICON.frames:
        assert ("{" in frame.korean) == ("{}" in frame.english) == bool(frame.objects), frame


def test_the_same_seed_gives_the_same_choices():
    one, two = Sampler(5), Sampler(5)
    assert [one.pick("abcdef") for _ in range(50)] == [two.pick("abcdef") for _ in range(50)]


def test_a_weight_of_zero_is_never_drawn():
    sampler = Sampler(7)
    assert {sampler.weighted("abc", (1, 0, 1)) for _ in range(300)} == {"a", "c"}
