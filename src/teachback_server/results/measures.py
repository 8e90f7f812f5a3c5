"""What counts of jobs and reviews say about the work: rates weighted by the probability of review, with bands. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from teachback.vocabulary import JobStatus, ReviewVerdict, RoutingKind
from teachback_server.statistics.intervals import rate_confidence_curve, rate_confidence_sequence
from teachback_server.statistics.selection import RateEstimate, RateStratum, stratified_rate

WITHOUT_WAITING = frozenset({RoutingKind.AUTO, RoutingKind.AUDIT})


@dataclass(frozen=True, kw_only=True, slots=True)
class EndedJobs:
    """How many jobs ended alike. `first_job` is the number of the first job of the slice in which they lie."""

    jobs: int
    status: str
    routing: str
    probability: float
    first_job: int = 0
    release_id: int = 0
    month: str = ""  # in which they ended, as 2024-05
    tokens: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class DecidedJobs:
    """How many of the jobs that ended alike were decided alike."""

    jobs: int
    status: str
    routing: str
    probability: float
    verdict: str
    first_job: int = 0
    release_id: int = 0
    month: str = ""
    seconds: float = 0.0
    timed: int = 0  # decisions of which the seconds are known


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenReason:
    """How many of the jobs that ended alike were changed, rejected or escalated for one reason."""

    jobs: int
    status: str
    routing: str
    probability: float
    code: str


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The jobs of some stretch of work, and those of them that a person decided."""

    ended: Sequence[EndedJobs]
    decided: Sequence[DecidedJobs]


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Shares of all jobs of a stretch of work, reviewed or not; right, wrong, escalated and handed back add up to 1."""

    jobs: int
    finished: int
    reviewed: int  # finished jobs that a person decided
    right: RateEstimate
    wrong: RateEstimate
    handed_back: RateEstimate  # handed back or failed: known without review
    escalated: float | None


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What happened to jobs on their way: counts of what is known, never estimates."""

    started: int
    finished: int
    handed_back: int
    failed: int
    accepted: int
    corrected: int
    rejected: int
    escalated: int
    used_without_review: int  # and the audits among them that wait for a person
    waiting: int  # not used before a person decides


@dataclass(frozen=True, kw_only=True)
class ReasonShare:
    """How often people gave one reason; `share` and `running_total` are weighted by the probability of review."""

    code: str
    count: int
    share: float
    running_total: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Stratum:
    """Finished jobs that had the same chance of being reviewed."""

    jobs: int
    accepted: int
    wrong: int
    escalated: int
    is_observed: bool = False  # who was reviewed among them is nobody's draw

    @property
    def reviewed(self) -> int:
        """How many of them a person decided."""
        return self.accepted + self.wrong + self.escalated


def measure_rates(counts: Counts) -> Rates:
    """Estimate right, wrong and handed back over all jobs, reviewed or not.

    Formula: `statistics.selection.stratified_rate` over the recorded probabilities of review, where jobs that waited
    for a person are kept apart from those that did not. Right: finished and accepted. Wrong: finished, and corrected
    or rejected. A job that was handed back or failed is neither, and is known without review. The bands hold at 95 %
    however often one looks. Assumes that each probability was recorded before the draw, and that jobs which still
    wait will be decided like those of their stratum that were. Of observed jobs only the reviewed ones are known;
    nothing is assumed about the others, so they widen the band. Source: see `stratified_rate`.
    """
    strata = stratify(counts)
    without_result = count_without_result(counts)
    jobs = without_result + sum(stratum.jobs for stratum in strata)
    return Rates(
        jobs=jobs,
        finished=jobs - without_result,
        reviewed=sum(stratum.reviewed for stratum in strata),
        right=_share(strata, [stratum.accepted for stratum in strata], without_result),
        wrong=_share(strata, [stratum.wrong for stratum in strata], without_result),
        handed_back=known_share(without_result, jobs),
        escalated=_mean(strata, [stratum.escalated for stratum in strata], jobs),
    )


def measure_right(counts: Counts) -> RateEstimate:
    """The share of right jobs alone; see `measure_rates`."""
    strata = stratify(counts)
    return _share(strata, [stratum.accepted for stratum in strata], count_without_result(counts))


def measure_right_of_each(stretches: Sequence[Counts]) -> list[RateEstimate]:
    """What `measure_right` gives for each stretch of work; those of which every job is known are bounded at once."""
    known = [_count_right_where_known(counts) for counts in stretches]
    lows, highs = rate_confidence_curve(
        [hit[0] if hit else 0 for hit in known], [hit[1] if hit else 0 for hit in known]
    )
    return [
        measure_right(counts)
        if hit is None
        else RateEstimate(estimate=hit[0] / hit[1], low=float(low), high=float(high), reviewed=hit[1], jobs=hit[1])
        for counts, hit, low, high in zip(stretches, known, lows, highs, strict=True)
    ]


def measure_overridden(counts: Counts) -> RateEstimate:
    """The share of finished outputs that people changed or rejected, or would have, had they looked at all of them."""
    strata = stratify(counts)
    return _share(strata, [stratum.wrong for stratum in strata], 0)


def measure_unwaited_error(counts: Counts) -> RateEstimate:
    """The share of wrong results among the jobs that did not wait for a person, estimated from their audits.

    An audit that was escalated counts as wrong: what a person could not settle should not have been used at once.
    Formula, assumptions and source: `measure_rates`.
    """
    strata = stratify(
        Counts(
            ended=[group for group in counts.ended if group.routing in WITHOUT_WAITING],
            decided=[group for group in counts.decided if group.routing in WITHOUT_WAITING],
        )
    )
    return _share(strata, [stratum.wrong + stratum.escalated for stratum in strata], 0)


def measure_skipped(counts: Counts) -> RateEstimate:
    """The share of jobs that did not wait for a person. Known of every job; observed jobs were never ours to route."""
    return known_share(*_count_skipped(counts))


def share_skipped(counts: Counts) -> float | None:
    """The share that `measure_skipped` bounds, alone; None where there is nothing to route."""
    skipped, routed = _count_skipped(counts)
    return skipped / routed if routed else None


def measure_flow(counts: Counts) -> Flow:
    """Count what happened to jobs, from start to decision."""
    status: dict[str, int] = defaultdict(int)
    verdict: dict[str, int] = defaultdict(int)
    unwaited = 0
    for ended in counts.ended:
        status[ended.status] += ended.jobs
        if ended.status == JobStatus.FINISHED and ended.routing != RoutingKind.REVIEW:
            unwaited += ended.jobs
    for decided in counts.decided:
        if decided.status == JobStatus.FINISHED:
            verdict[decided.verdict] += decided.jobs
            unwaited -= decided.jobs if decided.routing != RoutingKind.REVIEW else 0
    return Flow(
        started=sum(status.values()),
        finished=status[JobStatus.FINISHED],
        handed_back=status[JobStatus.HANDED_BACK],
        failed=status[JobStatus.FAILED],
        accepted=verdict[ReviewVerdict.ACCEPTED],
        corrected=verdict[ReviewVerdict.CORRECTED],
        rejected=verdict[ReviewVerdict.REJECTED],
        escalated=verdict[ReviewVerdict.ESCALATED],
        used_without_review=unwaited,
        waiting=status[JobStatus.FINISHED] - sum(verdict.values()) - unwaited,
    )


def measure_reasons(counts: Counts, reasons: Sequence[GivenReason]) -> tuple[ReasonShare, ...]:
    """Why people changed outputs, the most frequent reason first.

    Each decision stands for as many jobs as ended like it (same chance of review) per decision among them, so that a
    reason which shows in audits only is not drowned by jobs that are always reviewed.
    """
    jobs: dict[tuple[str, str, float], int] = defaultdict(int)
    decisions: dict[tuple[str, str, float], int] = defaultdict(int)
    for ended in counts.ended:
        jobs[ended.status, _path_of(ended), ended.probability] += ended.jobs
    for decided in counts.decided:
        decisions[decided.status, _path_of(decided), decided.probability] += decided.jobs
    given: dict[str, int] = defaultdict(int)
    weights: dict[str, float] = defaultdict(float)
    for reason in reasons:
        kind = (reason.status, _path_of(reason), reason.probability)
        given[reason.code] += reason.jobs
        weights[reason.code] += reason.jobs * jobs[kind] / decisions[kind]
    return _rank_reasons(given, weights)


def stratify(counts: Counts) -> list[Stratum]:
    """Put finished jobs together that had the same chance of review and waited, or did not wait, for a person."""
    jobs: dict[tuple[str, float], int] = defaultdict(int)
    decided: dict[tuple[str, float, str], int] = defaultdict(int)
    for group in counts.ended:
        if group.status == JobStatus.FINISHED:
            jobs[_path_of(group), group.probability] += group.jobs
    for review in counts.decided:
        if review.status == JobStatus.FINISHED:
            decided[_path_of(review), review.probability, review.verdict] += review.jobs
    return [
        Stratum(
            jobs=number,
            accepted=decided[(*kind, ReviewVerdict.ACCEPTED)],
            wrong=decided[(*kind, ReviewVerdict.CORRECTED)] + decided[(*kind, ReviewVerdict.REJECTED)],
            escalated=decided[(*kind, ReviewVerdict.ESCALATED)],
            is_observed=kind[0] == RoutingKind.OBSERVED,
        )
        for kind, number in sorted(jobs.items())
    ]


def count_without_result(counts: Counts) -> int:
    """How many jobs were handed back or failed."""
    return sum(group.jobs for group in counts.ended if group.status != JobStatus.FINISHED)


def known_share(hits: int, jobs: int) -> RateEstimate:
    """A share of which every job is known, with the band that holds all the time."""
    interval = rate_confidence_sequence(hits, jobs)
    return RateEstimate(
        estimate=hits / jobs if jobs else None, low=interval.low, high=interval.high, reviewed=jobs, jobs=jobs
    )


def _path_of(group: EndedJobs | DecidedJobs | GivenReason) -> str:
    """Which way a job went; audits are drawn from the jobs that were used without waiting, so the two are one."""
    return RoutingKind.AUTO if group.routing in WITHOUT_WAITING else group.routing


def _count_skipped(counts: Counts) -> tuple[int, int]:
    routed = [group for group in counts.ended if group.routing != RoutingKind.OBSERVED]
    skipped = sum(group.jobs for group in routed if group.routing in WITHOUT_WAITING)
    return skipped, sum(group.jobs for group in routed)


def _count_right_where_known(counts: Counts) -> tuple[int, int] | None:
    """Right jobs and all jobs, if nothing is left to estimate."""
    strata, without_result = stratify(counts), count_without_result(counts)
    jobs = without_result + sum(stratum.jobs for stratum in strata)
    if not jobs or any(stratum.reviewed < stratum.jobs for stratum in strata):
        return None
    return sum(stratum.accepted for stratum in strata), jobs


def _share(strata: Sequence[Stratum], hits: Sequence[int], without_result: int) -> RateEstimate:
    """Jobs without a result are known to be no hits. A rate of which nothing was reviewed is not known."""
    if strata and not any(stratum.reviewed for stratum in strata):
        jobs = without_result + sum(stratum.jobs for stratum in strata)
        return RateEstimate(estimate=None, low=0.0, high=1.0, reviewed=0, jobs=jobs)
    known = RateStratum(jobs=without_result, reviewed=without_result, total=0)
    return stratified_rate([*_rate_strata(strata, hits), known])


def _rate_strata(strata: Sequence[Stratum], hits: Sequence[int]) -> Iterator[RateStratum]:
    for stratum, number in zip(strata, hits, strict=True):
        unknown = stratum.jobs - stratum.reviewed if stratum.is_observed else 0
        yield RateStratum(jobs=stratum.jobs - unknown, reviewed=stratum.reviewed, total=number)
        yield RateStratum(jobs=unknown, reviewed=0, total=0)


def _mean(strata: Sequence[Stratum], hits: Sequence[int], jobs: int) -> float | None:
    if not any(stratum.reviewed for stratum in strata):
        return None
    return sum(n / s.reviewed * s.jobs for s, n in zip(strata, hits, strict=True) if s.reviewed) / jobs


def _rank_reasons(given: dict[str, int], weights: dict[str, float]) -> tuple[ReasonShare, ...]:
    total = sum(weights.values())
    ranked = sorted(weights, key=lambda code: (-weights[code], code))
    so_far = 0.0
    shares = []
    for code in ranked:
        so_far += weights[code]
        shares.append(
            ReasonShare(code=code, count=given[code], share=weights[code] / total, running_total=so_far / total)
        )
    return tuple(shares)
