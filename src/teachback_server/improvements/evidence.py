"""What is known of how a release does: the judged cases of it and of all releases that behave the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from teachback.vocabulary import Lever
from teachback_server.evals.models import CaseResult, Gate
from teachback_server.releases.models import Release

UNSURE = -1.0  # stands for the confidence of a job that was handed back: it can never skip review


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


def count_certifications(release: Release) -> int:
    """How often a certificate was tried for the outputs of this release."""
    return Gate.objects.filter(lever=Lever.APPROVAL, candidate_id__in=list_family(release)).count()
