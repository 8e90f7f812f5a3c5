"""What a release does to a job from end to end: its agent, then its rules, then its checks."""

from collections.abc import Sequence
from dataclasses import replace

from teachback.checks import CheckFailure, CheckKind, run_checks
from teachback.json_types import JsonObject
from teachback.rules import apply_rules
from teachback.schema_problems import list_schema_problems
from teachback.vocabulary import JobStatus
from teachback_server.agents.protocol import Agent, AgentResult, JobInput, ReleaseBundle


def run_release(agent: Agent, bundle: ReleaseBundle, jobs: Sequence[JobInput]) -> list[AgentResult]:
    """Run jobs under a release; results in the order of the jobs, each with what its rules and checks said.

    An output that does not fit the boundary always waits for a person, whatever the release checks.
    """
    results = agent.run_jobs(jobs)
    return [_finish_job(bundle, job, result) for job, result in zip(jobs, results, strict=True)]


def _finish_job(bundle: ReleaseBundle, job: JobInput, result: AgentResult) -> AgentResult:
    if result.output is None:
        return result
    document = bundle.document
    ruled = apply_rules(document.rules, input=job.input, output=result.output, confidence=result.confidence)
    if ruled.hand_back_reason:
        return replace(result, status=JobStatus.HANDED_BACK, output=None, hand_back_reason=ruled.hand_back_reason)
    failures = run_checks(document.checks, input=job.input, output=ruled.output, output_schema=bundle.output_schema)
    wishes = [
        result.wants_review,
        ruled.review_reason,
        *(f"{failure.name}: {failure.message}" for failure in failures),
        _find_unfit(bundle, ruled.output, failures),
    ]
    return replace(result, output=ruled.output, wants_review="; ".join(wish for wish in wishes if wish))


def _find_unfit(bundle: ReleaseBundle, output: JsonObject, failures: Sequence[CheckFailure]) -> str:
    """What in an output does not fit the boundary; empty where it fits, or where a check of the schema says it."""
    schema_checks = {check.name for check in bundle.document.checks if check.kind == CheckKind.SCHEMA}
    if any(failure.name in schema_checks for failure in failures):
        return ""
    problems = list_schema_problems(bundle.output_schema, output)
    return f"the boundary: {' '.join(problem.as_sentence() for problem in problems)}" if problems else ""
