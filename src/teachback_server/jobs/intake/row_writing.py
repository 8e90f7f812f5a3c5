"""Writes many rows of one table by one statement each, where Django builds a new one for every few of them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper

# Of these the database takes plain values as they are; what Django does with each costs more than to write the row.
_PLAIN: Mapping[type, Callable[[Any], Any]] = {
    models.CharField: str,
    models.TextField: str,
    models.BooleanField: bool,
    models.FloatField: float,
    models.IntegerField: int,
    models.PositiveIntegerField: int,
    models.BigIntegerField: int,
}


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model, all or none within the caller's transaction. Their keys are given by the database."""
    if not rows:
        return
    model, connection = _find_home(rows)
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    converters = _list_converters(fields, connection)
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"
        cursor.executemany(statement, [_list_values(row, converters) for row in rows])


def update_rows(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write these fields of rows of one model, each found by its key."""
    if not rows:
        return
    model, connection = _find_home(rows)
    fields = _list_fields(model, names)
    converters = _list_converters(fields, connection)
    changes = ", ".join(f"{connection.ops.quote_name(str(field.column))} = %s" for field in fields)
    table, key = connection.ops.quote_name(model._meta.db_table), connection.ops.quote_name("id")
    with connection.cursor() as cursor:
        statement = f"UPDATE {table} SET {changes} WHERE {key} = %s"
        cursor.executemany(statement, [[*_list_values(row, converters), row.pk] for row in rows])


def _find_home(rows: Sequence[models.Model]) -> tuple[type[models.Model], BaseDatabaseWrapper]:
    model = type(rows[0])
    return model, connections[router.db_for_write(model)]


def _list_fields(model: type[models.Model], names: Sequence[str]) -> list["models.Field[Any, Any]"]:
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    return [by_name[name] for name in names]


def _list_converters(
    fields: Sequence["models.Field[Any, Any]"], connection: BaseDatabaseWrapper
) -> list[tuple[str, Callable[[Any], Any]]]:
    """For each field its name and what makes a value of it one of the database."""
    return [
        (field.attname, _PLAIN.get(type(field)) or partial(field.get_db_prep_save, connection=connection))
        for field in fields
    ]


def _list_values(row: models.Model, converters: Sequence[tuple[str, Callable[[Any], Any]]]) -> list[Any]:
    values = vars(row)
    return [None if (value := values[name]) is None else convert(value) for name, convert in converters]
