"""The addresses of databases are read from the environment, and one that cannot be used is refused in plain words."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from teachback_server.commands import options
from teachback_server.project import databases
from teachback_server.project.databases import POSTGRESQL, read_clickhouse_url, read_databases

SQLITE = "django.db.backends.sqlite3"
ADDRESS = "postgres://ann%40desk:a%3Ab%2F@db.example:6432/team%20work?sslmode=require"


def test_without_addresses_two_files_in_the_data_folder_hold_everything(tmp_path: Path) -> None:
    found = read_databases({}, tmp_path)
    assert {name: (one["ENGINE"], one["NAME"]) for name, one in found.items()} == {
        "default": (SQLITE, tmp_path / "state.sqlite3"),
        "traces": (SQLITE, tmp_path / "traces.sqlite3"),
    }
    assert read_clickhouse_url({}) == ""


def test_one_address_takes_both_into_one_postgresql_in_schemas_of_their_own(tmp_path: Path) -> None:
    found = read_databases({"TEACHBACK_DATABASE_URL": ADDRESS}, tmp_path)
    for name, schema in (("default", "public"), ("traces", "traces")):
        one = found[name]
        assert one["ENGINE"] == POSTGRESQL
        assert [one[part] for part in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
            "ann@desk", "a:b/", "db.example", "6432", "team work"
        ]  # fmt: skip
        assert one["OPTIONS"] == {"sslmode": "require", "options": f"-c search_path={schema}"}


def test_traces_can_live_in_another_postgresql_than_the_state(tmp_path: Path) -> None:
    found = read_databases({"TEACHBACK_TRACES_URL": "postgresql://db.example/traces"}, tmp_path)
    assert (found["default"]["ENGINE"], found["traces"]["ENGINE"]) == (SQLITE, POSTGRESQL)


@pytest.mark.parametrize("state_url", ["", ADDRESS])
def test_with_clickhouse_the_requests_stay_where_the_state_is(state_url: str, tmp_path: Path) -> None:
    environment = {
        "TEACHBACK_DATABASE_URL": state_url,
        "TEACHBACK_TRACES_URL": "http://ann:secret@clicks.example:8123/traces",
    }
    found = read_databases(environment, tmp_path)
    assert found["traces"]["ENGINE"] == found["default"]["ENGINE"] == (POSTGRESQL if state_url else SQLITE)
    assert read_clickhouse_url(environment) == environment["TEACHBACK_TRACES_URL"]


@pytest.mark.parametrize(
    ("variable", "address", "told"),
    [
        ("TEACHBACK_DATABASE_URL", "mysql://db.example/work", "names no PostgreSQL database"),
        ("TEACHBACK_DATABASE_URL", "postgres://db.example", "names no PostgreSQL database"),
        ("TEACHBACK_DATABASE_URL", "postgres://db.example:port/work", "TEACHBACK_DATABASE_URL cannot be read"),
        ("TEACHBACK_TRACES_URL", "clicks.example", "Write http://"),
        ("TEACHBACK_TRACES_URL", "mysql://db.example/work", "starts with 'mysql:'"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(variable: str, address: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=told):
        read_databases({variable: address}, tmp_path)


def test_a_missing_client_is_said_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(databases, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match=r"pip install 'teachback\[postgres\]'"):
        read_databases({"TEACHBACK_DATABASE_URL": ADDRESS}, tmp_path)


def test_a_refused_password_is_never_repeated(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        read_databases({"TEACHBACK_DATABASE_URL": "mysql://ann:secret@db.example/work"}, tmp_path)
    assert "secret" not in str(refusal.value)


def test_commands_say_how_to_name_other_databases() -> None:
    assert databases.DATABASE_URL in options.STORES_HELP
    assert databases.TRACES_URL in options.STORES_HELP
