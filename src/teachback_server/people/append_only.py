"""Makes tables append-only in the database itself, so that no code path can rewrite history."""

from django.db import migrations


def forbid_rewriting(table: str) -> migrations.RunSQL:
    """Migration step after which the database refuses UPDATE and DELETE on a table."""
    refuse = "SELECT RAISE(ABORT, '{table} is history: rows are only ever added')"
    forward = [
        f'CREATE TRIGGER {table}_is_never_{word} BEFORE {act} ON "{table}" BEGIN {refuse.format(table=table)}; END'
        for word, act in (("updated", "UPDATE"), ("deleted", "DELETE"))
    ]
    backward = [f"DROP TRIGGER {table}_is_never_{word}" for word in ("updated", "deleted")]
    return migrations.RunSQL(tuple(forward), tuple(backward))
