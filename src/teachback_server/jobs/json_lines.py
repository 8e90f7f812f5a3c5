"""Reads one line of JSON that anybody may have written, and refuses what could not be stored or computed with."""

import json
import math
import re
from collections.abc import Mapping

from teachback.json_types import Json
from teachback_server.jobs.history_row import RowRefused

_DEEPEST = 32
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_json_object(text: str) -> dict[str, Json]:
    """Read one JSON object. Raises RowRefused with what is wrong, where, and what to do."""
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_parse_number,
            object_pairs_hook=_make_object,
        )
    except json.JSONDecodeError as error:
        raise RowRefused(
            f"this is not valid JSON: {_describe(error)} at place {error.colno}", _syntax_remedy(text)
        ) from None
    except RecursionError:
        raise _too_deep() from None
    except RowRefused:
        raise
    except ValueError:
        raise RowRefused("a number has thousands of digits", "write it as a text in quotes") from None
    if not isinstance(value, dict):
        raise RowRefused("this line is not a JSON object", 'write {"input": {…}, "output": {…}} on each line')
    refuse_unusable(value)
    return value


def refuse_unusable(value: Json) -> None:
    """Raise RowRefused for nesting that is too deep and for signs that cannot be stored."""
    waiting: list[tuple[Json, int]] = [(value, 1)]
    while waiting:
        current, depth = waiting.pop()
        if isinstance(current, str):
            _refuse_signs(current)
        elif isinstance(current, Mapping | list):
            if depth > _DEEPEST:
                raise _too_deep()
            if isinstance(current, Mapping):
                for name in current:
                    _refuse_signs(name)
            inner = current.values() if isinstance(current, Mapping) else current
            waiting.extend((item, depth + 1) for item in inner)


def _refuse_signs(text: str) -> None:
    if "\x00" in text:
        raise RowRefused("a text contains a NUL character", "remove it; the file may be damaged")
    if not text.isascii() and _SURROGATE.search(text):
        raise RowRefused("a text contains bytes or half signs that are not valid UTF-8", "save the file as UTF-8")


def _too_deep() -> RowRefused:
    return RowRefused(f"lists and objects are nested more than {_DEEPEST} deep", "write the row flatter")


def _make_object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RowRefused(f"the name “{twice[:100]}” occurs twice in one object", "keep the one that is right")
    return made


def _refuse_constant(name: str) -> Json:
    raise RowRefused(f"{name} is not a number that JSON allows", "write null, or leave the field out")


def _parse_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise RowRefused(f"the number {text[:40]} is too large", "write it as a text in quotes")
    return number


def _describe(error: json.JSONDecodeError) -> str:
    return error.msg[:1].lower() + error.msg[1:]


def _syntax_remedy(text: str) -> str:
    start = text.lstrip()[:1]
    if start != "{":
        return 'write one object on each line: {"input": {…}, "output": {…}}'
    if not text.rstrip().endswith("}"):
        return "the row may be cut off, or spread over several lines: write it on one line"
    return "write names and texts in straight double quotes, with a comma between fields and none at the end"
