"""What is known of how a release does: the judged cases of it and of all releases that behave the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from teachback.routing import is_asked_for
from teachback.vocabulary import JobStatus, Lever, RoutingKind
from teachback_server.evals.models import CaseResult, Gate
from teachback_server.jobs.models import Job
from teachback_server.releases.models import Release

UNSURE = -1.0  # stands for the confidence of a job that can never skip review, such as one that was handed back
WATCHED_JOBS = 1000


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Judged cases of a release, one entry each, oldest run first.

    Under autonomy people see all doubtful jobs and few others. So each case stands for `weights` jobs: one over the
    probability with which it was reviewed.
    """

    confidences: Sequence[float]
    wrong: Sequence[bool]
    weights: Sequence[float]

    @property
    def accuracy(self) -> float:
        """The share of all jobs that is right, reviewed or not; 0 where nothing was judged."""
        if not self.wrong:
            return 0.0
        lost = sum(weight for weight, is_wrong in zip(self.weights, self.wrong, strict=True) if is_wrong)
        return 1 - lost / sum(self.weights)


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
        .values_list("confidence", "is_right", "case__review_probability")
    )
    judged = list(rows)
    return Evidence(
        confidences=[UNSURE if confidence is None else confidence for confidence, *_ in judged],
        wrong=[not is_right for _, is_right, _ in judged],
        weights=[1 / probability for *_, probability in judged],
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
    decided = [row for row in watched if row[-1] is not None]
    return Evidence(
        confidences=[sureness_of(status, sure, why) for status, sure, why, _ in decided],
        wrong=[not right for *_, right in decided],
        weights=[1.0] * len(decided),
    )


def sureness_of(status: str, confidence: float | None, routing_reason: str) -> float:
    """How sure the agent was of a job that it did, as far as that may let the job skip review."""
    if status != JobStatus.FINISHED or confidence is None or is_asked_for(routing_reason):
        return UNSURE
    return confidence


def count_certifications(release: Release) -> int:
    """How often a certificate was tried for the outputs of this release."""
    return Gate.objects.filter(lever=Lever.APPROVAL, candidate_id__in=list_family(release)).count()
