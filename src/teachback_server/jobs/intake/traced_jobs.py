"""Makes and updates jobs from what their traces say; each job once, however often its trace is digested."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from django.db import transaction

from teachback.json_types import content_hash
from teachback.routing import Routing, draw_uniform, routing_of_observed
from teachback.split import Split, split_of
from teachback.vocabulary import JobStatus, RoutingKind
from teachback_server.jobs.actions import JobSource, next_job_number
from teachback_server.jobs.intake.row_writing import insert_rows, update_rows
from teachback_server.jobs.meaning.spans import Span
from teachback_server.jobs.meaning.what_spans_say import JobContent
from teachback_server.jobs.models import Job
from teachback_server.releases.models import Release
from teachback_server.releases.queries import LiveState, get_live_state
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn

ALL_OBSERVED = 300  # so many observed jobs are all offered for review; of those that follow, the workflow's share
MOST_SKEW = timedelta(days=1)  # a clock that is further ahead of ours is not believed
MOST_TOKENS = 2_000_000_000  # of a job: what the column of PostgreSQL holds
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_UPDATED = (
    "trace_id",
    "span_id",
    "input",
    "output",
    "status",
    "hand_back_reason",
    "confidence",
    "provenance",
    "routing",
    "routing_reason",
    "review_probability",
    "is_waiting",
    "started_at",
    "finished_at",
    "duration_ms",
    "tokens",
    "cost_usd",
)


@dataclass(frozen=True, kw_only=True)
class TracedJob:
    """What a trace says about one job, and what the steps of the job add up to."""

    span: Span
    content: JobContent
    tokens: int
    cost_usd: float
    received_at: datetime  # of the request that brought it

    @property
    def external_id(self) -> str:
        """The sender's id for the job, else that of its trace."""
        return self.content.external_id[:200] or self.span.trace_id


def store_traced_jobs(workflow: Workflow, traced: Sequence[TracedJob]) -> None:
    """Make the jobs that are new and update the others. A job that people have decided keeps what they decided on."""
    live = get_live_state(workflow)
    by_id = {one.external_id: one for one in traced}
    with transaction.atomic():
        take_turn(workflow.pk)
        known = {job.external_id: job for job in _list_known(workflow, list(by_id))}
        taken = {name for name, job in known.items() if job.trace_id not in ("", by_id[name].span.trace_id)}
        for name in taken:  # by another job: each trace is one of its own
            by_id[by_id[name].span.trace_id] = by_id.pop(name)
        _update(workflow, {name: job for name, job in known.items() if name not in taken}, by_id)
        _insert(workflow, live, {name: one for name, one in by_id.items() if name not in known})


def _list_known(workflow: Workflow, external_ids: Sequence[str]) -> list[Job]:
    return list(workflow.jobs.filter(external_id__in=external_ids).select_related("review"))


def _insert(workflow: Workflow, live: LiveState, traced: Mapping[str, TracedJob]) -> None:
    if not traced:
        return
    first = next_job_number(workflow)
    releases = _find_releases(workflow, traced.values())
    in_order = sorted(traced.items(), key=lambda item: (item[1].span.start_ns, item[0]))
    rows = []
    for number, (external_id, one) in zip(count(first), in_order, strict=False):
        group = one.content.session or content_hash(one.content.input or {})
        row = Job(
            workflow_id=workflow.pk,
            number=number,
            external_id=external_id,
            group=group[:200],
            is_test_case=split_of(group[:200], workflow.salt) is Split.GATE,
            source=JobSource.TRACES,
            release_id=releases.get(one.content.release, live.release).pk,
        )
        _fill(row, one)
        _route(workflow, row, one, number)
        rows.append(row)
    insert_rows(rows)


def _update(workflow: Workflow, known: Mapping[str, Job], by_id: Mapping[str, TracedJob]) -> None:
    changed = []
    for name, job in known.items():
        one = by_id[name]
        before = [getattr(job, field) for field in _UPDATED]
        if hasattr(job, "review") or job.source != JobSource.TRACES:
            job.trace_id, job.span_id = one.span.trace_id, one.span.span_id
            _fill_usage(job, one)
        else:
            was_running = job.status == JobStatus.RUNNING
            _fill(job, one)
            if was_running or job.status == JobStatus.RUNNING:
                _route(workflow, job, one, job.number)
        if [getattr(job, field) for field in _UPDATED] != before:
            changed.append(job)
    update_rows(changed, _UPDATED)


def _find_releases(workflow: Workflow, traced: Collection[TracedJob]) -> dict[str, Release]:
    hashes = {one.content.release for one in traced if one.content.release}
    if not hashes:
        return {}
    found = Release.objects.filter(workflow=workflow, content_hash__in=hashes).order_by("number")
    return {release.content_hash: release for release in found}


def _fill(job: Job, one: TracedJob) -> None:
    content, span = one.content, one.span
    started_at = _when(span.start_ns, one.received_at)
    job.trace_id, job.span_id = span.trace_id, span.span_id
    job.input, job.output = content.input or {}, content.output
    job.status = content.status if span.end_ns else JobStatus.RUNNING
    job.hand_back_reason = (content.hand_back_reason or content.error)[:500]
    job.confidence = content.confidence
    job.provenance = dict(content.provenance) or None
    job.started_at = started_at
    job.finished_at = None if job.status == JobStatus.RUNNING else started_at + timedelta(milliseconds=span.duration_ms)
    job.duration_ms = span.duration_ms
    _fill_usage(job, one)


def _fill_usage(job: Job, one: TracedJob) -> None:
    job.tokens, job.cost_usd = min(one.tokens, MOST_TOKENS), one.cost_usd


def _route(workflow: Workflow, job: Job, one: TracedJob, number: int) -> None:
    """Take over how the sender routed the job; what it did not route was used before we saw it."""
    if job.status == JobStatus.RUNNING:
        job.routing, job.routing_reason, job.review_probability, job.is_waiting = "", "", None, False
        return
    said = one.content.routing
    if said is not None and 0 < said.probability <= 1 and said.reason:
        routing = Routing(kind=said.kind, reason=said.reason, probability=said.probability)
    else:
        routing = routing_of_observed(
            status=JobStatus(job.status),
            share=1.0 if number <= ALL_OBSERVED else workflow.observed_share,
            draw=draw_uniform(workflow.salt, job.external_id),
        )
    job.routing, job.routing_reason = routing.kind, routing.reason[:300]
    job.review_probability = routing.probability
    job.is_waiting = routing.kind is not RoutingKind.AUTO and routing.is_offered


def _when(ns: int, received_at: datetime) -> datetime:
    if not ns:
        return received_at
    try:
        at = datetime.fromtimestamp(ns / 1e9, UTC)
    except (ValueError, OverflowError, OSError):
        return received_at
    return at if _EARLIEST <= at <= received_at + MOST_SKEW else received_at
