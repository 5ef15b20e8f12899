"""XLIFF documents: what is not translated is copied, and what is legal and odd comes back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_translator import run, upper, without_marks

from seqcli.errors import CorpusError

MADE_12 = ' state="needs-review-translation" state-qualifier="mt-suggestion"'


def xliff_1(source: str, extra: str = "", attributes: str = "") -> str:
    return (
        '<xliff version="1.2"><file source-language="en" target-language="de"><body>'
        f'<trans-unit id="1"{attributes}><source>{source}</source>{extra}</trans-unit>'
        "</body></file></xliff>"
    )


def xliff_2(*segments: str) -> str:
    body = "".join(
        each
        if each.startswith(("<ignorable", "</unit"))
        else f"<segment><source>{each}</source></segment>"
        for each in segments
    )
    return (
        '<xliff version="2.0" srcLang="en" trgLang="de"><file id="f"><unit id="u">'
        f"{body}</unit></file></xliff>"
    )


def targets(text: str, change=upper) -> list[str]:
    return re.findall(r"<target[^>]*>(.*?)</target>", run("xliff", text, change)[0], re.DOTALL)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ('use <mrk mtype="protected">the <g id="1">big</g> one</mrk> now',
         'USE <mrk mtype="protected">the <g id="1">big</g> one</mrk> NOW'),
        ('<g id="1">a <mrk mtype="protected">b</mrk></g> <mrk mtype="term">c</mrk>',
         '<g id="1">A <mrk mtype="protected">b</mrk></g> <mrk mtype="term">C</mrk>'),
        ('a <mrk mtype="protected"/> b', 'A <mrk mtype="protected"/> B'),
    ],
)  # fmt: skip
def test_what_xliff_1_protects_is_copied_whole(source: str, target: str) -> None:
    assert targets(xliff_1(source)) == [target]
    assert targets(xliff_1(source), without_marks) == [target]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ('a <mrk id="1" translate="no">b <mrk id="2" translate="yes">c</mrk></mrk> d',
         'A <mrk id="1" translate="no">b <mrk id="2" translate="yes">c</mrk></mrk> D'),
        ('a <sm id="1" translate="no"/>b &amp; <ph id="2"/>c<em startRef="1"/> d',
         'A <sm id="1" translate="no"/>b &amp; <ph id="2"/>c<em startRef="1"/> D'),
        ('a <sm id="1" translate="no"></sm>b<em startRef="1"></em> <ph id="3"/>d',
         'A <sm id="1" translate="no"></sm>b<em startRef="1"></em> <ph id="3"/>D'),
        # It may begin or end in another element.
        ('<pc id="1">a <sm id="2" translate="no"/>b</pc> c<em startRef="2"/> d',
         '<pc id="1">A <sm id="2" translate="no"/>b</pc> c<em startRef="2"/> D'),
        ('a <sm id="2" translate="no"/>b <pc id="1">c<em startRef="2"/> d</pc> e',
         'A <sm id="2" translate="no"/>b <pc id="1">c<em startRef="2"/> D</pc> E'),
        # Others within it do not end it.
        ('<sm id="1" translate="no"/>a<sm id="2" translate="no"/>b<em startRef="2"/>c'
         '<em startRef="1"/> d',
         '<sm id="1" translate="no"/>a<sm id="2" translate="no"/>b<em startRef="2"/>c'
         '<em startRef="1"/> D'),
        ('a <sm id="1" type="comment" value="v"/>b<em startRef="1"/> c',
         'A <sm id="1" type="comment" value="v"/>B<em startRef="1"/> C'),
    ],
)  # fmt: skip
def test_what_xliff_2_marks_as_not_translated_is_copied_whole(source: str, target: str) -> None:
    assert targets(xliff_2(source)) == [target]
    assert targets(xliff_2(source), without_marks) == [target]


def test_what_is_not_translated_goes_on_in_the_next_segments_of_its_unit() -> None:
    begin, end = 'a <sm id="1" translate="no"/>b', '<em startRef="1"/> c'
    assert targets(xliff_2(begin, "d", f"e{end}", "f")) == [
        'A <sm id="1" translate="no"/>b', 'e<em startRef="1"/> C', "F"]  # fmt: skip
    ignorable = '<ignorable><source> <em startRef="1"/></source></ignorable>'
    assert targets(xliff_2(begin, ignorable, "d"))[1:] == ["D"]
    assert targets(xliff_2(begin, '</unit><unit id="v">', "d"))[1:] == ["D"]


def test_a_unit_that_is_not_translated_at_all_stays_as_it_was() -> None:
    text = xliff_1('<mrk mtype="protected">a b</mrk> <x id="1"/>')
    assert run("xliff", text, redo=True)[0] == text


def test_what_a_machine_made_is_not_approved() -> None:
    """A unit stayed approved when another target took the place of the approved one."""
    before = xliff_1("a", '<target state="final">b</target>', " approved = 'yes' resname=\"c\"")
    made = '<target state="needs-review-translation" state-qualifier="mt-suggestion">A</target>'
    assert run("xliff", before)[0] == before
    assert run("xliff", before, redo=True)[0] == xliff_1("a", made, ' approved="no" resname="c"')
    for attributes in ("", ' approved="no"'):
        before = xliff_1("a", "<target>b</target>", attributes)
        assert run("xliff", before, redo=True)[0] == xliff_1("a", made, attributes)


def test_attributes_that_are_named_in_others_stay() -> None:
    before = xliff_1("a", """<target phase-name=" state='new' " state="new"/>""")
    out = run("xliff", before)[0]
    assert f"""<target phase-name=" state='new' "{MADE_12}>A</target>""" in out


def test_a_target_of_xliff_2_without_a_state_is_kept() -> None:
    text = xliff_2("a").replace("</source>", "</source><target>b</target>")
    assert run("xliff", text)[0] == text
    assert "<target>A</target>" in run("xliff", text, redo=True)[0]


@pytest.mark.parametrize(
    "text",
    [
        xliff_1('a <bpt id="1">x</bpt>b<ept id="1">y</ept>'),
        xliff_1('a <bx id="1" rid="7"/>b<ex id="2" rid="7"/>'),
        xliff_2('a <sc disp="x > y" id="1"/>b<ec startRef="1"/>'),
        xliff_2('a <sm id="1" type="comment"/>b<em startRef="1"/>'),
    ],
)
def test_tags_that_end_others_stay_behind_them(text: str) -> None:
    """Two tags that are no elements around text were swapped if a model swapped their marks."""

    def swap(line: str) -> str:
        return line.translate(str.maketrans("12", "21"))

    (outcome,) = run("xliff", text, swap)[1]
    assert outcome.flags == ("reassembled",)
    codes = [[code for code in side if not isinstance(code, str)]
             for side in (outcome.unit.src, outcome.text)]  # fmt: skip
    assert codes[0] == codes[1]


def test_tags_that_are_crossed_in_the_source_may_be_so() -> None:
    source = 'a <ept id="1">x</ept>b<bpt id="1">y</bpt> c'
    assert targets(xliff_1(source)) == ['A <ept id="1">x</ept>B<bpt id="1">y</bpt> C']


@pytest.mark.parametrize("body", ["<body/>", "<body></body>", "<body><group/></body>", ""])
def test_an_empty_file_comes_out_as_it_went_in(body: str) -> None:
    head = 'source-language="en" target-language="de" original="a"'
    text = f'<xliff version="1.2"><file {head}>{body}</file></xliff>'
    assert run("xliff", text) == (text, [])
    text = '<xliff version="2.1" srcLang="en"><file id="f"/></xliff>'
    assert run("xliff", text) == (text, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (xliff_1("a").replace('"de"', '"fr"'), "take a model from 'en' into 'fr'"),
        (xliff_1("a").replace('"en"', '"it"'), "take a model from 'it' into 'de'"),
        (xliff_2("a").replace(' trgLang="de"', "").replace('"en"', '"it"'), "a model from 'it'"),
    ],
)
def test_a_model_of_other_languages_is_named_with_those_of_the_file(text, message) -> None:
    """A flag was asked for that the command does not have."""
    with pytest.raises(CorpusError) as error:
        run("xliff", text)
    assert str(error.value).startswith("x.xliff:1: its ")
    assert ", and the model translates from 'en' into 'de'; take a" in str(error.value)
    assert str(error.value).endswith(message)


def test_blanks_that_count_in_a_source_count_in_its_target() -> None:
    text = xliff_2("a").replace("<source>", "<source xml:space='preserve'>")
    assert '<target xml:space="preserve">A</target>' in run("xliff", text)[0]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("there", ["", "\n<target/>", "\n<target>x</target>"])
def test_a_target_of_several_lines_has_the_line_ends_of_its_source(end: str, there: str) -> None:
    """In a file with CRLF they were bare LFs, as XML is read with no others."""
    source = '<source>a\nb <ph\nid="1"/>c&#10;d&#13;\ne</source>'
    before = xliff_2("a").replace("<source>a</source>", source + there)
    before = before.replace("<segment>", '\n<segment xml:space="preserve">\n').replace("\n", end)
    out, (outcome,) = run("xliff", before.encode(), redo=True)
    assert outcome.text is not None
    made = re.search("<target>(.*)</target>", out, re.DOTALL)
    expected = 'A\nB <ph\nid="1"/>C\nD&#13;\nE'.replace("\n", end)
    assert made is not None
    assert made[1] == expected
    assert len(re.findall("\r\n|\r|\n", out)) == out.count(end)


def test_a_line_feed_by_number_ends_as_the_lines_of_the_file() -> None:
    before = xliff_1("a&#10;b", attributes=' xml:space="preserve"').replace("<body>", "<body>\r\n")
    assert ">A\r\nB</target>" in run("xliff", before)[0]
    assert ">A\nB</target>" in run("xliff", before.replace("\r\n", ""))[0]


@given(
    parts=st.lists(st.sampled_from([
        "a b", "c", " ", "&lt;", '<ph id="1"/>', '<pc id="2">', "</pc>",
        '<sm id="3" translate="no"/>', '<em startRef="3"/>', '<mrk id="4" translate="no">',
        '<mrk id="4" type="term">', "</mrk>",
    ])),
    change=st.sampled_from([upper, without_marks, lambda line: line[::-1]]),
)  # fmt: skip
def test_no_tag_is_lost_and_nothing_protected_changes(parts: list[str], change) -> None:
    text, opened = "", []
    for part in parts:
        if part.startswith("</"):
            if not opened or opened[-1] != part[2:-1]:
                continue
            opened.pop()
        elif part.startswith(("<pc", "<mrk")):
            opened.append(part[1:].split()[0])
        text += part
    text += "".join(f"</{name}>" for name in reversed(opened))
    (outcome,) = run("xliff", xliff_2(text), change)[1]
    for target in targets(xliff_2(text), change):
        tags = re.compile(r"<[^>]*>")
        assert sorted(tags.findall(target)) == sorted(tags.findall(text))
    for code in outcome.unit.src:
        if not isinstance(code, str) and "translate" in code.raw:
            assert outcome.text is None or code in outcome.text
