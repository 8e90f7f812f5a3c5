"""The list of jobs: filters, search, and going through its pages by keys."""

import re

import pytest
from django.test import Client

from builders import House, accept, correct, record_jobs
from teachback.json_types import JsonObject
from teachback_server.jobs.models import Job
from teachback_server.reviews.job_list import JOBS_PER_PAGE, JobFilter, list_jobs, summarise

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
JOBS = "/workflows/support-inbox/jobs"
GOOD: JsonObject = {"queue": "billing"}


def numbers(house: House, **wanted: object) -> list[int]:
    return [row.number for row in list_jobs(house.workflow, JobFilter(**wanted)).rows]  # type: ignore[arg-type]


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
    assert numbers(house, text="7") == [7]
    assert numbers(house, text="job-1") == [12, 11, 10, 1]
    assert numbers(house, text="ext/") == [5]
    assert numbers(house, text="größe 42") == [5]
    assert numbers(house, text="GRÖSSE") == []
    assert numbers(house, text='"quoted"') == [5]
    assert numbers(house, text="MESSAGE 3") == [3]
    assert numbers(house, text="no such thing %_") == []


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


@pytest.mark.parametrize("query", ["status=burnt", "release=x", "before=x", "before=99999999999999999999", "text=%00"])
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
