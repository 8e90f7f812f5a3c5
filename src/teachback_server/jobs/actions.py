"""What may happen to jobs: they are recorded when they have ended, and the next step says later if it used them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from teachback.json_types import JsonObject, content_hash
from teachback.routing import AutonomyState, Routing, decide_routing, draw_uniform, routing_of_observed
from teachback.split import Split, split_of
from teachback.vocabulary import JobStatus, RoutingKind
from teachback_server.agents.protocol import AgentResult
from teachback_server.jobs.models import Job, Outcome
from teachback_server.jobs.open_store import open_trace_store
from teachback_server.jobs.trace_store import StepRow
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.releases.models import LiveRelease
from teachback_server.releases.queries import LiveState
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class JobSource(StrEnum):
    """Where a job came from."""

    AGENT = "agent"  # done here, by a ready-made agent
    ELSEWHERE = "elsewhere"  # done by an agent of the caller's
    IMPORT = "import"
    BACKTEST = "backtest"
    TRACES = "traces"  # what an agent elsewhere did, read from its traces


class JobRefused(ValueError):
    """A job cannot be recorded. The message says which one, why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One piece of work as it comes in; an empty group means that it is independent of all but its own repetitions."""

    external_id: str
    input: JsonObject
    group: str = ""
    at: datetime | None = None
    draft: JsonObject | None = None  # what a machine had proposed before we saw the job
    draft_confidence: float | None = None


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A job that came in and has ended, on its way into the table."""

    arrival: Arrival
    result: AgentResult
    routing: Routing
    group: str
    is_test_case: bool


@dataclass(frozen=True, kw_only=True)
class OutcomeWord:
    """What the next step says about one job."""

    job: Job
    is_used: bool
    worth_usd: float | None = None
    note: str = ""
    at: datetime | None = None


def record_ended_jobs(
    actor: Actor,
    workflow: Workflow,
    live: LiveState,
    arrivals: Sequence[Arrival],
    results: Sequence[AgentResult],
    *,
    source: JobSource,
    was_used: bool = False,
) -> list[Job]:
    """Record jobs that have ended under the live release, each with its routing, reason and probability of review.

    `was_used` says that the results were used before we saw them: such jobs are observed, not routed, and are offered
    for review like all others. Autonomy that was taken back since `live` was read is not used any more.
    All are stored or, when one of them cannot be, none: raises JobRefused. Of no jobs nothing is recorded.
    """
    require_role(actor, workflow.pk, Role.EDITOR)
    if not arrivals:
        return []
    with transaction.atomic():
        take_turn(workflow.pk)
        _refuse_known_ids(workflow, arrivals)
        ended = _route(workflow, live, arrivals, results, was_used=was_used)
        jobs = _insert_jobs(workflow, live, ended, source)
        _insert_steps(jobs, results)
        subject = f"{len(jobs)} jobs from {jobs[0].number} on" if len(jobs) != 1 else f"job {jobs[0].number}"
        record_act(actor, Act.JOBS_RECORDED, subject, workflow_id=workflow.pk, at=arrivals[-1].at)
    return jobs


def record_outcome(
    actor: Actor, job: Job, *, is_used: bool, worth_usd: float | None = None, note: str = "", at: datetime | None = None
) -> Outcome:
    """Append what the next step said about a job; the newest word counts."""
    word = OutcomeWord(job=job, is_used=is_used, worth_usd=worth_usd, note=note, at=at)
    return record_outcomes(actor, job.workflow, [word])[0]


def record_outcomes(actor: Actor, workflow: Workflow, words: Sequence[OutcomeWord]) -> list[Outcome]:
    """Append what the next step said about jobs of one workflow, all or none."""
    require_role(actor, workflow.pk, Role.REVIEWER)
    if not words:
        return []
    now = timezone.now()
    rows = [
        Outcome(
            job=word.job,
            is_used=word.is_used,
            worth_usd=word.worth_usd,
            note=word.note[:500],
            by=actor.name[:200],
            at=word.at or now,
        )
        for word in words
    ]
    subject = f"job {words[0].job.number}" if len(words) == 1 else f"{len(words)} jobs"
    with transaction.atomic():
        take_turn(workflow.pk)
        outcomes = Outcome.objects.bulk_create(rows, batch_size=200)
        record_act(actor, Act.OUTCOME_RECORDED, subject, workflow_id=workflow.pk, at=rows[-1].at)
    return outcomes


def mark_decided(job_ids: Sequence[int]) -> None:
    """Take jobs off the list of those that wait for a person; the reviews room calls this within its own act."""
    Job.objects.filter(pk__in=job_ids).update(is_waiting=False)


def mark_waiting(job_ids: Sequence[int]) -> None:
    """Put jobs back on the list of those that wait, when the decision on them is taken back."""
    Job.objects.filter(pk__in=job_ids).update(is_waiting=True)


def next_job_number(workflow: Workflow) -> int:
    """The number that the workflow's next job will have."""
    return 1 + (workflow.jobs.aggregate(last=Max("number"))["last"] or 0)


def _refuse_known_ids(workflow: Workflow, arrivals: Sequence[Arrival]) -> None:
    ids = [arrival.external_id for arrival in arrivals]
    known = workflow.jobs.filter(external_id__in=ids).values_list("external_id", flat=True).first()
    if known is None and len(set(ids)) < len(ids):
        known = next(name for name in ids if ids.count(name) > 1)
    if known is not None:
        raise JobRefused(f"The job '{known}' is recorded already. Give each job an id of its own.")


def _route(
    workflow: Workflow,
    live: LiveState,
    arrivals: Sequence[Arrival],
    results: Sequence[AgentResult],
    *,
    was_used: bool,
) -> list[Ended]:
    is_autonomy_on = _is_autonomy_still_on(live)
    auto_jobs = _count_auto_jobs(live) if is_autonomy_on else 0
    ended = []
    for arrival, result in zip(arrivals, results, strict=True):
        group = arrival.group or content_hash(arrival.input)
        is_test_case = split_of(group, workflow.salt) is Split.GATE
        routing = (
            routing_of_observed(status=result.status)
            if was_used
            else decide_routing(
                status=result.status,
                confidence=result.confidence,
                wants_review=result.wants_review,
                approval=live.document.approval,
                autonomy=AutonomyState(
                    is_on=is_autonomy_on,
                    auto_jobs_so_far=auto_jobs,
                    reviews_test_cases=live.earning is not None,
                    earning_release=str(live.earning or ""),
                ),
                is_test_case=is_test_case,
                draw=draw_uniform(workflow.salt, arrival.external_id),
            )
        )
        auto_jobs += routing.kind in (RoutingKind.AUTO, RoutingKind.AUDIT)
        ended.append(Ended(arrival=arrival, result=result, routing=routing, group=group, is_test_case=is_test_case))
    return ended


def _is_autonomy_still_on(live: LiveState) -> bool:
    """An agent may work for seconds; an alarm or a rollback in between must count for its jobs already."""
    if not live.is_autonomy_on:
        return False
    return LiveRelease.objects.filter(release=live.release, is_autonomy_on=True).exists()


def _count_auto_jobs(live: LiveState) -> int:
    return Job.objects.filter(release=live.release, routing__in=[RoutingKind.AUTO, RoutingKind.AUDIT]).count()


def _insert_jobs(workflow: Workflow, live: LiveState, ended: Sequence[Ended], source: JobSource) -> list[Job]:
    numbers = count(next_job_number(workflow))
    now = timezone.now()
    rows = [
        Job(
            workflow=workflow,
            number=number,
            external_id=job.arrival.external_id,
            trace_id=content_hash([workflow.name, job.arrival.external_id]),
            group=job.group,
            is_test_case=job.is_test_case,
            source=source,
            input=job.arrival.input,
            draft=job.arrival.draft,
            draft_confidence=job.arrival.draft_confidence,
            output=job.result.output,
            status=job.result.status,
            hand_back_reason=job.result.hand_back_reason[:500],
            provenance=job.result.provenance,
            confidence=job.result.confidence,
            release=live.release,
            routing=job.routing.kind,
            routing_reason=job.routing.reason[:300],
            review_probability=job.routing.probability,
            is_waiting=job.routing.kind is not RoutingKind.AUTO and job.routing.is_offered,
            started_at=job.arrival.at or now,
            finished_at=None if job.result.status is JobStatus.RUNNING else job.arrival.at or now,
            duration_ms=sum(step.duration_ms for step in job.result.steps),
            tokens=sum(step.tokens for step in job.result.steps),
            cost_usd=sum(step.cost_usd for step in job.result.steps),
        )
        for number, job in zip(numbers, ended, strict=False)
    ]
    return Job.objects.bulk_create(rows, batch_size=200)


def _insert_steps(jobs: Sequence[Job], results: Sequence[AgentResult]) -> None:
    store = open_trace_store()
    # A crash between the two databases leaves steps of a job that was never stored and may now take fewer.
    store.delete_traces(jobs[0].workflow_id, [job.trace_id for job in jobs])
    store.write_steps([row for job, result in zip(jobs, results, strict=True) for row in _step_rows(job, result)])


def _step_rows(job: Job, result: AgentResult) -> Iterator[StepRow]:
    started_at = job.started_at
    for position, step in enumerate(result.steps):
        yield StepRow(
            workflow_id=job.workflow_id,
            trace_id=job.trace_id,
            span_id=f"{position + 1:016x}",
            parent_id="",
            request_id=0,
            name=step.name,
            kind=step.kind,
            is_error=step.status == "error",
            is_stuck=step.status == "stuck",
            model="",
            started_ns=_nanoseconds(started_at),
            duration_ms=step.duration_ms,
            input_tokens=step.tokens,  # the agent tells one sum
            output_tokens=0,
            cost_usd=step.cost_usd,
            convention="",
            detail=step.detail,
        )
        started_at += timedelta(milliseconds=step.duration_ms)


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
