import pytest
from actions import (
    ALL_MODES,
    Setting,
    attach,
    english_clause,
    korean_clause,
    korean_predicate,
    make_action,
)
from adjectives import modifier_of, more, predicate
from korean import Stem
from lexicon import load

LEXICON = load()


def person(name):
    return next(person for person in LEXICON.people if person.english == name)


def action(verb, noun=None):
    things = LEXICON.nouns + LEXICON.places + LEXICON.people
    thing = next((thing for thing in things if thing.english == noun), None)
    for frame in LEXICON.frames:
        if frame.lemma != verb:
            continue
        if thing is None and not frame.objects:
            return make_action(frame)
        if thing and (thing.classes & set(frame.objects) or thing.english in frame.objects):
            return make_action(frame, thing)
    raise LookupError((verb, noun))


def adjective(english):
    return next(word for word in LEXICON.adjectives if word.english == english)


# subject, verb, noun, mode, negation, expected
KOREAN = [
    ("I", "drink", "coffee", "present", "", "커피를 마셔요"),
    ("I", "drink", "coffee", "present", "안", "커피를 안 마셔요"),
    ("Minsu", "drink", "coffee", "past", "", "민수 씨는 커피를 마셨어요"),
    ("my mother", "drink", "coffee", "present", "", "어머니는 커피를 드세요"),
    ("my mother", "drink", "coffee", "past", "안", "어머니는 커피를 안 드셨어요"),
    ("my father", "read", "book", "progressive", "", "아버지는 책을 읽고 계세요"),
    ("my father", "eat", "bread", "progressive", "", "아버지는 빵을 드시고 계세요"),
    ("I", "listen to", "music", "future", "", "음악을 들을 거예요"),
    ("my teacher", "make", "bread", "future", "", "선생님은 빵을 만드실 거예요"),
    ("I", "study", None, "past", "안", "공부를 안 했어요"),
    ("I", "study", "English", "past", "안", "영어를 공부하지 않았어요"),
    ("my mother", "study", "English", "past", "안", "어머니는 영어를 공부하지 않으셨어요"),
    ("I", "exercise", None, "past", "못", "운동을 못 했어요"),
    ("I", "read", "book", "past", "못", "책을 못 읽었어요"),
    ("I", "cancel", "plane ticket", "past", "못", "비행기표를 취소하지 못했어요"),
    (
        "my father",
        "cancel",
        "plane ticket",
        "past",
        "못",
        "아버지는 비행기표를 취소하지 못하셨어요",
    ),
    ("my father", "walk the dog", None, "past", "안", "아버지는 개를 산책시키지 않으셨어요"),
    ("I", "order", "pizza", "past", "안", "피자를 안 시켰어요"),
    ("I", "buy", "bag", "want", "", "가방을 사고 싶어요"),
    ("Minsu", "buy", "bag", "want", "", "민수 씨는 가방을 사고 싶어 해요"),
    ("my mother", "buy", "bag", "want", "", "어머니는 가방을 사고 싶어 하세요"),
    ("Minsu", "buy", "bag", "want", "안", "민수 씨는 가방을 사고 싶어 하지 않아요"),
    ("I", "buy", "bag", "wanted", "", "가방을 사고 싶었어요"),
    ("I", "open", "door", "can", "", "문을 열 수 있어요"),
    ("I", "open", "door", "cannot", "", "문을 열 수 없어요"),
    ("I", "swim", None, "skill", "", "수영할 줄 알아요"),
    ("I", "swim", None, "no_skill", "", "수영할 줄 몰라요"),
    ("I", "clean", "kitchen", "must", "", "부엌을 청소해야 해요"),
    ("I", "clean", "kitchen", "may", "안", "부엌을 청소하지 않아도 돼요"),
    ("I", "wait for", "bus", "request", "", "버스를 기다려 주세요"),
    ("I", "help", "Minsu", "past", "", "민수 씨를 도와줬어요"),
    ("I", "help", "my mother", "past", "", "어머니를 도와드렸어요"),
    ("I", "call", "my mother", "past", "", "어머니께 전화했어요"),
    ("I", "call", "my friend", "past", "", "친구에게 전화했어요"),
    ("I", "walk", None, "lets", "", "걸어요"),
    ("I", "walk", None, "shall", "", "걸을까요"),
    ("I", "ride", "bicycle", "tried", "", "자전거를 타 본 적이 있어요"),
    ("I", "watch", "movie", "never", "", "영화를 본 적이 없어요"),
    ("I", "sleep", None, "order", "", "주무세요"),
    ("I", "eat", "bread", "order", "", "빵을 드세요"),
]


@pytest.mark.parametrize(("subject", "verb", "noun", "mode", "negation", "expected"), KOREAN)
def test_korean_clauses_follow_the_rules(subject, verb, noun, mode, negation, expected):
    said = korean_clause(person(subject), action(verb, noun), mode, negation=negation)
    assert said == expected


def test_korean_puts_time_company_and_place_before_the_object():
    setting = Setting(
        time=next(time for time in LEXICON.times if time.english == "yesterday"),
        company=person("my friend"),
        place=LEXICON.place("park"),
    )
    drink = action("drink", "coffee")
    assert korean_clause(person("Minsu"), drink, "past", setting) == (
        "민수 씨는 어제 친구와 공원에서 커피를 마셨어요"
    )
    assert english_clause(person("Minsu"), drink, "past", setting) == (
        "Minsu drank coffee with his friend in the park yesterday"
    )


def test_my_follows_the_subject():
    homework = action("do {my} homework")
    assert english_clause(person("my mother"), homework, "past") == "my mother did her homework"
    assert english_clause(person("we"), homework, "past") == "we did our homework"


@pytest.mark.parametrize("mode", ALL_MODES)
def test_every_mode_conjugates(mode):
    assert korean_predicate(action("drink", "coffee"), person("I"), mode)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("because", "마셔서"),
        ("since", "마시니까"),
        ("but", "마시지만"),
        ("and", "마시고"),
        ("when", "마실 때"),
        ("if", "마시면"),
        ("before", "마시기 전에"),
        ("after", "마신 후에"),
        ("dont", "마시지 마세요"),
        ("mustnt", "마시면 안 돼요"),
        ("promise", "마실게요"),
        ("plan", "마시려고 해요"),
        ("past_but", "마셨지만"),
        ("past_when", "마셨을 때"),
        ("could_you", "마셔 주시겠어요"),
        ("should", "마시는 게 좋겠어요"),
    ],
)
def test_clauses_are_linked_by_endings(mode, expected):
    assert attach(Stem("마시"), mode) == expected


def test_an_unknown_mode_is_refused_by_name():
    with pytest.raises(ValueError, match="'sing' is not a mode"):
        attach(Stem("가"), "sing")


@pytest.mark.parametrize(
    ("english", "now", "denied", "before_noun"),
    [
        ("expensive", "비싸요", "안 비싸요", "비싼"),
        ("delicious", "맛있어요", "맛없어요", "맛있는"),
        ("comfortable", "편해요", "편하지 않아요", "편한"),
        ("beautiful", "아름다워요", "아름답지 않아요", "아름다운"),
        ("old", "오래됐어요", "오래되지 않았어요", "오래된"),
        ("long", "길어요", "안 길어요", "긴"),
    ],
)
def test_adjectives_predicate_deny_and_modify(english, now, denied, before_noun):
    word = adjective(english)
    assert predicate(word) == now
    assert predicate(word, negative=True) == denied
    assert modifier_of(word) == before_noun


@pytest.mark.parametrize(
    ("english", "expected"), [("red", "빨간"), ("green", "초록색"), ("new", "새")]
)
def test_colours_and_new_stand_before_the_noun(english, expected):
    assert modifier_of(adjective(english)) == expected


def test_more_stands_before_the_last_word():
    assert more("비싸요") == "더 비싸요"
    assert more("키가 커요") == "키가 더 커요"
