"""The call with which an agent fetches its release: what it gets, when it is told that nothing changed, and who may."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from builders import House
from teachback.json_types import JsonObject
from teachback.known_release import Example, parse_release
from teachback.release_document import Approval, ReleaseDocument, parse_release_document
from teachback.vocabulary import Lever
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import (
    NewExample,
    change_boundary,
    keep_examples,
    make_release,
    put_live,
    roll_back,
    take_autonomy_back,
    watch_test_cases,
)
from teachback_server.releases.live_document import find_live_tag, valid_until
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import make_key, revoke_key
from teachback_server.workflows.models import ApiKey
from teachback_server.workflows.queries import get_boundary

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
ADDRESS = "/api/v1/workflows/support-inbox/release"
EXAMPLES = "/api/v1/workflows/support-inbox/examples"
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
    tag, soon, later = (
        find_live_tag(house.workflow, now=now + timedelta(minutes=m), count_auto_jobs=lambda release, most: 0)
        for m in (0, 1, 61)
    )
    assert tag is not None
    assert tag == soon
    assert tag != later
    assert tag.valid_until is not None
    assert tag.valid_until - now > timedelta(hours=23)


@pytest.mark.parametrize("hours", [0.5, 1.0, 24.0, 1000.0])
def test_autonomy_never_holds_longer_than_the_release_says(hours: float) -> None:
    now = datetime(2026, 3, 2, 12, 34, 56, tzinfo=UTC)
    assert timedelta(hours=hours * 22.9 / 24) < valid_until(hours, now) - now <= timedelta(hours=hours)


def test_only_a_key_for_reading_or_for_jobs_of_this_workflow_that_was_not_revoked_gets_in(
    house: House, key: str
) -> None:
    client = Client()
    others = [
        make_key(house.stranger, house.elsewhere, Scope.READ),
        make_key(house.owner, house.workflow, Scope.TRACES),
        "tb_wrong",
        "",
    ]
    for other in others:
        answer = client.get(ADDRESS, headers=headers(other))
        assert answer.status_code == 401
        assert "Settings" in answer.json()["detail"]
    of_jobs = make_key(house.owner, house.workflow, Scope.JOBS)
    assert client.get(ADDRESS, headers=headers(of_jobs)).status_code == 200
    client.force_login(house.alice)
    assert client.get(ADDRESS).status_code == 401, "a browser's session is no key"
    revoke_key(house.owner, ApiKey.objects.get(prefix=key[:10]))
    assert client.get(ADDRESS, headers=headers(key)).status_code == 401


def test_what_was_live_before_is_not_what_an_agent_gets(house: House, key: str) -> None:
    unproven = replace(CERTIFIED, instructions="Not gated yet.")
    make_release(SYSTEM, house.workflow, unproven, parent=house.release, lever=Lever.INSTRUCTIONS, change="x")
    assert Client().get(ADDRESS, headers=headers(key)).json()["number"] == 1


def test_an_agent_reads_all_that_it_needs_to_route_jobs_as_the_server_does(house: House, key: str) -> None:
    put_certified_live(house)
    release = parse_release(Client().get(ADDRESS, headers=headers(key)).json())
    assert release.document == CERTIFIED
    assert release.output_schema == house.workflow.output_schema
    assert release.autonomy.salt == "salt"
    assert release.autonomy.is_early
    assert release.autonomy.earning_release == ""


def test_a_release_is_early_until_so_many_jobs_skipped_review_and_that_changes_the_tag(house: House) -> None:
    put_certified_live(house)
    now = datetime(2026, 3, 2, 12, 34, tzinfo=UTC)
    few, enough = (
        find_live_tag(house.workflow, now=now, count_auto_jobs=lambda release, most, count=count: min(count, most))
        for count in (499, 500)
    )
    assert few is not None
    assert enough is not None
    assert (few.is_early, enough.is_early) == (True, False)
    assert few.etag != enough.etag


def test_a_release_that_earns_its_autonomy_and_a_new_boundary_change_the_tag(house: House, key: str) -> None:
    first = Client().get(ADDRESS, headers=headers(key))
    earning = make_release(SYSTEM, house.workflow, CERTIFIED, parent=house.release, lever=Lever.APPROVAL, change="x")
    watch_test_cases(house.workflow, earning)
    second = Client().get(ADDRESS, headers={**headers(key), "If-None-Match": first["ETag"]})
    assert second.json()["earning_release"] == "release 2"
    other: JsonObject = {"type": "object", "properties": {"queue": {"type": "string"}}}
    stricter = replace(get_boundary(house.workflow), output_schema=other)
    change_boundary(house.owner, house.workflow, stricter, from_job=1)
    third = Client().get(ADDRESS, headers={**headers(key), "If-None-Match": second["ETag"]})
    assert third.json()["output_schema"] == other


def put_examples_live(house: House, count: int) -> list[str]:
    examples = [
        NewExample(input={"text": f"Where is A{number}?"}, output={"queue": "delivery"}, source_job_id=number)
        for number in range(count)
    ]
    hashes = keep_examples(house.workflow, examples)
    document = replace(CERTIFIED, example_hashes=tuple(hashes))
    release = make_release(SYSTEM, house.workflow, document, parent=house.release, lever=Lever.EXAMPLES, change="x")
    put_live(SYSTEM, release, from_job=1, why="certified")
    return sorted(hashes)


def test_an_agent_fetches_examples_by_the_hashes_that_it_does_not_know_yet(house: House, key: str) -> None:
    hashes = put_examples_live(house, 5)
    query = "&".join(f"hash={name}" for name in [*hashes[:2], "f" * 32])
    answer = Client().get(f"{EXAMPLES}?{query}", headers=headers(key))
    found = answer.json()["examples"]
    assert [one["content_hash"] for one in found] == hashes[:2]
    assert [Example(input=one["input"], output=one["output"]).content_hash for one in found] == hashes[:2]
    again = Client().get(f"{EXAMPLES}?{query}", headers={**headers(key), "If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_an_example_whose_job_was_deleted_is_given_out_no_more(house: House, key: str) -> None:
    hashes = put_examples_live(house, 2)
    address = f"{EXAMPLES}?hash={hashes[0]}&hash={hashes[1]}"
    before = Client().get(address, headers=headers(key))
    rows = house.workflow.example_set.filter(content_hash=hashes[0])
    rows.update(tombstoned_at=datetime(2026, 3, 3, tzinfo=UTC), input={}, output={})
    after = Client().get(address, headers={**headers(key), "If-None-Match": before["ETag"]})
    assert [one["content_hash"] for one in after.json()["examples"]] == [hashes[1]]


def test_all_examples_of_the_live_release_come_page_by_page(house: House, key: str) -> None:
    hashes = put_examples_live(house, 230)
    found: list[str] = []
    after, pages = "", 0
    while pages == 0 or after:
        answer = Client().get(f"{ADDRESS}/examples?after={after}", headers=headers(key)).json()
        found += [one["content_hash"] for one in answer["examples"]]
        after, pages = answer["after"], pages + 1
    assert found == hashes
    assert pages == 3


def test_nobody_gets_examples_of_another_workflow_or_more_than_a_hundred_at_once(house: House, key: str) -> None:
    hashes = put_examples_live(house, 1)
    foreign = make_key(house.stranger, house.elsewhere, Scope.READ)
    address = f"/api/v1/workflows/elsewhere/examples?hash={hashes[0]}"
    assert Client().get(address, headers=headers(foreign)).json()["examples"] == []
    assert Client().get(address, headers=headers(key)).status_code == 401
    many = "&".join(f"hash={number}" for number in range(101))
    answer = Client().get(f"{EXAMPLES}?{many}", headers=headers(key))
    assert answer.status_code == 422
    assert "100 at most" in answer.json()["detail"]
