"""Jobs that a program sends: one is given to the workflow's agent, or recorded as done elsewhere; each exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass

from teachback.json_types import Json, JsonObject, canonical_json, content_hash
from teachback.schema_problems import SchemaProblem, list_schema_problems
from teachback_server.agents.protocol import AgentResult, JobInput
from teachback_server.jobs.actions import Arrival, JobRefused, JobSource, record_ended_jobs
from teachback_server.jobs.models import Job
from teachback_server.jobs.queries import find_job_by_external_id
from teachback_server.jobs.running import RunningAgents
from teachback_server.people.actor import Actor
from teachback_server.releases.queries import get_live_state
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Workflow


class JobIdTaken(ValueError):
    """Another job of this workflow has this id and other content. Send the job again with an id of its own."""


class InputRefused(ValueError):
    """What came in does not fit the boundary. The message names the fields and says what they may be."""


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """What identifies a job that is sent again: everything that its sender decides, but for the time."""

    source: JobSource
    arrival: Arrival
    result: AgentResult | None  # None: the agent here decides it


def give_job(actor: Actor, workflow: Workflow, arrival: Arrival, agents: RunningAgents) -> Job:
    """Let the workflow's agent do a job under the live release, and record it with its routing.

    The same job under the same id again is not done twice: the stored one is returned. Raises JobIdTaken for another
    job under that id, InputRefused, and what opening the agent raises.
    """
    require_role(actor, workflow.pk, Role.EDITOR)
    _refuse_unfit_input(workflow, arrival.input)
    sent = _Sent(source=JobSource.AGENT, arrival=arrival, result=None)
    known = _find_same(workflow, sent)
    if known is not None:
        return known
    live = get_live_state(workflow)
    job_input = JobInput(input=arrival.input, draft=arrival.draft, confidence=arrival.draft_confidence)
    results = agents.run(live.release, [job_input])
    try:
        return record_ended_jobs(actor, workflow, live, [arrival], results, source=JobSource.AGENT)[0]
    except JobRefused:
        return _get_same(workflow, sent)


def record_job_done_elsewhere(
    actor: Actor, workflow: Workflow, arrival: Arrival, result: AgentResult, *, was_used: bool
) -> Job:
    """Record a job that an agent of the sender's did. The same job under the same id again is not recorded twice.

    An output that does not fit the boundary is kept as it came, and a person looks at it. Raises JobIdTaken for another
    job under that id, and InputRefused.
    """
    require_role(actor, workflow.pk, Role.EDITOR)
    _refuse_unfit_input(workflow, arrival.input)
    sent = _Sent(source=JobSource.ELSEWHERE, arrival=arrival, result=result)
    known = _find_same(workflow, sent)
    if known is not None:
        return known
    live = get_live_state(workflow)
    try:
        return record_ended_jobs(
            actor, workflow, live, [arrival], [result], source=JobSource.ELSEWHERE, was_used=was_used
        )[0]
    except JobRefused:
        return _get_same(workflow, sent)


def describe_unfit_output(workflow: Workflow, output: JsonObject | None) -> str:
    """Why a person must look at an output that does not fit the boundary; empty where it fits."""
    problems = list_schema_problems(workflow.output_schema, output) if output is not None else ()
    return f"The output does not fit the boundary. {_spell(problems, 'output')}" if problems else ""


def _refuse_unfit_input(workflow: Workflow, value: JsonObject) -> None:
    problems = list_schema_problems(workflow.input_schema, value)
    if problems:
        raise InputRefused(f"The input does not fit the boundary of this workflow. {_spell(problems, 'input')}")


def _spell(problems: Sequence[SchemaProblem], part: str) -> str:
    return " ".join(
        f"{part}.{problem.field}: {problem.problem}; {problem.remedy}." if problem.field else problem.as_sentence()
        for problem in problems[:5]
    )


def _find_same(workflow: Workflow, sent: _Sent) -> Job | None:
    known = find_job_by_external_id(workflow, sent.arrival.external_id)
    if known is not None and _content_of(known, sent) != _content_sent(sent):
        raise JobIdTaken(
            f"Job {known.number} has the id '{known.external_id}' already, with other content. "
            "Give each job an id of its own; send the same content again only to repeat a call that was cut off."
        )
    return known


def _get_same(workflow: Workflow, sent: _Sent) -> Job:
    """After a race that another request won: the job is there now."""
    known = _find_same(workflow, sent)
    if known is None:
        raise JobIdTaken(f"The job '{sent.arrival.external_id}' could not be recorded. Send it once more.")
    return known


def _content_sent(sent: _Sent) -> str:
    arrival, result = sent.arrival, sent.result
    ended: Json = None
    if result is not None:
        ended = [result.status, result.output, result.confidence, result.hand_back_reason]
    group = arrival.group or content_hash(arrival.input)
    return canonical_json([sent.source, arrival.input, arrival.draft, arrival.draft_confidence, group, ended])


def _content_of(job: Job, sent: _Sent) -> str:
    ended: Json = [job.status, job.output, job.confidence, job.hand_back_reason] if sent.result is not None else None
    return canonical_json([job.source, job.input, job.draft, job.draft_confidence, job.group, ended])
