"""The first month of a workflow as steps: what is done, what is next, and what comes later."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Count, Q

from teachback.json_types import Json, JsonObject
from teachback.schema_fields import plain_schema
from teachback_server.backtest.queries import BacktestProgress, find_progress
from teachback_server.jobs.actions import JobSource
from teachback_server.jobs.models import Job
from teachback_server.people.actor import Actor
from teachback_server.workflows.access import Scope, visible_workflows
from teachback_server.workflows.models import ApiKey, Workflow


class StepState(StrEnum):
    """How far a step is."""

    DONE = "done"
    NEXT = "next"
    LATER = "later"
    SKIPPED = "skipped"


class GuideStep(StrEnum):
    """The steps of a first month, in their order."""

    PICK = "pick"
    UPLOAD = "upload"
    BACKTEST = "backtest"
    CONNECT = "connect"
    REVIEW = "review"
    LOOK = "look"


@dataclass(frozen=True, kw_only=True)
class LiveWork:
    """The work of a workflow that did not come from history."""

    jobs: int
    waiting: int
    reviewed: int
    has_key: bool


@dataclass(frozen=True, kw_only=True)
class FirstMonth:
    """Where a workflow stands in its first month."""

    workflow: Workflow
    backtest: BacktestProgress | None
    live: LiveWork
    states: Mapping[GuideStep, StepState]

    @property
    def next_step(self) -> GuideStep:
        """What to do now; looking each week never ends."""
        return next((step for step, state in self.states.items() if state is StepState.NEXT), GuideStep.LOOK)


def list_first_months(actor: Actor) -> list[FirstMonth]:
    """Where each workflow of a person stands, the newest first."""
    return [find_first_month(workflow) for workflow in visible_workflows(actor).order_by("-pk")]


def find_first_month(workflow: Workflow) -> FirstMonth:
    """Where one workflow stands."""
    backtest, live = find_progress(workflow), _count_live_work(workflow)
    is_measured = backtest is not None and backtest.state == "done"
    done = {
        GuideStep.PICK: True,
        GuideStep.UPLOAD: backtest is not None,
        GuideStep.BACKTEST: is_measured,
        GuideStep.CONNECT: live.jobs > 0,
        GuideStep.REVIEW: live.reviewed > 0 and not live.waiting,
        GuideStep.LOOK: False,
    }
    # A workflow that was made by hand has no history to go through, and needs none.
    skipped = {GuideStep.UPLOAD, GuideStep.BACKTEST} if backtest is None else set()
    return FirstMonth(workflow=workflow, backtest=backtest, live=live, states=_states(done, skipped))


def write_curl_example(workflow: Workflow, site_address: str) -> str:
    """A command that gives the workflow one job, as a person would paste it into a terminal."""
    job = {"id": "job-1", "input": _example_of(workflow.input_schema, workflow.input_schema)}
    body = shlex.quote(json.dumps(job, ensure_ascii=False))
    return (
        f"curl {site_address}/api/v1/workflows/{workflow.name}/jobs \\\n"
        '  --header "Authorization: Bearer $TEACHBACK_KEY" \\\n'
        '  --header "Content-Type: application/json" \\\n'
        f"  --data {body}"
    )


def _states(done: Mapping[GuideStep, bool], skipped: set[GuideStep]) -> dict[GuideStep, StepState]:
    states = {step: StepState.DONE if is_done else StepState.LATER for step, is_done in done.items()}
    states.update(dict.fromkeys(skipped, StepState.SKIPPED))
    first = next(step for step, state in states.items() if state is StepState.LATER)
    return {**states, first: StepState.NEXT}


def _count_live_work(workflow: Workflow) -> LiveWork:
    jobs = Job.objects.filter(workflow=workflow).exclude(source=JobSource.BACKTEST)
    counts = jobs.aggregate(
        jobs=Count("pk"), waiting=Count("pk", filter=Q(is_waiting=True)), reviewed=Count("review", distinct=True)
    )
    keys = ApiKey.objects.filter(workflow=workflow, scope=Scope.JOBS, revoked_at=None)
    return LiveWork(has_key=keys.exists(), **counts)


def _example_of(root: JsonObject, part: JsonObject) -> Json:
    schema = plain_schema(root, part)
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        first: Json = choices[0]
        return first
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        return {name: _example_of(root, inner) for name, inner in properties.items() if isinstance(inner, Mapping)}
    kinds: dict[Json, Json] = {"number": 1, "integer": 1, "boolean": True, "array": [], "object": {}}
    kind = schema.get("type")
    return kinds.get(kind if isinstance(kind, str) else "", "…")
