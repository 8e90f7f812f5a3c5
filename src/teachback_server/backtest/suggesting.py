"""Suggests from what was read of a file the boundary that a person then edits, and says what will be hard. Pure."""

from collections.abc import Mapping

from teachback.json_types import Json, JsonObject
from teachback_server.backtest.reading import FileReading
from teachback_server.workflows.boundary import Boundary
from teachback_server.workflows.inference import SOURCE_KEYWORD

FINISHED_MEANS = "Every field that the input calls for has the value that a person would have given it."


def suggest_boundary(file_name: str, reading: FileReading) -> Boundary:
    """The boundary of the work in a file, named after the file."""
    words = (file_name.rpartition(".")[0] or file_name).replace("_", " ").replace("-", " ").split()
    title = " ".join(words)[:200]
    return Boundary(
        name="",  # made from the title when the form is sent
        title=title[:1].upper() + title[1:],
        input_schema=reading.schemas.input,
        output_schema=reading.schemas.output,
        finished_means=FINISHED_MEANS,
    )


def list_lost_fields(suggested: JsonObject, wanted: JsonObject) -> list[str]:
    """The fields that a file has and that a person took out of its boundary, or renamed there."""
    kept = _properties(wanted)
    return [name for name in _properties(suggested) if name not in kept]


def list_hard_fields(output_schema: JsonObject) -> list[str]:
    """The output fields that look like neither a choice nor something to be read from the input.

    The agent that needs no model learns only those two kinds; whether it can, it decides itself, from more rows.
    """
    return [name for name, part in _properties(output_schema).items() if _is_hard(part)]


def _properties(schema: JsonObject) -> JsonObject:
    properties = schema.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _is_hard(part: Json) -> bool:
    if not isinstance(part, Mapping) or isinstance(part.get("properties"), Mapping):
        return False
    return part.get("type") != "boolean" and not ({"enum", "const", SOURCE_KEYWORD} & set(part))
