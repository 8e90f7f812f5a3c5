"""Finds the workflow that a trace belongs to: by its key, by the names in it, or by what came of it before."""

from collections.abc import Iterable, Mapping, Sequence

from teachback_server.jobs.meaning import names_of_workflow
from teachback_server.jobs.meaning.spans import Span
from teachback_server.jobs.models import Job, RootToCome
from teachback_server.workflows.models import Workflow, WorkflowName

NOWHERE = 0
OWN_NAME = "teachback.workflow"  # names a workflow as we do, and needs no mapping


def find_homes(spans_by_trace: Mapping[str, Sequence[Span]]) -> dict[str, int]:
    """The workflow of each trace that came with a key for all workflows; NOWHERE where no name is known."""
    mapped = {(name.attribute, name.value): name.workflow_id for name in WorkflowName.objects.all()}
    mapped.update({(OWN_NAME, name): pk for pk, name in Workflow.objects.values_list("pk", "name")})
    homes = {trace_id: _find_by_name(spans, mapped) for trace_id, spans in spans_by_trace.items()}
    unknown = [trace_id for trace_id, home in homes.items() if home == NOWHERE]
    homes.update(_find_by_history(unknown))
    return homes


def first_name(spans: Iterable[Span]) -> str:
    """The name under which a trace without a home is counted, as attribute=value; empty where it has none."""
    for span in spans:
        for attribute, value in names_of_workflow(span):
            return f"{attribute}={value}"
    return ""


def _find_by_name(spans: Iterable[Span], mapped: Mapping[tuple[str, str], int]) -> int:
    for span in spans:
        for name in names_of_workflow(span):
            if name in mapped:
                return mapped[name]
    return NOWHERE


def _find_by_history(trace_ids: Sequence[str]) -> dict[str, int]:
    """A late span may lack the names that the others had."""
    if not trace_ids:
        return {}
    jobs = Job.objects.filter(trace_id__in=trace_ids).values_list("trace_id", "workflow_id")
    waiting = RootToCome.objects.filter(trace_id__in=trace_ids).exclude(workflow_id=NOWHERE)
    return {**dict(jobs), **dict(waiting.values_list("trace_id", "workflow_id"))}
