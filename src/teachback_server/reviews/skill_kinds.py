"""Which kinds of jobs there are in a workflow, by the fields of their input: offered to whoever defines a skill."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from teachback.json_types import Json
from teachback.schema_fields import find_field_schema, list_field_names
from teachback_server.jobs.models import Job
from teachback_server.reviews.input_text import spell_as_stored
from teachback_server.workflows.models import Workflow

_LOOKED_AT = 300  # of the newest jobs
_MOST_VALUES = 15  # a field with more of them tells no kinds apart
_LONGEST_VALUE = 60
_DEEPEST = 5


@dataclass(frozen=True, kw_only=True)
class FieldOfKinds:
    """A dotted field of the input, with the values that are known: of its choices, and seen in the newest jobs."""

    field: str
    values: tuple[str, ...]


def list_kinds(workflow: Workflow) -> tuple[FieldOfKinds, ...]:
    """The fields by which jobs can be told apart; those of the boundary first, in its order."""
    values: dict[str, dict[str, None]] = {}
    for field in list_field_names(workflow.input_schema):
        choices = (find_field_schema(workflow.input_schema, field) or {}).get("enum")
        known = choices if isinstance(choices, list | tuple) else ()
        values[field] = dict.fromkeys(text for text in map(spell_as_stored, known) if text)
    newest = Job.objects.filter(workflow=workflow).order_by("-number")
    for given in newest.values_list("input", flat=True)[:_LOOKED_AT]:
        for field, text in _list_texts(given, ""):
            values.setdefault(field, {})[text] = None
    return tuple(FieldOfKinds(field=field, values=_few(list(texts))) for field, texts in values.items())


def _few(texts: list[str]) -> tuple[str, ...]:
    is_telling = len(texts) <= _MOST_VALUES and all(len(text) <= _LONGEST_VALUE for text in texts)
    return tuple(texts) if is_telling else ()


def _list_texts(given: Json, before: str) -> Iterator[tuple[str, str]]:
    if not isinstance(given, Mapping) or before.count(".") >= _DEEPEST:
        return
    for name, value in given.items():
        if isinstance(value, Mapping):
            yield from _list_texts(value, f"{before}{name}.")
        elif (text := spell_as_stored(value)) and "." not in name:
            yield f"{before}{name}", text
