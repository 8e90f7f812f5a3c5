"""Tests of applying and validating rules."""

from typing import Any

import pytest

from teachback.release_document import Rule
from teachback.rules import RuleOutcome, RuleRefused, apply_rules, validate_rule

OUTPUT_SCHEMA = {
    "type": "object",
    "properties": {
        "queue": {"enum": ["billing", "refund"]},
        "amount": {"type": "number"},
        "address": {"type": "object", "properties": {"city": {"type": "string"}}},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}},
        "extra": {"type": "object"},
    },
}
INPUT_SCHEMA = {"type": "object", "properties": {"message": {"type": "string"}}}


def rule(when: str = "true", action: str = "review", **values: Any) -> Rule:
    return Rule(name=values.pop("name", "the rule"), when=when, action=action, **values)


def apply(*rules: Rule, output: Any = None, confidence: float | None = 0.9, message: str = "hello") -> RuleOutcome:
    return apply_rules(rules, input={"message": message}, output=output or {}, confidence=confidence)


def test_without_rules_nothing_happens() -> None:
    assert apply(output={"queue": "billing"}) == RuleOutcome(output={"queue": "billing"})


def test_a_rule_that_does_not_hold_does_nothing() -> None:
    outcome = apply(rule("output.amount > 100"), output={"amount": 3})
    assert outcome == RuleOutcome(output={"amount": 3})


def test_a_rule_can_ask_for_a_person() -> None:
    outcome = apply(rule("input.message.matches('(?i)LAWYER')", reason="legal threat"), message="my lawyer will call")
    assert (outcome.review_reason, outcome.applied) == ("legal threat", ("the rule",))


def test_two_rules_that_ask_for_a_person_are_both_told() -> None:
    outcome = apply(rule(name="one", reason="first"), rule(name="two"))
    assert outcome.review_reason == "first; rule “two”"


def test_handing_back_ends_it() -> None:
    outcome = apply(rule(action="hand_back", reason="no order number"), rule(action="clear_field", field="queue"))
    assert outcome.hand_back_reason == "no order number"
    assert outcome.applied == ("the rule",)


def test_rules_act_in_order_and_see_what_earlier_ones_changed() -> None:
    outcome = apply(
        rule("output.amount > 100.0", "set_field", name="one", field="queue", value="'refund'"),
        rule("output.queue == 'refund'", "set_field", name="two", field="amount", value="output.amount / 2.0"),
        output={"amount": 300.0, "queue": "billing"},
    )
    assert outcome.output == {"amount": 150.0, "queue": "refund"}
    assert outcome.applied == ("one", "two")


def test_the_output_that_was_given_is_never_changed() -> None:
    given = {"address": {"city": "Bonn"}}
    outcome = apply(rule(action="set_field", field="address.city", value="'Köln'"), output=given)
    assert outcome.output == {"address": {"city": "Köln"}}
    assert given == {"address": {"city": "Bonn"}}


def test_setting_a_nested_field_makes_its_object() -> None:
    outcome = apply(rule(action="set_field", field="address.city", value="input.message"), output={"address": None})
    assert outcome.output == {"address": {"city": "hello"}}


def test_clearing_a_field_removes_it_and_only_it() -> None:
    outcome = apply(
        rule(action="clear_field", field="address.city"),
        rule(action="clear_field", field="nothing.here"),
        output={"address": {"city": "Bonn", "street": "x"}, "amount": 1},
    )
    assert outcome.output == {"address": {"street": "x"}, "amount": 1}


def test_a_condition_that_cannot_be_computed_does_not_hold_and_says_why() -> None:
    outcome = apply(rule("output.amount > 3"), rule("output.queue == 'refund'", name="two"), output={"queue": "refund"})
    assert outcome.applied == ("two",)
    (note,) = outcome.notes
    assert note.startswith("Rule “the rule”: This job has no field `amount`: write `has(output.amount) && …`")


def test_a_job_without_confidence_says_so() -> None:
    outcome = apply(rule("confidence < 0.5"), confidence=None)
    assert "confidence != null" in outcome.notes[0]
    assert not outcome.applied


def test_a_value_that_cannot_be_computed_asks_for_a_person() -> None:
    outcome = apply(rule(action="set_field", field="amount", value="output.total * 2"))
    assert outcome.output == {}
    assert outcome.review_reason == "the rule “the rule” could not set amount"
    assert len(outcome.notes) == 1


def test_a_broken_rule_of_an_old_release_does_not_stop_the_job() -> None:
    outcome = apply(rule("output."), rule(action="fly"), rule(name="good"))
    assert outcome.applied == ("good",)
    assert len(outcome.notes) == 2


@pytest.mark.parametrize(
    "good",
    [
        rule("output.queue == 'refund' && output.amount > 10.0"),
        rule("has(output.address.city)"),
        rule("output.extra.whatever.below == 1"),
        rule("output.lines.exists(line, line.price > 3)"),
        rule("input.message.contains('x')", "hand_back"),
        rule(action="set_field", field="queue", value="'refund'"),
        rule(action="set_field", field="address.city", value="input.message"),
        rule(action="clear_field", field="amount"),
    ],
)
def test_a_good_rule_can_be_released(good: Rule) -> None:
    validate_rule(good, OUTPUT_SCHEMA, INPUT_SCHEMA)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (rule(name=" "), "no name"),
        (rule(action="fly"), "choose hand_back, review, set_field, clear_field"),
        (rule("output.queue ="), "condition of the rule “the rule”"),
        (rule("output.quue == 'refund'"), "did you mean queue"),
        (rule("output.address.town == 'x'"), "no field `output.address.town`"),
        (rule("output.queue.deeper == 'x'"), "no field `output.queue.deeper`"),
        (rule("input.mesage == 'x'"), "did you mean message"),
        (rule(action="set_field", field="", value="1"), "names no field"),
        (rule(action="set_field", field="quue", value="1"), "did you mean queue"),
        (rule(action="set_field", field="lines[0].price", value="1"), "items of a list"),
        (rule(action="clear_field", field="zzz"), "there is no field zzz"),
        (
            rule(action="set_field", field="queue", value="'sales'"),
            "not one of the choices; choose one of “billing”, “refund”",
        ),
        (rule(action="set_field", field="amount", value="'12'"), "not a number"),
        (rule(action="set_field", field="amount", value="1.0 / 0.0"), "cannot hold"),
        (
            rule(action="set_field", field="amount", value=""),
            "new value of the rule “the rule”: The expression is empty",
        ),
    ],
)
def test_a_bad_rule_is_refused_with_a_remedy(bad: Rule, words: str) -> None:
    with pytest.raises(RuleRefused) as refused:
        validate_rule(bad, OUTPUT_SCHEMA, INPUT_SCHEMA)
    assert words in str(refused.value)


def test_a_boundary_without_named_fields_allows_any_field_in_conditions() -> None:
    validate_rule(rule("output.anything == 1"), {"type": "object"})
