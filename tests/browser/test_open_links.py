"""A link as people use it: made by an owner, opened on a phone by somebody with neither account nor script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Cookie, Page, Request, expect

from page_walk import PHONE
from servers import RunningServer, seed_home, start_server
from watched_page import WatchedPage, watch_page


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with one workflow and three waiting jobs."""
    home = tmp_path_factory.mktemp("links") / "home"
    seed_home(home, "browser/seed_desks.py", "linked")
    with start_server("web", home) as running:
        yield running


@pytest.fixture
def owner(page: Page, links: RunningServer) -> WatchedPage:
    """Alice, signed in."""
    known: dict[str, list[Cookie]] = {}
    watched = watch_page(page, links.address, known)
    watched.sign_in("alice")
    return watched


@pytest.fixture
def outsider(browser: Browser, links: RunningServer) -> Iterator[WatchedPage]:
    """Somebody on a phone, without an account, in a browser that runs no script."""
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    yield watch_page(context.new_page(), links.address, {})
    context.close()


def make_link(owner: WatchedPage, number: int, purpose: str) -> str:
    """Make a link by the pages, and return its path."""
    owner.open(f"/workflows/linked/jobs/{number}")
    owner.page.get_by_role("link", name="Ask somebody by link").click()
    owner.page.get_by_label("What for").select_option(label=purpose)
    owner.page.get_by_label("For whom").fill("Dora of Shipping")
    owner.page.get_by_role("button", name="Make the link").click()
    message = owner.page.get_by_label("Message with the link").input_value()
    return message.rsplit(owner.address, 1)[1].strip()


def test_somebody_decides_a_job_by_link_on_a_phone_without_script(owner: WatchedPage, outsider: WatchedPage) -> None:
    path = make_link(owner, 1, "To decide this job")
    page = outsider.page
    outsider.open(path)
    page.get_by_label("Order number").fill("A1-changed")
    page.get_by_label("Order number").press("Enter")  # decides nothing
    page.get_by_role("button", name="Save edit").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why")
    expect(page.get_by_label("Order number")).to_have_value("A1-changed")
    page.get_by_label("Wrong value").check()
    page.get_by_role("button", name="Save edit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, Dora of Shipping")
    assert page.context.cookies() == []
    page.reload()  # sends the form once more, and nothing is decided twice
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, Dora of Shipping")
    outsider.open(path)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link was used already")
    owner.open("/workflows/linked/jobs/1")
    expect(owner.page.get_by_text("Dora of Shipping (by link),")).to_be_visible()
    assert owner.complaints == []
    assert [said for said in outsider.complaints if "422" not in said and "410" not in said] == []


def test_somebody_says_with_one_click_that_a_job_was_not_used(owner: WatchedPage, outsider: WatchedPage) -> None:
    path = make_link(owner, 2, "To say whether the next step used it")
    outsider.open(path)
    outsider.page.get_by_role("button", name="Not used").click()
    expect(outsider.page.get_by_text("did not use job 2")).to_be_visible()
    owner.open("/workflows/linked/jobs/2")
    expect(owner.page.get_by_text("not used, said Dora of Shipping (by link)")).to_be_visible()
    assert outsider.complaints == owner.complaints == []


def test_the_address_of_a_link_reaches_no_other_request(owner: WatchedPage, outsider: WatchedPage) -> None:
    path = make_link(owner, 3, "To decide this job")
    requests: list[Request] = []
    outsider.page.on("request", lambda request: requests.append(request))
    outsider.open(path)
    outsider.page.get_by_role("button", name="Accept").click()
    expect(outsider.page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    assert len(requests) > 2
    assert not any(request.header_value("referer") for request in requests)
