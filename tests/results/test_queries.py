"""What the Results page says of a workflow: its periods, its curve, its effort and whether it got better."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from builders import MORNING, House, accept, correct, record_jobs
from partly_reviewed import RIGHT, SURE, WANTED, PartlyReviewed, certify, release_after
from teachback.vocabulary import JobStatus, Lever
from teachback_server.agents.protocol import AgentResult
from teachback_server.evals.gate_test import PairedCase, judge_change
from teachback_server.evals.models import Gate
from teachback_server.improvements.candidates import ChangeState
from teachback_server.improvements.models import Change
from teachback_server.jobs.actions import Arrival, JobSource, record_ended_jobs
from teachback_server.releases.actions import put_live, roll_back, take_autonomy_back
from teachback_server.releases.models import Release
from teachback_server.releases.queries import get_live_state
from teachback_server.results.queries import list_stretches, read_account, read_results
from teachback_server.results.summary import summarize_workflow
from teachback_server.statistics.multiplicity import ClaimAccount

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


def judge(house: House, candidate: Release, fixed: int, lever: Lever = Lever.EXAMPLES) -> Gate:
    cases = [PairedCase(group=f"{n}", base_score=0.0, candidate_score=1.0) for n in range(fixed)]
    report = judge_change(cases, account=ClaimAccount())
    return Gate.objects.create(
        workflow=house.workflow,
        base=house.release,
        candidate=candidate,
        lever=lever,
        verdict=report.verdict,
        cases=fixed,
        report={**report.as_json(), "compared_with": [house.release.number]},
        judged_at=candidate.created_at,
    )


def test_an_empty_workflow_has_results_that_say_so(house: House) -> None:
    results = read_results(house.workflow)
    assert results.jobs == 0
    assert results.current.rates.right.estimate is None
    assert results.curve == ()
    assert (results.everything.note, results.current.note) == ("no jobs yet", "no jobs yet")


def test_rates_are_about_all_jobs_and_say_how_many_people_looked_at(partly_reviewed: PartlyReviewed) -> None:
    results = read_results(partly_reviewed.house.workflow)
    assert results.jobs == 140
    assert results.everything.rates.right.estimate == pytest.approx(120 / 140)
    audits = sum(job.routing == "audit" for job in partly_reviewed.sure)
    assert results.everything.evidence == f"140 jobs, {audits + 40} of 140 finished ones reviewed"
    assert results.skipped.estimate == pytest.approx(100 / 140)
    assert results.unwaited_error.estimate == 0
    assert results.unwaited_error.high > 0.02


def test_effort_adds_up_what_was_measured(partly_reviewed: PartlyReviewed) -> None:
    effort = read_results(partly_reviewed.house.workflow).effort
    audits = sum(job.routing == "audit" for job in partly_reviewed.sure)
    assert (effort.decisions, effort.timed) == (audits + 40, audits + 40)
    assert effort.median_seconds == 11.0
    assert effort.total_seconds == pytest.approx(11.0 * (audits + 40))


def test_reasons_carry_the_words_of_the_workflow(partly_reviewed: PartlyReviewed) -> None:
    (reason,) = read_results(partly_reviewed.house.workflow).reasons
    assert (reason.label, reason.measured.count, reason.measured.running_total) == ("Wrong choice", 20, 1.0)


def test_periods_say_how_it_was_after_100_jobs_and_this_month(house: House) -> None:
    jobs = record_jobs(house.workflow, [RIGHT] * 130)
    correct(house.reviewer, jobs[:100], WANTED)
    accept(house.reviewer, jobs[100:])
    periods = {period.label: period for period in read_results(house.workflow, today=date(2026, 3, 20)).periods}
    assert periods["At the start"].rates.right.estimate == 0
    assert periods["After 100 jobs"].note == "jobs 101 to 130"
    assert periods["After 100 jobs"].rates.right.estimate == 1
    assert periods["This month"].rates.jobs == 130
    later = {period.label for period in read_results(house.workflow, today=date(2026, 4, 1)).periods}
    assert "The newest month" in later
    assert "This month" not in later


def import_jobs(house: House, ids: range) -> None:
    """Work of somebody else, all of it wrong."""
    arrivals = [Arrival(external_id=f"job-{number}", input={"text": f"Old {number}"}, at=MORNING) for number in ids]
    results = [AgentResult(status=JobStatus.FINISHED, output=RIGHT)] * len(ids)
    live = get_live_state(house.workflow)
    jobs = record_ended_jobs(
        house.owner, house.workflow, live, arrivals, results, source=JobSource.IMPORT, was_used=True
    )
    correct(house.reviewer, jobs, WANTED)


def test_imported_jobs_stand_apart_from_those_that_ran_under_a_release(house: House) -> None:
    import_jobs(house, range(1, 301))
    accept(house.reviewer, record_jobs(house.workflow, [RIGHT] * 130, first_id=301))
    results = read_results(house.workflow)
    periods = {period.label: period for period in results.periods}
    assert periods["Imported"].rates.right.estimate == 0
    assert periods["Imported"].note == "done by somebody else; the newest 250 of 300"
    assert (periods["At the start"].note, periods["At the start"].rates.right.estimate) == ("jobs 301 to 400", 1)
    assert (periods["After 100 jobs"].note, periods["After 100 jobs"].rates.jobs) == ("jobs 401 to 430", 30)
    assert (results.current.note, results.current.rates.right.estimate) == ("jobs 301 to 430", 1)
    assert results.everything.note == "jobs 1 to 430, 300 of them imported"
    assert results.imported.sentence.startswith("300 jobs were imported (jobs 1 to 300): somebody else did them")
    assert summarize_workflow(house.workflow).right.estimate == 1


def test_work_that_was_imported_in_between_is_left_out_too(house: House) -> None:
    import_jobs(house, range(1, 3))
    accept(house.reviewer, record_jobs(house.workflow, [RIGHT] * 40, first_id=3))
    import_jobs(house, range(43, 83))
    results = read_results(house.workflow)
    assert (results.imported.jobs, results.imported.leading) == (42, 2)
    assert "among jobs 1 to 82" in results.imported.sentence
    assert (results.current.rates.jobs, results.current.rates.right.estimate) == (40, 1)


def test_where_all_was_imported_nothing_is_said_of_what_is_live(house: House) -> None:
    import_jobs(house, range(1, 31))
    results = read_results(house.workflow)
    assert (results.current.rates.jobs, results.current.rates.right.estimate) == (0, None)
    assert {period.label for period in results.periods} == {"Imported", "The newest month"}


def test_stretches_follow_the_releases_that_went_live_and_returns(house: House) -> None:
    record_jobs(house.workflow, [RIGHT] * 10)
    second = release_after(house)
    put_live(house.owner, second, from_job=11, why="not worse")
    record_jobs(house.workflow, [RIGHT] * 10, first_id=11)
    roll_back(house.owner, house.release, from_job=21, why="it was worse on Mondays")
    record_jobs(house.workflow, [RIGHT] * 5, first_id=21)
    stretches = [
        (one.release_number, one.from_job, one.until_job, one.is_return) for one in list_stretches(house.workflow)
    ]
    assert stretches == [(1, 1, 10, False), (2, 11, 20, False), (1, 21, None, True)]
    curve = read_results(house.workflow).curve
    assert [part.stretch.release_number for part in curve] == [1, 2, 1]


def test_how_it_goes_now_is_judged_by_the_jobs_of_what_is_live(house: House) -> None:
    old = record_jobs(house.workflow, [RIGHT] * 30)
    correct(house.reviewer, old, WANTED)
    put_live(house.owner, release_after(house), from_job=31, why="not worse")
    early = record_jobs(house.workflow, [RIGHT] * 10, first_id=31)
    accept(house.reviewer, early)
    assert read_results(house.workflow).current.rates.right.estimate == pytest.approx(10 / 40)
    accept(house.reviewer, record_jobs(house.workflow, [RIGHT] * 20, first_id=41))
    current = read_results(house.workflow).current
    assert (current.note, current.rates.right.estimate) == ("jobs 31 to 60", 1.0)
    certify(house)  # differs in approval alone, so it does the same work
    accept(house.reviewer, record_jobs(house.workflow, [RIGHT] * 2, first_id=61, confidence=0.1))
    assert read_results(house.workflow).current.note == "jobs 31 to 62"


def test_only_a_gate_makes_it_better_than_release_1(house: House) -> None:
    correct(house.reviewer, record_jobs(house.workflow, [RIGHT] * 60), WANTED)
    candidate = release_after(house)
    put_live(house.owner, candidate, from_job=61, why="not worse")
    accept(house.reviewer, record_jobs(house.workflow, [RIGHT] * 60, first_id=61))
    account = read_account(house.workflow)
    assert not account.progress.is_proven  # however much better the reviewed jobs look
    judge(house, candidate, fixed=40)
    account = read_account(house.workflow)
    assert (account.claims, account.passed) == (1, 1)
    assert (account.progress.is_proven, account.progress.proven_number) == (True, 2)


def test_a_certificate_of_autonomy_is_no_claim_of_better_work(house: House) -> None:
    judge(house, certify(house), fixed=40, lever=Lever.APPROVAL)
    account = read_account(house.workflow)
    assert (account.claims, account.progress.is_proven) == (0, False)


def test_the_page_asks_as_many_questions_for_many_jobs_as_for_few(house: House) -> None:
    accept(house.reviewer, record_jobs(house.workflow, [RIGHT] * 15, confidence=SURE))
    with CaptureQueriesContext(connection) as few:
        read_results(house.workflow)
    accept(house.reviewer, record_jobs(house.workflow, [RIGHT] * 70, first_id=16, confidence=SURE))
    with CaptureQueriesContext(connection) as many:
        read_results(house.workflow)
    assert len(many) == len(few) < 30


def test_reading_results_writes_nothing(partly_reviewed: PartlyReviewed) -> None:
    with CaptureQueriesContext(connection) as queries:
        read_results(partly_reviewed.house.workflow)
    assert [query["sql"] for query in queries if not query["sql"].startswith("SELECT")] == []


def test_a_summary_says_how_it_goes_and_what_needs_a_decision(partly_reviewed: PartlyReviewed) -> None:
    house = partly_reviewed.house
    record_jobs(house.workflow, [RIGHT] * 3, first_id=3001, confidence=0.1)
    Change.objects.create(
        workflow=house.workflow,
        lever=Lever.RULES,
        title="A rule",
        state=ChangeState.PASSED,
        proposed_by="alice",
        proposed_at=house.release.created_at,
    )
    take_autonomy_back(house.owner, house.workflow, from_job=144, why="the price list changed")
    summary = summarize_workflow(house.workflow)
    assert (summary.jobs, summary.of_jobs, summary.waiting) == (143, 143, 3 + count_waiting_audits(partly_reviewed))
    assert summary.right.estimate is not None
    assert summary.decisions == (
        "1 change passed the test: accept or decline",
        "Autonomy was taken back: the price list changed",
    )


def count_waiting_audits(partly: PartlyReviewed) -> int:
    return partly.house.workflow.jobs.filter(is_waiting=True, number__lte=140).count()


def test_a_summary_of_untouched_work_is_calm(house: House) -> None:
    summary = summarize_workflow(house.workflow)
    assert (summary.jobs, summary.waiting, summary.decisions, summary.skipped) == (0, 0, (), None)
    assert summary.right.estimate is None
