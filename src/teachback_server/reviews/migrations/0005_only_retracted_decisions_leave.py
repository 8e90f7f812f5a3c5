from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from teachback_server.people.append_only import forbid_rewriting

_KEPT = {
    "review": "retraction.review_id = OLD.id AND retraction.idempotency_key = OLD.idempotency_key "
    "AND retraction.job_id = OLD.job_id AND retraction.verdict = OLD.verdict",
    "correction": "retraction.review_id = OLD.review_id AND retraction.job_id = OLD.job_id",
}


def _let_retracted_rows_leave(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for table, kept in _KEPT.items():
        is_kept = f"EXISTS (SELECT 1 FROM retraction WHERE {kept})"
        refusal = f"{table} is history: rows are only ever added"
        trigger = f"{table}_is_never_deleted"
        if editor.connection.vendor == "postgresql":
            # The WHEN of a PostgreSQL trigger may not ask another table, so a function does.
            editor.execute(
                f"CREATE FUNCTION refuse_to_lose_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF {is_kept} THEN RETURN OLD; END IF; "
                f"RAISE EXCEPTION '{refusal}' USING ERRCODE = 'restrict_violation'; END $$",
                params=None,
            )
            editor.execute(f'DROP TRIGGER {trigger} ON "{table}"')
            body = f"FOR EACH ROW EXECUTE FUNCTION refuse_to_lose_{table}()"
        else:
            editor.execute(f"DROP TRIGGER {trigger}")
            body = f"WHEN NOT {is_kept} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        editor.execute(f'CREATE TRIGGER {trigger} BEFORE DELETE ON "{table}" {body}')


def _let_no_row_leave(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for table in _KEPT:
        trigger, refusal = f"{table}_is_never_deleted", f"{table} is history: rows are only ever added"
        if editor.connection.vendor == "postgresql":
            editor.execute(f'DROP TRIGGER {trigger} ON "{table}"')
            editor.execute(f"DROP FUNCTION refuse_to_lose_{table}()")
            body = "FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite()"
        else:
            editor.execute(f"DROP TRIGGER {trigger}")
            body = f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        editor.execute(f'CREATE TRIGGER {trigger} BEFORE DELETE ON "{table}" {body}')


class Migration(migrations.Migration):
    dependencies = [("reviews", "0004_decisions_can_be_taken_back")]
    operations = [forbid_rewriting("retraction"), migrations.RunPython(_let_retracted_rows_leave, _let_no_row_leave)]
