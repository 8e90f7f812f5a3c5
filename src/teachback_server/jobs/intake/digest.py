"""Digests requests: their spans become steps and jobs. Any request may be digested again, with the same result."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from teachback_server.jobs.intake.homes import NOWHERE, find_homes, first_name
from teachback_server.jobs.intake.job_spans import find_job_spans
from teachback_server.jobs.intake.storable_text import without_nul
from teachback_server.jobs.intake.tallies import Tallies, TallyKey, TallyKind, add_tallies
from teachback_server.jobs.intake.traced_jobs import TracedJob, store_traced_jobs
from teachback_server.jobs.meaning import list_feedback, read_facts, read_job
from teachback_server.jobs.meaning.attribute_names import NamesTell, read_names
from teachback_server.jobs.meaning.spans import Span
from teachback_server.jobs.meaning.what_spans_say import Feedback
from teachback_server.jobs.models import QuarantinedSpan, RootToCome, SpanFeedback, TraceRequest
from teachback_server.jobs.trace_reading import RequestReader
from teachback_server.jobs.trace_store import TRACES, StepRow, TraceStore, TraceSums, add_up_usage
from teachback_server.workflows.models import Workflow

MOST_REQUESTS = 32  # at once
MOST_SPANS = 2000  # at once, or one request
ROOT_COMES_WITHIN = timedelta(seconds=60)
_MOST_ROOTLESS = 200
_LONGEST_NAME = 255
_NOT_STORABLE = (DataError, IntegrityError, OverflowError, ValueError)
_log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class _Batch:
    """What is being digested."""

    requests: list[TraceRequest]
    spans: dict[tuple[int, str], list[Span]] = field(default_factory=lambda: defaultdict(list))  # by home and trace
    rows: list[StepRow] = field(default_factory=list)
    received_at: dict[str, datetime] = field(default_factory=dict)  # of each trace, when the newest part came
    tallies: Tallies = field(default_factory=Tallies)
    quarantined: list[QuarantinedSpan] = field(default_factory=list)
    feedback: list[SpanFeedback] = field(default_factory=list)
    homeless_requests: set[int] = field(default_factory=set)

    def count(self, request: TraceRequest, key: TallyKey, count: int) -> None:
        """Count something of a request, unless it was counted when the request was digested before."""
        if not request.is_counted:
            self.tallies[key] += count


class Digester:
    """Digests whatever waits. One of a kind for each pair of databases, as two would only do the same work twice."""

    def __init__(self, store: TraceStore) -> None:
        self._store = store
        self._reader = RequestReader()

    def digest_some(self) -> int:
        """Digest the oldest requests that wait; returns how many."""
        requests = _list_waiting()
        if requests:
            self._digest_or_set_aside(requests)
        return len(requests)

    def digest(self, requests: Sequence[TraceRequest]) -> None:
        """Digest these requests, whether or not they were digested before.

        Steps are stored first, then jobs, and the mark on the requests last: what a crash leaves undone is repeated.
        """
        batch = _Batch(requests=list(requests))
        self._read(batch)
        self._store.write_steps(batch.rows)
        self._store_jobs(batch)
        _finish(batch)

    def _digest_or_set_aside(self, requests: Sequence[TraceRequest]) -> None:
        """Let a request with something that no database takes stop none of the others."""
        try:
            self.digest(requests)
        except _NOT_STORABLE as problem:
            if len(requests) > 1:
                for request in requests:
                    self._digest_or_set_aside([request])
                return
            _log.exception("The request %s could not be stored; it is in quarantine.", requests[0].pk)
            _set_aside(requests[0], problem)

    def take_rootless(self, now: datetime) -> int:
        """Make jobs of traces whose root has not come for a while; returns how many there were."""
        overdue = RootToCome.objects.filter(seen_at__lt=now - ROOT_COMES_WITHIN).order_by("seen_at")[:_MOST_ROOTLESS]
        found = list(overdue)
        traces = defaultdict(list)
        for one in found:
            traces[one.workflow_id].append(one.trace_id)
        for workflow_id, trace_ids in traces.items():
            spans = self._read_traces(workflow_id, trace_ids)
            seen = {one.trace_id: one.seen_at for one in found}
            self._store_jobs_of(workflow_id, spans, seen, may_lack_root=True)
            RootToCome.objects.filter(workflow_id=workflow_id, trace_id__in=trace_ids).delete()
        return len(found)

    def _read(self, batch: _Batch) -> None:
        for request in batch.requests:
            by_trace = {
                trace_id: [packed.decode() for packed in spans]
                for trace_id, spans in self._reader.read(request).items()
            }
            homes = self._find_homes(request, by_trace)
            for trace_id, spans in by_trace.items():
                home = homes[trace_id]
                batch.received_at[trace_id] = request.received_at
                if home == NOWHERE:
                    batch.homeless_requests.add(request.pk)
                    name = first_name(spans)
                    batch.count(request, TallyKey(workflow_id=NOWHERE, kind=TallyKind.HOMELESS, name=name), len(spans))
                _read_trace(batch, request, home, spans)

    def _find_homes(self, request: TraceRequest, by_trace: Mapping[str, Sequence[Span]]) -> Mapping[str, int]:
        if request.workflow_id != NOWHERE:
            return dict.fromkeys(by_trace, request.workflow_id)
        homes = find_homes(by_trace)
        at_home = [trace_id for trace_id, home in homes.items() if home != NOWHERE]
        for sums in self._store.sum_traces(NOWHERE, at_home):
            home = homes[sums.trace_id]
            self._store.move_trace(sums.trace_id, from_workflow_id=NOWHERE, to_workflow_id=home)
        return homes

    def _store_jobs(self, batch: _Batch) -> None:
        by_home: dict[int, dict[str, list[Span]]] = defaultdict(dict)
        for (home, trace_id), spans in batch.spans.items():
            if home != NOWHERE:
                by_home[home][trace_id] = spans
        for home, traces in by_home.items():
            self._store_jobs_of(home, traces, batch.received_at)

    def _store_jobs_of(
        self,
        workflow_id: int,
        traces: Mapping[str, Sequence[Span]],
        received_at: Mapping[str, datetime],
        *,
        may_lack_root: bool = False,
    ) -> None:
        sums = {one.trace_id: one for one in self._store.sum_traces(workflow_id, list(traces))}
        whole = {trace_id: list({span.span_id: span for span in spans}.values()) for trace_id, spans in traces.items()}
        more = [trace_id for trace_id, one in sums.items() if one.steps > len(whole[trace_id])]
        whole.update(self._read_traces(workflow_id, more))
        found: list[TracedJob] = []
        rootless: list[str] = []
        rooted: list[str] = []
        for trace_id, spans in whole.items():
            jobs = find_job_spans(spans, may_lack_root=may_lack_root)
            (rooted if jobs else rootless).append(trace_id)
            for job in jobs:
                tokens, cost = _add_up(job.spans, sums.get(trace_id), is_whole=len(jobs) == 1)
                found.append(
                    TracedJob(
                        span=job.span,
                        content=read_job(job.span, job.spans),
                        tokens=tokens,
                        cost_usd=cost,
                        received_at=received_at[trace_id],
                    )
                )
        if found:
            store_traced_jobs(Workflow.objects.get(pk=workflow_id), found)
        if not may_lack_root:
            _note_rootless(workflow_id, rootless, rooted, received_at)

    def _read_traces(self, workflow_id: int, trace_ids: Sequence[str]) -> dict[str, list[Span]]:
        return self._reader.read_traces(self._store.list_requests_by_trace(workflow_id, trace_ids))


def digest_again(request_ids: Iterable[int]) -> int:
    """Let requests be digested once more, after a convention or a name has changed; returns how many."""
    return TraceRequest.objects.filter(pk__in=list(request_ids)).update(digested_at=None)


def digest_homeless_again() -> int:
    """Let the requests with spans of no workflow be digested once more, after a name was given; returns how many."""
    return TraceRequest.objects.filter(has_homeless=True).update(digested_at=None)


def _list_waiting() -> list[TraceRequest]:
    """The oldest requests, with their bodies; always one, and no more than are read at once."""
    waiting = TraceRequest.objects.filter(digested_at=None).order_by("pk")
    sizes = list(waiting.values_list("pk", "spans")[:MOST_REQUESTS])
    fitting = sum(so_far <= MOST_SPANS for so_far in accumulate(spans for _, spans in sizes))
    chosen = [pk for pk, _ in sizes[: max(1, fitting)]]
    return list(TraceRequest.objects.filter(pk__in=chosen).order_by("pk"))


def _read_trace(batch: _Batch, request: TraceRequest, home: int, spans: Sequence[Span]) -> None:
    for span in spans:
        try:
            told = read_names(span.attributes)
            row = _make_row(batch, request, home, span, told)
            said = [
                _make_feedback(home, span, place, one, request.received_at)
                for place, one in enumerate(list_feedback(span, told))
            ]
        except Exception as problem:  # noqa: BLE001 — whatever one span holds, it must not stop those beside it
            _log.exception("A span could not be read; it is in quarantine.")
            reason = f"it could not be read: {type(problem).__name__}: {problem}"
            batch.quarantined.append(_quarantine(batch, request, home, span, reason))
            continue
        batch.rows.append(row)
        batch.feedback += said
        batch.spans[home, span.trace_id].append(span)


def _make_row(batch: _Batch, request: TraceRequest, home: int, span: Span, told: NamesTell) -> StepRow:
    facts = read_facts(span, told)
    for name in facts.unread:
        batch.count(request, TallyKey(workflow_id=home, kind=TallyKind.UNREAD, name=name), 1)
    return StepRow(
        workflow_id=home,
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_id=span.parent_id,
        request_id=request.pk,
        name=without_nul(facts.name)[:_LONGEST_NAME],
        kind=facts.kind.value,
        is_error=facts.is_error,
        model=without_nul(facts.model)[:_LONGEST_NAME],
        started_ns=span.start_ns,
        duration_ms=span.duration_ms,
        input_tokens=facts.input_tokens,
        output_tokens=facts.output_tokens,
        cost_usd=facts.cost_usd,
        convention=facts.convention,
    )


def _make_feedback(home: int, span: Span, place: int, said: Feedback, at: datetime) -> SpanFeedback:
    return SpanFeedback(
        workflow_id=home,
        trace_id=span.trace_id,
        span_id=span.span_id,
        position=place,
        about_trace_id=said.trace_id,
        about_span_id=said.span_id if said.about == "span" else "",
        name=without_nul(said.name)[:200],
        annotator=said.annotator,
        verdict=said.verdict or "",
        is_used=said.is_used,
        score=said.score,
        label=without_nul(said.label)[:200],
        explanation=without_nul(said.explanation),
        at=at,
    )


def _quarantine(batch: _Batch, request: TraceRequest, home: int, span: Span, reason: str) -> QuarantinedSpan:
    return QuarantinedSpan(
        request_id=request.pk,
        # After those that the intake refused, and the same whenever the request is digested again.
        position=request.spans + request.refused + sum(one.request_id == request.pk for one in batch.quarantined),
        workflow_id=home,
        at=request.received_at,
        name=without_nul(span.name)[:200],
        reason=without_nul(reason)[:500],
        sample=without_nul(str(span.attributes))[:2000],
    )


def _add_up(spans: Sequence[Span], sums: TraceSums | None, *, is_whole: bool) -> tuple[int, float]:
    if is_whole and sums is not None:
        return sums.input_tokens + sums.output_tokens, sums.cost_usd
    usage = add_up_usage([read_facts(span) for span in spans])
    return usage.input_tokens + usage.output_tokens, usage.cost_usd


def _note_rootless(
    workflow_id: int, rootless: Sequence[str], rooted: Sequence[str], received_at: Mapping[str, datetime]
) -> None:
    if rooted:
        RootToCome.objects.filter(workflow_id=workflow_id, trace_id__in=rooted).delete()
    if rootless:
        RootToCome.objects.bulk_create(
            [
                RootToCome(workflow_id=workflow_id, trace_id=trace_id, seen_at=received_at[trace_id])
                for trace_id in rootless
            ],
            update_conflicts=True,
            unique_fields=["workflow_id", "trace_id"],
            update_fields=["seen_at"],
        )


def _set_aside(request: TraceRequest, problem: Exception) -> None:
    reason = f"what it says could not be stored: {type(problem).__name__}: {problem}"
    with transaction.atomic(using=TRACES):
        span = QuarantinedSpan(
            request_id=request.pk,
            position=request.spans + request.refused,
            workflow_id=request.workflow_id,
            at=request.received_at,
            name=f"{request.spans} spans of one request",
            reason=without_nul(reason)[:500],
            sample="",
        )
        QuarantinedSpan.objects.bulk_create([span], ignore_conflicts=True)
        TraceRequest.objects.filter(pk=request.pk).update(digested_at=timezone.now())


def _finish(batch: _Batch) -> None:
    """The mark on the requests, with what is counted once only."""
    now = timezone.now()
    with transaction.atomic(using=TRACES):
        QuarantinedSpan.objects.bulk_create(batch.quarantined, ignore_conflicts=True)
        SpanFeedback.objects.bulk_create(batch.feedback, ignore_conflicts=True)
        add_tallies(batch.tallies, now)
        for request in batch.requests:
            request.digested_at, request.has_homeless = now, request.pk in batch.homeless_requests
            request.is_counted = True
        TraceRequest.objects.bulk_update(batch.requests, ["digested_at", "has_homeless", "is_counted"])
