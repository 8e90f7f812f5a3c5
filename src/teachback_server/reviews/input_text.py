"""One value of a job's input as text, told in SQL and alike on every database: what skills are compared with."""

import json
from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, TextField
from django.db.models.sql.compiler import SQLCompiler

from teachback.json_types import Json

# PostgreSQL takes NUL and halves of surrogate pairs into a JSON column, but reads no JSON in which they stand. One such
# job must not close the desk to everybody, so they count as another letter here.
_UNREADABLE = r"\\u0000|\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}"


class InputText(Func):
    """The text, number or yes-or-no at a path of a JSON column, as text; NULL where there is none of these.

    Django's own lookups take a name such as `01` for a place in a list, and spell numbers differently on each database.
    """

    arity = 1
    output_field = TextField()

    def __init__(self, column: str, path: Sequence[str]) -> None:
        super().__init__(column)
        self.path = tuple(path)

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        """Numbers are cut out of a list of two, as a value alone would be read and spelled anew."""
        column, params = self._compile_column(compiler)
        path = "$" + "".join(f".{json.dumps(name)}" for name in self.path)
        kind, text = f"JSON_TYPE({column}, %s)", f"JSON_EXTRACT({column}, %s)"
        twice = f"JSON_EXTRACT({column}, %s, %s)"
        sql = (
            f"CASE WHEN {kind} = 'text' THEN {text} WHEN {kind} IN ('integer', 'real', 'true', 'false') "
            f"THEN SUBSTR({twice}, 2, (LENGTH({twice}) - 3) / 2) END"
        )
        one, two = (*params, path), (*params, path, path)
        return sql, (*one, *one, *one, *two, *two)

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        """Each name is given as text: as a number it would be a place in a list."""
        column, params = self._compile_column(compiler)
        json_text = f"({column})::text"
        readable = (
            f"(CASE WHEN strpos({json_text}, %s) > 0 OR strpos({json_text}, %s) > 0 "
            f"THEN regexp_replace({json_text}, %s, %s, 'g')::json ELSE {column} END)"
        )
        of_column = (*params, r"\u0000", *params, r"\ud", *params, _UNREADABLE, r"\\ufffd", *params)
        *groups, last = self.path
        within = f"{readable}{' -> %s::text' * len(groups)}"
        sql = (
            f"CASE WHEN json_typeof({within} -> %s::text) IN ('string', 'number', 'boolean') "
            f"THEN {within} ->> %s::text END"
        )
        return sql, (*of_column, *groups, last) * 2

    def _compile_column(self, compiler: SQLCompiler) -> tuple[str, tuple[Any, ...]]:
        sql, params = compiler.compile(self.get_source_expressions()[0])
        return sql, tuple(params)


def spell_as_stored(value: Json) -> str:
    """What InputText says of a value; empty for lists, groups and nothing."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else ""
