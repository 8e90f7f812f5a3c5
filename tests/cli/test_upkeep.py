"""What a worker's round does for workflows in which people have decided something."""

from pathlib import Path

import pytest
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from builders import make_house, record_jobs
from teachback.vocabulary import JobStatus, ReviewVerdict
from teachback_server.agents.protocol import AgentResult
from teachback_server.backtest.models import BacktestRun
from teachback_server.commands.acts.lost_tasks import hold_worker_lock
from teachback_server.commands.acts.upkeep import see_to_everything
from teachback_server.improvements.models import LearningState
from teachback_server.improvements.tasks import list_workflows_to_advance
from teachback_server.jobs.actions import Arrival, JobSource, record_ended_jobs
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import open_workflow
from teachback_server.releases.queries import get_live_state
from teachback_server.reviews.actions import Decision, decide_review
from teachback_server.reviews.models import QueuePlace, ReviewTerms
from teachback_server.workflows.boundary import Boundary
from teachback_server.workflows.models import Workflow

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


def make_workflow_with_a_decision() -> Workflow:
    schema = {"type": "object", "properties": {"queue": {"type": "string"}}}
    message = {"type": "object", "properties": {"message": {"type": "string"}}}
    boundary = Boundary(name="desk", title="Desk", input_schema=message, output_schema=schema)
    workflow, _ = open_workflow(SYSTEM, boundary)
    result = AgentResult(status=JobStatus.FINISHED, output={"queue": "billing"}, confidence=0.5)
    arrival = Arrival(external_id="one", input={"message": "hello"})
    live = get_live_state(workflow)
    (job,) = record_ended_jobs(SYSTEM, workflow, live, [arrival], [result], source=JobSource.ELSEWHERE)
    decide_review(SYSTEM, Decision(job=job, verdict=ReviewVerdict.ACCEPTED, idempotency_key="one"))
    return workflow


def test_a_round_asks_for_the_next_step_where_people_decided_something(tmp_path: Path) -> None:
    workflow = make_workflow_with_a_decision()
    see_to_everything(tmp_path)
    (task,) = DBTaskResult.objects.all()
    assert task.task_path.endswith("advance_workflow_now")
    assert task.args_kwargs["args"] == [workflow.pk]


@pytest.mark.parametrize("status", [TaskResultStatus.READY, TaskResultStatus.RUNNING])
def test_what_waits_or_is_under_way_is_not_asked_for_again(tmp_path: Path, status: TaskResultStatus) -> None:
    make_workflow_with_a_decision()
    see_to_everything(tmp_path)
    with hold_worker_lock(tmp_path, "worker"):
        DBTaskResult.objects.update(status=status, worker_ids=["worker"])
        see_to_everything(tmp_path)
        assert DBTaskResult.objects.count() == 1


def test_a_step_that_was_taken_is_asked_for_again_when_people_decide_more(tmp_path: Path) -> None:
    make_workflow_with_a_decision()
    see_to_everything(tmp_path)
    DBTaskResult.objects.update(status=TaskResultStatus.SUCCESSFUL)
    see_to_everything(tmp_path)
    assert DBTaskResult.objects.count() == 2


@pytest.mark.parametrize(("state", "asked"), [("running", 0), ("failed", 0), ("done", 1)])
def test_a_backtest_that_is_not_done_learns_by_its_own_clock(tmp_path: Path, state: str, asked: int) -> None:
    BacktestRun.objects.create(
        workflow=make_workflow_with_a_decision(),
        file_name="history.csv",
        settings={},
        total=1,
        refused=0,
        state=state,
        started_at=timezone.now(),
    )
    see_to_everything(tmp_path)
    assert DBTaskResult.objects.count() == asked


def test_a_workflow_whose_decisions_were_all_read_is_left_alone() -> None:
    workflow = make_workflow_with_a_decision()
    assert list_workflows_to_advance() == [workflow.pk]
    review = workflow.reviews.get()
    LearningState.objects.update_or_create(workflow=workflow, defaults={"last_review_id": review.pk})
    assert list_workflows_to_advance() == []


def test_a_round_passes_overdue_jobs_on_once(tmp_path: Path) -> None:
    house = make_house()
    record_jobs(house.workflow, [{"queue": "billing"}] * 2)
    terms = {"decide_within_hours": 1, "escalate_after_hours": 0, "escalate_to": house.bob}
    ReviewTerms.objects.create(workflow=house.workflow, **terms)
    see_to_everything(tmp_path)
    first = list(QueuePlace.objects.order_by("pk").values_list("assignee", "escalated_at"))
    assert [assignee for assignee, _ in first] == [house.bob.pk] * 2
    see_to_everything(tmp_path)
    assert list(QueuePlace.objects.order_by("pk").values_list("assignee", "escalated_at")) == first
