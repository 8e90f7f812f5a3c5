"""Inserts many rows of one table: one prepared statement, as Django builds a new one for each forty rows on SQLite."""

from collections.abc import Sequence

from django.db import connections, models, router


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model, all or none within the caller's transaction. Their keys are given by the database."""
    if not rows:
        return
    model = type(rows[0])
    connection = connections[router.db_for_write(model)]
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({names}) VALUES ({places})"
    values = [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)
