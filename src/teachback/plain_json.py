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
_MOST_PARTS = 100_000
_LARGEST = 10**1000  # of whole numbers: Python refuses to spell one of more than 4,300 digits
_CUT_OFF = "…"
_MOST_ERROR = 2_000  # characters


def spell_json(value: object) -> str:
    """The JSON text of any value; what JSON cannot carry is spelled as text. Never raises."""
    try:
        return _spell(value)
    # The value is not ours, and what reads it, its own code included, can raise anything.
    except Exception:  # noqa: BLE001
        return _spell_piece_by_piece(value)


def as_json(value: object) -> Json:
    """A value as plain JSON. Circles, great depth and endless lists end in “…”; NaN and infinities become null."""
    return _Walk().visit(value, frozenset())


def as_json_object(value: object) -> JsonObject:
    """A value as the input or output of a job: a mapping, dataclass or model as it is, the rest under a name.

    A text becomes `{"text": …}`, a list `{"items": […]}`, any other value `{"value": …}`.
    """
    plain: Json = json.loads(spell_json(value))
    if isinstance(plain, Mapping):
        return plain
    name = "text" if isinstance(plain, str) else "items" if isinstance(plain, list) else "value"
    return {name: plain}


def read_json_object(text: str) -> JsonObject:
    """What a recorded text says of a job's input or output; one that is no JSON is a text itself."""
    try:
        said: object = json.loads(text)
    except (ValueError, RecursionError):
        said = text
    return as_json_object(said)


def spell_error(error: BaseException) -> str:
    """The message of an exception, shortened. Never raises."""
    return spell_strange(error)[:_MOST_ERROR]


class _Walk:
    """One walk through a value; it ends, whatever the value refers to."""

    def __init__(self) -> None:
        self._rest = _MOST_PARTS

    def visit(self, value: object, above: frozenset[int]) -> Json:
        """A part as plain JSON; `above` are the identities of the parts that it is within."""
        if value is None or (isinstance(value, str | bool | int) and not isinstance(value, Enum)):
            return value if not isinstance(value, int) or abs(value) < _LARGEST else _CUT_OFF
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        self._rest -= 1
        if id(value) in above or len(above) >= _DEEPEST or self._rest < 0:
            return _CUT_OFF
        within = above | {id(value)}
        if isinstance(value, Mapping):
            return {str(name): self.visit(inner, within) for name, inner in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
            return [self.visit(item, within) for item in value[:_MOST_PARTS]]
        known = _as_known(value)
        return known if isinstance(known, str) else self.visit(known, within)


def _as_known(value: object) -> object:
    """One step from something strange towards JSON."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    for method in ("model_dump", "_asdict"):  # of a Pydantic model and of a named tuple
        # Asked of the class: a stand-in for something far away would make a call of it.
        dump = getattr(type(value), method, None)
        if callable(dump) and not isinstance(value, type):
            return dump(value)
    if hasattr(type(value), "tolist") and getattr(value, "size", _MOST_PARTS + 1) <= _MOST_PARTS:
        return value.tolist()  # type: ignore[attr-defined]  # a number or an array of NumPy
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, AbstractSet):
        return sorted(value, key=repr)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return spell_strange(value)


def _spell_piece_by_piece(value: object) -> str:
    try:
        return _spell(as_json(value))
    except Exception:  # noqa: BLE001
        return _spell(f"<{type(value).__name__}>")


def spell_strange(value: object) -> str:
    """The text of any value. Never raises."""
    try:
        return str(value)
    # The value is not ours, and a class can raise anything when it is printed.
    except Exception:  # noqa: BLE001
        return f"<{type(value).__name__}>"


# Made once: `json.dumps` would make an encoder for every value.
_spell = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_as_known).encode
