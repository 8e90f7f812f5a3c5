"""The pages of changes: the evidence in words, and what people may decide about a change."""

import pytest
from django.test import Client
from django_tasks_db.models import DBTaskResult

from builders import House, record_jobs
from change_builders import (
    gate_cases,
    judge_rule,
    make_pattern,
    propose_rule,
    release_certificate,
    release_examples,
    report_on,
)
from teachback.vocabulary import GateVerdict, Lever
from teachback_server.evals.models import Case
from teachback_server.improvements.candidates import ChangeState
from teachback_server.improvements.gate_words import describe_ground, describe_wait, list_figures
from teachback_server.improvements.models import Change
from teachback_server.people.audit import Act
from teachback_server.people.models import AuditEvent, User
from teachback_server.releases.queries import get_live_state
from teachback_server.site.changes_overview import find_change, read_change

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
CHANGES = "/workflows/support-inbox/changes"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, path: str = "") -> str:
    return browser(user).get(f"{CHANGES}{path}").content.decode().replace("\u00a0", " ")


def passed(house: House) -> Change:
    """A rule that its gate found not worse, and that waits for a person."""
    report = report_on(3, 0, 300)
    assert report.verdict is GateVerdict.NOT_WORSE
    return judge_rule(house, propose_rule(house, make_pattern(house)), report=report, outcome=ChangeState.PASSED)


def test_with_no_change_the_page_says_what_to_do_next(house: House) -> None:
    shown = page(house.alice)
    assert "No change yet" in shown
    assert "No claim has been made yet." in shown


def test_the_account_of_claims_stands_above_the_list(house: House) -> None:
    judge_rule(house, propose_rule(house, make_pattern(house)), report=report_on(60, 0, 10))
    shown = page(house.alice)
    assert "<b>1</b> claim made, <b>1</b> passed." in shown
    assert "are expected to be false" in shown
    assert "Released because it is proven better." in shown


def test_the_list_puts_what_waits_for_somebody_first_and_is_chosen_by_state(house: House) -> None:
    pattern = make_pattern(house)
    waiting = propose_rule(house, pattern)
    release_examples(house, pattern)
    shown = page(house.alice)
    assert shown.index(waiting.title) < shown.index("more reviewed jobs as examples")
    assert "Rule “late parcels”" not in page(house.alice, "?state=released")
    assert "Rule “late parcels”" in page(house.alice, "?state=proposed")
    assert "Rule “late parcels”" in page(house.alice, "?state=rubbish&page=rubbish")


def test_a_proposal_shows_what_it_would_change_and_what_could_judge_it(house: House) -> None:
    change = propose_rule(house, make_pattern(house))
    shown = page(house.alice, f"/{change.pk}")
    assert "<ins><b>late parcels</b>" in shown
    assert "queue: billing → delivery" in shown
    assert "Not tested yet." in shown
    assert f"{len(gate_cases(house))} decided jobs are kept back" in shown
    assert "Few jobs so far." in shown


def test_a_verdict_stands_with_its_figures_and_the_jobs_on_which_it_rests(house: House) -> None:
    pattern = make_pattern(house, wrong=20, right=10)
    wrong = [case.job.number for case in gate_cases(house) if not case.was_right]
    change = judge_rule(house, propose_rule(house, pattern), report=report_on(30, 2, 68))
    found = find_change(house.workflow, change.pk)
    assert found is not None
    affected = dict(read_change(house.workflow, found).affected)
    assert [job.number for job in affected["Fixed"]] == wrong
    assert {(job.before, job.after) for job in affected["Fixed"]} == {("wrong", "right")}
    assert affected["Broken"] == ()
    shown = page(house.alice, f"/{change.pk}")
    assert "30 fixed, 2 broken, 68 the same" in shown
    assert f"Fixed: {len(wrong)} jobs" in shown
    assert "100 jobs that it was not made from" in shown


def test_only_what_was_released_is_said_to_have_become_a_release(house: House) -> None:
    pattern = make_pattern(house)
    released = release_examples(house, pattern)
    assert "; it became <a" in page(house.alice, f"/{released.pk}")
    rule = propose_rule(house, pattern)
    judge_rule(house, rule, report=report_on(1, 3, 20), outcome=ChangeState.NOT_RELEASED)
    shown = page(house.alice, f"/{rule.pk}")
    assert "; it became <a" not in shown
    assert "; it was tested as <a" in shown


def test_examples_that_are_only_not_worse_say_so(house: House) -> None:
    change = release_examples(house, make_pattern(house), report=report_on(3, 0, 200))
    shown = page(house.alice, f"/{change.pk}")
    assert "Released because it is not worse, which is enough for examples" in shown
    assert "That it is better was not shown." in shown
    assert "more reviewed jobs to learn from" in shown


def test_a_certificate_says_what_it_rests_on(house: House) -> None:
    make_pattern(house)
    change = release_certificate(house)
    shown = page(house.alice, f"/{change.pk}")
    assert "Released because the limit on errors is certified for what skips review." in shown
    assert "0 of 60 were wrong" in shown
    assert "Why it was proposed" not in shown


def test_an_owner_accepts_what_passed_and_the_page_says_who(house: House) -> None:
    change = passed(house)
    assert "That it is better was not shown, so a person decides." in page(house.alice, f"/{change.pk}")
    browser(house.alice).post(f"{CHANGES}/{change.pk}/accept")
    assert get_live_state(house.workflow).release == change.candidate
    assert "Released because alice accepted it. Shown was that it is not worse" in page(house.alice, f"/{change.pk}")


def test_what_was_decided_before_is_not_decided_again(house: House) -> None:
    change = passed(house)
    client = browser(house.alice)
    client.post(f"{CHANGES}/{change.pk}/decline", {"why": "Too broad"})
    answer = client.post(f"{CHANGES}/{change.pk}/accept", follow=True)
    change.refresh_from_db()
    assert change.state == ChangeState.DECLINED
    assert get_live_state(house.workflow).release.number == 1
    assert "waiting" in answer.content.decode()
    assert AuditEvent.objects.get(kind=Act.CHANGE_DECLINED).details == {"why": "Too broad"}


def test_declining_wants_a_reason(house: House) -> None:
    change = passed(house)
    answer = browser(house.alice).post(f"{CHANGES}/{change.pk}/decline", {"why": ""})
    change.refresh_from_db()
    assert (answer.status_code, change.state) == (422, ChangeState.PASSED)


def test_who_accepts_is_warned_when_work_has_moved_on(house: House) -> None:
    change = passed(house)
    release_examples(house, change.patterns.get())
    shown = page(house.alice, f"/{change.pk}")
    assert "Work has moved on." in shown
    assert f"{CHANGES}/{change.pk}/accept" not in shown


def test_a_test_is_asked_for_once_and_runs_in_the_background(house: House) -> None:
    change = propose_rule(house, make_pattern(house))
    client = browser(house.alice)
    answer = client.post(f"{CHANGES}/{change.pk}/test", follow=True)
    assert "The test has begun." in answer.content.decode()
    judge_rule(house, change)
    again = client.post(f"{CHANGES}/{change.pk}/test", follow=True)
    assert "has been tested already" in again.content.decode()


def test_without_a_test_case_a_change_stays_open_and_says_what_it_waits_for(house: House) -> None:
    change = propose_rule(house, make_pattern(house))
    Case.objects.update(split="practice")
    record_jobs(house.workflow, [{"queue": "billing"}] * 30, first_id=100)
    undecided = house.workflow.jobs.filter(is_test_case=True, is_waiting=True).count()
    wait = "No reviewed test case yet: about 170 more jobs give the 50 with which a test can begin."
    shown = page(house.alice, f"/{change.pk}")
    assert wait in shown
    assert f"{undecided} jobs that could judge it wait for a decision on the desk." in shown
    assert "Test it on these jobs" not in shown
    answer = browser(house.alice).post(f"{CHANGES}/{change.pk}/test", follow=True).content.decode()
    assert wait in answer
    assert not DBTaskResult.objects.exists()
    change.refresh_from_db()
    assert change.state == ChangeState.PROPOSED


def test_one_undecided_job_is_counted_as_one() -> None:
    assert describe_wait(1).endswith("1 job that could judge it waits for a decision on the desk.")
    assert "desk" not in describe_wait(0)


def test_somebody_looks_after_a_change_until_a_day(house: House) -> None:
    change = propose_rule(house, make_pattern(house))
    client = browser(house.alice)
    client.post(f"{CHANGES}/{change.pk}/assign", {"owner": house.bob.pk, "due_on": "2020-05-01"})
    change.refresh_from_db()
    assert (change.owner, str(change.due_on), change.state) == (house.bob, "2020-05-01", "proposed")
    assert "Overdue" in page(house.alice)
    assert AuditEvent.objects.get(kind=Act.CHANGE_ASSIGNED).subject == change.title
    wrong = client.post(f"{CHANGES}/{change.pk}/assign", {"owner": house.charlie.pk})
    assert wrong.status_code == 422


def test_reviewers_read_and_decide_nothing(house: House) -> None:
    change = passed(house)
    bob = browser(house.bob)
    assert bob.get(f"{CHANGES}/{change.pk}").status_code == 200
    for act in ("accept", "decline", "assign", "test"):
        assert bob.post(f"{CHANGES}/{change.pk}/{act}", {"why": "x"}).status_code == 403
    assert browser(house.charlie).get(f"/workflows/elsewhere/changes/{change.pk}").status_code == 404


@pytest.mark.parametrize(
    ("fixed", "broken", "same", "words"),
    [
        (60, 0, 10, "passed"),
        (5, 5, 40, "not passed"),
    ],
)
def test_a_claim_says_whether_its_evidence_was_enough(fixed: int, broken: int, same: int, words: str) -> None:
    figures = {one.label: one.words for one in list_figures(report_on(fixed, broken, same).as_json(), Lever.RULES)}
    assert f"number 1 of this workflow, {words}: evidence" in figures["The claim that it is better"]


def test_figures_say_how_large_the_difference_is_and_what_more_could_show() -> None:
    figures = {one.label: one.words for one in list_figures(report_on(8, 3, 60).as_json(), Lever.RULES)}
    assert figures["Difference"].startswith("+7 points, between ")
    assert "more that it is better, if the rates stay as they are" in figures["What more jobs could show"]
    assert figures["A loss that is tolerated"] == "2 points"


def test_a_report_without_figures_gives_none() -> None:
    assert list_figures({}, Lever.RULES) == ()
    assert list_figures({"sentence": "x"}, Lever.APPROVAL) == ()


@pytest.mark.parametrize("verdict", list(GateVerdict))
@pytest.mark.parametrize("is_released", [True, False])
def test_every_ground_is_a_sentence(verdict: GateVerdict, is_released: bool) -> None:
    assert describe_ground(verdict, Lever.RULES, is_released=is_released).endswith(".")


def test_figures_count_one_as_one() -> None:
    report = {**report_on(1, 0, 0).as_json(), "assumed_broken": 1, "proven_lower_bound": -0.01}
    figures = {one.label: one.words for one in list_figures(report, Lever.RULES)}
    assert figures["Judged on"] == "1 job that it was not made from"
    assert "1 of these nobody reviewed, so it counts as broken" in figures["Before and after"]
    assert figures["Against the last proven release"] == "at least −1 point"
