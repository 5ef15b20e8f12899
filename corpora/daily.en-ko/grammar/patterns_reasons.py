"""Patterns that tie an action to a condition: because, so, when, if.

The conditions and what people do in them stand in `tables/states.tsv`.
"""

from __future__ import annotations

from dataclasses import replace

import english
from actions import (
    Action,
    Reject,
    attach,
    english_clause,
    korean_clause,
    korean_predicate,
    make_action,
    topic,
)
from adjectives import state_stem
from english import VerbForms, be_clause, sentence, spaced
from lexicon import Noun, Person, State
from sampler import Pair, Sampler, suits

IT = Person("it", "", "3s", "it", frozenset())


def state_clause(state: State, subject: Person, is_past: bool = False) -> str:
    """Return the English of a condition: I was hungry, it's raining, Minsu is tired."""
    head, _, rest = state.english.partition(" ")
    if head == "be":
        return be_clause(subject.english, subject.person, rest, past=is_past)
    forms = VerbForms("have", "had", "had", "having")
    if head != "have":
        ended = head + "ed"
        forms = VerbForms(head, ended, ended, head + "ing")
        if not is_past:
            return english.clause(subject.english, subject.person, forms, rest, "progressive")
    return english.clause(
        subject.english, subject.person, forms, rest, "past" if is_past else "present"
    )


def chosen_state(s: Sampler, use: str, subject: str = "") -> State:
    """Return a condition for this use: b because, w when, i if, n with an order."""
    return s.pick(
        [
            state
            for state in s.lexicon.states
            if use in state.uses and (not subject or state.subject == subject)
        ]
    )


def consequence(s: Sampler, state: State, mood: str, use: str = "") -> Action:
    """Return something that people do in the condition."""
    wanted = s.pick(state.actions)
    lemma, _, slot = wanted.partition("{")
    slot = slot.rstrip("}")
    frame = s.frame(mood, [lemma.strip()])
    if slot:
        fitting = [
            thing
            for thing in s.objects(frame)
            if isinstance(thing, Noun) and (thing.english == slot or slot in thing.classes)
        ]
        return make_action(frame, s.pick(fitting), use=use if frame.article == "a" else "")
    return s.action(frame, use)


def feeler(s: Sampler, state: State) -> Person:
    """Return who is in the condition: the weather is "it", people are I or a friend."""
    if state.subject == "it":
        return IT
    people = [p for p in s.lexicon.persons("name", "young") if p.pronoun and not p.is_elder]
    return s.lexicon.people[0] if s.chance(0.6) else s.pick(people)


def doer(s: Sampler, felt: Person, action: Action) -> tuple[Person, Person]:
    """Return the subject of the second clause: in English a pronoun, and as in Korean."""
    if felt is IT:
        subject = s.subject(action, first=0.6, elders=False)
        return subject, subject
    if not allowed(felt, action):
        raise Reject
    return replace(felt, english=felt.pronoun), felt


def allowed(person: Person, action: Action) -> bool:
    """Whether this person, third or not, would do it."""
    return not person.is_third or suits(person, action)


def so(s: Sampler) -> Pair:
    """I was tired, so I went to bed early."""
    state = chosen_state(s, "b")
    action = consequence(s, state, "d")
    felt = feeler(s, state)
    subject, named = doer(s, felt, action)
    first = state_clause(state, felt, is_past=True)
    second = english_clause(subject, action, "past")
    reason = attach(state_stem(state), "because")
    done = korean_predicate(action, named, "past")
    clauses = (reason, topic(named)) if felt is IT else (topic(felt), reason)
    korean = spaced(*clauses, done)
    return Pair(
        sentence(f"{first}, so {second}"),
        korean + ".",
        action.frame.topic,
        ("because", "past", "statement"),
        action.combos,
    )


def couldnt_because(s: Sampler) -> Pair:
    """Minsu couldn't exercise because he was busy."""
    state = s.pick(
        [
            state
            for state in s.lexicon.states
            if state.uses in ("x", "bwin") and state.subject == "person"
        ]
    )
    busy = next(state for state in s.lexicon.states if state.uses == "x")
    action = consequence(s, busy, "d")
    felt = feeler(s, state)
    if not allowed(felt, action):
        raise Reject
    setting = s.setting(action, "past", time=0.25, place=0)
    if setting.time and setting.time.tag == "W":
        raise Reject
    first = english_clause(felt, action, "could", setting, negative=True)
    second = state_clause(state, replace(felt, english=felt.pronoun), is_past=True)
    time = setting.time.korean if setting.time else ""
    korean = spaced(
        topic(felt),
        time,
        attach(state_stem(state), "because"),
        korean_predicate(action, felt, "past", negation="못"),
    )
    return Pair(
        sentence(f"{first} because {second}"),
        korean + ".",
        action.frame.topic,
        ("because", "negation", "ability", "past", "statement"),
        action.combos,
    )


def since_request(s: Sampler) -> Pair:
    """It's cold, so please close the window."""
    state = chosen_state(s, "b", "it")
    mood = "r" if s.chance(0.5) else "m"
    action = consequence(s, state, mood, "a")
    if action.frame.topic == "hobbies":
        raise Reject
    hearer = s.lexicon.persons("hearer")[0]
    phrase = spaced(action.forms.base, action.rest).replace("{my}", "your")
    please = "please " if mood == "r" else ""
    korean = korean_predicate(action, hearer, "request" if mood == "r" else "order")
    text = f"{state_clause(state, IT)}, so {please}{phrase}"
    return Pair(
        sentence(text),
        f"{attach(state_stem(state), 'since')} {korean}.",
        action.frame.topic,
        ("because", "request", "present"),
        action.combos,
    )


def when_habit(s: Sampler) -> Pair:
    """When I'm tired, I take a nap."""
    state = chosen_state(s, "w")
    action = consequence(s, state, "h", "gen")
    felt = feeler(s, state)
    subject, named = doer(s, felt, action)
    first = state_clause(state, felt)
    if felt is IT:
        first = first.replace("it's raining", "it rains").replace("it's snowing", "it snows")
    second = english_clause(subject, action, "present")
    when = attach(state_stem(state), "when")
    done = korean_predicate(action, named, "present")
    korean = spaced(topic(named), when, done) if felt is IT else spaced(topic(felt), when, done)
    return Pair(
        sentence(f"when {first}, {second}"),
        korean + ".",
        action.frame.topic,
        ("when", "present", "statement"),
        action.combos,
    )


def if_future(s: Sampler) -> Pair:
    """If it rains tomorrow, I'm going to stay home."""
    state = s.pick(
        [
            state
            for state in s.lexicon.states
            if "i" in state.uses
            and (state.subject == "it" or state.english.startswith("have "))
            and state.korean.split()[0] not in ("감기에", "머리가")
        ]
    )
    action = consequence(s, state, "f")
    felt = IT if state.subject == "it" else s.lexicon.people[0]
    subject, named = doer(s, felt, action)
    time = s.pick(
        [
            time
            for time in s.lexicon.times
            if time.tense == "future"
            and time.tag in ("P" if felt is IT else "PW")
            and time.tag in action.frame.when
            and "on " not in time.english
        ]
    )
    first = state_clause(state, felt)
    first = first.replace("it's raining", "it rains").replace("it's snowing", "it snows")
    second = english_clause(subject, action, "future")
    condition = f"{time.korean} {attach(state_stem(state), 'if')}"
    korean = spaced(condition, korean_clause(named, action, "future"))
    return Pair(
        sentence(f"if {first} {time.english}, {second}"),
        korean + ".",
        action.frame.topic,
        ("if", "future", "statement"),
        action.combos,
    )


def if_order(s: Sampler) -> Pair:
    """If you're sleepy, take a nap."""
    state = chosen_state(s, "n", "person")
    action = consequence(s, state, "f")
    hearer = s.lexicon.persons("hearer")[0]
    phrase = spaced(action.forms.base, action.rest).replace("{my}", "your")
    korean = korean_predicate(action, hearer, "order")
    condition = attach(state_stem(state), "if")
    return Pair(
        sentence(f"if {state_clause(state, hearer)}, {phrase}"),
        f"{condition} {korean}.",
        action.frame.topic,
        ("if", "request"),
        action.combos,
    )


PATTERNS = {
    "so": (5.0, so),
    "couldnt_because": (3.0, couldnt_because),
    "since_request": (1.5, since_request),
    "when_habit": (4.0, when_habit),
    "if_future": (8.0, if_future),
    "if_order": (2.0, if_order),
}
