"""One side of the boundary as a form: its fields as rows for everyone, and the whole JSON Schema for builders."""

import json
import re
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.http import QueryDict

from teachback.json_types import JsonObject
from teachback_server.workflows.field_editor import (
    FieldKind,
    FieldRow,
    is_same_schema,
    rows_of_schema,
    schema_of_rows,
)
from teachback_server.workflows.schema_check import SchemaRefused, list_schema_faults, parse_schema

MOST_ROWS = 200
MOST_VALUES = 1000
_NAME = re.compile(r"[^\W\d][\w -]*")
KIND_WORDS = {
    FieldKind.TEXT: "Text",
    FieldKind.CHOICE: "Choice",
    FieldKind.NUMBER: "Number",
    FieldKind.YES_NO: "Yes or no",
    FieldKind.DATE: "Date",
    FieldKind.LIST: "List",
    FieldKind.OTHER: "As in the JSON Schema",
}
_KINDS = [(kind.value, words) for kind, words in KIND_WORDS.items() if kind is not FieldKind.OTHER]
_OTHER = (FieldKind.OTHER.value, KIND_WORDS[FieldKind.OTHER])
_NO_FIELDS = {
    "input": "Name at least one field that comes in with a job.",
    "output": "Name at least one field that a finished job hands over.",
}


class FieldRowForm(forms.Form):
    """One field of the work: what it is called and what it may hold."""

    use_required_attribute = False  # the browser must not insist on a row that the person is about to remove

    was = forms.CharField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(
        label="Name", max_length=100, error_messages={"required": "Give this field a name, or remove it."}
    )
    kind = forms.ChoiceField(label="Kind", choices=_KINDS)
    values = forms.CharField(
        label="Values to choose from, one a line", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    is_required = forms.BooleanField(label="Always there", required=False)

    def __init__(self, *args: Any, before: FieldRow | None = None, **kwargs: Any) -> None:
        """`before` is the row as the page was opened with it: what was left as it was is not complained about."""
        super().__init__(*args, **kwargs)
        self._before = before
        if before is not None and before.kind is FieldKind.OTHER:
            cast(forms.ChoiceField, self.fields["kind"]).choices = [*_KINDS, _OTHER]

    def clean_name(self) -> str:
        """Refuse what a dotted path or an expression could not name."""
        name: str = self.cleaned_data["name"]
        if self._before is not None and name == self._before.name:
            return name
        if not _NAME.fullmatch(name):
            raise forms.ValidationError("Use letters, digits and _, and begin with a letter, for example order_number.")
        return name

    def clean_values(self) -> tuple[str, ...]:
        """The values, one a line, without empty lines."""
        lines = (line.strip() for line in self.cleaned_data["values"].splitlines())
        return tuple(line for line in lines if line)

    def clean(self) -> dict[str, Any]:
        """A choice needs its values; nothing else has any."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("kind") != FieldKind.CHOICE:
            cleaned["values"] = ()
            return cleaned
        values = cleaned.get("values", ())
        if self._before is not None and self._before.kind is FieldKind.CHOICE and values == self._before.values:
            return cleaned
        if len(values) < 2:
            self.add_error("values", "A choice needs at least two values. Write each on a line of its own.")
        elif len(set(values)) < len(values):
            twice = next(value for value in values if values.count(value) > 1)
            self.add_error("values", f"'{twice}' stands here twice. Remove one of the two lines.")
        elif len(values) > MOST_VALUES:
            self.add_error("values", f"A choice has at most {MOST_VALUES} values; beyond that, use text.")
        return cleaned

    @property
    def row(self) -> FieldRow:
        """The row that a valid form describes."""
        return FieldRow(
            name=self.cleaned_data["name"],
            kind=FieldKind(self.cleaned_data["kind"]),
            values=self.cleaned_data["values"],
            is_required=self.cleaned_data["is_required"],
            was=self.cleaned_data["was"],
        )


class SchemaTextForm(forms.Form):
    """The JSON Schema as a builder sees it, next to how it was when the page was opened."""

    before = forms.CharField(
        widget=forms.HiddenInput, error_messages={"required": "This page lost what it was opened with. Open it again."}
    )
    schema = forms.CharField(
        label="JSON Schema",
        required=False,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "code"}),
    )

    def clean_before(self) -> JsonObject:
        """What the page was opened with; a page that lost it must be opened again."""
        before = _read_object(self.cleaned_data["before"])
        if before is None:
            raise forms.ValidationError("This page lost what it was opened with. Open it again.")
        return before

    def clean_schema(self) -> JsonObject | None:
        """The schema as an object; nothing at all means that the fields above say everything."""
        text: str = self.cleaned_data["schema"].strip()
        try:
            return parse_schema(text) if text else None
        except SchemaRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class SchemaForm:
    """The rows and the text of one side. Either may be edited; the other one follows."""

    def __init__(self, side: str, rows: Sequence[FieldRowForm], text: SchemaTextForm) -> None:
        self.side = side
        self.rows = list(rows)
        self.text = text
        self.errors: list[str] = []
        self._schema: JsonObject | None = None

    @property
    def shown_rows(self) -> list[FieldRowForm]:
        """The rows that the page shows: at least an empty one to begin with."""
        return self.rows or [_unbound_row(self.side, 0, FieldRow(name="", kind=FieldKind.TEXT, is_required=True), None)]

    @property
    def count(self) -> int:
        """How many rows the page shows."""
        return len(self.shown_rows)

    @property
    def schema(self) -> JsonObject:
        """The schema that a valid form describes."""
        assert self._schema is not None, "Read a valid form only."
        return self._schema

    def is_valid(self) -> bool:
        """Check rows and text, and find out which of the two the person edited."""
        if not self.text.is_valid():
            return False
        before, edited = self.text.cleaned_data["before"], self.text.cleaned_data["schema"]
        is_text_edited = edited is not None and not is_same_schema(edited, before)
        are_rows_valid = sum(not row.is_valid() for row in self.rows) == 0  # asks every row, so that each says its part
        are_rows_edited = not are_rows_valid or tuple(row.row for row in self.rows) != rows_of_schema(before)
        if is_text_edited and are_rows_edited:
            self.text.add_error(
                "schema", "You changed the fields above and the JSON Schema. Take one of the two changes back."
            )
            return False
        if not is_text_edited and not (are_rows_valid and self._are_names_apart()):
            return False
        self._schema = edited if is_text_edited else schema_of_rows([row.row for row in self.rows], before)
        return self._is_schema_possible(self._schema)

    def _are_names_apart(self) -> bool:
        names = [row.row.name for row in self.rows]
        for form, name in zip(self.rows, names, strict=True):
            if names.count(name) > 1:
                form.add_error("name", f"Two fields are called '{name}'. Rename one of them.")
                return False
        return True

    def _is_schema_possible(self, schema: JsonObject) -> bool:
        self.errors.extend(list_schema_faults(schema) if schema.get("properties") else [_NO_FIELDS[self.side]])
        return not self.errors


def open_schema_form(side: str, schema: JsonObject) -> SchemaForm:
    """The form of one side, filled with a schema."""
    rows = rows_of_schema(schema)
    return SchemaForm(
        side,
        [_unbound_row(side, position, row, row) for position, row in enumerate(rows)],
        SchemaTextForm(
            prefix=side, initial={"before": json.dumps(schema), "schema": spell_schema(schema) if schema else ""}
        ),
    )


def read_schema_form(side: str, post: QueryDict) -> SchemaForm:
    """The form of one side as it was sent; rows in which nothing was written are left out."""
    before = _rows_before(side, post)
    rows = [
        FieldRowForm(post, prefix=f"{side}-{position}", before=before.get(post.get(f"{side}-{position}-was", "")))
        for position in _positions(side, post)
        if not _is_empty(f"{side}-{position}", post)
    ]
    return SchemaForm(side, rows, SchemaTextForm(post, prefix=side))


def rearrange_schema_form(side: str, post: QueryDict) -> SchemaForm:
    """The form of one side as it was sent, with the row that a button asked to add or to remove; nothing is checked."""
    before = _rows_before(side, post)
    kept = [position for position in _positions(side, post) if post.get("remove_field") != f"{side}-{position}"]
    rows = [_row_as_typed(side, position, post) for position in kept]
    is_adding = post.get("add_field") == side and len(rows) < MOST_ROWS
    if is_adding:
        rows.append(FieldRow(name="", kind=FieldKind.TEXT))
    shown = [_unbound_row(side, position, row, before.get(row.was)) for position, row in enumerate(rows)]
    if is_adding:
        shown[-1].fields["name"].widget.attrs["autofocus"] = True
    initial = {"before": post.get(f"{side}-before", ""), "schema": post.get(f"{side}-schema", "")}
    return SchemaForm(side, shown, SchemaTextForm(prefix=side, initial=initial))


def spell_schema(schema: JsonObject) -> str:
    """A schema as builders read it."""
    return json.dumps(schema, indent=2, ensure_ascii=False)


def _positions(side: str, post: QueryDict) -> range:
    count = post.get(f"{side}-count", "")
    return range(min(int(count), MOST_ROWS) if re.fullmatch(r"[0-9]{1,6}", count) else 0)


def _is_empty(prefix: str, post: QueryDict) -> bool:
    return not any(post.get(f"{prefix}-{name}", "").strip() for name in ("name", "values", "was"))


def _row_as_typed(side: str, position: int, post: QueryDict) -> FieldRow:
    prefix = f"{side}-{position}"
    kind = post.get(f"{prefix}-kind", "")
    return FieldRow(
        name=post.get(f"{prefix}-name", ""),
        kind=FieldKind(kind) if kind in tuple(FieldKind) else FieldKind.TEXT,
        values=tuple(post.get(f"{prefix}-values", "").splitlines()),
        is_required=f"{prefix}-is_required" in post,
        was=post.get(f"{prefix}-was", ""),
    )


def _unbound_row(side: str, position: int, row: FieldRow, before: FieldRow | None) -> FieldRowForm:
    initial = {
        "was": row.was,
        "name": row.name,
        "kind": row.kind.value,
        "values": "\n".join(row.values),
        "is_required": row.is_required,
    }
    return FieldRowForm(prefix=f"{side}-{position}", initial=initial, before=before)


def _rows_before(side: str, post: QueryDict) -> dict[str, FieldRow]:
    return {row.was: row for row in rows_of_schema(_schema_before(side, post))}


def _schema_before(side: str, post: QueryDict) -> JsonObject:
    return _read_object(post.get(f"{side}-before", "")) or {}


def _read_object(text: str) -> JsonObject | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
