"""Runs the checks of a release on one output: what an output must meet before it may skip review."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from teachback.field_names import require_field, require_known_fields
from teachback.json_types import Json, JsonObject, canonical_json
from teachback.output_fields import list_values
from teachback.release_document import Check
from teachback.safe_cel import CelRefused, compile_expression
from teachback.schema_problems import list_schema_problems


class CheckRefused(ValueError):
    """A check that cannot be released; the message says what is wrong with it and what to do."""


class CheckKind(StrEnum):
    """What a check looks at."""

    SCHEMA = "schema"  # the output fits the boundary
    EXPRESSION = "expression"  # a CEL condition over input and output is true
    NUMBER_WITHIN = "number_within"  # a number lies between two bounds, both included
    ONE_OF = "one_of"  # a value is one of a list
    SPAN_OF_INPUT = "span_of_input"  # a text stands somewhere in the input


@dataclass(frozen=True, kw_only=True)
class CheckFailure:
    """One check that an output does not meet, and why, for a person."""

    name: str
    message: str


def run_checks(
    checks: Sequence[Check], *, input: JsonObject, output: JsonObject, output_schema: JsonObject
) -> tuple[CheckFailure, ...]:
    """List the checks that an output fails, in their order.

    An absent or null field passes the checks of its value: whether it must be there is said by the schema. A check
    that cannot be computed fails, because an output that could not be checked must not skip review.
    """
    failures = []
    for check in checks:
        message = _find_failure(check, input, output, output_schema)
        if message:
            failures.append(CheckFailure(name=check.name, message=message))
    return tuple(failures)


def validate_check(check: Check, output_schema: JsonObject, input_schema: JsonObject | None = None) -> None:
    """Raise CheckRefused, with a message for the person who wrote the check, unless it can be released."""
    if not check.name.strip():
        raise CheckRefused("The check has no name: give it one that a reviewer understands.")
    if check.kind not in set(CheckKind):
        raise CheckRefused(f"“{check.kind}” is not a kind of check: choose {', '.join(CheckKind)}.")
    try:
        if check.kind == CheckKind.EXPRESSION:
            require_known_fields(check.expression, output_schema=output_schema, input_schema=input_schema)
        elif check.kind != CheckKind.SCHEMA or check.field:
            _validate_value_check(check, require_field(check.field, output_schema))
    except CelRefused as refusal:
        raise CheckRefused(f"The condition of the check “{check.name}”: {refusal}") from None
    except ValueError as problem:
        raise CheckRefused(f"The check “{check.name}”: {problem}") from None


def _validate_value_check(check: Check, schema: JsonObject) -> None:
    types = schema.get("type")
    if check.kind == CheckKind.NUMBER_WITHIN:
        if check.low is None and check.high is None:
            raise ValueError("it has no bound: give a lowest value, a highest value or both.")
        if check.low is not None and check.high is not None and check.low > check.high:
            raise ValueError("its lowest value is above its highest: exchange them.")
        if types in ("string", "boolean", "object"):
            raise ValueError(f"the field {check.field} never holds a number: choose a field of numbers.")
    if check.kind == CheckKind.ONE_OF and not check.values:
        raise ValueError("it lists no values: name at least one that is allowed.")
    if check.kind == CheckKind.SPAN_OF_INPUT and types in ("number", "integer", "boolean", "object"):
        raise ValueError(f"the field {check.field} never holds a text: choose a field of texts.")


def _find_failure(check: Check, input: JsonObject, output: JsonObject, output_schema: JsonObject) -> str:
    """The message of a check that is not met; empty where it is."""
    if check.kind == CheckKind.SCHEMA:
        problems = list_schema_problems(output_schema, output, only_field=check.field)
        return " ".join(problem.as_sentence() for problem in problems)
    if check.kind == CheckKind.EXPRESSION:
        return _find_condition_failure(check.expression, input, output)
    values = [item for value in list_values(output, check.field) for item in _items(value)]
    if check.kind == CheckKind.NUMBER_WITHIN:
        return _first(_number_problem(check, value) for value in values)
    if check.kind == CheckKind.ONE_OF:
        return _first(_choice_problem(check, value) for value in values)
    if check.kind == CheckKind.SPAN_OF_INPUT:
        searched = [_plain(text) for text in _texts(input)]
        return _first(_span_problem(check, value, searched) for value in values)
    return f"“{check.kind}” is not a kind of check."


def _find_condition_failure(expression: str, input: JsonObject, output: JsonObject) -> str:
    try:
        condition = compile_expression(expression).holds({"input": input, "output": output, "confidence": None})
    except CelRefused as refusal:
        return str(refusal)
    if condition.note:
        return f"could not be computed. {condition.note}"
    return "" if condition.value is True else f"{expression} does not hold"


def _number_problem(check: Check, value: Json) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{check.field} is not a number"
    if check.low is not None and value < check.low:
        return f"{check.field} is {value}, less than {check.low}"
    if check.high is not None and value > check.high:
        return f"{check.field} is {value}, more than {check.high}"
    return ""


def _choice_problem(check: Check, value: Json) -> str:
    spelled = value.strip() if isinstance(value, str) else canonical_json(value)
    allowed = {choice.strip() for choice in check.values}
    return "" if spelled in allowed else f"{check.field} is “{spelled}”, not one of {', '.join(check.values)}"


def _span_problem(check: Check, value: Json, searched: Sequence[str]) -> str:
    if not isinstance(value, str):
        return f"{check.field} is not a text"
    span = _plain(value)
    return "" if any(span in text for text in searched) else f"{check.field} is “{value}”, which is not in the input"


def _texts(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in _texts(inner)]
    return [text for inner in value for text in _texts(inner)] if isinstance(value, list | tuple) else []


def _items(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list | tuple) else (value,)


def _plain(text: str) -> str:
    """Capitals and the width of spaces do not make another text."""
    return " ".join(text.casefold().split())


def _first(messages: Iterable[str]) -> str:
    return next((message for message in messages if message), "")
