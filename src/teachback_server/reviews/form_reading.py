"""Reads a filled form of the desk back into an output, and says at which field what cannot be saved. Pure."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from teachback.json_types import Json, JsonObject
from teachback_server.jobs.history_row import RowRefused
from teachback_server.jobs.json_lines import refuse_unusable
from teachback_server.reviews.controls import Control, ControlKind, allows_null

_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?")
_WHOLE = re.compile(r"[+-]?\d{1,30}")


class FieldRefused(ValueError):
    """What was typed cannot be the value of this field. The message says what can."""


@dataclass(frozen=True, kw_only=True)
class ReadForm:
    """The output that a form describes, and the fields that could not be read, by dotted path."""

    output: JsonObject
    errors: Mapping[str, str]


class _Nothing:
    """Stands for a field that the output does not have."""


_NOTHING: Final = _Nothing()


def read_controls(controls: tuple[Control, ...]) -> ReadForm:
    """Read every control. One that nobody touched gives back the agent's value exactly, if it fits the field."""
    errors: dict[str, str] = {}
    output = _read_fields(controls, errors)
    return ReadForm(output=output, errors=errors)


def _read_fields(controls: tuple[Control, ...], errors: dict[str, str]) -> dict[str, Json]:
    fields: dict[str, Json] = {}
    for control in controls:
        value = _read(control, errors)
        if not isinstance(value, _Nothing):
            fields[control.path[-1]] = value
    return fields


def _read(control: Control, errors: dict[str, str]) -> "Json | _Nothing":
    if control.kind is ControlKind.GROUP:
        fields = _read_fields(control.inner, errors)
        return fields if fields or control.is_required or isinstance(control.value, Mapping) else _NOTHING
    if not control.is_edited and control.fits:
        return _NOTHING if control.is_absent else control.value
    if not control.text.strip():
        return None if control.is_required and allows_null(control) else _NOTHING
    try:
        return _refuse_unstorable(_parse(control))
    except FieldRefused as refused:
        errors[control.dotted] = str(refused)
        return _NOTHING


def _refuse_unstorable(value: Json) -> Json:
    try:
        refuse_unusable(value)
    except RowRefused as refusal:
        raise FieldRefused(f"This cannot be stored: {refusal.reason}; {refusal.remedy}.") from None
    return value


def _parse(control: Control) -> Json:
    match control.kind:
        case ControlKind.RADIOS | ControlKind.SELECT:
            return _parse_choice(control)
        case ControlKind.NUMBER:
            return _parse_number(control.text.strip())
        case ControlKind.DATE:
            return _parse_date(control.text.strip())
        case ControlKind.LINES:
            return [line.strip() for line in control.text.split("\n") if line.strip()]
        case ControlKind.JSON:
            return _parse_json(control.text)
        case _:
            return control.text


def _parse_choice(control: Control) -> Json:
    for option in control.options:
        if option.text == control.text:
            return option.value
    raise FieldRefused(f"“{control.text}” is not one of the choices. Choose one of them.")


def _parse_number(text: str) -> Json:
    if _WHOLE.fullmatch(text):
        return int(text)
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    if math.isfinite(number):
        return number
    raise FieldRefused("This is not a number. Write it with a point and without spaces, for example 59.90.")


def _parse_date(text: str) -> Json:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise FieldRefused("This is not a date. Write year, month and day, for example 2026-03-31.") from None


def _parse_json(text: str) -> Json:
    try:
        value: Json = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        message = f"This is not valid JSON: {error.msg} in line {error.lineno}. Mend it, or put it back as it was."
        raise FieldRefused(message) from None
    except RecursionError:
        raise FieldRefused("This JSON is nested too deeply. Write it with fewer levels.") from None
    return value


def _refuse_constant(name: str) -> Json:
    raise FieldRefused(f"{name} is not a value that JSON can carry. Write a number, or leave the field out.")
