"""The curve is broken where another release went live, and never has more points than a person can read."""

import pytest

from teachback_server.results.curve import CurvePart, Stretch, choose_slice_jobs, draw_curve
from teachback_server.results.measures import Counts, DecidedJobs, EndedJobs, measure_right


def slice_of(first_job: int, release_id: int, jobs: int, accepted: int) -> tuple[EndedJobs, list[DecidedJobs]]:
    ended = EndedJobs(
        jobs=jobs, status="finished", routing="review", probability=1.0, first_job=first_job, release_id=release_id
    )
    decided = [
        DecidedJobs(
            jobs=number,
            status="finished",
            routing="review",
            probability=1.0,
            verdict=verdict,
            first_job=first_job,
            release_id=release_id,
        )
        for number, verdict in ((accepted, "accepted"), (jobs - accepted, "corrected"))
    ]
    return ended, decided


def counts_of(*slices: tuple[EndedJobs, list[DecidedJobs]]) -> Counts:
    return Counts(ended=[ended for ended, _ in slices], decided=[one for _, decided in slices for one in decided])


def stretch(release: int, from_job: int, until_job: int | None, *, is_return: bool = False) -> Stretch:
    return Stretch(
        release_id=release,
        release_number=release,
        change=f"change {release}",
        is_return=is_return,
        from_job=from_job,
        until_job=until_job,
    )


def ends(part: CurvePart) -> list[tuple[int, int]]:
    return [(point.from_job, point.until_job) for point in part.points]


def test_the_line_starts_anew_with_each_release() -> None:
    counts = counts_of(
        slice_of(1, 1, 100, 20), slice_of(101, 1, 50, 10), slice_of(101, 2, 50, 45), slice_of(201, 2, 60, 54)
    )
    first, second = draw_curve(counts, [stretch(1, 1, 150), stretch(2, 151, None)], 100)
    assert ends(first) == [(1, 100), (101, 150)]
    assert ends(second) == [(151, 200), (201, 260)]
    assert [point.right.estimate for point in second.points] == [0.9, 0.9]
    assert second.points[1].right_so_far == measure_right(counts_of(slice_of(0, 2, 110, 99)))
    assert first.points[1].right_so_far.estimate == pytest.approx(30 / 150)


def test_a_release_that_people_went_back_to_has_a_part_for_each_time_it_was_live() -> None:
    counts = counts_of(slice_of(1, 1, 100, 80), slice_of(101, 2, 100, 40), slice_of(201, 1, 100, 82))
    stretches = [stretch(1, 1, 100), stretch(2, 101, 200), stretch(1, 201, None, is_return=True)]
    parts = draw_curve(counts, stretches, 100)
    assert [(part.stretch.release_number, ends(part)) for part in parts] == [
        (1, [(1, 100)]),
        (2, [(101, 200)]),
        (1, [(201, 300)]),
    ]
    assert parts[2].points[0].right_so_far.jobs == 100


def test_a_release_under_which_nothing_ended_has_no_part() -> None:
    counts = counts_of(slice_of(1, 1, 10, 5))
    assert len(draw_curve(counts, [stretch(1, 1, 10), stretch(2, 11, None)], 100)) == 1


def test_no_jobs_give_no_curve() -> None:
    assert draw_curve(Counts(ended=[], decided=[]), [stretch(1, 1, None)], 10) == ()


def test_the_band_of_a_stretch_narrows_while_jobs_come_in() -> None:
    counts = counts_of(*(slice_of(first, 1, 50, 40) for first in range(1, 1001, 50)))
    (part,) = draw_curve(counts, [stretch(1, 1, None)], 50)
    widths = [point.right_so_far.high - point.right_so_far.low for point in part.points]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(
    ("jobs", "slice_jobs"),
    [(0, 10), (400, 10), (401, 25), (4000, 100), (8198, 250), (10_000, 250), (10_001, 500), (1_000_000, 25_000)],
)
def test_points_lie_250_jobs_apart_or_less_until_there_would_be_too_many(jobs: int, slice_jobs: int) -> None:
    assert choose_slice_jobs(jobs) == slice_jobs


@pytest.mark.parametrize("jobs", [4001, 33_333, 123_456, 7_654_321, 10**9])
def test_a_long_history_has_slices_that_tallies_can_be_put_together_to(jobs: int) -> None:
    slice_jobs = choose_slice_jobs(jobs)
    assert slice_jobs % 250 == 0
    assert jobs / slice_jobs <= 40
