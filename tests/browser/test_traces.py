"""Jobs that came as traces, in a real browser: the timeline, the list of jobs, and the intake."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Cookie, Page, ViewportSize, expect

from servers import RunningServer, seed_home, start_server
from watched_page import WatchedPage, watch_page

JOBS = "/workflows/support-inbox/jobs"
PHONE: ViewportSize = {"width": 390, "height": 800}


@pytest.fixture(scope="module")
def trace_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with jobs that came as traces."""
    home = tmp_path_factory.mktemp("traces") / "home"
    seed_home(home, "browser/seed_traces.py")
    with start_server("web", home) as running:
        yield running


@pytest.fixture(scope="module")
def trace_cookies() -> dict[str, list[Cookie]]:
    """Sessions at this server."""
    return {}


@pytest.fixture
def traces(trace_server: RunningServer, page: Page, trace_cookies: dict[str, list[Cookie]]) -> Iterator[WatchedPage]:
    """A page at this server that complains of nothing."""
    watched = watch_page(page, trace_server.address, trace_cookies)
    yield watched
    assert watched.complaints == []


def stay_on_page(page: Page) -> None:
    page.evaluate("() => { window.isSamePage = true; }")


def is_same_page(page: Page) -> bool:
    return bool(page.evaluate("() => window.isSamePage === true"))


def fits(page: Page) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_step_is_opened_with_the_keyboard_and_shows_what_it_was_given(traces: WatchedPage) -> None:
    traces.sign_in("bob")
    traces.open(f"{JOBS}/1")
    page = traces.page
    stay_on_page(page)
    step = page.locator("summary").filter(has_text="look up 3").first
    step.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Order <b>3</b>")).to_be_visible()
    expect(page.get_by_text("Found it.")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Found it.")).to_be_hidden()
    assert is_same_page(page)


def test_two_thousand_steps_open_piece_by_piece(traces: WatchedPage) -> None:
    traces.sign_in("bob")
    traces.open(f"{JOBS}/1")
    page = traces.page
    stay_on_page(page)
    rows = page.locator("li.trace-step")
    first = rows.count()
    assert 50 < first <= 300
    branch = page.locator("details.trace-branch").last
    branch.locator("summary").click()
    expect(branch.locator("li.trace-step").first).to_be_visible()
    assert rows.count() > first
    page.get_by_role("link", name="look up 4").click()
    expect(page.get_by_text("The order service is away.")).to_be_visible()
    page.get_by_role("link", name="Back to the job").click()
    expect(page.get_by_role("heading", name="Job 1")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_bars_lie_on_one_scale_and_the_page_fits_a_phone(traces: WatchedPage, scheme: str) -> None:
    page = traces.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    traces.sign_in("bob")
    traces.open(f"{JOBS}/1")
    lefts = page.locator("svg.trace-bar").evaluate_all("(bars) => bars.map((bar) => bar.getBoundingClientRect().left)")
    assert len(set(lefts)) == 1
    fill = page.locator("svg.trace-bar .span").first.evaluate("(bar) => getComputedStyle(bar).fill")
    assert fill != "rgb(0, 0, 0)"
    page.set_viewport_size(PHONE)
    assert fits(page)


def test_without_scripts_a_step_is_a_page_of_its_own(
    traces: WatchedPage, trace_server: RunningServer, browser: Browser
) -> None:
    traces.sign_in("bob")
    cookies = traces.page.context.cookies()
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"{trace_server.address}{JOBS}/1")
    page.locator("summary").filter(has_text="look up 3").first.click()
    page.get_by_role("link", name="Show this step").first.click()
    expect(page.get_by_text("Found it.")).to_be_visible()
    context.close()


def test_the_list_is_narrowed_to_jobs_with_an_error_and_searched(traces: WatchedPage) -> None:
    traces.sign_in("bob")
    traces.open(JOBS)
    page = traces.page
    page.get_by_text("More ways to narrow the list").click()
    page.get_by_label("Has an error").check()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_label("Has an error")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    page.get_by_label("Number, id or words").fill("parcel")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_text("1 job, the newest first")).to_be_visible()
    page.set_viewport_size(PHONE)
    assert fits(page)


def test_an_administrator_says_whose_traces_they_are(traces: WatchedPage) -> None:
    traces.sign_in("ada")
    traces.open("/")
    page = traces.page
    page.get_by_role("link", name="Intake").click()
    page.get_by_role("link", name="Look, and say where they belong").click()
    expect(page.get_by_text("What does a bicycle cost?")).to_be_visible()
    page.get_by_label("These jobs belong to").select_option(label="Support inbox")
    page.get_by_role("button", name="They belong there").click()
    expect(page.get_by_text("From now on these traces belong to Support inbox.")).to_be_visible()
    page.get_by_role("link", name="in quarantine").click()
    expect(page.get_by_text("a span without ids").first).to_be_visible()
    page.set_viewport_size(PHONE)
    assert fits(page)


def test_an_owner_sees_the_intake_of_their_workflow(traces: WatchedPage) -> None:
    traces.sign_in("alice")
    traces.open(JOBS)
    traces.page.get_by_role("link", name="Intake").click()
    expect(traces.page.get_by_role("heading", name="Spans that were refused")).to_be_visible()
    expect(traces.page.get_by_role("link", name="Look at 1 span in quarantine")).to_be_visible()
