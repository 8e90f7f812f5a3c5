"""Work of which some skips review: a certified release, sure jobs with their audits, and doubtful ones that waited."""

from dataclasses import dataclass

from builders import House, accept, correct, record_jobs
from teachback.release_document import Approval, ReleaseDocument
from teachback.vocabulary import Lever
from teachback_server.jobs.actions import next_job_number
from teachback_server.jobs.models import Job
from teachback_server.releases.actions import make_release, put_live
from teachback_server.releases.models import LiveRelease, Release

RIGHT = {"queue": "billing"}
WANTED = {"queue": "returns"}
SURE, UNSURE = 0.95, 0.4


@dataclass(frozen=True, kw_only=True)
class PartlyReviewed:
    """Work under a certified release: sure jobs skip review but for audits; unsure ones wait, half of them wrong."""

    house: House
    release: Release
    sure: list[Job]
    unsure: list[Job]


def make_partly_reviewed(house: House) -> PartlyReviewed:
    """100 sure jobs, all right, of which only audits were looked at; then 40 unsure ones, all decided."""
    release = certify(house)
    sure = record_jobs(house.workflow, [RIGHT] * 100, confidence=SURE)
    unsure = record_jobs(house.workflow, [RIGHT] * 40, first_id=1001, confidence=UNSURE)
    accept(house.reviewer, [job for job in sure if job.routing == "audit"] + unsure[:20])
    correct(house.reviewer, unsure[20:], WANTED)
    return PartlyReviewed(house=house, release=release, sure=sure, unsure=unsure)


def certify(house: House) -> Release:
    """Put a release live under which jobs with a confidence from 0.8 on skip review."""
    release = release_after(
        house,
        lever=Lever.APPROVAL,
        change="Jobs with a confidence of 0.80 or more skip review",
        approval=Approval(threshold=0.8, error_limit=0.05, certainty=0.9, certified_from_jobs=300, certified_errors=6),
    )
    put_live(house.owner, release, from_job=next_job_number(house.workflow), why="it was certified")
    return release


def release_after(
    house: House, *, lever: Lever = Lever.EXAMPLES, change: str = "More examples", approval: Approval | None = None
) -> Release:
    """A release made from the live one."""
    live = LiveRelease.objects.get(workflow=house.workflow).release
    document = ReleaseDocument(workflow=house.workflow.name, instructions=change, approval=approval or Approval())
    return make_release(house.owner, house.workflow, document, parent=live, lever=lever, change=change)
