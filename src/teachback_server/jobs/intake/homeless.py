"""Traces that belong to no workflow yet: the names in them, what would move, and a new workflow made of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.text import slugify

from teachback.json_types import JsonObject
from teachback_server.jobs.intake.digest import digest_homeless_again
from teachback_server.jobs.intake.health import list_names
from teachback_server.jobs.intake.homes import NOWHERE, OWN_NAME
from teachback_server.jobs.intake.job_spans import find_job_spans
from teachback_server.jobs.intake.tallies import TallyKind
from teachback_server.jobs.meaning import names_of_workflow, read_job
from teachback_server.jobs.meaning.spans import Span
from teachback_server.jobs.meaning.what_spans_say import JobContent
from teachback_server.jobs.models import TraceRequest
from teachback_server.jobs.trace_reading import RequestReader
from teachback_server.people.actor import Actor
from teachback_server.releases.actions import open_workflow
from teachback_server.workflows.actions import give_name_in_traces
from teachback_server.workflows.boundary import Boundary
from teachback_server.workflows.inference import infer_boundary
from teachback_server.workflows.models import Workflow, WorkflowName

PREVIEWED_REQUESTS = 20
PREVIEWED_SPANS = 5_000
_LONGEST_TALLIED = 200  # letters; what is cut cannot be told apart any more
_LOOKS_BACK = timedelta(days=30)
_SHOWN_STEPS = 12
_MOST_NAMES = 100
_TRIED_EXAMPLES = 20


class BoundaryNotToBeSeen(ValueError):
    """The traces do not show what comes in and what is handed over. The message says what to do."""


@dataclass(frozen=True, kw_only=True)
class HomelessName:
    """A name in traces that no workflow has, with how many spans came under it."""

    attribute: str  # empty: those spans have no name at all
    value: str
    spans: int


@dataclass(frozen=True, kw_only=True)
class NamePreview:
    """What traces with a name look like, in the newest requests that brought some of no workflow."""

    attribute: str
    value: str
    requests: int  # that were looked at
    traces: int
    spans: int
    input: JsonObject | None  # of the job in the newest of these traces
    output: JsonObject | None
    steps: tuple[str, ...]  # names of its first steps


def list_homeless_names(now: datetime) -> tuple[HomelessName, ...]:
    """Names of the last weeks that no workflow has been given since, the most frequent first."""
    given = set(WorkflowName.objects.values_list("attribute", "value"))
    given.update((OWN_NAME, name) for name in Workflow.objects.values_list("name", flat=True))
    counted = list_names(TallyKind.HOMELESS, now - _LOOKS_BACK, workflow_id=NOWHERE, most=_MOST_NAMES)
    names = [(one.name.partition("="), one.count) for one in counted if len(one.name) < _LONGEST_TALLIED]
    return tuple(
        HomelessName(attribute=attribute, value=value, spans=count)
        for (attribute, _, value), count in names
        if (attribute, value) not in given
    )


def preview_name(attribute: str, value: str) -> NamePreview:
    """Which of the newest traces of no workflow have this value in this attribute, with one of them as an example."""
    requests, traces = _find_named(attribute, value)
    return _describe(attribute, value, requests, traces)


def open_workflow_of_traces(actor: Actor, title: str, attribute: str, value: str) -> Workflow:
    """Make a workflow of the traces with a name, its boundary as their jobs suggest it; the owner edits it in Settings.

    Raises BoundaryNotToBeSeen, and what making a workflow raises.
    """
    contents = list(_read_whole_jobs(_find_named(attribute, value)[1]))
    if not contents:
        raise BoundaryNotToBeSeen(
            "None of the newest of these traces says both what came in and what was handed over. Let the agent record "
            "inputs and outputs, or make the workflow from a file under Start here."
        )
    inferred = infer_boundary([one for one, _ in contents], [other for _, other in contents])
    boundary = Boundary(
        name=slugify(title)[:80].strip("-_"),
        title=title,
        input_schema=inferred.input_schema,
        output_schema=inferred.output_schema,
    )
    with transaction.atomic():
        workflow, _ = open_workflow(actor, boundary)
        give_name_in_traces(actor, workflow, attribute, value)
    digest_homeless_again()
    return workflow


def can_be_given(attribute: str, value: str) -> bool:
    """Whether this can be a name of a workflow; our own attribute names a workflow already."""
    return bool(attribute) and bool(value) and attribute != OWN_NAME


def _find_named(attribute: str, value: str) -> tuple[int, list[list[Span]]]:
    """How many of the newest requests were looked at, and the traces in them that have the name."""
    found: dict[str, list[Span]] = {}
    requests = 0
    for traces in _read_newest():
        requests += 1
        for trace_id, spans in traces.items():
            if trace_id in found or any((attribute, value) in names_of_workflow(span) for span in spans):
                found.setdefault(trace_id, []).extend(spans)
    return requests, list(found.values())


def _read_whole_jobs(traces: Sequence[Sequence[Span]]) -> Iterator[tuple[JsonObject, JsonObject]]:
    """The input and output of each job that has both."""
    for spans in traces:
        for job in find_job_spans(spans, may_lack_root=True):
            content = read_job(job.span, job.spans)
            if content.input and content.output:
                yield content.input, content.output


def _read_newest() -> Iterator[dict[str, list[Span]]]:
    """The spans of one request after the other, by their trace."""
    reader, left = RequestReader(), PREVIEWED_SPANS
    for request in TraceRequest.objects.filter(has_homeless=True).order_by("-pk")[:PREVIEWED_REQUESTS]:
        yield {trace_id: [one.decode() for one in packed] for trace_id, packed in reader.read(request).items()}
        left -= request.spans
        if left <= 0:
            return


def _describe(attribute: str, value: str, requests: int, traces: Sequence[Sequence[Span]]) -> NamePreview:
    example, content = _choose_example(traces)
    steps = sorted(example, key=lambda span: span.start_ns)
    return NamePreview(
        attribute=attribute,
        value=value,
        requests=requests,
        traces=len(traces),
        spans=sum(len(spans) for spans in traces),
        input=content.input if content else None,
        output=content.output if content else None,
        steps=tuple(span.name for span in steps[:_SHOWN_STEPS]),
    )


def _choose_example(traces: Sequence[Sequence[Span]]) -> tuple[Sequence[Span], JobContent | None]:
    """The first trace that says what came in; where none does, the first."""
    for spans in traces[:_TRIED_EXAMPLES]:
        jobs = find_job_spans(spans, may_lack_root=True)
        content = read_job(jobs[0].span, jobs[0].spans) if jobs else None
        if content is not None and content.input:
            return spans, content
    return (traces[0] if traces else ()), None
