"""Decisions that were written down elsewhere, in a program or a spreadsheet: each is stored or refused for itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from teachback.json_types import JsonObject, content_hash
from teachback.schema_problems import list_schema_problems
from teachback.vocabulary import ReviewVerdict
from teachback_server.jobs.models import Job
from teachback_server.jobs.queries import find_job, find_job_by_external_id
from teachback_server.people.actor import Actor
from teachback_server.reviews.actions import (
    Decision,
    DecisionRefused,
    JobAlreadyDecided,
    JobClaimedByAnother,
    decide_review,
)
from teachback_server.reviews.models import Review
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Reason, Workflow

_VERDICTS: Mapping[str, ReviewVerdict] = {
    **{verdict.value: verdict for verdict in ReviewVerdict},
    "accept": ReviewVerdict.ACCEPTED,
    "correct": ReviewVerdict.CORRECTED,
    "edit": ReviewVerdict.CORRECTED,
    "reject": ReviewVerdict.REJECTED,
    "escalate": ReviewVerdict.ESCALATED,
}


@dataclass(frozen=True, kw_only=True)
class Written:
    """One decision as it was written: the job by its number or by its sender's own id, the reason by code or label."""

    verdict: str
    number: int | None = None
    external_id: str = ""
    reason: str = ""
    note: str = ""
    output: JsonObject | None = None  # as it should have been; only to correct
    would_recur: bool | None = None
    decided_by: str = ""
    key: str = ""  # of the writer's own, so that sending it again is safe; empty: made of what is said


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What became of one: the review, or why there is none and what to do."""

    job: Job | None
    review: Review | None = None
    problem: str = ""


def decide_written(actor: Actor, workflow: Workflow, written: Iterable[Written]) -> list[Stored]:
    """Store each decision for itself, in their order; one that is refused holds up no other. Again is harmless."""
    require_role(actor, workflow.pk, Role.REVIEWER)
    reasons = reasons_by_word(workflow.reasons.all())
    return [_decide(actor, workflow, one, reasons) for one in written]


def reasons_by_word(reasons: Iterable[Reason]) -> dict[str, str]:
    """Codes by what people may write for them in small letters: the label, or the code itself."""
    return {word.casefold(): one.code for one in reasons for word in (one.label, one.code)}


def _decide(actor: Actor, workflow: Workflow, written: Written, reasons: Mapping[str, str]) -> Stored:
    job = _find(workflow, written)
    if job is None:
        named = written.external_id if written.number is None else written.number
        return Stored(
            job=None, problem=f"There is no job {named} in this workflow. Name it by its number or your own id."
        )
    try:
        return Stored(job=job, review=decide_review(actor, read_written(workflow, job, written, reasons)))
    except (DecisionRefused, JobAlreadyDecided, JobClaimedByAnother) as refusal:
        return Stored(job=job, problem=str(refusal))


def read_written(workflow: Workflow, job: Job, written: Written, reasons: Mapping[str, str]) -> Decision:
    """The decision that was meant; `reasons` are codes by small letters. Raises DecisionRefused."""
    verdict = _VERDICTS.get(written.verdict.strip().casefold())
    if verdict is None:
        raise DecisionRefused(f"“{written.verdict}” is no decision. Write accept, correct, reject or escalate.")
    return Decision(
        job=job,
        verdict=verdict,
        idempotency_key=written.key or content_hash({"job": job.pk, "said": _say(written)}),
        output=_read_output(workflow, written) if verdict is ReviewVerdict.CORRECTED else None,
        reason_code="" if verdict is ReviewVerdict.ACCEPTED else _read_reason(written.reason, reasons),
        note=written.note,
        would_recur=written.would_recur,
        decided_by=written.decided_by,
    )


def _find(workflow: Workflow, written: Written) -> Job | None:
    if written.number is not None:
        return find_job(workflow, written.number)
    return find_job_by_external_id(workflow, written.external_id)


def _say(written: Written) -> JsonObject:
    return {"verdict": written.verdict, "reason": written.reason, "note": written.note, "output": written.output}


def _read_output(workflow: Workflow, written: Written) -> JsonObject | None:
    if written.output is not None and (problems := list_schema_problems(workflow.output_schema, written.output)):
        first = problems[0]
        raise DecisionRefused(f"The output does not fit: {first.field or 'it'}: {first.problem}; {first.remedy}.")
    return written.output


def _read_reason(text: str, reasons: Mapping[str, str]) -> str:
    code = reasons.get(text.strip().casefold())
    if code is None:
        known = ", ".join(sorted(set(reasons.values())))
        raise DecisionRefused(f"Say why with one of the reasons of this workflow: {known}.")
    return code
