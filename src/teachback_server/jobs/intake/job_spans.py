"""Finds the jobs in a trace: the spans that say so themselves, else its root. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from teachback_server.jobs.meaning import list_feedback
from teachback_server.jobs.meaning.spans import Span

JOB_ID = "teachback.job.id"


@dataclass(frozen=True, kw_only=True)
class JobSpan:
    """A span that is a whole job."""

    span: Span
    spans: Sequence[Span]  # the job's own: all of the trace, where it is the only job in it


def find_job_spans(spans: Sequence[Span], *, may_lack_root: bool = False) -> list[JobSpan]:
    """The jobs of one trace; none while its root has not arrived, unless it need not have one any more."""
    marked = [span for span in spans if JOB_ID in span.attributes]
    if len(marked) > 1:
        children = _group_by_parent(spans)
        return [JobSpan(span=span, spans=_walk_down([span], children)) for span in marked]
    top = marked[0] if marked else _find_root(spans, may_lack_root=may_lack_root)
    return [] if top is None else [JobSpan(span=top, spans=spans)]


def list_branch(top_id: str, spans: Sequence[Span]) -> list[Span]:
    """The span of this id and all below it; one that claims to be its own ancestor is met once."""
    return _walk_down([span for span in spans if span.span_id == top_id], _group_by_parent(spans))


def is_feedback(span: Span) -> bool:
    """Whether a span only says something about another one, and so is no work itself."""
    return bool(span.links) and bool(list_feedback(span))


def _find_root(spans: Sequence[Span], *, may_lack_root: bool) -> Span | None:
    work = [span for span in spans if not is_feedback(span)]
    tops = [span for span in work if not span.parent_id]
    if not tops and may_lack_root:
        known = {span.span_id for span in spans}
        tops = [span for span in work if span.parent_id not in known] or work
    return min(tops, key=lambda span: (span.start_ns, span.span_id), default=None)


def _walk_down(tops: Sequence[Span], children: Mapping[str, Sequence[Span]]) -> list[Span]:
    branch = {span.span_id: span for span in tops}
    waiting = list(branch)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child.span_id not in branch:
                branch[child.span_id] = child
                waiting.append(child.span_id)
    return list(branch.values())


def _group_by_parent(spans: Sequence[Span]) -> dict[str, list[Span]]:
    children: dict[str, list[Span]] = {}
    for span in spans:
        children.setdefault(span.parent_id, []).append(span)
    return children
