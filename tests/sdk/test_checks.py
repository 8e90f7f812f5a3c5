"""Tests of running and validating checks."""

from typing import Any

import pytest

from teachback.checks import CheckRefused, run_checks, validate_check
from teachback.release_document import Check

SCHEMA = {
    "type": "object",
    "properties": {
        "queue": {"enum": ["billing", "refund"]},
        "amount": {"type": "number"},
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "urgent": {"type": "boolean"},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}},
    },
    "required": ["queue"],
}


def check(kind: str, **values: Any) -> Check:
    return Check(name=values.pop("name", "the check"), kind=kind, **values)


def messages(one: Check, output: Any, message: str = "Ann Lee   wants a REFUND of 12 euro") -> list[str]:
    failures = run_checks([one], input={"message": message, "n": 5}, output=output, output_schema=SCHEMA)
    assert all(failure.name == one.name for failure in failures)
    return [failure.message for failure in failures]


def test_an_output_that_fits_its_schema_passes() -> None:
    assert messages(check("schema"), {"queue": "refund", "name": None}) == []


def test_an_output_that_does_not_fit_its_schema_fails_with_every_problem() -> None:
    (message,) = messages(check("schema"), {"amount": "12"})
    assert "queue: is missing" in message
    assert "amount: “12” is not a number" in message


def test_a_schema_check_of_one_field_looks_at_that_field_only() -> None:
    assert messages(check("schema", field="amount"), {"amount": 1}) == []
    assert len(messages(check("schema", field="amount"), {"amount": "1"})) == 1


def test_an_expression_must_be_true() -> None:
    positive = check("expression", expression="output.amount > 0.0")
    assert messages(positive, {"amount": 2}) == []
    assert messages(positive, {"amount": -2}) == ["output.amount > 0.0 does not hold"]


@pytest.mark.parametrize("expression", ["output.amount > 0.0", "output.", "1 + 1"])
def test_an_expression_that_cannot_be_computed_fails(expression: str) -> None:
    assert len(messages(check("expression", expression=expression), {})) == 1


@pytest.mark.parametrize("value", [0, 100, 50.5, None])
def test_a_number_on_or_between_its_bounds_passes(value: Any) -> None:
    assert messages(check("number_within", field="amount", low=0, high=100), {"amount": value}) == []


@pytest.mark.parametrize("value", [-0.1, 100.1, "50", True, {}, 10**40])
def test_a_number_outside_its_bounds_or_another_kind_of_value_fails(value: Any) -> None:
    assert len(messages(check("number_within", field="amount", low=0, high=100), {"amount": value})) == 1


def test_one_bound_is_enough() -> None:
    assert messages(check("number_within", field="amount", low=3), {"amount": 10**9}) == []
    assert messages(check("number_within", field="amount", high=3), {"amount": 4}) == ["amount is 4, more than 3"]


def test_numbers_inside_a_list_of_objects_are_found() -> None:
    within = check("number_within", field="lines[].price", high=10)
    assert messages(within, {"lines": [{"price": 1}, {"price": 11}]}) == ["lines[].price is 11, more than 10"]
    assert messages(within, {"lines": []}) == []


def test_a_value_must_be_one_of_those_listed() -> None:
    one_of = check("one_of", field="name", values=("Ann", "5", "true"))
    assert messages(one_of, {"name": " Ann "}) == []
    assert messages(one_of, {"name": 5}) == []
    assert messages(one_of, {"name": True}) == []
    assert messages(one_of, {"name": "ann"}) == ["name is “ann”, not one of Ann, 5, true"]
    assert messages(one_of, {"name": ["Ann", "Bob"]}) == ["name is “Bob”, not one of Ann, 5, true"]


def test_a_span_must_stand_in_the_input_whatever_its_capitals_and_spaces() -> None:
    span = check("span_of_input", field="name")
    assert messages(span, {"name": "ann lee wants"}) == []
    assert messages(span, {}) == []
    assert messages(span, {"name": "Bob"}) == ["name is “Bob”, which is not in the input"]
    assert messages(span, {"name": 5}) == ["name is not a text"]


def test_a_list_of_spans_is_checked_item_by_item() -> None:
    assert messages(check("span_of_input", field="tags"), {"tags": ["refund", "Bob"]}) == [
        "tags is “Bob”, which is not in the input"
    ]


def test_failures_come_in_the_order_of_the_checks() -> None:
    checks = [check("one_of", name="b", field="queue", values=("x",)), check("schema", name="a")]
    failures = run_checks(checks, input={}, output={"queue": "y"}, output_schema=SCHEMA)
    assert [failure.name for failure in failures] == ["b", "a"]


def test_an_unknown_kind_fails() -> None:
    assert messages(check("magic"), {}) == ["“magic” is not a kind of check."]


@pytest.mark.parametrize(
    "good",
    [
        check("schema"),
        check("schema", field="queue"),
        check("expression", expression="output.amount > 0.0"),
        check("number_within", field="amount", low=0),
        check("number_within", field="lines[].price", low=0),
        check("one_of", field="queue", values=("billing",)),
        check("span_of_input", field="name"),
        check("span_of_input", field="tags"),
    ],
)
def test_a_good_check_can_be_released(good: Check) -> None:
    validate_check(good, SCHEMA)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (check("schema", name=""), "no name"),
        (check("magic"), "choose schema, expression"),
        (check("schema", field="quue"), "did you mean queue"),
        (check("expression"), "expression is empty"),
        (check("expression", expression="output.quue == 'x'"), "did you mean queue"),
        (check("number_within", field="amount"), "no bound"),
        (check("number_within", field="amount", low=3, high=2), "exchange them"),
        (check("number_within", field="name", low=3), "never holds a number"),
        (check("one_of", field="queue"), "lists no values"),
        (check("span_of_input", field="urgent"), "never holds a text"),
        (check("span_of_input"), "names no field"),
    ],
)
def test_a_bad_check_is_refused_with_a_remedy(bad: Check, words: str) -> None:
    with pytest.raises(CheckRefused) as refused:
        validate_check(bad, SCHEMA)
    assert words in str(refused.value)
