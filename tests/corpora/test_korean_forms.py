import pytest
from korean import (
    Stem,
    honorific,
    infinitive,
    join_syllable,
    modifier,
    past,
    past_modifier,
    present,
    split_syllable,
    with_ending,
    with_eu,
    with_particle,
)

PARTICLES = [
    ("책", "은", "책은"),
    ("커피", "은", "커피는"),
    ("빵", "을", "빵을"),
    ("차", "을", "차를"),
    ("친구", "이", "친구가"),
    ("선생님", "이", "선생님이"),
    ("동생", "와", "동생과"),
    ("친구", "와", "친구와"),
    ("버스", "로", "버스로"),
    ("공원", "로", "공원으로"),
    ("지하철", "로", "지하철로"),
    ("교실", "로", "교실로"),
    ("의사", "이에요", "의사예요"),
    ("학생", "이에요", "학생이에요"),
    ("집", "에서", "집에서"),
    ("어머니", "께", "어머니께"),
]

INFINITIVES = [
    ("가", "", "가"),
    ("오", "", "와"),
    ("보", "", "봐"),
    ("마시", "", "마셔"),
    ("배우", "", "배워"),
    ("되", "", "돼"),
    ("보내", "", "보내"),
    ("켜", "", "켜"),
    ("쉬", "", "쉬어"),
    ("뛰", "", "뛰어"),
    ("하", "", "해"),
    ("공부하", "", "공부해"),
    ("먹", "", "먹어"),
    ("앉", "", "앉아"),
    ("입", "", "입어"),
    ("좋", "", "좋아"),
    ("만들", "", "만들어"),
    ("살", "", "살아"),
    ("쓰", "", "써"),
    ("끄", "", "꺼"),
    ("바쁘", "", "바빠"),
    ("예쁘", "", "예뻐"),
    ("배가 고프", "", "배가 고파"),
    ("잠그", "", "잠가"),
    ("키가 크", "", "키가 커"),
    ("춥", "ㅂ", "추워"),
    ("아름답", "ㅂ", "아름다워"),
    ("돕", "ㅂ", "도와"),
    ("듣", "ㄷ", "들어"),
    ("걷", "ㄷ", "걸어"),
    ("닫", "", "닫아"),
    ("짓", "ㅅ", "지어"),
    ("낫", "ㅅ", "나아"),
    ("씻", "", "씻어"),
    ("빨갛", "ㅎ", "빨개"),
    ("하얗", "ㅎ", "하얘"),
    ("모르", "르", "몰라"),
    ("빠르", "르", "빨라"),
    ("부르", "르", "불러"),
    ("게으르", "르", "게을러"),
]

EU_ENDINGS = [
    ("가", "", "면", "가면"),
    ("먹", "", "면", "먹으면"),
    ("살", "", "면", "살면"),
    ("살", "", "니까", "사니까"),
    ("춥", "ㅂ", "니까", "추우니까"),
    ("걷", "ㄷ", "면", "걸으면"),
    ("짓", "ㅅ", "면", "지으면"),
    ("빨갛", "ㅎ", "면", "빨가면"),
    ("모르", "르", "면", "모르면"),
    ("가", "", "ㄹ 거예요", "갈 거예요"),
    ("먹", "", "ㄹ 거예요", "먹을 거예요"),
    ("만들", "", "ㄹ 거예요", "만들 거예요"),
    ("듣", "ㄷ", "ㄹ까요", "들을까요"),
    ("덥", "ㅂ", "ㄹ 때", "더울 때"),
    ("만들", "", "러", "만들러"),
    ("먹", "", "러", "먹으러"),
    ("놀", "", "려고 해요", "놀려고 해요"),
]

PLAIN_ENDINGS = [
    ("먹", "고", "먹고"),
    ("만들", "는 것을", "만드는 것을"),
    ("만들", "지 마세요", "만들지 마세요"),
    ("살", "고", "살고"),
]

HONORIFICS = [
    ("가", "", "가세요", "가셨어요"),
    ("읽", "", "읽으세요", "읽으셨어요"),
    ("만들", "", "만드세요", "만드셨어요"),
    ("듣", "ㄷ", "들으세요", "들으셨어요"),
    ("춥", "ㅂ", "추우세요", "추우셨어요"),
    ("건강하", "", "건강하세요", "건강하셨어요"),
]

MODIFIERS = [
    ("크", "", True, "큰"),
    ("작", "", True, "작은"),
    ("맵", "ㅂ", True, "매운"),
    ("길", "", True, "긴"),
    ("빨갛", "ㅎ", True, "빨간"),
    ("맛있", "", True, "맛있는"),
    ("가", "", False, "가는"),
    ("만들", "", False, "만드는"),
]


@pytest.mark.parametrize(("word", "particle", "expected"), PARTICLES, ids=lambda value: value)
def test_a_particle_follows_the_last_sound_of_its_word(word, particle, expected):
    assert with_particle(word, particle) == expected


@pytest.mark.parametrize(("text", "kind", "expected"), INFINITIVES, ids=lambda value: value)
def test_the_infinitive_contracts_and_follows_the_irregular_classes(text, kind, expected):
    assert infinitive(Stem(text, kind)) == expected


@pytest.mark.parametrize(("text", "kind", "expected"), INFINITIVES, ids=lambda value: value)
def test_present_and_past_build_on_the_infinitive(text, kind, expected):
    stem = Stem(text, kind)
    lead, vowel, _ = split_syllable(expected[-1])
    assert present(stem) == expected + "요"
    assert past(stem) == expected[:-1] + join_syllable(lead, vowel, "ㅆ") + "어요"


@pytest.mark.parametrize(
    ("text", "kind", "ending", "expected"), EU_ENDINGS, ids=lambda value: value
)
def test_endings_with_eu_need_it_after_consonants_only(text, kind, ending, expected):
    assert with_eu(Stem(text, kind), ending) == expected


@pytest.mark.parametrize(("text", "ending", "expected"), PLAIN_ENDINGS, ids=lambda value: value)
def test_plain_endings_leave_the_stem_alone_but_for_l_before_n(text, ending, expected):
    assert with_ending(Stem(text), ending) == expected


@pytest.mark.parametrize(
    ("text", "kind", "now", "before"), HONORIFICS, ids=lambda value: value or "regular"
)
def test_honorific_stems_end_in_seyo_and_syeosseoyo(text, kind, now, before):
    stem = honorific(Stem(text, kind))
    assert present(stem, is_honorific=True) == now
    assert past(stem) == before


@pytest.mark.parametrize(("text", "kind", "is_adjective", "expected"), MODIFIERS)
def test_a_word_before_a_noun_takes_its_modifying_form(text, kind, is_adjective, expected):
    assert modifier(Stem(text, kind, is_adjective)) == expected


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [("사", "", "산"), ("먹", "", "먹은"), ("만들", "", "만든"), ("듣", "ㄷ", "들은")],
)
def test_a_finished_action_modifies_a_noun_with_n(text, kind, expected):
    assert past_modifier(Stem(text, kind)) == expected


def test_the_negative_copula_is_irregular():
    assert present(Stem("학생이 아니")) == "학생이 아니에요"


def test_splitting_and_joining_a_syllable_are_inverse():
    for code in range(0xAC00, 0xD7A4, 7):
        assert join_syllable(*split_syllable(chr(code))) == chr(code)


def test_a_letter_that_is_not_korean_is_refused_by_name():
    with pytest.raises(ValueError, match="'x' is not a Korean syllable"):
        split_syllable("x")
