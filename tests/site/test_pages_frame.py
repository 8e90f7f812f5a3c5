"""The frame of every page: navigation, light and dark, plain words when something is wrong, and a strict policy."""

import pytest
from django.test import Client

from builders import House, record_jobs
from teachback_server.people.models import User

pytestmark = pytest.mark.django_db(databases=["default", "traces"])


def test_somebody_who_has_not_signed_in_sees_no_navigation(client: Client, db: None) -> None:
    page = client.get("/sign-in").content.decode()
    assert "Sign out" not in page
    assert 'aria-label="Everywhere"' in page
    assert ">Home</a>" not in page


def test_the_open_tab_is_marked(client: Client, house: House) -> None:
    client.force_login(house.alice)
    page = client.get("/workflows/support-inbox/settings").content.decode()
    assert page.count('aria-current="page"') == 1
    assert 'href="/workflows/support-inbox/settings" aria-current="page"' in page


def test_the_tab_of_the_desk_says_how_much_waits(client: Client, house: House) -> None:
    record_jobs(house.workflow, [{"queue": "billing"}, {"queue": "billing"}])
    client.force_login(house.bob)
    assert '<span class="tally">2<' in client.get("/workflows/support-inbox/jobs").content.decode()


def test_home_shows_only_the_workflows_that_one_may_see(client: Client, house: House) -> None:
    client.force_login(house.bob)
    page = client.get("/").content.decode()
    assert "Support inbox" in page
    assert "Elsewhere" not in page


def test_an_empty_home_says_what_to_do_next(client: Client, db: None) -> None:
    client.force_login(User.objects.create(username="new"))
    assert "No workflow yet" in client.get("/").content.decode()


def test_the_choice_of_dark_is_remembered_and_leads_back(client: Client, house: House) -> None:
    client.force_login(house.alice)
    answer = client.post("/appearance", {"theme": "dark", "next": "/account"})
    assert answer["Location"] == "/account"
    assert 'data-theme="dark"' in client.get("/account").content.decode()


def test_a_made_up_theme_is_refused_and_a_made_up_cookie_ignored(client: Client, db: None) -> None:
    assert client.post("/appearance", {"theme": "pink"}).status_code == 400
    client.cookies["teachback_theme"] = "pink"
    assert "data-theme" not in client.get("/sign-in").content.decode()


def test_an_address_that_leads_nowhere_says_so_in_plain_words(client: Client, db: None) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "This address leads nowhere" in answer.content.decode()


def test_a_page_that_breaks_says_so_in_plain_words(
    client: Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(actor: object) -> None:
        raise RuntimeError("broken for this test")

    monkeypatch.setattr("teachback_server.site.pages.list_workflow_cards", break_down)
    client.raise_request_exception = False
    client.force_login(house.alice)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
    assert "broken for this test" not in answer.content.decode()


@pytest.mark.parametrize("address", ["/sign-in", "/", "/nowhere", "/workflows/support-inbox/settings"])
def test_every_page_obeys_the_strict_policy_and_carries_no_inline_style(
    client: Client, house: House, address: str
) -> None:
    client.force_login(house.alice)
    answer = client.get(address)
    policy = answer["Content-Security-Policy"]
    for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
        assert part in policy
    assert " style=" not in answer.content.decode()
    assert "unsafe" not in policy
