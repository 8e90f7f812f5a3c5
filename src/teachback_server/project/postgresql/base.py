"""The connection to PostgreSQL: what may be stored in SQLite may be stored here, and comes back the same."""

import json
from typing import Any

from django.db.backends.postgresql import base, operations
from psycopg import Connection
from psycopg.types.string import StrDumperUnknown, TextLoader

_SHOWN_FOR_NUL = "\N{REPLACEMENT CHARACTER}"


class _TextWithoutNul(StrDumperUnknown):
    """PostgreSQL has no place for the character NUL in a text; refusing it would refuse a whole job."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\x00", _SHOWN_FOR_NUL) if "\x00" in obj else obj)


class DatabaseOperations(operations.DatabaseOperations):
    """Hands JSON over as text: the type `jsonb` would sort keys and refuse NUL. Only to compare it becomes that."""

    def adapt_json_value(self, value: Any, encoder: Any) -> str:
        """JSON with its letters as they are, so that a search finds them in any case."""
        text = json.dumps(value, cls=encoder, ensure_ascii=False)
        # Half of a pair of surrogates is no letter, and can only stand there by its number.
        return text if _is_writable(text) else json.dumps(value, cls=encoder)

    def lookup_cast(self, lookup_type: str, internal_type: str | None = None) -> str:
        if lookup_type == "exact" and internal_type == "JSONField":
            return "%s::jsonb"
        return super().lookup_cast(lookup_type, internal_type)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection with wider types. Lengths and sizes are checked where work comes in, by what it means."""

    data_types = {
        **base.DatabaseWrapper.data_types,
        "CharField": "text",
        "JSONField": "json",
        "IntegerField": "bigint",
        "PositiveIntegerField": "bigint",
    }
    ops_class = DatabaseOperations

    def get_new_connection(self, conn_params: dict[str, Any]) -> "Connection[Any]":
        connection: Connection[Any] = super().get_new_connection(conn_params)
        connection.adapters.register_loader("json", TextLoader)  # a JSON field reads its text itself
        connection.adapters.register_dumper(str, _TextWithoutNul)
        return connection


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
