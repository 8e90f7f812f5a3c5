"""What is known of how a release does: the judged cases of it and of all releases that behave the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from teachback.vocabulary import JobStatus, Lever, RoutingKind
from teachback_server.evals.models import CaseResult, Gate
from teachback_server.jobs.models import Job
from teachback_server.releases.models import Release

UNSURE = -1.0  # stands for the confidence of a job that can never skip review, such as one that was handed back
WATCHED_JOBS = 1000
_ASKED_FOR = "Asked for by"  # how `teachback.routing` begins where a rule or a check wants a person to look


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Judged cases of a release, one entry each, oldest run first."""

    confidences: Sequence[float]
    wrong: Sequence[bool]

    @property
    def accuracy(self) -> float:
        """The share that was right; 0 where nothing was judged."""
        return 1 - sum(self.wrong) / len(self.wrong) if self.wrong else 0.0


def list_family(release: Release) -> list[int]:
    """The ids of all releases that differ from this one in approval alone, itself included: their outputs are equal."""
    root = release
    while root.lever == Lever.APPROVAL and root.parent is not None:
        root = root.parent
    family, newest = [root.pk], [root.pk]
    while newest:
        children = Release.objects.filter(parent_id__in=newest, lever=Lever.APPROVAL)
        newest = list(children.values_list("pk", flat=True))
        family += newest
    return family


def get_evidence(release: Release) -> Evidence:
    """All judged cases of a release and its family."""
    rows = (
        CaseResult.objects.filter(run__release_id__in=list_family(release))
        .order_by("pk")
        .values_list("confidence", "is_right")
    )
    pairs = list(rows)
    return Evidence(
        confidences=[UNSURE if confidence is None else confidence for confidence, _ in pairs],
        wrong=[not is_right for _, is_right in pairs],
    )


def get_watched_evidence(release: Release) -> Evidence:
    """The newest 1,000 jobs of a release and its family, back to the last that might have gone without review.

    So those that people have decided are a fair sample of its work, up to the order in which they decide.
    """
    rows = (
        Job.objects.filter(workflow_id=release.workflow_id, release_id__in=list_family(release))
        .exclude(status=JobStatus.RUNNING)
        .exclude(routing=RoutingKind.OBSERVED)
        .order_by("-number")
        .values_list("review_probability", "status", "confidence", "routing_reason", "case__was_right")[:WATCHED_JOBS]
    )
    watched = [row[1:] for row in takewhile(lambda row: row[0] == 1.0, rows)]
    return Evidence(
        confidences=[sureness_of(status, sure, why) for status, sure, why, right in watched if right is not None],
        wrong=[not right for *_, right in watched if right is not None],
    )


def sureness_of(status: str, confidence: float | None, routing_reason: str) -> float:
    """How sure the agent was of a job that it did, as far as that may let the job skip review."""
    if status != JobStatus.FINISHED or confidence is None or routing_reason.startswith(_ASKED_FOR):
        return UNSURE
    return confidence


def count_certifications(release: Release) -> int:
    """How often a certificate was tried for the outputs of this release."""
    return Gate.objects.filter(lever=Lever.APPROVAL, candidate_id__in=list_family(release)).count()
