"""Holds a value against a JSON Schema (draft 2020-12) and says for people what does not fit."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from teachback.json_types import Json, JsonObject, canonical_json
from teachback.safe_cel import CelRefused, compile_expression

_TYPE_NAMES = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object with fields",
    "null": "null",
}
_MOST_SHOWN_CHARACTERS = 60
_MOST_SHOWN_CHOICES = 8


@dataclass(frozen=True, kw_only=True)
class SchemaProblem:
    """One thing in a value that its schema does not allow."""

    field: str  # dotted path; empty: the value as a whole
    problem: str
    remedy: str

    def as_sentence(self) -> str:
        """Problem and remedy as one line of text."""
        return f"{self.field}: {self.problem}; {self.remedy}." if self.field else f"{self.problem}; {self.remedy}."


def list_schema_problems(schema: JsonObject, value: Json, *, only_field: str = "") -> tuple[SchemaProblem, ...]:
    """List what in a value does not fit a schema, sorted by field; nothing where it fits.

    As everywhere, a field that is null counts as absent (unless the schema allows null), and whitespace around a text
    does not count. With `only_field`, problems elsewhere are left out. No reference is fetched from outside the schema.
    """
    validator = _compile_validator(canonical_json(schema))
    try:
        errors = sorted(_list_errors(validator, value), key=lambda error: [str(part) for part in error.absolute_path])
    except (Unresolvable, RecursionError):
        return (_UNUSABLE_SCHEMA,)
    problems = [problem for error in errors for problem in _describe(_most_telling(error))]
    return tuple(
        problem
        for problem in problems
        if not only_field
        or problem.field == only_field
        or problem.field.startswith((f"{only_field}.", f"{only_field}["))
    )


def list_pattern_problems(pattern: str) -> str:
    """Say why a search pattern of a schema cannot be used; empty where it can."""
    try:
        compile_expression(f"input.matches({json.dumps(pattern, ensure_ascii=False)})")
    except CelRefused as refusal:
        return str(refusal)
    return ""


_UNUSABLE_SCHEMA = SchemaProblem(
    field="",
    problem="the schema refers to a part that does not exist or that contains itself",
    remedy="correct the workflow's boundary under Settings",
)


def _list_errors(validator: Any, value: Json) -> list[ValidationError]:
    errors = list(validator.iter_errors(value))
    return list(validator.iter_errors(_as_compared(value))) if errors else errors


def _as_compared(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {name: _as_compared(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_as_compared(item) for item in value]
    return value.strip() if isinstance(value, str) else value


# A workflow has two schemas and thousands of jobs; building a validator costs more than using it.
@lru_cache(maxsize=200)
def _compile_validator(schema_text: str) -> Any:
    return _Validator(json.loads(schema_text), registry=Registry(), format_checker=_format_checker())


def _match_pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """The keyword `pattern`, by an engine whose time grows only linearly with the text."""
    if not isinstance(instance, str) or not isinstance(pattern, str):
        return
    try:
        found = compile_expression(f"input.matches({json.dumps(pattern, ensure_ascii=False)})").holds(
            {"input": instance}
        )
    except CelRefused:
        return  # the boundary was validated when it was saved; an unusable pattern refuses nothing
    if found.value is not True:
        yield ValidationError(f"does not match {pattern}")


_Validator: Any = extend(Draft202012Validator, {"pattern": _match_pattern})  # type: ignore[no-untyped-call]


def _format_checker() -> FormatChecker:
    checker = FormatChecker(formats=())
    for name, read in (("date", _read_date), ("date-time", _read_moment), ("time", time.fromisoformat)):
        checker.checks(name, raises=ValueError)(_only_for_texts(read))
    checker.checks("email")(_only_for_texts(lambda text: re.fullmatch(r"[^@\s]+@[^@\s]+", text)))
    return checker


def _only_for_texts(read: Callable[[str], object]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or bool(read(value))


def _read_date(text: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text)) and bool(date.fromisoformat(text))


def _read_moment(text: str) -> bool:
    return datetime.fromisoformat(text).tzinfo is not None


def _most_telling(error: ValidationError) -> ValidationError:
    """Of a choice between null and something, what the something says."""
    if error.validator in ("anyOf", "oneOf"):
        for inner in error.context or ():
            if not (inner.validator == "type" and inner.validator_value == "null"):
                return _most_telling(inner)
    return error


def _describe(error: ValidationError) -> Iterator[SchemaProblem]:
    field = _spell_path(error.absolute_path)
    if error.validator == "required" and isinstance(error.instance, Mapping):
        for name in _as_names(error.validator_value):
            if name not in error.instance:
                yield SchemaProblem(
                    field=_below(field, name),
                    problem="is missing",
                    remedy="fill it in, or make it optional in the boundary",
                )
    elif error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
        for name in error.instance:
            if name not in known:
                yield SchemaProblem(
                    field=_below(field, name),
                    problem="is not a field of the boundary",
                    remedy="leave it out, or add it to the boundary",
                )
    else:
        problem, remedy = _describe_value(error)
        yield SchemaProblem(field=field, problem=problem, remedy=remedy)


def _describe_value(error: ValidationError) -> tuple[str, str]:
    shown, wanted = _shorten(error.instance), error.validator_value
    if error.validator == "type":
        types = " or ".join(_TYPE_NAMES.get(name, name) for name in _as_names(wanted))
        return f"{shown} is not {types}", f"write {types}"
    if error.validator == "enum":
        return f"{shown} is not one of the choices", f"choose {_spell_choices(wanted)}"
    if error.validator == "const":
        return f"{shown} is not {_shorten(wanted)}", f"write {_shorten(wanted)}"
    if error.validator == "format":
        return f"{shown} is not a {wanted}", f"write it as {_FORMAT_SAMPLES.get(str(wanted), str(wanted))}"
    if error.validator in _BOUNDS:
        return (
            f"{shown} {_BOUNDS[str(error.validator)].format(wanted)}",
            "correct the value, or the bound in the boundary",
        )
    return f"{shown} does not fit: {error.message[:200]}", "correct the value, or the boundary"


_FORMAT_SAMPLES = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T09:30:00Z",
    "time": "09:30",
    "email": "name@example.org",
}
_BOUNDS = {
    "minimum": "is less than {}",
    "maximum": "is more than {}",
    "exclusiveMinimum": "is not more than {}",
    "exclusiveMaximum": "is not less than {}",
    "minLength": "has fewer than {} characters",
    "maxLength": "has more than {} characters",
    "minItems": "has fewer than {} items",
    "maxItems": "has more than {} items",
    "pattern": "does not match the pattern {}",
}


def _as_names(value: object) -> Sequence[str]:
    if isinstance(value, str):
        return (value,)
    return [str(name) for name in value] if isinstance(value, list | tuple) else ()


def _spell_choices(values: object) -> str:
    choices = [_shorten(value) for value in values] if isinstance(values, list | tuple) else []
    shown = ", ".join(choices[:_MOST_SHOWN_CHOICES])
    return f"one of {shown}" + (
        f" and {len(choices) - _MOST_SHOWN_CHOICES} more" if choices[_MOST_SHOWN_CHOICES:] else ""
    )


def _spell_path(parts: Sequence[str | int]) -> str:
    path = ""
    for part in parts:
        path = f"{path}[{part}]" if isinstance(part, int) else _below(path, part)
    return path


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shorten(value: object) -> str:
    text = f"“{value}”" if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MOST_SHOWN_CHARACTERS else f"{text[:_MOST_SHOWN_CHARACTERS]}…"
