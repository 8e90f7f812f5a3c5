"""Turns whatever a program holds into JSON: a snapshot for the record, never an exception."""

import json
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from enum import Enum

from teachback.json_types import Json, JsonObject

_DEEPEST = 40
_CUT_OFF = "…"
_MOST_ERROR = 2_000  # characters


def spell_json(value: object) -> str:
    """The JSON text of any value; what JSON cannot carry is spelled as text. Never raises."""
    try:
        return _spell(value)
    except (TypeError, ValueError, RecursionError, AttributeError):
        return json.dumps(as_json(value), ensure_ascii=False, separators=(",", ":"))


def as_json(value: object, depth: int = 0) -> Json:
    """A value as plain JSON. Circles and great depth end in a text, NaN and infinities become null."""
    if value is None or (isinstance(value, str | bool | int) and not isinstance(value, Enum)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth >= _DEEPEST:
        return _CUT_OFF
    if isinstance(value, Mapping):
        return {str(name): as_json(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [as_json(item, depth + 1) for item in value]
    known = _as_known(value)
    return known if isinstance(known, str) else as_json(known, depth + 1)


def as_json_object(value: object) -> JsonObject:
    """A value as a JSON object: a mapping, dataclass or model as it is, anything else under the name `value`."""
    plain: Json = json.loads(spell_json(value))
    return plain if isinstance(plain, Mapping) else {"value": plain}


def spell_error(error: BaseException) -> str:
    """The message of an exception, shortened. Never raises."""
    return _spell_strange(error)[:_MOST_ERROR]


def _as_known(value: object) -> object:
    """One step from something strange towards JSON."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    for method in ("model_dump", "_asdict"):  # of a Pydantic model and of a named tuple
        dump = getattr(value, method, None)
        if callable(dump) and not isinstance(value, type):
            return dump()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, AbstractSet):
        return sorted(value, key=repr)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return _spell_strange(value)


def _spell_strange(value: object) -> str:
    try:
        return str(value)
    # The value is not ours, and a class can raise anything when it is printed.
    except Exception:  # noqa: BLE001
        return f"<{type(value).__name__}>"


# Made once: `json.dumps` would make an encoder for every value.
_spell = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_as_known).encode
