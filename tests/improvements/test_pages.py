"""Where work gets stuck and what could remove it: the pages of patterns, and the forms that propose changes."""

import pytest
from django.test import Client
from django.utils import timezone

from builders import House, correct, record_jobs
from change_builders import gate_cases, make_pattern
from teachback.vocabulary import Cause, PatternState
from teachback_server.improvements.models import Change, Pattern
from teachback_server.improvements.noticing import take_in_reviews
from teachback_server.improvements.queries import list_past_jobs, read_pattern, read_pattern_page
from teachback_server.people.models import User
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
WORKFLOW = "/workflows/support-inbox"
RULE = {
    "name": "late parcels",
    "when": 'output.queue == "billing"',
    "act": "set_field",
    "field": "queue",
    "value": "delivery",
    "reason": "the parcel is late",
    "why": "Every <b>day</b>",
}
CHECK = {"name": "no billing", "kind": "expression", "expression": 'output.queue != "billing"', "why": ""}


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_with_nothing_corrected_the_page_says_what_to_do_next(house: House) -> None:
    shown = browser(house.alice).get(f"{WORKFLOW}/stuck").content.decode()
    assert "Nothing has come back yet" in shown
    assert "Review the next job" in shown


def test_a_pattern_stands_with_its_count_its_state_its_cause_and_its_trend(house: House) -> None:
    pattern = make_pattern(house, wrong=12, right=8)
    (row,) = read_pattern_page(house.workflow, state=None, page_number=1).rows
    assert (row.title, row.count, row.reason) == ("queue: billing → delivery", 12, "Wrong choice")
    assert [(one.first_job, one.last_job, one.corrections, one.reviewed) for one in row.trend[:2]] == [
        (1, 2, 2, 2),
        (3, 4, 2, 2),
    ]
    assert sum(one.corrections for one in row.trend) == 12
    assert sum(one.reviewed for one in row.trend) == 20
    shown = browser(house.alice).get(f"{WORKFLOW}/stuck").content.decode()
    assert f"{WORKFLOW}/patterns/{pattern.pk}" in shown
    assert "Corrected, of decided jobs, over time: 2 of 2, 2 of 2" in shown
    assert "Cause not known yet" in shown
    assert "Nobody yet" in shown


@pytest.mark.parametrize("jobs", [1, 7, 10, 11, 23])
def test_the_slices_of_a_trend_cover_every_job_once(house: House, jobs: int) -> None:
    make_pattern(house, wrong=jobs, right=0)
    (row,) = read_pattern_page(house.workflow, state=None, page_number=1).rows
    covered = [number for one in row.trend for number in range(one.first_job, one.last_job + 1)]
    assert covered == list(range(1, jobs + 1))
    assert all(one.corrections == one.last_job - one.first_job + 1 for one in row.trend)


def test_patterns_are_chosen_by_state_and_ignored_ones_leave_the_list(house: House) -> None:
    pattern = make_pattern(house)
    Pattern.objects.filter(pk=pattern.pk).update(state=PatternState.IGNORED)
    assert read_pattern_page(house.workflow, state=None, page_number=1).rows == ()
    assert len(read_pattern_page(house.workflow, state=PatternState.IGNORED, page_number="rubbish").rows) == 1
    shown = browser(house.alice).get(f"{WORKFLOW}/stuck?state=resolved&page=99").content.decode()
    assert "No pattern is in this state." in shown


def test_what_is_kept_back_to_judge_is_counted_and_not_shown(house: House) -> None:
    pattern = make_pattern(house, wrong=20, right=0)
    judges = {case.job.number for case in gate_cases(house)}
    detail = read_pattern(house.workflow, pattern)
    assert detail.kept_back == len(judges) > 0
    assert detail.may_teach + detail.kept_back == 20
    assert not {one.job_number for one in detail.corrections} & judges
    assert not {job.number for job in list_past_jobs(house.workflow)} & judges
    shown = browser(house.alice).get(f"{WORKFLOW}/patterns/{pattern.pk}").content.decode()
    assert "kept back to judge changes by" in shown
    assert "<del>billing</del> → <ins>delivery</ins>" in shown


def test_text_from_jobs_is_never_markup(house: House) -> None:
    jobs = record_jobs(house.workflow, [{"queue": "billing", "order_number": "<script>1</script>"}] * 8)
    correct(house.reviewer, jobs, {"queue": "billing", "order_number": "<img src=x>"}, reason="wrong_value")
    take_in_reviews(house.workflow)
    pattern = Pattern.objects.get()
    shown = browser(house.alice).get(f"{WORKFLOW}/patterns/{pattern.pk}").content.decode()
    assert "&lt;img src=x&gt;" in shown
    assert "<img src=x>" not in shown
    assert "<script>1" not in shown


def test_somebody_looks_after_a_pattern_until_a_day_and_says_its_cause(house: House) -> None:
    pattern = make_pattern(house)
    sent = {"owner": house.bob.pk, "due_on": "2020-05-01", "cause": "instructions"}
    answer = browser(house.alice).post(f"{WORKFLOW}/patterns/{pattern.pk}/save", sent, follow=True)
    pattern.refresh_from_db()
    assert (pattern.owner, pattern.cause, pattern.cause_evidence) == (house.bob, Cause.INSTRUCTIONS, "said by alice")
    assert "Said by alice." in answer.content.decode()
    assert "Overdue" in browser(house.alice).get(f"{WORKFLOW}/stuck").content.decode()


def test_a_pattern_can_be_ignored_and_taken_up_again(house: House) -> None:
    pattern = make_pattern(house)
    client = browser(house.alice)
    client.post(f"{WORKFLOW}/patterns/{pattern.pk}/save", {"cause": "unresolved", "is_ignored": "on"})
    pattern.refresh_from_db()
    assert pattern.state == PatternState.IGNORED
    client.post(f"{WORKFLOW}/patterns/{pattern.pk}/save", {"cause": "unresolved"})
    pattern.refresh_from_db()
    assert pattern.state != PatternState.IGNORED


@pytest.mark.parametrize(
    "sent",
    [
        {"cause": "weather"},
        {"cause": "model", "due_on": "next week"},
        {"cause": "model", "owner": "999999"},
    ],
)
def test_a_cause_a_day_or_a_person_that_does_not_exist_is_refused(house: House, sent: dict[str, str]) -> None:
    pattern = make_pattern(house)
    assert browser(house.alice).post(f"{WORKFLOW}/patterns/{pattern.pk}/save", sent).status_code == 422
    pattern.refresh_from_db()
    assert pattern.cause == Cause.UNRESOLVED


def test_somebody_from_elsewhere_cannot_be_put_in_charge(house: House) -> None:
    pattern = make_pattern(house)
    sent = {"owner": house.charlie.pk, "cause": "model"}
    assert browser(house.alice).post(f"{WORKFLOW}/patterns/{pattern.pk}/save", sent).status_code == 422


def propose(house: House, pattern: Pattern, kind: str) -> str:
    return f"{WORKFLOW}/patterns/{pattern.pk}/propose/{kind}"


def test_a_rule_opens_with_a_draft_from_the_pattern(house: House) -> None:
    pattern = make_pattern(house)
    shown = browser(house.alice).get(propose(house, pattern, "rule")).content.decode()
    assert "output.queue == &quot;billing&quot;" in shown
    assert 'value="&quot;delivery&quot;"' in shown


def test_a_rule_is_tried_on_past_jobs_and_nothing_is_stored(house: House) -> None:
    pattern = make_pattern(house, wrong=20, right=10)
    tried = browser(house.alice).post(propose(house, pattern, "rule"), {**RULE, "try": "1"})
    shown = tried.content.decode()
    jobs = list_past_jobs(house.workflow)
    wrong = sum(not job.was_right for job in jobs)
    assert f"It would have acted on <b>{wrong}</b> of the last {len(jobs)} decided jobs" in shown
    assert f"on {wrong} rightly, on 0 wrongly" in shown
    assert Change.objects.count() == 0


def test_a_rule_that_is_proposed_waits_for_its_test_and_names_its_pattern(house: House) -> None:
    pattern = make_pattern(house)
    answer = browser(house.alice).post(propose(house, pattern, "rule"), {**RULE, "propose": "1"})
    change = Change.objects.get()
    assert answer["Location"] == f"{WORKFLOW}/changes/{change.pk}"
    assert (change.lever, change.state, list(change.patterns.all())) == ("rules", "proposed", [pattern])
    assert change.edit["rule"]["value"] == '"delivery"', "a choice needs no quotes from the person"


def test_a_check_is_tried_and_proposed(house: House) -> None:
    pattern = make_pattern(house)
    client = browser(house.alice)
    tried = client.post(propose(house, pattern, "check"), {**CHECK, "try": "1"}).content.decode()
    assert "Rightly: the person corrected or rejected the job." in tried
    client.post(propose(house, pattern, "check"), {**CHECK, "propose": "1"})
    assert Change.objects.get().edit["check"]["expression"] == 'output.queue != "billing"'


def test_an_instruction_is_proposed_as_a_whole_text(house: House) -> None:
    pattern = make_pattern(house)
    client = browser(house.alice)
    assert "This agent reads no instructions." in client.get(propose(house, pattern, "instruction")).content.decode()
    sent = {"instructions": "Late parcels go to delivery.", "summary": "Late parcels", "propose": "1"}
    client.post(propose(house, pattern, "instruction"), sent)
    change = Change.objects.get()
    assert (change.title, change.edit["instructions"]) == ("Instructions: Late parcels", "Late parcels go to delivery.")


def test_what_cannot_be_tried_is_refused_and_nothing_is_stored(house: House) -> None:
    pattern = make_pattern(house)
    answer = browser(house.alice).post(
        propose(house, pattern, "rule"), {**RULE, "when": "output.queue =", "propose": "1"}
    )
    assert answer.status_code == 422
    assert "The condition of the rule" in answer.content.decode()
    assert Change.objects.count() == 0


def test_reviewers_read_and_only_editors_propose(house: House) -> None:
    pattern = make_pattern(house)
    bob = browser(house.bob)
    assert "Write a rule" not in bob.get(f"{WORKFLOW}/patterns/{pattern.pk}").content.decode()
    for kind in ("rule", "check", "instruction"):
        assert bob.get(propose(house, pattern, kind)).status_code == 403
    assert bob.post(f"{WORKFLOW}/patterns/{pattern.pk}/save", {"cause": "model"}).status_code == 403
    give_role(house.owner, house.workflow, house.bob, Role.EDITOR)
    assert bob.get(propose(house, pattern, "rule")).status_code == 200


def test_a_pattern_of_another_workflow_is_not_found_here(house: House) -> None:
    pattern = make_pattern(house)
    charlie = browser(house.charlie)
    for path in ("", "/save", "/propose/rule"):
        assert charlie.get(f"/workflows/elsewhere/patterns/{pattern.pk}{path}").status_code in (404, 405)
    assert charlie.post(f"/workflows/elsewhere/patterns/{pattern.pk}/save", {"cause": "model"}).status_code == 404
    assert browser(house.alice).get(propose(house, pattern, "wish")).status_code == 404


def test_a_due_day_that_is_today_is_not_over(house: House) -> None:
    pattern = make_pattern(house)
    Pattern.objects.filter(pk=pattern.pk).update(due_on=timezone.now().date())
    assert "Overdue" not in browser(house.alice).get(f"{WORKFLOW}/stuck").content.decode()
