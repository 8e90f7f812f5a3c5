"""Equal jobs as a person at the desk meets them: an offer that no key takes, a look at the list, one act, one undo."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Cookie, Page, expect

from absent import skip_or_fail
from page_walk import DESK, PHONE
from servers import RunningServer, seed_home, start_server
from watched_page import WatchedPage, watch_page

AXE = Path(os.environ.get("TEACHBACK_AXE", Path(__file__).parents[2] / ".venv" / "axe" / "axe.min.js"))
RUN = "() => axe.run(document, {resultTypes: ['violations']})"
NAMES = ("with-script", "no-script", "look-light", "look-dark")


@pytest.fixture(scope="module")
def equal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with one small workflow for each test of this file."""
    home = tmp_path_factory.mktemp("equal") / "home"
    seed_home(home, "browser/seed_equal.py", *NAMES)
    with start_server("web", home) as running:
        yield running


@pytest.fixture(scope="module")
def equal_cookies() -> dict[str, list[Cookie]]:
    """Bob's session at this server."""
    return {}


@pytest.fixture
def watched(equal_server: RunningServer, page: Page, equal_cookies: dict[str, list[Cookie]]) -> Iterator[WatchedPage]:
    """A page with Bob in front of it, in which the browser may complain of nothing."""
    found = watch_page(page, equal_server.address, equal_cookies)
    found.sign_in("bob")
    yield found
    assert found.complaints == []


def test_the_offer_is_a_link_beside_the_next_job_and_one_undo_takes_all_back(watched: WatchedPage) -> None:
    page = watched.page
    watched.open("/workflows/with-script/review")
    heading = page.get_by_role("heading", level=1)
    page.wait_for_timeout(300)
    page.keyboard.press("a")
    expect(heading).to_have_text("Job 2")
    expect(heading).to_be_focused()  # the offer takes nothing from the job on screen
    offer = page.locator("[data-offer]")
    expect(offer).to_contain_text("5 more waiting jobs are equal to job 1, input and output, word for word.")
    page.wait_for_timeout(300)
    page.keyboard.press("s")
    expect(heading).to_have_text("Job 3")
    expect(page.locator("#desk-said")).to_contain_text("Job 2 is left for others")  # it has arrived
    offer.get_by_role("link", name="Look at them").focus()
    page.keyboard.press("Enter")
    expect(heading).to_have_text("Jobs equal to job 1")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(heading).to_have_text("Jobs equal to job 1")  # no key accepts them
    page.get_by_role("button", name="Accept these 4 jobs").press("Enter")
    expect(heading).to_have_text("Job 7")
    expect(page.locator("#messages")).to_contain_text("4 jobs equal to job 1 accepted. 1 of them, drawn by chance,")
    page.wait_for_timeout(300)
    page.keyboard.press("u")
    expect(heading).to_have_text("Job 3")
    expect(page.locator("#desk-said")).to_contain_text("What you decided on 4 equal jobs is taken back")
    expect(page.locator(".tally")).to_contain_text("7")
    expect(offer).to_be_hidden()


def test_without_any_script_it_is_a_link_in_a_message_and_a_form(
    watched: WatchedPage, browser: Browser, equal_cookies: dict[str, list[Cookie]]
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        context.add_cookies(equal_cookies["bob"])  # type: ignore[arg-type]  # as it gave them
        page = context.new_page()
        page.goto(f"{watched.address}/workflows/no-script/review")
        page.get_by_role("button", name="Accept").click()
        expect(page.get_by_text("5 more waiting jobs are equal to job 1")).to_be_visible()
        page.get_by_role("link", name="Look at them").click()
        page.get_by_role("button", name="Accept these 5 jobs").click()
        expect(page.get_by_text("5 jobs equal to job 1 accepted")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_have_text("Job 7")
        page.get_by_role("link", name="Stop here").click()
        expect(page.get_by_text("5 jobs, equal to one of these")).to_be_visible()
        page.get_by_role("button", name="Undo my last decision").click()
        expect(page.get_by_text("What you decided on 5 equal jobs is taken back")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_have_text("Job 2")


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_offer_and_the_list_are_accessible_and_fit_a_phone(
    browser: Browser, equal_server: RunningServer, equal_cookies: dict[str, list[Cookie]], look: str
) -> None:
    if not AXE.exists():
        skip_or_fail("axe", f"axe-core is not on this machine: put its axe.min.js at {AXE}.")
    with browser.new_context(bypass_csp=True, color_scheme=look, reduced_motion="reduce") as context:  # type: ignore[arg-type]
        context.add_init_script(AXE.read_text(encoding="utf-8"))
        watched = watch_page(context.new_page(), equal_server.address, equal_cookies)
        page = watched.page
        watched.sign_in("bob")
        watched.open(f"/workflows/look-{look}/review")
        page.wait_for_timeout(300)
        page.keyboard.press("a")
        expect(page.locator("[data-offer] a")).to_be_visible()
        _check(watched)
        page.locator("[data-offer] a").click()
        expect(page.get_by_role("button", name="Accept these")).to_be_visible()
        _check(watched)
        assert watched.complaints == []


def _check(watched: WatchedPage) -> None:
    for size in (DESK, PHONE):
        watched.page.set_viewport_size(size)  # type: ignore[arg-type]
        violations = watched.page.evaluate(RUN)["violations"]
        assert [f"{one['id']}: {node['html'][:200]}" for one in violations for node in one["nodes"]] == []
        assert watched.page.evaluate("() => document.documentElement.scrollWidth") <= size["width"]
