"""Tests of validating an edited schema, a row against its boundary, and one boundary against another."""

import json
from typing import Any

import pytest

from teachback_server.workflows.boundary import Boundary
from teachback_server.workflows.schema_check import (
    SchemaRefused,
    describe_boundary_difference,
    list_row_problems,
    list_schema_faults,
    parse_schema,
    validate_schema,
)

INPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}
OUTPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "queue": {"enum": ["billing", "refund"]},
        "amount": {"type": "number", "minimum": 0},
        "due": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "date-time"},
        "mail": {"type": "string", "format": "email"},
        "code": {"type": "string", "pattern": "^[A-Z]{2}[0-9]+$", "maxLength": 6},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "lines": {
            "type": "array",
            "items": {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]},
        },
    },
    "required": ["queue"],
    "additionalProperties": False,
}


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties or {"a": {}}}


def boundary(output: Any = None, came_in: Any = None) -> Boundary:
    return Boundary(name="w", title="W", input_schema=came_in or INPUT_SCHEMA, output_schema=output or OUTPUT_SCHEMA)


def problems_of(output: Any, message: Any = "hello") -> list[str]:
    problems = list_row_problems(
        input={"message": message}, output=output, input_schema=INPUT_SCHEMA, output_schema=OUTPUT_SCHEMA
    )
    return [problem.as_sentence() for problem in problems]


def test_a_plain_schema_can_be_used() -> None:
    validate_schema(INPUT_SCHEMA)
    validate_schema(OUTPUT_SCHEMA)
    assert parse_schema(json.dumps(OUTPUT_SCHEMA)) == OUTPUT_SCHEMA


def test_a_schema_with_local_references_can_be_used() -> None:
    validate_schema({**schema(a={"$ref": "#/$defs/x"}, b={"$ref": "#/$defs/x"}), "$defs": {"x": {"type": "string"}}})


@pytest.mark.parametrize(
    ("faulty", "words"),
    [
        ([], "not an object"),
        ({}, 'write "type": "object"'),
        ({"type": "object"}, "names no fields"),
        ({"type": "object", "properties": {}}, "names no fields"),
        ({"type": "array", "items": {}}, 'write "type": "object"'),
        (schema(a={"type": "text"}), "properties/a/type"),
        (schema(a={"type": "string", "minLength": -1}), "properties/a/minLength"),
        (schema(a={"enum": "x"}), "properties/a/enum"),
        (schema(a={"enum": []}), "the choice has no values"),
        (schema(a=5), "properties/a"),
        ({**schema(), "required": ["b"]}, "b is required but is no field"),
        ({**schema(), "$schema": "http://json-schema.org/draft-07/schema#"}, "leave it out"),
        ({**schema(), "$id": "https://example.org/x"}, "$id is not supported"),
        ({**schema(), "patternProperties": {"^x": {}}}, "patternProperties is not supported"),
        (schema(**{"a.b": {}}), "field name 'a.b' cannot be used"),
        (schema(**{"": {}}), "field name '' cannot be used"),
        (schema(**{"x" * 101: {}}), "at most 100"),
        (schema(**{f"f{number}": {} for number in range(201)}), "201 fields"),
        (schema(a={"pattern": "(a"}), "cannot be read"),
        (schema(a={"pattern": "(.{0,300}){0,30}!$"}), "repeats its parts too often"),
        (schema(a={"$ref": "https://example.org/x"}), "leads outside the schema"),
        (schema(a={"$ref": "#/$defs/nothing"}), "leads nowhere"),
        (schema(a={"$ref": "#/properties/a"}), "contains itself"),
        (schema(a={"$ref": "#"}), "contains itself"),
        (schema(a={"items": {"$ref": "#/properties/b"}}, b={"anyOf": [{"$ref": "#/properties/a"}]}), "contains itself"),
    ],
)
def test_a_faulty_schema_is_refused_with_place_and_remedy(faulty: Any, words: str) -> None:
    with pytest.raises(SchemaRefused) as refused:
        validate_schema(faulty)
    assert words in str(refused.value)


def test_a_schema_nested_very_deeply_is_refused() -> None:
    deep: Any = {}
    for _ in range(2_000):
        deep = {"items": deep}
    assert "nested" in list_schema_faults(schema(a=deep))[0]


def test_a_schema_whose_references_branch_again_and_again_is_read_once() -> None:
    definitions: dict[str, Any] = {"d0": {"type": "string"}}
    for number in range(1, 40):
        below = {"$ref": f"#/$defs/d{number - 1}"}
        definitions[f"d{number}"] = {"type": "object", "properties": {"x": below, "y": below}}
    assert list_schema_faults({**schema(a={"$ref": "#/$defs/d39"}), "$defs": definitions}) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1 at place 1"),
        ('{"type": "object",\n "properties": }', "line 2 at place 16"),
        ('{"type": NaN}', "NaN"),
        ("[" * 100_000, "nested too deeply"),
        (" " * 200_001, "200,000 characters"),
        ("null", "not an object"),
    ],
)
def test_text_that_is_no_schema_is_refused(text: str, words: str) -> None:
    with pytest.raises(SchemaRefused) as refused:
        parse_schema(text)
    assert words in str(refused.value)


def test_a_row_that_fits_has_no_problems() -> None:
    fitting = {
        "queue": " refund ",
        "amount": 3,
        "due": "2026-01-31",
        "at": "2026-01-31T09:30:00Z",
        "mail": "a@b.de",
        "code": "AB12",
        "note": None,
        "lines": [{"price": 1}],
    }
    assert problems_of(fitting) == []


def test_a_field_that_is_null_counts_as_absent() -> None:
    assert problems_of({"queue": "refund", "amount": None}) == []
    assert problems_of({"queue": None}) == [
        "output.queue: is missing; fill it in, or make it optional in the boundary."
    ]


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ({"queue": "sales"}, "output.queue: “sales” is not one of the choices; choose one of “billing”, “refund”."),
        ({"queue": "refund", "amount": "3"}, "output.amount: “3” is not a number; write a number."),
        ({"queue": "refund", "amount": True}, "output.amount: true is not a number; write a number."),
        ({"queue": "refund", "amount": -1}, "output.amount: -1 is less than 0;"),
        ({"queue": "refund", "due": "31.01.2026"}, "output.due: “31.01.2026” is not a date; write it as 2026-01-31."),
        ({"queue": "refund", "due": "2026-02-30"}, "output.due: “2026-02-30” is not a date;"),
        ({"queue": "refund", "due": "2026-W01-1"}, "output.due: “2026-W01-1” is not a date;"),
        ({"queue": "refund", "at": "2026-01-31T09:30:00"}, "output.at:"),
        ({"queue": "refund", "mail": "nobody"}, "output.mail:"),
        ({"queue": "refund", "code": "ab"}, "output.code: “ab” does not match the pattern"),
        ({"queue": "refund", "code": "AB12345"}, "output.code: “AB12345” has more than 6 characters;"),
        ({"queue": "refund", "note": 5}, "output.note: 5 is not a text; write a text."),
        ({"queue": "refund", "lines": [{"price": 1}, {}]}, "output.lines[1].price: is missing;"),
        ({"queue": "refund", "lines": {}}, "output.lines: {} is not a list; write a list."),
        ({"queue": "refund", "extra": 1}, "output.extra: is not a field of the boundary; leave it out"),
    ],
)
def test_a_problem_names_field_value_and_remedy(output: Any, sentence: str) -> None:
    (problem,) = problems_of(output)
    assert problem.startswith(sentence)


def test_problems_of_input_and_output_are_told_apart() -> None:
    assert [problem.split(":")[0] for problem in problems_of({}, message=5)] == ["input.message", "output.queue"]


def test_a_long_value_is_shortened_in_its_message() -> None:
    (problem,) = problems_of({"queue": "x" * 5_000})
    assert len(problem) < 200


def test_many_choices_are_shortened_in_the_message() -> None:
    many = schema(a={"enum": [f"choice {number}" for number in range(77)]})
    (problem,) = list_row_problems(
        input={"message": "x"}, output={"a": "x"}, input_schema=INPUT_SCHEMA, output_schema=many
    )
    assert problem.remedy.endswith("“choice 7” and 69 more")


def test_a_schema_that_refers_to_itself_or_outside_refuses_rows_and_fetches_nothing() -> None:
    for reference in ("#/properties/a", "http://127.0.0.1:9/schema", "#/nowhere"):
        broken = schema(a={"$ref": reference})
        (problem,) = list_row_problems(
            input={"message": "x"}, output={"a": 1}, input_schema=INPUT_SCHEMA, output_schema=broken
        )
        assert "refers to a part" in problem.problem


def test_equal_boundaries_have_no_difference_whatever_their_titles() -> None:
    titled = {**OUTPUT_SCHEMA, "title": "Answer", "properties": {**OUTPUT_SCHEMA["properties"]}}
    titled["properties"]["amount"] = {"title": "Amount", "type": "number"}
    assert describe_boundary_difference(boundary(), boundary(titled)) == []


def test_fields_that_come_and_go_are_named() -> None:
    one, other = boundary(schema(a={}, b={"type": "object", "properties": {"c": {}}})), boundary(schema(a={}, d={}))
    assert describe_boundary_difference(one, other) == ["output.b.c is missing.", "output.d is new."]


def test_fields_of_another_kind_are_named() -> None:
    one = boundary(schema(a={"type": "string"}, b={"enum": ["x"]}, c={"type": "array", "items": {"type": "string"}}))
    other = boundary(
        schema(
            a={"type": "string", "format": "date"}, b={"type": "string"}, c={"type": "array", "items": {"enum": ["x"]}}
        )
    )
    assert describe_boundary_difference(one, other) == [
        "output.a is string (date) instead of string.",
        "output.b is string instead of a choice.",
        "output.c is array of a choice instead of array of string.",
    ]


def test_other_choices_are_named() -> None:
    one, other = boundary(schema(a={"enum": ["x", "y"]})), boundary(schema(a={"enum": ["y", *"abcdefg"]}))
    assert describe_boundary_difference(one, other) == [
        'output.a has other choices: "a", "b", "c", "d", "e" and 2 more are new.',
        'output.a has other choices: "x" is missing.',
    ]


def test_the_input_is_compared_too() -> None:
    other = boundary(came_in=schema(subject={"type": "string"}))
    assert describe_boundary_difference(boundary(), other) == ["input.message is missing.", "input.subject is new."]
