"""The house of `builders`, with one person in every role."""

import pytest

from builders import House, make_house, make_person
from teachback_server.people.models import User
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role


@pytest.fixture
def house(db: None) -> House:
    """Two workflows and the people in them."""
    return make_house()


@pytest.fixture
def cast(house: House) -> dict[str, User | None]:
    """Everyone who might open a page, by how near they are to the workflow."""
    people: dict[str, User | None] = {"nobody": None, "stranger": house.charlie}
    for role in Role:
        person = make_person(f"a-{role}")
        give_role(house.owner, house.workflow, person, role)
        people[role] = person
    people["administrator"] = make_person("admin", is_administrator=True)
    return people
