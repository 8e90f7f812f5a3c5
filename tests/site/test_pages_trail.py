"""The audit trail to read: who sees what of it, page by page, narrowed, linked and as JSON."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from builders import House, accept, make_person, record_jobs
from teachback_server.people.actor import Actor
from teachback_server.people.audit import SENTENCES, Act, record_act
from teachback_server.people.models import AuditEvent, User
from teachback_server.people.trail import ACTS_ON_A_PAGE, Wanted, read_trail
from teachback_server.site.trail_pages import find_address_of_subject
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
TRAIL = "/workflows/support-inbox/trail"


def read(user: User, address: str = TRAIL) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def read_json(user: User, address: str) -> dict[str, object]:
    shown: dict[str, object] = json.loads(read(user, address))
    return shown


def note(
    subject: str,
    *,
    workflow_id: int,
    by: str = "alice",
    act: Act = Act.REVIEWS_DECIDED,
    at: datetime | None = None,
    why: str = "",
) -> None:
    record_act(Actor(name=by), act, subject, workflow_id=workflow_id, at=at, details={"why": why} if why else None)


def test_an_owner_reads_the_acts_of_their_workflow_alone_the_newest_first(house: House) -> None:
    give_role(house.owner, house.workflow, house.charlie, Role.VIEWER)
    page = read(house.alice)
    assert page.index("charlie is viewer") < page.index("bob is reviewer") < page.rindex("made the workflow")
    assert "Elsewhere" not in page


def test_an_administrator_reads_all_of_it_and_which_workflow_it_was(house: House) -> None:
    page = read(make_person("ann", is_administrator=True), "/trail")
    for title in ("Support inbox", "Elsewhere"):
        assert f">{title}</a>" in page


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("person=BOB", ["by bob"]),
        ("act=role_given", ["a role"]),
        ("day=2026-01-31", ["at its end", "on the day"]),
        ("day=2026-01-31&person=bob", []),
        ("person=nobody", []),
    ],
)
def test_the_trail_is_narrowed_by_person_act_and_day(house: House, query: str, subjects: list[str]) -> None:
    here = house.workflow.pk
    note("by bob", by="bob", workflow_id=here)
    note("a role", act=Act.ROLE_GIVEN, by="dora", workflow_id=here)
    for subject, at in (
        ("the day before", datetime(2026, 1, 30, 23, 59, 59, tzinfo=UTC)),
        ("on the day", datetime(2026, 1, 31, tzinfo=UTC)),
        ("at its end", datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)),
        ("the day after", datetime(2026, 2, 1, tzinfo=UTC)),
    ):
        note(subject, workflow_id=here, at=at)
    note("elsewhere", by="bob", workflow_id=house.elsewhere.pk, at=datetime(2026, 1, 31, tzinfo=UTC))
    found = read_json(house.alice, f"{TRAIL}.json?{query}")["acts"]
    assert isinstance(found, list)
    shown = [act["subject"] for act in found if act["subject"] != "bob is reviewer"]
    assert shown == subjects


def test_a_long_trail_comes_page_by_page_and_nothing_twice_while_it_grows(house: House) -> None:
    here = house.workflow.pk
    for number in range(2 * ACTS_ON_A_PAGE):
        note(f"act {number}", workflow_id=here, by="many")
    wanted = Wanted(person="many")
    first = read_trail(wanted, workflow_id=here)
    note("meanwhile", workflow_id=here, by="many")
    second = read_trail(wanted, workflow_id=here, before=first.older)
    seen = [entry.subject for entry in (*first.entries, *second.entries)]
    assert seen == [f"act {number}" for number in reversed(range(2 * ACTS_ON_A_PAGE))]
    assert second.older is None


def test_the_link_to_older_acts_keeps_the_filter(house: House) -> None:
    for number in range(ACTS_ON_A_PAGE + 1):
        note(f"act {number}", workflow_id=house.workflow.pk, by="many")
    page = read(house.alice, f"{TRAIL}?person=many")
    older = re.search(r'rel="next" href="([^"]+)"', page)
    assert older
    rest = read(house.alice, TRAIL + older[1].replace("&amp;", "&"))
    assert "act 0" in rest
    assert "bob is reviewer" not in rest
    assert "Newest" in rest


def test_what_an_act_was_about_is_one_click_away(house: House) -> None:
    [job] = record_jobs(house.workflow, [{"queue": "billing"}])
    accept(house.reviewer, [job])
    page = read(house.alice)
    assert f'<a href="/workflows/support-inbox/jobs/{job.number}">job {job.number}</a>' in page
    assert '<a href="/workflows/support-inbox/releases/1">release 1</a>' in page
    assert '<a href="/workflows/support-inbox/settings">bob is reviewer</a>' in page


def test_every_kind_of_act_reads_as_a_sentence_and_its_link_leads_somewhere(house: House) -> None:
    for act in Act:
        note("the thing", act=act, by="everyone", workflow_id=house.workflow.pk)
    page = read_trail(Wanted(person="everyone"), workflow_id=house.workflow.pk)
    entries = list(page.entries)
    while page.older is not None:
        page = read_trail(Wanted(person="everyone"), workflow_id=house.workflow.pk, before=page.older)
        entries += page.entries
    assert {entry.sentence for entry in entries} == {words.format(subject="the thing") for words in SENTENCES.values()}
    addresses = {find_address_of_subject(entry, house.workflow.name) for entry in entries} - {None}
    assert len(addresses) > 3
    for address in addresses:
        read(house.alice, str(address))


def test_an_act_of_a_later_version_is_shown_by_its_id(house: House) -> None:
    AuditEvent.objects.create(
        at=datetime(2026, 1, 1, tzinfo=UTC),
        actor_name="alice",
        kind="moon_landed",
        workflow_id=house.workflow.pk,
        subject="apollo",
    )
    assert "moon landed: apollo" in read(house.alice)


def test_what_people_wrote_is_shown_as_text(house: House) -> None:
    note("<script>alert(1)</script>", workflow_id=house.workflow.pk, why="<b>so</b>")
    page = read(house.alice)
    assert "<script>alert" not in page
    assert "&lt;b&gt;so&lt;/b&gt;" in page


def test_json_holds_exactly_the_acts_that_the_page_shows(house: House) -> None:
    shown = read_json(house.alice, f"{TRAIL}.json?act=role_given")["acts"]
    assert isinstance(shown, list)
    assert [(act["who"], act["sentence"], act["workflow"]) for act in shown] == [
        ("alice", "gave a role: bob is reviewer", "support-inbox")
    ]


@pytest.mark.parametrize("query", ["day=yesterday", "act=flew"])
def test_a_filter_that_cannot_be_understood_is_said_and_never_ignored_in_an_export(house: House, query: str) -> None:
    client = Client()
    client.force_login(house.alice)
    assert client.get(f"{TRAIL}?{query}").status_code == 422
    answer = client.get(f"{TRAIL}.json?{query}")
    assert answer.status_code == 422
    assert "problems" in answer.json()


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "²", ""])
def test_a_made_up_place_in_the_trail_shows_its_beginning(house: House, before: str) -> None:
    assert "bob is reviewer" in read(house.alice, f"{TRAIL}?before={before}")


def test_nothing_like_that_says_what_to_do(house: House) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=400)
    assert "Take something out of the filter" in read(house.alice, f"{TRAIL}?day={tomorrow:%Y-%m-%d}")
