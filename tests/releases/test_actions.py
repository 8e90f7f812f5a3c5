"""What may happen to releases: they are made once, put live, returned to, and lose what was certified."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction

from builders import MORNING, SUPPORT_INBOX, House
from teachback.release_document import Approval, Check, ReleaseDocument, Rule
from teachback.vocabulary import Lever
from teachback_server.people.actor import SYSTEM, PermissionMissing
from teachback_server.people.audit import Act
from teachback_server.people.models import AuditEvent
from teachback_server.releases.actions import (
    NewExample,
    ReleaseEventKind,
    ReleaseIsLive,
    ReleaseNeverLive,
    ReleaseOfAnotherWorkflow,
    change_boundary,
    keep_examples,
    make_release,
    put_live,
    roll_back,
    take_autonomy_back,
)
from teachback_server.releases.models import Example, Release, ReleaseEvent
from teachback_server.releases.queries import get_document, get_live_state, list_examples

pytestmark = pytest.mark.django_db(databases=["default", "traces"])

CERTIFIED = Approval(threshold=0.8, error_limit=0.05, certainty=0.9, certified_from_jobs=60)
RICH = ReleaseDocument(
    workflow="support-inbox",
    instructions="Read the whole message.",
    rules=(Rule(name="vip", when="input.text.contains('VIP')", action="review", reason="VIP"),),
    checks=(Check(name="queue", kind="one_of", field="queue", values=("billing", "delivery")),),
    approval=CERTIFIED,
    tools={"search": {"limit": 3}},
    model={"temperature": 0.5},
)

TAUGHT = NewExample(input={"text": "t"}, output={"queue": "billing"}, source_job_id=1)


def next_release(house: House, document: ReleaseDocument = RICH, *, parent: Release | None = None) -> Release:
    return make_release(
        SYSTEM, house.workflow, document, parent=parent or house.release, lever=Lever.RULES, change="A rule for VIPs"
    )


def test_what_is_read_back_is_what_was_stored_and_hashes_the_same(house: House) -> None:
    examples = [NewExample(input={"text": f"t{n}"}, output={"queue": "billing"}, source_job_id=n) for n in range(5)]
    hashes = keep_examples(house.workflow, examples)
    release = next_release(house, replace(RICH, example_hashes=tuple(hashes)))
    release.refresh_from_db()
    document = get_document(release)
    assert document == replace(RICH, example_hashes=tuple(sorted(hashes)))
    assert document.content_hash == release.content_hash


def test_the_same_set_of_examples_in_any_order_is_the_same_release(house: House) -> None:
    one = next_release(house, replace(RICH, example_hashes=("a" * 32, "b" * 32)))
    other = next_release(house, replace(RICH, example_hashes=("b" * 32, "a" * 32, "b" * 32)))
    assert one.content_hash == other.content_hash
    assert one.example_list == other.example_list
    assert other.example_list.count == 2


@pytest.mark.parametrize(
    "statement",
    [
        'DELETE FROM "release"',
        'UPDATE "release" SET workflow_id = 1',
        "DELETE FROM release_event",
        "UPDATE release_event SET workflow_id = 1",
        "DELETE FROM example_list",
        "UPDATE example_list SET count = 0",
        "DELETE FROM example",
        "UPDATE example SET output = '{}'",
        "UPDATE example SET tombstoned_at = '2026-03-02', output = '{\"queue\": \"delivery\"}'",
        "UPDATE example SET tombstoned_at = '2026-03-02', content_hash = 'another'",
    ],
)
def test_the_database_refuses_to_rewrite_a_release_its_examples_or_its_history(house: House, statement: str) -> None:
    hashes = keep_examples(house.workflow, [TAUGHT])
    next_release(house, replace(RICH, example_hashes=tuple(hashes)))
    with pytest.raises(IntegrityError, match="only ever added"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_example_of_a_deleted_job_is_emptied_once_and_for_good(house: House) -> None:
    keep_examples(house.workflow, [TAUGHT])
    assert Example.objects.update(tombstoned_at=MORNING, input={}, output={}) == 1
    with pytest.raises(IntegrityError, match="only ever added"), transaction.atomic():
        Example.objects.update(tombstoned_at=None)


def test_releases_are_numbered_within_their_workflow(house: House) -> None:
    assert [next_release(house).number, next_release(house).number] == [2, 3]


def test_a_release_of_one_workflow_never_enters_another(house: House) -> None:
    with pytest.raises(ReleaseOfAnotherWorkflow):
        next_release(house, replace(RICH, workflow="elsewhere"))
    with pytest.raises(ReleaseOfAnotherWorkflow):
        next_release(house, parent=Release.objects.get(workflow=house.elsewhere))


def test_going_live_turns_on_only_certified_autonomy(house: House) -> None:
    put_live(SYSTEM, next_release(house), from_job=10, why="proven")
    assert get_live_state(house.workflow).is_autonomy_on
    put_live(SYSTEM, next_release(house, replace(RICH, approval=Approval())), from_job=20, why="proven")
    live = get_live_state(house.workflow)
    assert not live.is_autonomy_on
    assert (live.release.number, live.from_job) == (3, 20)


def test_rolling_back_is_one_act_and_takes_autonomy_with_it(house: House) -> None:
    second = next_release(house)
    put_live(SYSTEM, second, from_job=10, why="proven")
    roll_back(house.owner, house.release, from_job=15, why="Complaints from billing")
    live = get_live_state(house.workflow)
    assert live.release == house.release
    assert not live.is_autonomy_on
    roll_back(house.owner, second, from_job=18, why="It was something else")
    assert not get_live_state(house.workflow).is_autonomy_on, "a certificate is earned again, not rolled back to"
    event = AuditEvent.objects.filter(kind=Act.RELEASE_ROLLED_BACK).earliest("pk")
    assert (event.actor_name, event.subject) == ("alice", "release 1")
    assert event.details == {"why": "Complaints from billing"}
    assert house.release.events.filter(kind=ReleaseEventKind.ROLLED_BACK, from_job=15).count() == 1


def test_a_release_that_no_gate_let_through_cannot_come_in_by_a_rollback(house: House) -> None:
    with pytest.raises(ReleaseNeverLive):
        roll_back(house.owner, next_release(house), from_job=1, why="please")
    with pytest.raises(ReleaseIsLive):
        roll_back(house.owner, house.release, from_job=1, why="please")


def test_a_reviewer_neither_rolls_back_nor_takes_autonomy(house: House) -> None:
    put_live(SYSTEM, next_release(house), from_job=10, why="proven")
    with pytest.raises(PermissionMissing):
        roll_back(house.reviewer, house.release, from_job=11, why="no")
    with pytest.raises(PermissionMissing):
        take_autonomy_back(house.reviewer, house.workflow, from_job=11, why="no")
    assert get_live_state(house.workflow).release.number == 2


def test_autonomy_is_taken_back_once_and_a_second_press_writes_nothing(house: House) -> None:
    put_live(SYSTEM, next_release(house), from_job=10, why="proven")
    for _ in range(2):
        take_autonomy_back(house.owner, house.workflow, from_job=12, why="Holiday season")
    assert not get_live_state(house.workflow).is_autonomy_on
    assert ReleaseEvent.objects.filter(kind=ReleaseEventKind.AUTONOMY_OFF).count() == 1


OTHER_OUTPUT = {"type": "object", "properties": {"queue": {"type": "string", "enum": ["billing", "delivery", "new"]}}}


@pytest.mark.parametrize(
    ("edit", "lapses"),
    [
        ({"title": "Inbox"}, False),
        ({"error_limit": 0.10}, False),
        ({"certainty": 0.80}, False),
        ({"error_limit": 0.04}, True),
        ({"certainty": 0.95}, True),
        ({"output_schema": OTHER_OUTPUT}, True),
        ({"input_schema": {"type": "object", "properties": {"mail": {"type": "string"}}}}, True),
    ],
)
def test_autonomy_ends_when_the_boundary_leaves_what_was_certified(
    house: House, edit: dict[str, object], lapses: bool
) -> None:
    put_live(SYSTEM, next_release(house), from_job=10, why="proven")
    assert change_boundary(house.owner, house.workflow, replace(SUPPORT_INBOX, **edit), from_job=30) is lapses
    assert get_live_state(house.workflow).is_autonomy_on is not lapses


def test_an_edit_without_autonomy_takes_nothing_back(house: House) -> None:
    boundary = replace(SUPPORT_INBOX, output_schema=OTHER_OUTPUT)
    assert not change_boundary(house.owner, house.workflow, boundary, from_job=3)
    assert not ReleaseEvent.objects.filter(kind=ReleaseEventKind.AUTONOMY_OFF).exists()


def test_deleted_jobs_no_longer_teach(house: House) -> None:
    examples = [NewExample(input={"text": f"t{n}"}, output={"queue": "billing"}, source_job_id=n) for n in range(3)]
    hashes = keep_examples(house.workflow, [*examples, examples[0]])
    release = next_release(house, replace(RICH, example_hashes=tuple(hashes)))
    first = list_examples(release)[0]
    first.tombstoned_at = release.created_at
    first.save()
    assert [row.content_hash for row in list_examples(release)] == sorted(set(hashes))[1:]
