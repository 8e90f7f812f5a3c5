"""`teachback key create` prints a key that opens its workflow, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from builders import make_house
from teachback_server.commands.key_command import SCOPES
from teachback_server.people.audit import Act
from teachback_server.people.models import AuditEvent
from teachback_server.workflows.access import Scope
from teachback_server.workflows.actions import hash_key
from teachback_server.workflows.models import ApiKey

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
Run = Callable[..., Any]  # see conftest.run_command


def test_the_scopes_to_choose_from_are_those_that_there_are() -> None:
    assert set(SCOPES) == set(Scope)


def test_the_key_alone_is_printed_and_opens_its_workflow(run_command: Run) -> None:
    house = make_house()
    ended = run_command("key", "create", "--workflow", "support-inbox", "--scope", "read")
    assert ended.code == 0
    assert ended.out.startswith("tb_")
    assert len(ended.out.split()) == 1
    kept = ApiKey.objects.get(key_hash=hash_key(ended.out.strip()))
    assert (kept.workflow, kept.scope) == (house.workflow, "read")
    assert AuditEvent.objects.filter(kind=Act.KEY_MADE, workflow_id=house.workflow.pk).exists()
    headers = {"Authorization": f"Bearer {ended.out.strip()}"}
    assert Client().get("/api/v1/workflows/support-inbox/results", headers=headers).status_code == 200
    assert Client().get("/api/v1/workflows/elsewhere/results", headers=headers).status_code == 401
    assert ended.out.strip() not in ended.err


def test_a_workflow_that_is_not_there_is_refused_with_those_that_are(run_command: Run) -> None:
    make_house()
    ended = run_command("key", "create", "--workflow", "neverthere", "--scope", "jobs")
    assert ended.code == 1
    assert "There is no workflow 'neverthere' here." in ended.err
    assert "support-inbox" in ended.err
    assert not ApiKey.objects.exists()


def test_a_key_for_the_traces_of_all_workflows_needs_no_workflow(run_command: Run) -> None:
    make_house()
    ended = run_command("key", "create", "--scope", "traces")
    assert ended.code == 0
    kept = ApiKey.objects.get(key_hash=hash_key(ended.out.strip()))
    assert (kept.workflow, kept.scope) == (None, "traces")


def test_any_other_key_needs_a_workflow(run_command: Run) -> None:
    ended = run_command("key", "create", "--scope", "jobs")
    assert ended.code == 2
    assert "Name the workflow" in ended.err


def test_a_scope_that_does_not_exist_is_wrong_usage(run_command: Run) -> None:
    ended = run_command("key", "create", "--workflow", "support-inbox", "--scope", "everything")
    assert ended.code == 2
    assert "'jobs', 'reviews', 'read'" in ended.err


def test_a_key_has_a_name_and_an_end_if_it_is_given_them(run_command: Run) -> None:
    make_house()
    named = ("--name", "ticket system", "--days", "90")
    ended = run_command("key", "create", "--workflow", "support-inbox", "--scope", "reviews", *named)
    kept = ApiKey.objects.get(key_hash=hash_key(ended.out.strip()))
    assert (kept.scope, kept.label) == ("reviews", "ticket system")
    assert kept.expires_at is not None
    assert (kept.expires_at - kept.created_at).days in (89, 90)
    headers = {"Authorization": f"Bearer {ended.out.strip()}"}
    assert Client().get("/api/v1/workflows/support-inbox/reviews/waiting", headers=headers).status_code == 200


@pytest.mark.parametrize("wrong", [("--days", "0"), ("--days", "x"), ("--name", "x" * 61), ("--name", "two\nlines")])
def test_a_name_or_an_end_that_cannot_be_is_wrong_usage(run_command: Run, wrong: tuple[str, str]) -> None:
    make_house()
    assert run_command("key", "create", "--workflow", "support-inbox", "--scope", "jobs", *wrong).code == 2
    assert not ApiKey.objects.exists()
