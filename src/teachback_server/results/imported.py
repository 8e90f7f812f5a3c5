"""Finds the jobs of a workflow that were imported: somebody else did them, so they say nothing of a release of ours."""

from bisect import bisect_left
from dataclasses import dataclass

from django.db.models import Count, Max, Min, QuerySet

from teachback_server.jobs.actions import JobSource
from teachback_server.jobs.models import Job
from teachback_server.results.phrases import spell_jobs, spell_numbers
from teachback_server.workflows.models import Workflow


@dataclass(frozen=True, kw_only=True)
class ImportedJobs:
    """How many jobs were imported, and which; `leading` is how many of them came before all other jobs."""

    jobs: int = 0
    first_job: int = 0
    last_job: int = 0
    leading: int = 0

    @property
    def sentence(self) -> str:
        """What a page says of them; empty where there are none."""
        if not self.jobs:
            return ""
        which = spell_numbers(self.first_job, self.last_job)
        if self.last_job - self.first_job + 1 > self.jobs:
            which = f"among {which}"
        were, them = ("was", "it") if self.jobs == 1 else ("were", "them")
        return (
            f"{spell_jobs(self.jobs)} {were} imported ({which}): somebody else did {them}, not this workflow."
            f" The rates above leave {them} out; the curve, “All jobs”, the month and the counts do not."
        )


def find_imported(workflow: Workflow) -> ImportedJobs:
    """The imported jobs of a workflow."""
    imported = workflow.jobs.filter(source=JobSource.IMPORT)
    found = imported.aggregate(jobs=Count("pk"), first=Min("number"), last=Max("number"))
    if not found["jobs"]:
        return ImportedJobs()
    return ImportedJobs(
        jobs=found["jobs"],
        first_job=found["first"],
        last_job=found["last"],
        leading=_count_leading(imported, found["jobs"]),
    )


def _count_leading(imported: QuerySet[Job], jobs: int) -> int:
    """How many of the first jobs of the workflow were imported, before one was not: found by halving."""

    def is_interrupted_by(number: int) -> bool:
        return imported.filter(number__lte=number).count() < number

    return bisect_left(range(1, jobs + 1), True, key=is_interrupted_by)
