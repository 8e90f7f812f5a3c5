"""An owner in a real browser: from a file to figures, with nothing but `teachback up` running."""

from pathlib import Path

from playwright.sync_api import Page, expect

from histories import make_rows, write_csv
from servers import WAIT_SECONDS, start_server
from watched_page import WatchedPage, watch_page


def test_an_owner_uploads_a_file_watches_the_backtest_and_reads_the_figures(page: Page, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "tickets.csv", make_rows(120))
    page.set_default_timeout(WAIT_SECONDS * 1000)
    with start_server("up", tmp_path / "home") as server:
        watched = watch_page(page, server.address, {})
        page.goto(server.link)
        page.get_by_role("main").get_by_role("button").click()
        page.get_by_role("link", name="Start here").first.click()
        page.get_by_label("File with finished work").set_input_files(file)
        page.get_by_role("button", name="Upload and read it").click()
        expect(page.get_by_role("heading", name="120 rows can be used")).to_be_visible()
        page.evaluate("() => { window.isSamePage = true; }")
        page.get_by_role("button", name="Add a field").last.click()
        expect(page.get_by_role("button", name="Remove field 2")).to_be_visible()
        page.get_by_role("button", name="Remove field 2").click()
        expect(page.get_by_role("button", name="Remove field 2")).to_have_count(0)
        assert page.evaluate("() => window.isSamePage"), "Adding a field loaded the whole page anew."
        page.get_by_label("Title").fill("Tickets of May")
        page.get_by_role("button", name="Backtest", exact=True).click()
        expect(page.get_by_role("progressbar", name="Jobs through the loop")).to_be_visible()
        figures = page.get_by_role("heading", name="How far it would have come")
        expect(figures).to_be_visible(timeout=WAIT_SECONDS * 1000)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download as JSON").click()
        assert download.value.suggested_filename == "tickets-of-may-backtest.json"
        page.get_by_role("link", name="Next step: connect it").click()
        expect(page.get_by_role("heading", name="The first month")).to_be_visible()
    assert watched.complaints == []


def test_a_file_that_is_too_large_is_said_before_it_is_sent(watched: WatchedPage, tmp_path: Path) -> None:
    watched.sign_in("alice")
    watched.open("/start-here/upload")
    field = watched.page.get_by_label("File with finished work")
    field.evaluate("(input) => { input.dataset.mostBytes = '1000'; }")
    field.set_input_files(write_csv(tmp_path / "tickets.csv", make_rows(120)))
    assert "This file is larger than 512 MB" in field.evaluate("(input) => input.validationMessage")
    field.set_input_files(write_csv(tmp_path / "small.csv", make_rows(2)))
    assert field.evaluate("(input) => input.validationMessage") == ""
