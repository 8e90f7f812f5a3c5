"""Makes tables append-only in the database itself, so that no code path can rewrite history."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is history: rows are only ever added', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$"""


def forbid_rewriting(table: str, *, except_when: str = "") -> migrations.RunPython:
    """Migration step after which the database refuses UPDATE and DELETE on a table.

    `except_when` is an SQL condition over OLD and NEW under which an UPDATE is let through; it must never be NULL, and
    SQLite and PostgreSQL must both understand it.
    """

    def make_triggers(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        if editor.connection.vendor == "postgresql":
            editor.execute(_FUNCTION, params=None)  # or its % would stand for a parameter
        for name, act in _triggers(table):
            when = f"WHEN (NOT ({except_when})) " if except_when and act == "UPDATE" else ""
            if editor.connection.vendor == "postgresql":
                body = f"FOR EACH ROW {when}EXECUTE FUNCTION refuse_to_rewrite()"
            else:
                body = f"{when}BEGIN SELECT RAISE(ABORT, '{table} is history: rows are only ever added'); END"
            editor.execute(f'CREATE TRIGGER {name} BEFORE {act} ON "{table}" {body}')

    def drop_triggers(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        of_table = f' ON "{table}"' if editor.connection.vendor == "postgresql" else ""
        for name, _ in _triggers(table):
            editor.execute(f"DROP TRIGGER {name}{of_table}")

    return migrations.RunPython(make_triggers, drop_triggers)


def _triggers(table: str) -> list[tuple[str, str]]:
    return [(f"{table}_is_never_{word}", act) for word, act in (("updated", "UPDATE"), ("deleted", "DELETE"))]
