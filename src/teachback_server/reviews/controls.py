"""The proposal as a form: which control fits each field of the output schema, and what it shows. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from urllib.parse import quote

from teachback.json_types import Json, JsonObject, canonical_json
from teachback.schema_fields import find_property_schema, plain_schema
from teachback_server.jobs.shown_values import label_of, order_names, spell_value
from teachback_server.workflows.field_editor import FieldKind, kind_of_property

_MOST_RADIOS = 5  # more choices are a list to select from
_SHORT_TEXT_LETTERS = 80
_LETTERS_IN_A_LINE = 70
_MOST_ROWS = 14
_DEEPEST_GROUP = 6  # what lies deeper is edited as JSON


class ControlKind(StrEnum):
    """How a field is edited."""

    GROUP = "group"
    RADIOS = "radios"
    SELECT = "select"
    NUMBER = "number"
    DATE = "date"
    SHORT_TEXT = "short_text"
    LONG_TEXT = "long_text"
    LINES = "lines"  # a list of texts, one a line
    JSON = "json"  # everything that no simpler control can hold


@dataclass(frozen=True, kw_only=True)
class Option:
    """One choice: `text` is what the form sends for it."""

    text: str
    label: str
    value: Json


@dataclass(frozen=True, kw_only=True)
class Control:
    """One field of the proposal. `text` is what its control shows, `original` what it showed for the agent's value."""

    kind: ControlKind
    path: tuple[str, ...]
    label: str
    schema: JsonObject
    value: Json = None  # the agent's
    is_absent: bool = False
    fits: bool = True  # whether the agent's value is of the kind that the schema asks for
    is_required: bool = False
    hint: str = ""
    text: str = ""
    original: str = ""
    options: tuple[Option, ...] = ()
    inner: "tuple[Control, ...]" = ()
    error: str = ""
    source: str = ""  # where the agent says that the value comes from

    @property
    def name(self) -> str:
        """The name of the control in the form; a dot inside a field's name cannot be taken for a level."""
        return "field." + ".".join(quote(part, safe="").replace(".", "%2E") for part in self.path)

    @property
    def dotted(self) -> str:
        """The field as corrections name it."""
        return ".".join(self.path)

    @property
    def rows(self) -> int:
        """The height of a text box in lines, for browsers that do not fit it to its text."""
        lines = sum(1 + len(line) // _LETTERS_IN_A_LINE for line in self.text.split("\n"))
        return min(lines, _MOST_ROWS)

    @property
    def is_edited(self) -> bool:
        """Whether a person changed what the control shows."""
        return any(inner.is_edited for inner in self.inner) if self.inner else self.text != self.original


def with_sources(controls: tuple[Control, ...], sources: Mapping[str, str]) -> tuple[Control, ...]:
    """The controls with what is said of where their values come from, by dotted field."""
    return tuple(
        replace(one, source=sources.get(one.dotted, ""), inner=with_sources(one.inner, sources)) for one in controls
    )


def build_controls(output_schema: JsonObject, output: JsonObject | None) -> tuple[Control, ...]:
    """A control for each field of the schema and for whatever else the output holds, filled with the output.

    Without an output the controls are empty: the agent handed the job back, and a person fills it in.
    """
    return _build_fields(output_schema, output_schema, output or {}, path=())


def fill_controls(controls: tuple[Control, ...], posted: Mapping[str, str]) -> tuple[Control, ...]:
    """The same controls with what a person typed; a control that the form did not send keeps the agent's value."""
    return tuple(_fill(control, posted) for control in controls)


def has_edits(controls: tuple[Control, ...]) -> bool:
    """Whether a person changed anything in the form."""
    return any(control.is_edited for control in controls)


def with_errors(controls: tuple[Control, ...], errors: Mapping[str, str]) -> tuple[Control, ...]:
    """The same controls with a message at each field that is wrong; `errors` is keyed by dotted path."""
    return tuple(
        replace(control, error=errors.get(control.dotted, ""), inner=with_errors(control.inner, errors))
        for control in controls
    )


def normal_lines(text: str) -> str:
    """Browsers send line breaks as carriage return and line feed; texts are compared with plain line feeds."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _fill(control: Control, posted: Mapping[str, str]) -> Control:
    if control.kind is ControlKind.GROUP:
        return replace(control, inner=fill_controls(control.inner, posted))
    sent = posted.get(control.name)
    return control if sent is None else replace(control, text=normal_lines(sent))


def _build_fields(
    root: JsonObject, schema: JsonObject | None, output: JsonObject, *, path: tuple[str, ...]
) -> tuple[Control, ...]:
    required = (schema or {}).get("required")
    needed = required if isinstance(required, list | tuple) else ()
    return tuple(
        _build(
            root,
            find_property_schema(root, schema, name) or {},
            (*path, name),
            output.get(name),
            is_absent=name not in output,
            is_required=name in needed,
            written=_written_schema(schema, name),
        )
        for name in order_names(output, schema)
    )


def _written_schema(schema: JsonObject | None, name: str) -> Json:
    properties = (schema or {}).get("properties")
    return properties.get(name) if isinstance(properties, Mapping) else None


def _build(
    root: JsonObject,
    schema: JsonObject,
    path: tuple[str, ...],
    value: Json,
    *,
    is_absent: bool,
    is_required: bool,
    written: Json,
) -> Control:
    hint = schema.get("description")
    base = Control(
        kind=ControlKind.JSON,
        path=path,
        label=label_of(path[-1], schema),
        schema=schema,
        value=value,
        is_absent=is_absent,
        is_required=is_required,
        hint=hint if isinstance(hint, str) else "",
    )
    if _is_group(schema, value) and len(path) < _DEEPEST_GROUP:
        inner = _build_fields(root, schema, value if isinstance(value, Mapping) else {}, path=path)
        return replace(base, kind=ControlKind.GROUP, inner=inner)
    kind = kind_of_property(root, written) if isinstance(written, Mapping) else _kind_of_value(value)
    match kind:
        case FieldKind.CHOICE:
            return _choice(base, [option for option in _values(schema.get("enum")) if option is not None])
        case FieldKind.YES_NO:
            return _choice(base, [True, False])
        case FieldKind.NUMBER:
            return _as_text(base, ControlKind.NUMBER, fits=_is_number(value))
        case FieldKind.DATE:
            return _date(base)
        case FieldKind.TEXT:
            return _free_text(base)
        case FieldKind.LIST if _is_list_of_lines(value):
            return _with_text(base, ControlKind.LINES, "\n".join(str(item) for item in _values(value)), fits=True)
        case _:
            return _with_text(base, ControlKind.JSON, "" if value is None else _pretty(value), fits=True)


def _is_group(schema: JsonObject, value: Json) -> bool:
    has_fields = isinstance(schema.get("properties"), Mapping) or (isinstance(value, Mapping) and bool(value))
    return has_fields and (value is None or isinstance(value, Mapping))


def _kind_of_value(value: Json) -> FieldKind:
    """For what the schema does not name, the value itself says how it can be edited."""
    if isinstance(value, bool):
        return FieldKind.YES_NO
    if isinstance(value, str):
        return FieldKind.TEXT
    if isinstance(value, int | float):
        return FieldKind.NUMBER
    return FieldKind.LIST if isinstance(value, list | tuple) and value else FieldKind.OTHER


def _choice(base: Control, values: list[Json]) -> Control:
    options = [Option(text=_option_text(value), label=spell_value(value), value=value) for value in values]
    original = "" if base.value is None else _option_text(base.value)
    fits = base.value is None or original in [option.text for option in options]
    if not fits:
        label = f"{spell_value(base.value)} (not one of the choices)"
        options.append(Option(text=original, label=label, value=base.value))
    kind = ControlKind.RADIOS if len(options) <= _MOST_RADIOS else ControlKind.SELECT
    if not base.is_required or base.value is None:
        options.insert(0, Option(text="", label="Nothing" if not base.is_required else "Choose one", value=None))
    return replace(base, kind=kind, options=tuple(options), text=original, original=original, fits=fits)


def _option_text(value: Json) -> str:
    return value if isinstance(value, str) else canonical_json(value)


def _as_text(base: Control, kind: ControlKind, *, fits: bool) -> Control:
    text = "" if base.value is None else base.value if isinstance(base.value, str) else canonical_json(base.value)
    return _with_text(base, kind, text, fits=fits)


def _with_text(base: Control, kind: ControlKind, text: str, *, fits: bool) -> Control:
    shown = normal_lines(text)
    return replace(base, kind=kind, text=shown, original=shown, fits=fits)


def _date(base: Control) -> Control:
    is_date = isinstance(base.value, str) and _is_iso_date(base.value)
    if base.value is None or is_date:
        return _as_text(base, ControlKind.DATE, fits=True)
    return replace(_as_text(base, ControlKind.SHORT_TEXT, fits=False), hint="A date, for example 2026-03-31.")


def _free_text(base: Control) -> Control:
    if base.value is not None and not isinstance(base.value, str):
        return _as_text(base, ControlKind.SHORT_TEXT, fits=False)
    is_short = (
        "x-teachback-source" in base.schema
        or "format" in base.schema
        or (bool(base.value) and len(str(base.value)) <= _SHORT_TEXT_LETTERS)
    )
    has_breaks = "\n" in normal_lines(str(base.value or ""))
    return _as_text(base, ControlKind.SHORT_TEXT if is_short and not has_breaks else ControlKind.LONG_TEXT, fits=True)


def _is_number(value: Json) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _is_list_of_lines(value: Json) -> bool:
    if value is None:
        return True
    items = _values(value)
    return isinstance(value, list | tuple) and all(
        isinstance(item, str) and item.strip() == item and item and len(item.splitlines()) == 1 for item in items
    )


def _is_iso_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _values(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else []


def _pretty(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def allows_null(control: Control) -> bool:
    """Whether the schema lets a field be null, so that a required one may be left empty."""
    found = plain_schema(control.schema, control.schema).get("type")
    return found == "null" or "null" in _values(found) or None in _values(control.schema.get("enum"))
