"""The list of jobs: filters, search, and going through its pages by keys."""

import re
from datetime import date, datetime

import pytest
from django.test import Client

from builders import House, accept, correct, record_jobs
from teachback.json_types import JsonObject
from teachback_server.jobs.models import Job
from teachback_server.jobs.open_store import open_trace_store
from teachback_server.jobs.trace_store import StepRow
from teachback_server.reviews import job_filter, job_list
from teachback_server.reviews.job_filter import JobFilter
from teachback_server.reviews.job_list import JOBS_PER_PAGE, Stretch, list_jobs, summarise

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
JOBS = "/workflows/support-inbox/jobs"
GOOD: JsonObject = {"queue": "billing"}


def numbers(house: House, **wanted: object) -> list[int]:
    return [row.number for row in list_jobs(house.workflow, JobFilter(**wanted)).rows]  # type: ignore[arg-type]


def named(house: House, **wanted: object) -> list[int]:
    return [row.number for row in list_jobs(house.workflow, JobFilter(**wanted)).named]  # type: ignore[arg-type]


def make_step(job: Job, *, is_error: bool) -> StepRow:
    return StepRow(
        workflow_id=job.workflow_id,
        trace_id=job.trace_id,
        span_id="a" * 16,
        parent_id="",
        request_id=0,
        name="look up",
        kind="tool",
        is_error=is_error,
        model="",
        started_ns=1,
        duration_ms=1.0,
        input_tokens=0,
        output_tokens=0,
        cost_usd=0.0,
        convention="",
    )


def test_each_filter_narrows_the_list(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD, None, GOOD, GOOD])
    record_jobs(house.elsewhere, [GOOD])
    accept(house.reviewer, [jobs[0]])
    correct(house.reviewer, [jobs[2]], {"queue": "returns"})
    Job.objects.filter(pk=jobs[3].pk).update(routing="auto", is_waiting=False)
    assert numbers(house) == [4, 3, 2, 1]
    assert numbers(house, status="handed_back") == [2]
    assert numbers(house, routing="auto") == [4]
    assert numbers(house, verdict="accepted") == [1]
    assert numbers(house, verdict="corrected") == [3]
    assert numbers(house, is_waiting=True) == [2]
    assert numbers(house, release=1, verdict="corrected") == [3]
    assert numbers(house, release=2) == []


def test_a_search_finds_numbers_beginnings_of_ids_and_words(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD] * 12)
    Job.objects.filter(pk=jobs[4].pk).update(input={"text": 'Größe 42 "quoted"'}, external_id="ext/5")
    assert named(house, text="7") == [7]
    assert named(house, text="job-1") == [12, 11, 10, 1]
    assert named(house, text="ext/") == [5]
    assert named(house, text="size") == []
    assert numbers(house, text="größe 42") == [5]
    assert numbers(house, text="GRÖSSE") == []
    assert numbers(house, text='"quoted"') == [5]
    assert numbers(house, text="MESSAGE 3") == [3]
    assert numbers(house, text="no such thing %_") == []


def test_words_of_the_output_are_found_too(house: House) -> None:
    record_jobs(house.workflow, [GOOD, {"queue": "delivery"}, None])
    assert numbers(house, text="DELIVERY") == [2]


def test_what_is_found_by_its_id_is_narrowed_by_the_other_filters(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD, None, GOOD])
    accept(house.reviewer, jobs[:1])
    assert named(house, text="job-", status="handed_back") == [2]
    assert named(house, text="job-", verdict="accepted") == [1]
    assert named(house, text="2", status="finished") == []


def test_a_filter_by_day_takes_both_days_whole(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD] * 4)
    for job, at in zip(jobs, ("01T23:59", "02T00:00", "03T23:59", "04T00:00"), strict=True):
        Job.objects.filter(pk=job.pk).update(started_at=datetime.fromisoformat(f"2026-05-{at}+00:00"))
    assert numbers(house, from_day=date(2026, 5, 2), to_day=date(2026, 5, 3)) == [3, 2]
    assert numbers(house, from_day=date(2026, 5, 4)) == [4]
    assert numbers(house, to_day=date.max, from_day=date.min) == [4, 3, 2, 1]


def test_jobs_are_found_by_where_they_came_from_and_why_they_were_changed(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD] * 3)
    Job.objects.filter(pk=jobs[0].pk).update(source="import")
    correct(house.reviewer, [jobs[1]], {"queue": "returns"})
    correct(house.reviewer, [jobs[2]], {"queue": "returns"}, reason="wrong_value")
    assert numbers(house, source="import") == [1]
    assert numbers(house, reason="wrong_choice") == [2]
    assert numbers(house, reason="wrong_value", verdict="corrected") == [3]
    assert numbers(house, reason="wrong_value", verdict="accepted") == []
    assert numbers(house, reason="never heard of") == []


def test_many_decisions_alike_are_looked_through_a_stretch_at_a_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_filter, "_FEW_DECISIONS", 3)
    monkeypatch.setattr(job_filter, "REACH_OF_DECISIONS", 5)
    jobs = record_jobs(house.workflow, [GOOD] * 12)
    accept(house.reviewer, [jobs[0], jobs[1], *jobs[8:]])
    first = list_jobs(house.workflow, JobFilter(verdict="accepted"))
    assert [row.number for row in first.rows] == [12, 11, 10, 9]
    assert (first.looked_at, first.older, first.found) == (Stretch(first=8, last=12), 8, 4)
    second = list_jobs(house.workflow, JobFilter(verdict="accepted"), before=first.older)
    assert (second.rows, second.looked_at) == ((), Stretch(first=3, last=7))
    third = list_jobs(house.workflow, JobFilter(verdict="accepted"), before=second.older)
    assert [row.number for row in third.rows] == [2, 1]
    assert (third.older, third.looked_at) == (None, None)
    ahead = list_jobs(house.workflow, JobFilter(verdict="accepted"), after=third.newer)
    assert (ahead.rows, ahead.newer, ahead.older) == ((), 7, 3)
    assert list_jobs(house.workflow, JobFilter(verdict="accepted"), after=ahead.newer) == first


def test_long_texts_are_searched_in_fewer_jobs_and_the_page_offers_to_look_further(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_filter, "_LETTERS_OF_WORDS", 1)
    monkeypatch.setattr(job_filter, "_SAMPLED_TEXTS", 4)
    record_jobs(house.workflow, [GOOD] * 10)
    client.force_login(house.bob)
    page = client.get(JOBS, {"text": "Message 2:"}).content.decode()
    assert "looked through jobs 7 to 10" in page
    assert "Look further back" in page
    further = client.get(JOBS, {"text": "Message 2:", "before": "3"}).content.decode()
    assert "Message 2: where is" in further
    assert "Look further back" not in further


def test_jobs_with_an_error_failed_or_have_a_step_that_did(house: House) -> None:
    jobs = record_jobs(house.workflow, [GOOD] * 4)
    Job.objects.filter(pk=jobs[0].pk).update(status="failed")
    open_trace_store().write_steps([make_step(jobs[1], is_error=False), make_step(jobs[2], is_error=True)])
    assert numbers(house, has_error=True) == [3, 1]
    assert numbers(house, has_error=True, status="failed") == [1]


def test_the_list_says_how_many_there_are_as_far_as_it_counted(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_list, "FOUND_AT_MOST", JOBS_PER_PAGE + 1)
    record_jobs(house.workflow, [GOOD] * (JOBS_PER_PAGE + 5) + [None] * 3)
    client.force_login(house.bob)
    assert f"{JOBS_PER_PAGE + 8} jobs, the newest first" in client.get(JOBS).content.decode()
    assert "3 jobs, the newest first" in client.get(JOBS, {"status": "handed_back"}).content.decode()
    assert f"{JOBS_PER_PAGE + 1}+ jobs" in client.get(JOBS, {"status": "finished"}).content.decode()


def test_pages_follow_each_other_without_gaps_in_both_directions(house: House) -> None:
    record_jobs(house.workflow, [GOOD] * (2 * JOBS_PER_PAGE + 5))
    first = list_jobs(house.workflow, JobFilter())
    second = list_jobs(house.workflow, JobFilter(), before=first.older)
    third = list_jobs(house.workflow, JobFilter(), before=second.older)
    shown = [row.number for page in (first, second, third) for row in page.rows]
    assert shown == list(range(2 * JOBS_PER_PAGE + 5, 0, -1))
    assert (first.newer, third.older) == (None, None)
    back = list_jobs(house.workflow, JobFilter(), after=third.newer)
    assert back.rows == second.rows
    assert list_jobs(house.workflow, JobFilter(), after=back.newer).newer is None


def test_a_line_of_the_list_shows_the_longest_text_of_the_input() -> None:
    assert summarise({"id": "x", "mail": {"body": "the  long\ntext"}}) == "the long text"
    assert summarise({"text": "word " * 100}).endswith("…")
    assert summarise({"amount": 3}) == '{"amount":3}'


def test_the_page_keeps_its_filter_from_page_to_page(client: Client, house: House) -> None:
    record_jobs(house.workflow, [GOOD] * (JOBS_PER_PAGE + 1))
    client.force_login(house.bob)
    page = client.get(JOBS, {"status": "finished"}).content.decode()
    assert re.search(r'rel="next" href="\?status=finished&amp;before=2"', page)


@pytest.mark.parametrize(
    "query",
    [
        "status=burnt",
        "release=x",
        "before=x",
        "before=99999999999999999999",
        "text=%00",
        "from_day=x",
        "to_day=9999-12-31",
        "source=x",
        "reason=x",
    ],
)
def test_an_impossible_filter_is_no_error(client: Client, house: House, query: str) -> None:
    record_jobs(house.workflow, [GOOD])
    client.force_login(house.bob)
    assert client.get(f"{JOBS}?{query}").status_code == 200


def test_empty_lists_say_what_to_do_next(client: Client, house: House) -> None:
    client.force_login(house.bob)
    assert "No job yet" in client.get(JOBS).content.decode()
    record_jobs(house.workflow, [GOOD])
    assert "Show all jobs" in client.get(JOBS, {"status": "failed"}).content.decode()


def test_a_reviewer_cannot_tell_an_audit_apart_before_it_is_decided(client: Client, house: House) -> None:
    job = record_jobs(house.workflow, [GOOD])[0]
    Job.objects.filter(pk=job.pk).update(routing="audit", routing_reason="Random audit of 5% of such jobs.")
    client.force_login(house.bob)
    assert "shown later" in client.get(JOBS).content.decode()
    assert "No job is like that" in client.get(JOBS, {"routing": "audit"}).content.decode()
    assert "Random audit" not in client.get(f"{JOBS}/1").content.decode()
    client.force_login(house.alice)
    assert "Used, reviewed too" in client.get(JOBS, {"routing": "audit"}).content.decode()
    assert "Random audit" in client.get(f"{JOBS}/1").content.decode()
