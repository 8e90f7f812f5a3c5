"""The `recorded` agent: what a machine had proposed in the past, taken from the history itself."""

from collections.abc import Sequence

from teachback.vocabulary import JobStatus
from teachback_server.agents.protocol import AgentResult, JobInput


class RecordedAgent:
    """Gives back each job's own draft with the confidence that was recorded for it."""

    def run_jobs(self, jobs: Sequence[JobInput]) -> list[AgentResult]:
        """Replay each job; one without a draft is handed back."""
        return [_replay(job) for job in jobs]


def _replay(job: JobInput) -> AgentResult:
    if job.draft is None:
        return AgentResult(status=JobStatus.HANDED_BACK, hand_back_reason="This job has no recorded draft.")
    return AgentResult(status=JobStatus.FINISHED, output=job.draft, confidence=job.confidence)
