"""How many results would be wrong if the surest share of jobs skipped review, as seen so far. Pure.

This is a picture of what was seen, not a certificate: shares are looked at side by side, and only Learn-then-Test
may allow one of them.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from teachback_server.statistics.selection import RateEstimate, RateStratum, stratified_rate

SHARES = tuple(round(0.05 * step, 2) for step in range(2, 21))
FEWEST_REVIEWED = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedJob:
    """One job with how sure the agent was; None: it was handed back, failed, or did not say. Such jobs never skip."""

    confidence: float | None
    did_wait: bool  # for a person
    probability: float  # of review
    is_wrong: bool | None  # None: nobody decided


@dataclass(frozen=True, kw_only=True)
class RiskPoint:
    """What would be wrong if so large a share of all jobs skipped review."""

    share: float
    threshold: float
    error: RateEstimate


def draw_risk(jobs: Sequence[JudgedJob]) -> tuple[RiskPoint, ...]:
    """Estimate the error among the surest jobs for each share of SHARES that the agent is sure enough about.

    Formula: `statistics.selection.stratified_rate` over the probabilities of review of the jobs above a threshold, the
    quantile of all confidences. Shares of which fewer than 30 jobs were decided are left out. Each band holds at 95 %
    for one look and by itself, not all of them at once. Assumptions and source as there.
    """
    sure = sorted((job for job in jobs if job.confidence is not None), key=_sureness, reverse=True)
    points = []
    for share in SHARES:
        count = round(share * len(jobs))
        if count > len(sure):
            break
        above = sure[:count]
        if sum(job.is_wrong is not None for job in above) >= FEWEST_REVIEWED:
            points.append(RiskPoint(share=share, threshold=_sureness(above[-1]), error=estimate_error(above)))
    return tuple(points)


def _sureness(job: JudgedJob) -> float:
    return job.confidence if job.confidence is not None else -1.0


def estimate_error(jobs: Sequence[JudgedJob]) -> RateEstimate:
    """Estimate how many of these jobs are wrong, weighted by their probabilities of review; for one look."""
    counts: dict[tuple[bool, float], list[int]] = defaultdict(lambda: [0, 0, 0])
    for job in jobs:
        stratum = counts[job.did_wait, job.probability]
        stratum[0] += 1
        stratum[1] += job.is_wrong is not None
        stratum[2] += bool(job.is_wrong)
    strata = [RateStratum(jobs=jobs, reviewed=seen, total=wrong) for jobs, seen, wrong in counts.values()]
    return stratified_rate(strata, is_watched=False)
