"""The learning curve: the share of right jobs over the number of jobs, broken where another release went live. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from teachback_server.results.measures import (
    Counts,
    DecidedJobs,
    EndedJobs,
    measure_right_of_each,
    share_skipped,
)
from teachback_server.statistics.selection import RateEstimate

MOST_SLICES = 40
_NICE_STEPS = (10, 25, 50, 100, 250)


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Jobs in a row that ran under one release, from the moment it went live."""

    release_id: int
    release_number: int
    change: str  # in words, what the release differs in from its parent
    is_return: bool  # people went back to it
    from_job: int
    until_job: int | None = None  # None: it is live


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One slice of jobs within a stretch."""

    from_job: int
    until_job: int
    jobs: int
    reviewed: int
    right: RateEstimate  # of this slice alone
    right_so_far: RateEstimate  # since the release went live; the band holds for all points of the stretch together
    skipped: float | None  # the share that did not wait for a person; None: all were used before we saw them


@dataclass(frozen=True, kw_only=True)
class CurvePart:
    """The part of the curve that belongs to one stretch."""

    stretch: Stretch
    points: tuple[CurvePoint, ...]


def choose_slice_jobs(jobs: int) -> int:
    """How many jobs one point stands for, so that a curve has at most about 40 of them: 250, or finer for few jobs.

    Long histories get multiples of 250, which can be put together from tallies.
    """
    for step in _NICE_STEPS:
        if jobs <= step * MOST_SLICES:
            return step
    scale = _NICE_STEPS[-1]
    while True:
        for factor in (2, 4, 10):
            if jobs <= scale * factor * MOST_SLICES:
                return scale * factor
        scale *= 10


def draw_curve(counts: Counts, stretches: Sequence[Stretch], slice_jobs: int) -> tuple[CurvePart, ...]:
    """Put counts by slice and release on the curve. Stretches in which no job ended have no part.

    Where a release was live twice within one slice, its jobs of that slice lie in the first of the two stretches.
    """
    slices = _gather_slices(counts)
    parts = []
    for stretch in stretches:
        of_release = slices.get(stretch.release_id, {})
        here = [of_release.pop(first) for first in sorted(of_release) if _overlaps(stretch, first, slice_jobs)]
        if here:
            parts.append((stretch, here))
    estimates = iter(measure_right_of_each([slice_ for _, here in parts for slice_ in _alone_and_so_far(here)]))
    return tuple(
        CurvePart(
            stretch=stretch,
            points=tuple(_point(stretch, slice_, slice_jobs, next(estimates), next(estimates)) for slice_ in here),
        )
        for stretch, here in parts
    )


def _gather_slices(counts: Counts) -> dict[int, dict[int, Counts]]:
    """For each release, for the first job of each slice, what happened there."""
    ended: dict[int, dict[int, list[EndedJobs]]] = defaultdict(lambda: defaultdict(list))
    decided: dict[int, dict[int, list[DecidedJobs]]] = defaultdict(lambda: defaultdict(list))
    for group in counts.ended:
        ended[group.release_id][group.first_job].append(group)
    for review in counts.decided:
        decided[review.release_id][review.first_job].append(review)
    return {
        release_id: {
            first: Counts(ended=groups, decided=decided[release_id][first]) for first, groups in of_release.items()
        }
        for release_id, of_release in ended.items()
    }


def _overlaps(stretch: Stretch, first_job: int, slice_jobs: int) -> bool:
    return first_job + slice_jobs > stretch.from_job and (stretch.until_job is None or first_job <= stretch.until_job)


def _alone_and_so_far(slices: Sequence[Counts]) -> Iterator[Counts]:
    so_far = Counts(ended=(), decided=())
    for here in slices:
        so_far = Counts(ended=(*so_far.ended, *here.ended), decided=(*so_far.decided, *here.decided))
        yield here
        yield so_far


def _point(
    stretch: Stretch, here: Counts, slice_jobs: int, right: RateEstimate, right_so_far: RateEstimate
) -> CurvePoint:
    first_job = here.ended[0].first_job
    jobs = sum(group.jobs for group in here.ended)
    from_job = max(first_job, stretch.from_job)
    return CurvePoint(
        from_job=from_job,
        until_job=_last_job(stretch, from_job, first_job + slice_jobs - 1, jobs),
        jobs=jobs,
        reviewed=sum(group.jobs for group in here.decided),
        right=right,
        right_so_far=right_so_far,
        skipped=share_skipped(here),
    )


def _last_job(stretch: Stretch, from_job: int, end_of_slice: int, jobs: int) -> int:
    """The newest slice is not full yet, so its end is where its jobs end."""
    if stretch.until_job is None:
        return min(end_of_slice, from_job + jobs - 1)
    return min(end_of_slice, stretch.until_job)
