"""The pages of releases: what is live, what each one says, and the return to an earlier one."""

import pytest
from django.test import Client

from builders import House
from change_builders import judge_rule, make_pattern, propose_rule, release_certificate, release_examples, report_on
from teachback_server.improvements.candidates import ChangeState
from teachback_server.people.models import User
from teachback_server.releases.queries import get_live_state

pytestmark = pytest.mark.django_db(databases=["default", "traces"])
RELEASES = "/workflows/support-inbox/releases"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, path: str = "") -> str:
    return browser(user).get(f"{RELEASES}{path}").content.decode()


def test_the_list_says_in_words_what_each_release_is(house: House) -> None:
    pattern = make_pattern(house)
    judge_rule(house, propose_rule(house, pattern), report=report_on(3, 4, 2), outcome=ChangeState.NOT_RELEASED)
    release_examples(house, pattern)
    shown = page(house.alice)
    assert shown.count("Not released") == 1
    assert "Cannot tell yet" in shown
    assert "Was live" in shown
    assert "Autonomy is off: every job goes to a person." in shown
    assert "Return to it" in shown


def test_one_release_shows_what_differs_in_words(house: House) -> None:
    judge_rule(house, propose_rule(house, make_pattern(house)))
    shown = page(house.alice, "/2")
    assert (
        "<ins><b>late parcels</b>: When output.queue == &quot;billing&quot;: set queue to &quot;delivery&quot;" in shown
    )
    assert "Proven better" in shown
    assert "No job ran under it." in shown
    assert "The way back is broken." not in shown


def test_a_certificate_is_said_in_a_sentence(house: House) -> None:
    make_pattern(house)
    release_certificate(house)
    shown = page(house.alice, "/2").replace("\u00a0", " ")
    assert "Certified on 60 reviewed jobs, 0 of them wrong: at most 5 % of what skips review is wrong" in shown
    assert "Every job is reviewed: nothing is certified for this release." in shown, "what it was before"


def test_jobs_are_counted_under_the_release_that_they_ran_under(house: House) -> None:
    pattern = make_pattern(house, wrong=6, right=4)
    release_examples(house, pattern)
    assert "jobs 1 to 10 (10 jobs)" in page(house.alice, "/1")


def test_a_return_asks_first_and_wants_a_reason(house: House) -> None:
    judge_rule(house, propose_rule(house, make_pattern(house)))
    client = browser(house.alice)
    assert "Return to release 1?" in client.get(f"{RELEASES}/1/return").content.decode()
    assert get_live_state(house.workflow).release.number == 2
    refused = client.post(f"{RELEASES}/1/return", {"why": "  "})
    assert refused.status_code == 422
    assert "Say in a few words why." in refused.content.decode()
    assert get_live_state(house.workflow).release.number == 2


def test_a_return_is_one_press_and_stands_in_the_history(house: House) -> None:
    judge_rule(house, propose_rule(house, make_pattern(house)))
    answer = browser(house.alice).post(f"{RELEASES}/1/return", {"why": "<b>Complaints</b>"}, follow=True)
    shown = answer.content.decode()
    assert get_live_state(house.workflow).release.number == 1
    assert "Release 1 is live again from job 25 on." in shown
    assert "&lt;b&gt;Complaints&lt;/b&gt;" in shown
    assert "<b>Complaints</b>" not in shown


def test_a_release_that_never_was_live_cannot_be_returned_to(house: House) -> None:
    judge_rule(house, propose_rule(house, make_pattern(house)), outcome=ChangeState.NOT_RELEASED)
    answer = browser(house.alice).post(f"{RELEASES}/2/return", {"why": "I like it"}, follow=True)
    assert "has never been live" in answer.content.decode()
    assert get_live_state(house.workflow).release.number == 1


def test_reviewers_read_and_do_not_return_and_strangers_see_nothing(house: House) -> None:
    judge_rule(house, propose_rule(house, make_pattern(house)))
    assert "Return to it" not in page(house.bob)
    assert browser(house.bob).post(f"{RELEASES}/1/return", {"why": "x"}).status_code == 403
    for path in ("", "/1", "/1/return"):
        assert browser(house.charlie).get(f"{RELEASES}{path}").status_code == 404
    assert browser(house.alice).get(f"{RELEASES}/77").status_code == 404
