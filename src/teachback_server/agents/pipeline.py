"""What a release does to a job from end to end: its agent, then its rules, then its checks."""

from collections.abc import Sequence
from dataclasses import replace

from teachback.finishing import finish_output
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
    finished = finish_output(
        bundle.document,
        input=job.input,
        output=result.output,
        confidence=result.confidence,
        output_schema=bundle.output_schema,
        wants_review=result.wants_review,
    )
    if finished.output is None:
        return replace(result, status=JobStatus.HANDED_BACK, output=None, hand_back_reason=finished.hand_back_reason)
    return replace(result, output=finished.output, wants_review=finished.wants_review)
