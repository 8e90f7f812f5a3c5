"""Every page, light and dark, on a desk and on a phone: axe finds nothing to complain about."""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Cookie, Page, expect

from absent import skip_or_fail
from page_walk import DESK, PAGES, PHONE
from servers import RunningServer
from watched_page import WatchedPage, watch_page

AXE = Path(os.environ.get("TEACHBACK_AXE", Path(__file__).parents[2] / ".venv" / "axe" / "axe.min.js"))
RUN = "() => axe.run(document, {resultTypes: ['violations']})"
JOB_PAGES = [
    (f"/workflows/support-inbox/{path}", "alice")
    for path in ("jobs/1", "jobs/1/link", "releases/1", "review/1", "jobs/1/steps")
]


@pytest.fixture(scope="module")
def axe_script() -> str:
    """The checker, as `npm pack axe-core` brings it."""
    if not AXE.exists():
        skip_or_fail("axe", f"axe-core is not on this machine: put its axe.min.js at {AXE}.")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def free_page(browser: Browser, server: RunningServer, axe_script: str) -> Iterator[Page]:
    """A page into which the checker is put, past the policy that forbids scripts from elsewhere."""
    context = browser.new_context(bypass_csp=True)
    context.add_init_script(axe_script)
    yield context.new_page()
    context.close()


@pytest.fixture(params=["light", "dark"])
def checked(
    request: pytest.FixtureRequest, free_page: Page, server: RunningServer, known_cookies: dict[str, list[Cookie]]
) -> WatchedPage:
    """The page in one of the two looks."""
    free_page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    return watch_page(free_page, server.address, known_cookies)


@pytest.mark.parametrize(("path", "name"), [*PAGES, *JOB_PAGES])
def test_a_page_is_accessible(checked: WatchedPage, path: str, name: str) -> None:
    checked.page.context.clear_cookies()
    checked.sign_in(name)
    checked.open(path)
    for size in (DESK, PHONE):
        checked.page.set_viewport_size(size)
        violations = checked.page.evaluate(RUN)["violations"]
        found = [f"{one['id']}: {one['help']}: {node['html'][:200]}" for one in violations for node in one["nodes"]]
        assert found == []


@pytest.mark.parametrize("purpose", ["review", "outcome"])
def test_a_page_behind_a_link_is_accessible(checked: WatchedPage, purpose: str) -> None:
    checked.page.context.clear_cookies()
    checked.sign_in("alice")
    checked.open("/workflows/support-inbox/jobs/14/link")  # which waits
    checked.page.get_by_label("What for").select_option(purpose)
    checked.page.get_by_label("For whom").fill("Dora")
    checked.page.get_by_role("button", name="Make the link").click()
    message = checked.page.get_by_label("Message with the link").input_value()
    checked.open(message.rsplit(checked.address, 1)[1].strip())
    for size in (DESK, PHONE):
        checked.page.set_viewport_size(size)
        assert checked.page.evaluate(RUN)["violations"] == []


def test_what_a_spreadsheet_says_and_what_became_of_it_is_accessible(checked: WatchedPage) -> None:
    checked.page.context.clear_cookies()
    checked.sign_in("alice")
    address = f"{checked.address}/workflows/support-inbox/review/sheet"
    text = checked.page.request.get(f"{address}/waiting.csv").text()
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    rows[0]["decision"] = "perhaps"
    rows[1] |= {"decision": "correct", "reason": "Other", "proposed: order_number": "B 2 to be stored by nobody"}
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    checked.open("/workflows/support-inbox/review/sheet")
    file = {"name": "sheet.csv", "mimeType": "text/csv", "buffer": written.getvalue().encode()}
    checked.page.get_by_label("The filled file").set_input_files(file)
    checked.page.get_by_role("button", name="Look at it").click()
    expect(checked.page.get_by_role("button", name="Store 1 decision")).to_be_visible()
    _see_to_it(checked)
    claimed = written.getvalue().replace("correct", "accept")  # with a changed field, so that nothing is stored
    file["buffer"] = claimed.encode()
    checked.open("/workflows/support-inbox/review/sheet")
    checked.page.get_by_label("The filled file").set_input_files(file)
    checked.page.get_by_role("button", name="Look at it").click()
    expect(checked.page.get_by_text("No row can be stored as it is")).to_be_visible()
    _see_to_it(checked)


def _see_to_it(checked: WatchedPage) -> None:
    for size in (DESK, PHONE):
        checked.page.set_viewport_size(size)
        assert checked.page.evaluate(RUN)["violations"] == []


def test_the_checker_finds_what_is_wrong(checked: WatchedPage) -> None:
    checked.open("/sign-in")
    checked.page.evaluate("() => { document.title = ''; }")
    assert any(one["id"] == "document-title" for one in checked.page.evaluate(RUN)["violations"])
