"""Tallies change how quickly a page is there, and nothing of what it says."""

from collections import Counter
from collections.abc import Sequence

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from builders import House, accept, correct, record_jobs
from partly_reviewed import RIGHT, SURE, UNSURE, WANTED, PartlyReviewed
from teachback_server.jobs.actions import record_outcome
from teachback_server.jobs.models import Job
from teachback_server.results import actions, counts
from teachback_server.results.actions import tally_all_work, tally_work
from teachback_server.results.counts import (
    TALLIED_SLICE_JOBS,
    Horizon,
    count_reasons,
    count_stretch,
    count_uses,
    count_work,
    find_horizon,
)
from teachback_server.results.measures import Counts, DecidedJobs, EndedJobs
from teachback_server.results.models import JobTally, TallyCursor
from teachback_server.workflows.models import Workflow

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


def summed(groups: Sequence[EndedJobs] | Sequence[DecidedJobs]) -> Counter[tuple[object, ...]]:
    sums: Counter[tuple[object, ...]] = Counter()
    for group in groups:
        verdict = group.verdict if isinstance(group, DecidedJobs) else ""
        key = (group.first_job, group.release_id, group.month, group.status, group.routing, group.probability, verdict)
        sums[key] += group.jobs
    return sums


def said_by(workflow: Workflow, slice_jobs: int = TALLIED_SLICE_JOBS) -> tuple[object, ...]:
    work = count_work(workflow, slice_jobs)
    seconds = sum(group.seconds for group in work.decided)
    timed = sum(group.timed for group in work.decided)
    reasons: Counter[tuple[str, str, float, str]] = Counter()
    for one in count_reasons(workflow):
        reasons[one.status, one.routing, one.probability, one.code] += one.jobs
    return summed(work.ended), summed(work.decided), seconds, timed, reasons, count_uses(workflow)


def say_outcomes(house: House, jobs: Sequence[Job]) -> None:
    for place, job in enumerate(jobs):
        record_outcome(house.owner, job, is_used=place % 3 > 0, worth_usd=2.0)


def test_counts_are_the_same_with_tallies_without_them_and_half_way(partly_reviewed: PartlyReviewed) -> None:
    house = partly_reviewed.house
    say_outcomes(house, partly_reviewed.sure[:30])
    before = said_by(house.workflow)
    assert tally_work(house.workflow, block_rows=7) > 10
    assert said_by(house.workflow) == before
    more = record_jobs(house.workflow, [RIGHT, None] * 20, first_id=2001, confidence=UNSURE)
    accept(house.reviewer, more[::2])
    correct(house.reviewer, more[1::4], WANTED)
    say_outcomes(house, partly_reviewed.sure[:10])  # a newer word about jobs that are in the tallies
    half_way = said_by(house.workflow)
    tally_work(house.workflow, block_rows=7)
    assert said_by(house.workflow) == half_way
    TallyCursor.objects.all().delete()
    JobTally.objects.all().delete()
    assert said_by(house.workflow) == half_way


def test_wide_slices_are_put_together_from_tallied_ones(partly_reviewed: PartlyReviewed) -> None:
    workflow = partly_reviewed.house.workflow
    Job.objects.filter(workflow=workflow, number__gt=100).update(number=F("number") + 1000)
    before = said_by(workflow, 1000)
    tally_work(workflow, block_rows=20)
    assert said_by(workflow, 1000) == before
    assert {first for first, *_ in before[0]} == {1, 1001}  # type: ignore[attr-defined]


def test_tallying_again_without_anything_new_adds_nothing(partly_reviewed: PartlyReviewed) -> None:
    workflow = partly_reviewed.house.workflow
    tally_work(workflow, block_rows=20)
    rows = JobTally.objects.count()
    assert tally_work(workflow, block_rows=20) == 0
    assert JobTally.objects.count() == rows


def test_a_block_that_another_process_took_is_not_counted_twice(
    partly_reviewed: PartlyReviewed, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = partly_reviewed.house.workflow
    before = said_by(workflow)
    stale = find_horizon(workflow)
    tally_work(workflow, block_rows=20)
    looks = iter([stale])
    monkeypatch.setattr(actions, "find_horizon", lambda found: next(looks, find_horizon(found)))
    assert tally_work(workflow, block_rows=20) == 0
    assert said_by(workflow) == before


def test_a_reader_that_looked_before_a_block_was_added_counts_it_once(
    partly_reviewed: PartlyReviewed, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = partly_reviewed.house
    tally_work(house.workflow, block_rows=20)
    seen_before = find_horizon(house.workflow)
    accept(house.reviewer, record_jobs(house.workflow, [RIGHT] * 40, first_id=2001, confidence=UNSURE))
    before = said_by(house.workflow)
    assert tally_work(house.workflow, block_rows=20) > 0
    monkeypatch.setattr(counts, "find_horizon", lambda workflow: seen_before)
    assert said_by(house.workflow) == before


def test_a_job_that_runs_is_counted_once_it_has_ended(house: House) -> None:
    jobs = record_jobs(house.workflow, [RIGHT] * 10)
    Job.objects.filter(pk=jobs[3].pk).update(status="running", finished_at=None)
    assert tally_work(house.workflow, block_rows=5) == 0
    assert sum(group.jobs for group in count_work(house.workflow, TALLIED_SLICE_JOBS).ended) == 9
    Job.objects.filter(pk=jobs[3].pk).update(status="finished", finished_at=jobs[4].finished_at)
    assert tally_work(house.workflow, block_rows=5) == 2
    assert sum(group.jobs for group in count_work(house.workflow, TALLIED_SLICE_JOBS).ended) == 10


def test_work_of_another_workflow_is_never_counted(partly_reviewed: PartlyReviewed) -> None:
    house = partly_reviewed.house
    record_jobs(house.elsewhere, [RIGHT] * 5)
    say_outcomes(house, partly_reviewed.sure[:5])
    assert tally_all_work() == 0
    tally_work(house.elsewhere, block_rows=2)
    assert sum(group.jobs for group in count_work(house.elsewhere, TALLIED_SLICE_JOBS).ended) == 5
    assert count_work(house.elsewhere, TALLIED_SLICE_JOBS).decided == []
    assert count_uses(house.elsewhere) == ()
    assert count_reasons(house.elsewhere) == ()


def test_a_stretch_holds_the_jobs_with_these_numbers_and_no_others(partly_reviewed: PartlyReviewed) -> None:
    stretch = count_stretch(partly_reviewed.house.workflow, 91, 110)
    assert sum(group.jobs for group in stretch.ended) == 20
    assert count_stretch(partly_reviewed.house.workflow, 5, 4) == Counts(ended=[], decided=[])


def test_only_the_newest_word_about_a_job_counts(house: House) -> None:
    job, other = record_jobs(house.workflow, [RIGHT] * 2, confidence=SURE)
    record_outcome(house.owner, job, is_used=True, worth_usd=5.0)
    record_outcome(house.owner, job, is_used=False)
    record_outcome(house.owner, other, is_used=True)
    assert [(use.is_used, use.jobs, use.worth_usd) for use in count_uses(house.workflow)] == [
        (False, 1, 0.0),
        (True, 1, 0.0),
    ]


def test_counting_reads_no_content_of_jobs(partly_reviewed: PartlyReviewed) -> None:
    with CaptureQueriesContext(connection) as queries:
        said_by(partly_reviewed.house.workflow)
    assert len(queries) < 12
    for query in queries:
        for column in ("input", "output", "draft"):
            assert f'"job"."{column}"' not in query["sql"]
            assert f'"review"."{column}"' not in query["sql"]


def test_the_horizon_of_untouched_work_is_its_beginning(house: House) -> None:
    assert find_horizon(house.workflow) == Horizon()
