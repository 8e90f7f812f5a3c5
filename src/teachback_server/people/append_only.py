"""Makes tables append-only in the database itself, so that no code path can rewrite history."""

from django.db import migrations


def forbid_rewriting(table: str, *, except_when: str = "") -> migrations.RunSQL:
    """Migration step after which the database refuses UPDATE and DELETE on a table.

    `except_when` is an SQL condition over OLD and NEW under which an UPDATE is let through; it must never be NULL.
    """
    body = f"BEGIN SELECT RAISE(ABORT, '{table} is history: rows are only ever added'); END"
    when_updated = f"WHEN NOT ({except_when}) " if except_when else ""
    forward = [
        f'CREATE TRIGGER {table}_is_never_{word} BEFORE {act} ON "{table}" {when}{body}'
        for word, act, when in (("updated", "UPDATE", when_updated), ("deleted", "DELETE", ""))
    ]
    backward = [f"DROP TRIGGER {table}_is_never_{word}" for word in ("updated", "deleted")]
    return migrations.RunSQL(tuple(forward), tuple(backward))
