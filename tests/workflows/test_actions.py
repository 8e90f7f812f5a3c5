"""What may happen to a workflow: who may do it, what is refused, and what it leaves in the audit trail."""

from dataclasses import replace

import pytest

from builders import SUPPORT_INBOX, House, actor, boundary_named, correct, make_person, record_jobs
from teachback.json_types import JsonObject
from teachback_server.people.actor import SYSTEM, Actor, PermissionMissing
from teachback_server.people.audit import Act
from teachback_server.people.models import AuditEvent
from teachback_server.workflows.access import Role, Scope, find_role, visible_workflows
from teachback_server.workflows.actions import (
    BoundaryRefused,
    LastOwnerStays,
    WorkflowNameTaken,
    edit_boundary,
    give_role,
    hash_key,
    make_key,
    make_workflow,
    name_owner,
    revoke_key,
    take_role,
)
from teachback_server.workflows.boundary import ReasonOption
from teachback_server.workflows.models import ApiKey, Membership, Workflow

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


def test_who_makes_a_workflow_owns_it(house: House) -> None:
    workflow = make_workflow(house.reviewer, boundary_named("fresh"))
    assert workflow.owner == house.bob
    assert find_role(house.reviewer, workflow.pk) is Role.OWNER


def test_a_name_is_given_once_and_the_refusal_leaves_nothing_behind(house: House) -> None:
    events = AuditEvent.objects.count()
    with pytest.raises(WorkflowNameTaken, match="Choose another name"):
        make_workflow(house.stranger, SUPPORT_INBOX)
    assert AuditEvent.objects.count() == events
    assert list(visible_workflows(house.stranger)) == [house.elsewhere]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("name", ""),
        ("name", "new"),
        ("name", "Big"),
        ("name", "a/b"),
        ("name", "x" * 81),
        ("title", "  "),
        ("title", "x" * 201),
        ("next_step", "x" * 201),
        ("error_limit", 0.0),
        ("error_limit", 1.0),
        ("error_limit", float("nan")),
        ("certainty", 0.5),
        ("certainty", float("nan")),
        ("hand_back_cost", -0.1),
        ("observed_share", 0.0),
        ("observed_share", 1.5),
        ("hand_back_cost", float("nan")),
        ("reasons", (ReasonOption(code="a", label="A"), ReasonOption(code="a", label="B"))),
    ],
)
def test_a_boundary_that_cannot_be_is_refused_at_its_place(house: House, place: str, value: object) -> None:
    with pytest.raises(BoundaryRefused) as refusal:
        make_workflow(house.owner, replace(boundary_named("fresh"), **{place: value}))
    assert refusal.value.place == place
    assert not Workflow.objects.filter(title="Fresh").exists()


@pytest.mark.parametrize("side", ["input", "output"])
@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"type": "object", "properties": {"a": {"type": "strin"}}}])
def test_a_schema_that_no_job_could_be_held_against_is_refused(house: House, side: str, schema: JsonObject) -> None:
    with pytest.raises(BoundaryRefused) as refusal:
        make_workflow(house.owner, replace(boundary_named("fresh"), **{f"{side}_schema": schema}))
    assert refusal.value.place == side


def test_an_edit_leaves_what_stood_before_in_the_audit_trail(house: House) -> None:
    edit_boundary(house.owner, house.workflow, replace(SUPPORT_INBOX, error_limit=0.1))
    house.workflow.refresh_from_db()
    assert house.workflow.error_limit == 0.1
    event = AuditEvent.objects.get(kind=Act.BOUNDARY_EDITED)
    assert event.details["before"]["error_limit"] == 0.05
    assert event.actor_name == "alice"


def test_the_name_of_a_workflow_never_changes(house: House) -> None:
    with pytest.raises(BoundaryRefused, match="so it stays"):
        edit_boundary(house.owner, house.workflow, replace(SUPPORT_INBOX, name="other"))


def test_a_reason_off_the_list_stays_for_what_was_decided_with_it(house: House) -> None:
    review = correct(house.reviewer, record_jobs(house.workflow, [{"queue": "billing"}]), {"queue": "returns"})[0]
    edit_boundary(house.owner, house.workflow, replace(SUPPORT_INBOX, reasons=(ReasonOption(code="own", label="Own"),)))
    assert [reason.code for reason in house.workflow.reasons.filter(is_offered=True)] == ["own"]
    review.refresh_from_db()
    assert review.reason is not None
    assert review.reason.label == "Wrong choice"


def test_a_reason_that_returns_is_offered_again(house: House) -> None:
    for reasons in (SUPPORT_INBOX.reasons[:1], SUPPORT_INBOX.reasons):
        edit_boundary(house.owner, house.workflow, replace(SUPPORT_INBOX, reasons=reasons))
    assert house.workflow.reasons.filter(is_offered=True).count() == len(SUPPORT_INBOX.reasons)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER, Role.EDITOR])
def test_only_an_owner_changes_the_boundary_the_people_and_the_keys(house: House, role: Role) -> None:
    give_role(house.owner, house.workflow, house.bob, role)
    key = ApiKey.objects.create(workflow=house.workflow, scope=Scope.READ, created_at=house.workflow.created_at)
    for act in (
        lambda: edit_boundary(house.reviewer, house.workflow, SUPPORT_INBOX),
        lambda: give_role(house.reviewer, house.workflow, house.bob, Role.OWNER),
        lambda: take_role(house.reviewer, house.workflow, house.alice),
        lambda: name_owner(house.reviewer, house.workflow, house.bob),
        lambda: make_key(house.reviewer, house.workflow, Scope.READ),
        lambda: revoke_key(house.reviewer, key),
    ):
        with pytest.raises(PermissionMissing, match="role owner"):
            act()


def test_the_last_owner_keeps_the_role(house: House) -> None:
    with pytest.raises(LastOwnerStays, match="alice is the only owner"):
        give_role(house.owner, house.workflow, house.alice, Role.VIEWER)
    with pytest.raises(LastOwnerStays):
        take_role(house.owner, house.workflow, house.alice)
    give_role(house.owner, house.workflow, house.bob, Role.OWNER)
    give_role(house.owner, house.workflow, house.alice, Role.VIEWER)
    assert find_role(house.owner, house.workflow.pk) is Role.VIEWER


def test_who_loses_the_role_no_longer_sees_the_workflow(house: House) -> None:
    take_role(house.owner, house.workflow, house.bob)
    assert not visible_workflows(house.reviewer).exists()
    assert AuditEvent.objects.filter(kind=Act.ROLE_TAKEN, subject="bob").count() == 1
    take_role(house.owner, house.workflow, house.bob)
    assert AuditEvent.objects.filter(kind=Act.ROLE_TAKEN).count() == 1


def test_who_is_named_the_owner_may_do_what_an_owner_does(house: House) -> None:
    name_owner(house.owner, house.workflow, house.bob)
    house.workflow.refresh_from_db()
    assert house.workflow.owner == house.bob
    edit_boundary(house.reviewer, house.workflow, SUPPORT_INBOX)


def test_a_key_is_kept_as_a_hash_only_and_revoked_once(house: House) -> None:
    key = make_key(house.owner, house.workflow, Scope.JOBS)
    row = ApiKey.objects.get(key_hash=hash_key(key))
    assert key not in str(list(ApiKey.objects.values_list()))
    assert key.startswith(row.prefix)
    revoke_key(house.owner, row)
    revoke_key(house.owner, row)
    row.refresh_from_db()
    assert row.revoked_at is not None
    assert AuditEvent.objects.filter(kind=Act.KEY_REVOKED).count() == 1


def test_one_who_is_nobody_sees_nothing_not_even_a_workflow_without_members(house: House) -> None:
    Membership.objects.all().delete()
    nobody = Actor(name="nobody")
    assert not visible_workflows(nobody).exists()
    assert find_role(nobody, house.workflow.pk) is None
    assert visible_workflows(SYSTEM).count() == 2


def test_an_administrator_sees_every_workflow(house: House) -> None:
    chief = actor(make_person("chief", is_administrator=True))
    assert visible_workflows(chief).count() == 2
    assert find_role(chief, house.workflow.pk) is Role.OWNER
