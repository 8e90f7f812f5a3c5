"""What a release does to a job from end to end: its agent, then its rules, then its checks."""

from collections.abc import Sequence
from dataclasses import replace

from teachback.checks import run_checks
from teachback.rules import apply_rules
from teachback.vocabulary import JobStatus
from teachback_server.agents.protocol import Agent, AgentResult, JobInput, ReleaseBundle


def run_release(agent: Agent, bundle: ReleaseBundle, jobs: Sequence[JobInput]) -> list[AgentResult]:
    """Run jobs under a release; results in the order of the jobs, each with what its rules and checks said."""
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
    wishes = [ruled.review_reason, *(f"{failure.name}: {failure.message}" for failure in failures)]
    return replace(result, output=ruled.output, wants_review="; ".join(wish for wish in wishes if wish))
