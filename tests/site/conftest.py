"""The house of `builders`, with one person in every role."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from access_table import AccessTable
from builders import House, make_house, make_person
from site_routes import list_api_routes
from teachback_server.people.models import User
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role

WRITE_TABLE_TO = "TEACHBACK_ACCESS_TABLE"


@pytest.fixture
def house(db: None) -> House:
    """Two workflows and the people in them."""
    return make_house()


@pytest.fixture
def cast(house: House) -> dict[str, User | None]:
    """Everyone who might open a page, by how near they are to the workflow."""
    elsewhere = make_person("reviews-elsewhere")
    give_role(house.stranger, house.elsewhere, elsewhere, Role.REVIEWER)
    people: dict[str, User | None] = {
        "nobody": None,
        "stranger": house.charlie,
        "reviewer of another workflow": elsewhere,
    }
    for role in Role:
        person = make_person(f"a-{role}")
        give_role(house.owner, house.workflow, person, role)
        people[role] = person
    people["administrator"] = make_person("admin", is_administrator=True)
    return people


@pytest.fixture(scope="session")
def access_table() -> Iterator[AccessTable]:
    """What each route answered everyone, written to the file that WRITE_TABLE_TO names."""
    table = AccessTable(
        columns=("nobody", "viewer", "reviewer of another workflow", "reviewer", "editor", "owner", "administrator")
    )
    yield table
    if path := os.environ.get(WRITE_TABLE_TO):
        Path(path).write_text(table.as_document([route.as_row() for route in list_api_routes()]), encoding="utf-8")
