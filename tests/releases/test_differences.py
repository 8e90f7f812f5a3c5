"""How two releases differ, in words."""

from dataclasses import replace

import pytest

from teachback.release_document import Approval, Check, ReleaseDocument, Rule
from teachback.word_diff import SegmentKind
from teachback_server.releases.differences import (
    Fate,
    describe_approval,
    describe_check,
    describe_difference,
    describe_rule,
)

RULE = Rule(name="vip", when="input.text.contains('VIP')", action="review", reason="VIP")
CHECK = Check(name="plausible", kind="number_within", field="amount", low=0, high=500)
BASE = ReleaseDocument(workflow="w", instructions="Read it all.", rules=(RULE,), checks=(CHECK,), example_hashes=("a",))


def test_what_is_the_same_is_kept_and_nothing_is_marked() -> None:
    difference = describe_difference(BASE, BASE)
    assert not difference.are_instructions_changed
    assert {part.fate for part in (*difference.rules, *difference.checks)} == {Fate.KEPT}
    assert (difference.examples_added, difference.examples_removed) == (0, 0)
    assert difference.approval_before == ()


def test_each_lever_says_what_happened_to_it() -> None:
    after = replace(
        BASE,
        instructions="Read it all twice.",
        rules=(replace(RULE, action="hand_back"), replace(RULE, name="late")),
        checks=(),
        example_hashes=("b", "c"),
        approval=Approval(threshold=0.8, error_limit=0.05, certainty=0.9),
        tools={"search": 3},
        agent="recorded",
    )
    difference = describe_difference(BASE, after)
    assert [segment.text for segment in difference.instructions if segment.kind is SegmentKind.ADDED] == [" twice"]
    assert [(part.name, part.fate) for part in difference.rules] == [("vip", Fate.CHANGED), ("late", Fate.ADDED)]
    assert difference.rules[0].was == "When input.text.contains('VIP'): a person must look, because VIP."
    assert [(part.name, part.fate) for part in difference.checks] == [("plausible", Fate.REMOVED)]
    assert (difference.examples, difference.examples_added, difference.examples_removed) == (2, 2, 1)
    assert difference.approval_before == ("Every job is reviewed: nothing is certified for this release.",)
    assert difference.other_levers == (
        'The agent was "local" and is "recorded".',
        'The tools was {} and is {"search":3}.',
    )


def test_the_first_release_marks_nothing_as_changed() -> None:
    difference = describe_difference(None, BASE)
    assert not difference.are_instructions_changed
    assert {part.fate for part in difference.rules} == {Fate.KEPT}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(name="r", when="c", action="hand_back"), "When c: hand the job back."),
        (Rule(name="r", when="c", action="set_field", field="f", value="'x'"), "When c: set f to 'x'."),
        (Rule(name="r", when="c", action="clear_field", field="f", reason="y"), "When c: leave f empty, because y."),
    ],
)
def test_a_rule_reads_as_a_sentence(rule: Rule, words: str) -> None:
    assert describe_rule(rule) == words


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (CHECK, "amount is from 0 to 500."),
        (replace(CHECK, low=None), "amount is at most 500."),
        (replace(CHECK, high=None, low=2.5), "amount is at least 2.5."),
        (Check(name="c", kind="one_of", field="f", values=("a", "b")), "f is one of a, b."),
        (Check(name="c", kind="span_of_input", field="f"), "f stands in the input, word for word."),
        (Check(name="c", kind="schema"), "The output fits the boundary."),
        (Check(name="c", kind="expression", expression="output.a > 1"), "This holds: output.a > 1."),
    ],
)
def test_a_check_reads_as_a_sentence(check: Check, words: str) -> None:
    assert describe_check(check) == words


def test_what_may_skip_review_names_what_certified_it_and_that_audits_go_on() -> None:
    approval = Approval(threshold=0.87, error_limit=0.05, certainty=0.9, certified_from_jobs=120, certified_errors=2)
    certified = " ".join(describe_approval(approval)).replace("\u00a0", " ")
    assert "at least 87 % sure" in certified
    assert "Certified on 120 reviewed jobs, 2 of them wrong" in certified
    assert "20 % of the first 500 jobs and 5 % of the later ones are reviewed at random" in certified
