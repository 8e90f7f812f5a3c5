"""Tests of proposing a boundary from rows of finished work."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from absent import skip_or_fail
from teachback_server.jobs.history_file import HistoryRow, read_history
from teachback_server.workflows.field_counts import stands_in
from teachback_server.workflows.inference import InferredBoundary, infer_boundary, title_of
from teachback_server.workflows.schema_check import list_row_problems, validate_schema

SHARED = Path(os.environ.get("TEACHBACK_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")


def infer(outputs: list[Any], inputs: list[Any] | None = None) -> InferredBoundary:
    return infer_boundary(inputs or [{"message": f"message {number}"} for number in range(len(outputs))], outputs)


def field(outputs: list[Any], inputs: list[Any] | None = None) -> dict[str, Any]:
    properties: Any = infer([{"f": value} for value in outputs], inputs).output_schema["properties"]
    return {key: value for key, value in properties["f"].items() if key != "title"}


def sentence(outputs: list[Any], inputs: list[Any] | None = None) -> str:
    (evidence,) = infer(outputs, inputs).output_evidence
    return evidence.sentence


def test_texts_that_repeat_are_a_choice() -> None:
    assert field(["billing", "refund "] * 10) == {"type": "string", "enum": ["billing", "refund"]}
    assert sentence([{"f": "a"}, {"f": "b"}] * 1_000) == "2 different values in 2,000 rows: a choice."


def test_texts_that_hardly_repeat_are_texts() -> None:
    assert field([f"note {number}" for number in range(40)]) == {"type": "string"}


def test_free_text_with_one_frequent_value_is_no_choice() -> None:
    assert field(["ok"] * 80 + [f"see note {number}" for number in range(20)]) == {"type": "string"}


def test_a_few_rows_are_too_few_to_call_anything_a_choice() -> None:
    assert field(["billing", "refund"] * 3) == {"type": "string"}


def test_long_texts_that_repeat_are_no_choice() -> None:
    assert field(["x" * 81, "y"] * 20) == {"type": "string"}


def test_every_value_of_the_file_is_among_the_choices_even_a_late_one() -> None:
    outputs = ["billing", "refund"] * 50 + ["legal"]
    assert field(outputs)["enum"] == ["billing", "legal", "refund"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([True, False], {"type": "boolean"}),
        ([1, 2], {"type": "integer"}),
        ([1, 2.5], {"type": "number"}),
        ([0.5], {"type": "number"}),
        (["2026-01-31"] * 6, {"type": "string", "format": "date"}),
        (["2026-01-31T09:30:00Z"] * 6, {"type": "string", "format": "date-time"}),
        (["2026-01-31", "2026-02-30"] * 3, {"type": "string"}),
        (["x", 3], {"type": ["integer", "string"]}),
        (["x", 3, 2.5], {"type": ["number", "string"]}),
        ([[], []], {"type": "array"}),
        ([[None, 1]], {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}),
        ([["a"], [1]], {"type": "array", "items": {"type": ["integer", "string"]}}),
        ([["a", "b"], ["b"]] * 10, {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}),
    ],
)
def test_the_type_of_a_field_follows_its_values(values: list[Any], expected: dict[str, Any]) -> None:
    assert field(values) == expected


def test_nested_objects_are_described_by_their_fields() -> None:
    schema = field([{"city": "Bonn", "zip": None}, {"city": "Köln"}])
    assert schema["properties"] == {"city": {"title": "City", "type": "string"}}
    assert schema["required"] == ["city"]


def test_lists_of_objects_are_described_by_the_fields_of_their_items() -> None:
    boundary = infer([{"lines": [{"price": 1}, {"price": 2, "unit": "kg"}]}])
    assert [evidence.field for evidence in boundary.output_evidence] == ["lines", "lines[].price", "lines[].unit"]


def test_an_object_whose_names_are_values_is_not_spelled_out() -> None:
    assert field([{f"key {number}": 1} for number in range(300)]) == {"type": "object"}


def test_only_fields_that_every_row_has_are_required() -> None:
    boundary = infer([{"a": "x", "b": 1}, {"a": "y"}, {"a": "z", "b": None}])
    assert boundary.output_schema["required"] == ["a"]
    assert boundary.output_evidence[1].sentence.endswith("; absent in 67 % of 3: optional.")


def test_a_field_that_is_always_null_is_left_out() -> None:
    assert infer([{"a": None}]).output_schema == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {},
    }


def test_values_that_stand_in_an_input_field_name_it() -> None:
    inputs = [{"subject": "order", "body": {"text": f"Order no. AB-{number}, please!"}} for number in range(40)]
    assert field([f"ab-{number}" for number in range(40)], inputs) == {
        "type": "string",
        "x-teachback-source": "body.text",
    }


def test_numbers_that_stand_in_an_input_field_name_it() -> None:
    inputs = [{"text": f"{number} pieces"} for number in range(40)]
    assert field(list(range(40)), inputs) == {"type": "integer", "x-teachback-source": "text"}


def test_a_few_names_that_stand_in_the_text_are_read_from_there_because_more_will_come() -> None:
    names = ["Ann", "Bob", "Cem", "Dee"]
    inputs = [{"text": f"This is {names[number % 4]} speaking"} for number in range(24)]
    assert field([names[number % 4] for number in range(24)], inputs)["x-teachback-source"] == "text"


def test_a_closed_set_stays_a_choice_although_its_words_stand_in_the_text() -> None:
    inputs = [{"text": f"a {'refund' if number % 2 else 'delivery'} case"} for number in range(200)]
    assert field(["refund" if number % 2 else "delivery" for number in range(200)], inputs)["enum"]


def test_a_part_of_a_longer_number_is_not_the_value() -> None:
    assert not stands_in("8", "at 18:00")
    assert stands_in("8", "at 18 or 8")
    assert stands_in("8pm", "tomorrow 8pm!")


def test_inputs_never_become_choices() -> None:
    boundary = infer([{"f": "x"}] * 40, [{"country": "DE"}, {"country": "FR"}] * 20)
    assert boundary.input_schema["properties"] == {"country": {"title": "Country", "type": "string"}}


def test_a_slip_of_another_kind_changes_nothing_but_does_not_fit() -> None:
    outputs = [{"f": "billing"}, {"f": "refund"}] * 20 + [{"f": 5}]
    assert infer(outputs).output_schema["properties"] == {
        "f": {"title": "F", "type": "string", "enum": ["billing", "refund"]}
    }
    assert sentence(outputs).endswith("; 1 of another kind does not fit.")


def test_many_values_of_another_kind_are_allowed() -> None:
    assert field(["x"] * 30 + [5] * 2) == {"type": ["integer", "string"]}


def test_no_rows_are_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="give at least one row"):
        infer([])


def test_inputs_and_outputs_must_belong_together() -> None:
    with pytest.raises(ValueError, match="zip"):
        infer_boundary([{"a": 1}], [{}, {}])


@pytest.mark.parametrize(
    ("name", "title"),
    [("last_name", "Last name"), ("orderNumber", "Order number"), ("VAT-id", "VAT id"), ("", ""), ("x", "X")],
)
def test_a_title_reads_like_words(name: str, title: str) -> None:
    assert title_of(name) == title


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aB 1-", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
rows = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(["text", "n"]), values, min_size=1),
        st.dictionaries(st.sampled_from("xyz"), values),
    ),
    min_size=1,
    max_size=30,
)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(rows)
def test_every_row_fits_the_boundary_that_was_inferred_from_it(rows: list[tuple[Any, Any]]) -> None:
    boundary = infer_boundary([came_in for came_in, _ in rows], [went_out for _, went_out in rows])
    for came_in, went_out in rows:
        problems = list_row_problems(
            input=came_in, output=went_out, input_schema=boundary.input_schema, output_schema=boundary.output_schema
        )
        assert problems == () or any(
            "not fit" in one.sentence for one in (*boundary.input_evidence, *boundary.output_evidence)
        )


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("banking77.jsonl", {"queue": 77}),
        ("restaurants8k.jsonl", dict.fromkeys(("people", "time", "date", "last_name", "first_name"), "message")),
    ],
)
def test_real_work_is_understood(name: str, expected: dict[str, Any]) -> None:
    if not (SHARED / name).exists():
        skip_or_fail(
            "data", f"{SHARED / name} is not there; TEACHBACK_SHARED_DATA names the folder with the shared data"
        )
    rows = [row for row in read_history(SHARED / name) if isinstance(row, HistoryRow)]
    boundary = infer_boundary([row.input for row in rows], [row.output for row in rows])
    validate_schema(boundary.input_schema)
    validate_schema(boundary.output_schema)
    properties: Any = boundary.output_schema["properties"]
    assert {
        field: len(schema["enum"]) if "enum" in schema else schema["x-teachback-source"]
        for field, schema in properties.items()
    } == expected
