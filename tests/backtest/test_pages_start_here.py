"""Start here: each step of the first month with its state, and the way to the next one."""

import json
import shlex

import pytest

from browsing import Owner, work_until_idle
from builders import House, accept, record_jobs
from histories import make_rows, spell_csv
from teachback_server.people.actor import SYSTEM
from teachback_server.site.first_month import GuideStep, StepState, find_first_month, write_curl_example
from teachback_server.workflows.access import Role, Scope
from teachback_server.workflows.actions import give_role, make_key
from teachback_server.workflows.models import Workflow

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


@pytest.fixture
def owner(house: House) -> Owner:
    """Alice in her browser."""
    return Owner(house.alice)


def look(owner: Owner, address: str = "/start-here") -> str:
    owner.address = address
    return owner.look()


def states(workflow: Workflow) -> dict[GuideStep, StepState]:
    return dict(find_first_month(workflow).states)


def test_whoever_has_nothing_yet_sees_the_six_steps_and_the_upload(house: House) -> None:
    give_role(SYSTEM, house.elsewhere, house.alice, Role.OWNER)
    house.elsewhere.memberships.filter(user=house.charlie).delete()
    page = look(Owner(house.charlie))
    assert "Your workflows" not in page
    for step in (
        "Pick a workflow",
        "Upload last month's work",
        "Backtest",
        "Connect",
        "Review everything",
        "Look each",
    ):
        assert step in page
    assert 'name="file"' in page


def test_an_upload_that_was_left_can_be_found_again(owner: Owner) -> None:
    owner.upload("tickets.csv", spell_csv(make_rows(40)))
    address = owner.address
    page = look(owner)
    assert "Not finished yet:" in page
    assert f'href="{address}"' in page


def test_a_person_sees_their_own_workflows_alone(owner: Owner) -> None:
    page = look(owner)
    assert "Support inbox" in page
    assert "Elsewhere" not in page


def test_a_workflow_made_by_hand_goes_straight_to_connecting(house: House) -> None:
    assert states(house.workflow) == {
        GuideStep.PICK: StepState.DONE,
        GuideStep.UPLOAD: StepState.SKIPPED,
        GuideStep.BACKTEST: StepState.SKIPPED,
        GuideStep.CONNECT: StepState.NEXT,
        GuideStep.REVIEW: StepState.LATER,
        GuideStep.LOOK: StepState.LATER,
    }


def test_the_steps_follow_the_work(owner: Owner, house: House) -> None:
    owner.upload("tickets.csv", spell_csv(make_rows(40)))
    owner.start()
    workflow = Workflow.objects.get(name="tickets")
    assert find_first_month(workflow).next_step is GuideStep.BACKTEST
    assert "Watch it" in look(owner, "/workflows/tickets/first-month")
    work_until_idle()
    assert find_first_month(workflow).next_step is GuideStep.CONNECT
    assert "See how far it would have come" in look(owner, "/workflows/tickets/first-month")
    jobs = record_jobs(workflow, [{"queue": "billing"}, {"queue": "billing"}])
    assert find_first_month(workflow).next_step is GuideStep.REVIEW
    assert "2 jobs wait for a decision, 0 are decided." in look(owner, "/workflows/tickets/first-month")
    accept(house.owner, jobs)
    assert find_first_month(workflow).next_step is GuideStep.LOOK
    assert "Nothing waits. 2 jobs of live work are decided." in look(owner, "/workflows/tickets/first-month")


def test_the_example_is_a_command_that_the_boundary_accepts(house: House, owner: Owner) -> None:
    command = write_curl_example(house.workflow, "http://testserver")
    words = shlex.split(command.replace("\\\n", " "))
    body = words[words.index("--data") + 1]
    assert words[:2] == ["curl", "http://testserver/api/v1/workflows/support-inbox/jobs"]
    key = make_key(house.owner, house.workflow, Scope.JOBS)
    answer = owner.client.post(
        words[1], body, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 200, answer.content
    assert json.loads(body)["id"] == "job-1"


def test_the_page_asks_for_a_key_until_there_is_one(house: House, owner: Owner) -> None:
    address = "/workflows/support-inbox/first-month"
    assert "Make a key for giving jobs" in look(owner, address)
    assert "Ask an owner of this workflow for a key." in look(Owner(house.bob), address)
    make_key(house.owner, house.workflow, Scope.JOBS)
    assert "A key for giving jobs is there." in look(owner, address)
