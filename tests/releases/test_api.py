"""The call with which an agent fetches its release: what it gets, when it is told that nothing changed, and who may."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from builders import House
from teachback.release_document import Approval, ReleaseDocument, parse_release_document
from teachback.vocabulary import Lever
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import make_release, put_live, roll_back, take_autonomy_back
from teachback_server.releases.live_document import find_live_tag, valid_until
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import make_key, revoke_key
from teachback_server.workflows.models import ApiKey

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
ADDRESS = "/api/v1/workflows/support-inbox/release"
CERTIFIED = ReleaseDocument(
    workflow="support-inbox",
    instructions="Read all of it.",
    example_hashes=("a" * 32,),
    approval=Approval(threshold=0.8, error_limit=0.05, certainty=0.9),
)


def headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def key(house: House) -> str:
    return make_key(house.owner, house.workflow, Scope.READ)


def put_certified_live(house: House) -> None:
    release = make_release(SYSTEM, house.workflow, CERTIFIED, parent=house.release, lever=Lever.APPROVAL, change="x")
    put_live(SYSTEM, release, from_job=1, why="certified")


def test_an_agent_gets_the_document_that_its_own_code_reads_and_hashes_the_same(house: House, key: str) -> None:
    put_certified_live(house)
    answer = Client().get(ADDRESS, headers=headers(key)).json()
    document = parse_release_document(answer["document"])
    assert document == CERTIFIED
    assert document.content_hash == answer["content_hash"]
    assert answer["number"] == 2
    assert answer["is_autonomy_on"] is True
    until = datetime.fromisoformat(answer["valid_until"])
    assert timedelta(hours=22) < until - datetime.now(UTC) <= timedelta(hours=24)


def test_an_agent_that_has_it_already_gets_nothing_but_the_word(house: House, key: str) -> None:
    first = Client().get(ADDRESS, headers=headers(key))
    again = Client().get(ADDRESS, headers={**headers(key), "If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]


def test_every_change_of_what_counts_changes_the_tag(house: House, key: str) -> None:
    tags = [Client().get(ADDRESS, headers=headers(key))["ETag"]]
    put_certified_live(house)
    tags.append(Client().get(ADDRESS, headers=headers(key))["ETag"])
    take_autonomy_back(house.owner, house.workflow, from_job=2, why="Holiday season")
    tags.append(Client().get(ADDRESS, headers={**headers(key), "If-None-Match": tags[-1]})["ETag"])
    roll_back(house.owner, house.release, from_job=3, why="Complaints")
    answer = Client().get(ADDRESS, headers={**headers(key), "If-None-Match": ", ".join(tags)})
    assert answer.status_code == 200
    assert answer.json()["valid_until"] is None
    assert len({*tags, answer["ETag"]}) == 4


def test_a_held_copy_is_renewed_well_before_its_autonomy_ends(house: House) -> None:
    put_certified_live(house)
    now = datetime(2026, 3, 2, 12, 34, tzinfo=UTC)
    tag, soon, later = (find_live_tag(house.workflow, now=now + timedelta(minutes=m)) for m in (0, 1, 61))
    assert tag is not None
    assert tag == soon
    assert tag != later
    assert tag.valid_until is not None
    assert tag.valid_until - now > timedelta(hours=23)


@pytest.mark.parametrize("hours", [0.5, 1.0, 24.0, 1000.0])
def test_autonomy_never_holds_longer_than_the_release_says(hours: float) -> None:
    now = datetime(2026, 3, 2, 12, 34, 56, tzinfo=UTC)
    assert timedelta(hours=hours * 22.9 / 24) < valid_until(hours, now) - now <= timedelta(hours=hours)


def test_only_a_reading_key_of_this_workflow_that_was_not_revoked_gets_in(house: House, key: str) -> None:
    client = Client()
    others = [
        make_key(house.stranger, house.elsewhere, Scope.READ),
        make_key(house.owner, house.workflow, Scope.JOBS),
        "tb_wrong",
        "",
    ]
    for other in others:
        answer = client.get(ADDRESS, headers=headers(other))
        assert answer.status_code == 401
        assert "Settings" in answer.json()["detail"]
    client.force_login(house.alice)
    assert client.get(ADDRESS).status_code == 401, "a browser's session is no key"
    revoke_key(house.owner, ApiKey.objects.get(prefix=key[:10]))
    assert client.get(ADDRESS, headers=headers(key)).status_code == 401


def test_what_was_live_before_is_not_what_an_agent_gets(house: House, key: str) -> None:
    unproven = replace(CERTIFIED, instructions="Not gated yet.")
    make_release(SYSTEM, house.workflow, unproven, parent=house.release, lever=Lever.INSTRUCTIONS, change="x")
    assert Client().get(ADDRESS, headers=headers(key)).json()["number"] == 1
