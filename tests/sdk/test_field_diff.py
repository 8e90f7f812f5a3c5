"""Tests of the field diff and of the equality behind "right"."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from teachback.field_diff import ChangeKind, FieldChange, diff_fields, is_same_output, without_positions

SCHEMA = {
    "type": "object",
    "properties": {
        "queue": {"enum": ["billing", "refund"]},
        "urgent": {"type": "boolean"},
        "amount": {"type": "number"},
        "due": {"type": "string", "format": "date"},
        "note": {"type": "string"},
        "address": {"type": "object", "properties": {"city": {"type": "string"}, "kind": {"enum": ["home", "work"]}}},
        "lines": {
            "type": "array",
            "items": {"type": "object", "properties": {"unit": {"enum": ["kg", "m"]}, "price": {"type": "number"}}},
        },
    },
}

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("aB \n", max_size=4)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
outputs = st.dictionaries(st.sampled_from("abcd"), values, max_size=4)


def one_change(before: Any, after: Any, field: str = "note") -> FieldChange:
    (change,) = diff_fields({field: before}, {field: after}, SCHEMA)
    return change


def test_fields_are_listed_in_the_order_of_the_schema_then_of_the_outputs() -> None:
    changes = diff_fields({"zone": "b", "note": "x"}, {"note": "y", "area": "a", "queue": "billing"}, SCHEMA)
    assert [change.field for change in changes] == ["queue", "note", "zone", "area"]


def test_an_output_against_none_adds_every_field() -> None:
    changes = diff_fields(None, {"queue": "billing", "note": None}, SCHEMA)
    assert changes == (FieldChange(field="queue", from_value=None, to_value="billing", kind=ChangeKind.ADDED),)


def test_a_field_that_becomes_null_is_removed() -> None:
    assert one_change("x", None).kind is ChangeKind.REMOVED


@pytest.mark.parametrize(
    ("field", "before", "after", "kind"),
    [
        ("queue", "billing", "refund", ChangeKind.CHANGED_CHOICE),
        ("urgent", True, False, ChangeKind.CHANGED_CHOICE),
        ("amount", 3, 3.5, ChangeKind.CHANGED_NUMBER),
        ("due", "2026-01-02", "2026-02-01", ChangeKind.CHANGED_DATE),
        ("note", "two guests", "three guests", ChangeKind.CHANGED_TEXT),
        ("note", "3", 3, ChangeKind.CHANGED_TYPE),
        ("amount", 1, True, ChangeKind.CHANGED_TYPE),
        ("note", ["a"], ["b"], ChangeKind.CHANGED_LIST),
        ("note", ["a"], {"a": "b"}, ChangeKind.CHANGED_TYPE),
        ("unheard_of", "a", "b", ChangeKind.CHANGED_TEXT),
    ],
)
def test_the_kind_of_a_change_follows_value_and_schema(field: str, before: Any, after: Any, kind: ChangeKind) -> None:
    assert one_change(before, after, field).kind is kind


def test_nested_objects_are_compared_by_dotted_path() -> None:
    changes = diff_fields(
        {"address": {"city": "Bonn", "kind": "home"}}, {"address": {"city": "Bonn", "kind": "work"}}, SCHEMA
    )
    assert [(change.field, change.kind) for change in changes] == [("address.kind", ChangeKind.CHANGED_CHOICE)]


def test_an_object_that_appears_is_listed_by_its_fields() -> None:
    changes = diff_fields({}, {"address": {"city": "Bonn", "kind": None}}, SCHEMA)
    assert [(change.field, change.to_value) for change in changes] == [("address.city", "Bonn")]


def test_lists_of_objects_of_equal_length_are_compared_item_by_item() -> None:
    before = {"lines": [{"unit": "kg", "price": 1}, {"unit": "kg", "price": 2}]}
    after = {"lines": [{"unit": "kg", "price": 1}, {"unit": "m", "price": 3}]}
    changes = diff_fields(before, after, SCHEMA)
    assert [(change.field, change.kind) for change in changes] == [
        ("lines[1].unit", ChangeKind.CHANGED_CHOICE),
        ("lines[1].price", ChangeKind.CHANGED_NUMBER),
    ]
    assert without_positions(changes[0].field) == "lines[].unit"


def test_lists_of_other_lengths_are_compared_as_a_whole() -> None:
    changes = diff_fields({"lines": [{"price": 1}]}, {"lines": [{"price": 1}, {"price": 2}]}, SCHEMA)
    assert [(change.field, change.kind) for change in changes] == [("lines", ChangeKind.CHANGED_LIST)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, {}),
        ({"a": None}, {}),
        ({"a": {"b": None}}, {}),
        ({"a": " x\n"}, {"a": "x"}),
        ({"a": 3}, {"a": 3.0}),
        ({"a": [{"b": " x", "c": None}]}, {"a": [{"b": "x"}]}),
    ],
)
def test_differences_that_mean_nothing_count_as_the_same(one: Any, other: Any) -> None:
    assert is_same_output(one, other)
    assert is_same_output(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": "x"}, {"a": "X"}),
        ({"a": "x y"}, {"a": "x  y"}),
        ({"a": ""}, {}),
        ({"a": []}, {}),
        ({"a": 1}, {"a": True}),
        ({"a": 0}, {"a": False}),
        ({"a": 1}, {"a": "1"}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": [1]}, {"a": [1, None]}),
        ({"a": [True]}, {"a": [1]}),
        ({"a": {"b": 1}}, {"a": [1]}),
    ],
)
def test_every_other_difference_counts(one: Any, other: Any) -> None:
    assert not is_same_output(one, other)
    assert not is_same_output(other, one)


@unhurried
@given(outputs, outputs)
def test_two_outputs_are_the_same_exactly_where_no_field_differs(one: Any, other: Any) -> None:
    assert is_same_output(one, other) == (diff_fields(one, other, SCHEMA) == ())


@unhurried
@given(outputs)
def test_an_output_is_the_same_as_itself(output: Any) -> None:
    assert is_same_output(output, output)


@unhurried
@given(outputs, outputs)
def test_a_diff_read_backwards_names_the_same_fields(one: Any, other: Any) -> None:
    forward = {(c.field, repr(c.from_value), repr(c.to_value)) for c in diff_fields(one, other)}
    backward = {(c.field, repr(c.to_value), repr(c.from_value)) for c in diff_fields(other, one)}
    assert forward == backward
