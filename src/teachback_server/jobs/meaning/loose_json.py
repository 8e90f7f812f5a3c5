"""Reads JSON that others wrote, whatever its state, and gathers values that were spread over many attributes."""

import json
import math
from collections.abc import Iterable

from teachback.json_types import Json

DEEPEST = 64  # levels; what lies below is cut, so that no page and no database has to follow it
CUT = "…"

_Tree = dict[str, "_Tree | Json"]


def read_json(value: Json) -> Json:
    """Read a text that holds a JSON object or list; every other value stays what it is.

    What comes back can be stored anywhere: no infinities, no broken characters, at most 64 levels.
    """
    if not isinstance(value, str):
        return clean_json(value)
    text = value.strip()
    if text[:1] in ("{", "[") or text[:1] == text[-1:] == '"':
        try:
            return clean_json(json.loads(text))
        except (ValueError, RecursionError):
            return clean_text(value)
    return clean_text(value)


def clean_json(value: Json, depth: int = 0) -> Json:
    """Take out of a value what JSON, UTF-8 or a database cannot carry, and what is nested too deep."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    if depth >= DEEPEST:
        return CUT
    if isinstance(value, dict):
        return {clean_text(str(key)): clean_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item, depth + 1) for item in value]
    return clean_text(str(value))


def clean_text(text: str) -> str:
    """Take zero characters and halves of surrogate pairs out of a text: databases refuse them."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def write_text(value: Json) -> str:
    """Give a value as a text for a person: a text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def is_empty(value: Json) -> bool:
    """Tell whether a value says nothing: none, or an empty text, list or object."""
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def gather_indexed(parts: Iterable[tuple[str, Json]]) -> Json:
    """Build one value of attributes like `0.message.role`, `0.message.content`, `1.message.role`.

    Numbers become places in a list, in their order; gaps between them are closed, however large a number is.
    """
    tree: _Tree = {}
    for path, value in parts:
        _put(tree, path.split(".", DEEPEST // 2), value)
    return _close(tree)


def _put(tree: _Tree, path: list[str], value: Json) -> None:
    for name in path[:-1]:
        below = tree.get(name)
        if not isinstance(below, _Branch):
            # A value stands where a branch is needed: both are kept.
            below = _Branch() if below is None else _Branch({"value": below})
            tree[name] = below
        tree = below
    last = path[-1]
    here = tree.get(last)
    if isinstance(here, _Branch):
        here["value"] = value
    else:
        tree[last] = value


class _Branch(dict[str, "_Tree | Json"]):
    """A place with places below it, told apart from a value that is an object itself."""


def _close(tree: _Tree) -> Json:
    closed = {name: _close(below) if isinstance(below, _Branch) else below for name, below in tree.items()}
    if closed and all(name.isascii() and name.isdigit() for name in closed):
        return [closed[name] for name in sorted(closed, key=_number_first)]
    return closed


def _number_first(name: str) -> tuple[int, str]:
    stripped = name.lstrip("0")
    return len(stripped), stripped  # orders numbers of any length without making them
