"""Template filters of the boundary form."""

from collections.abc import Mapping

from django import template

from teachback_server.workflows.schema_form import FieldRowForm

register = template.Library()


@register.filter
def note_of(notes: Mapping[str, str], row: FieldRowForm) -> str:
    """What is said under a field; its notes are named by side and name, such as `output.queue`."""
    side = str(row.prefix).partition("-")[0]
    return notes.get(f"{side}.{row['was'].value() or row['name'].value()}", "")
