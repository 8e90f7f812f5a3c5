"""The picture book: each page has a picture in `docs`, taken here from the sample desk.

`make pictures` writes the pictures and `docs/pages.md`; without it they go to a temporary folder and are thrown away.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from page_walk import PAGES
from servers import RunningServer, run_teachback, seed_home, start_server
from shown_pages import HERE, SHOWN, Shown
from watched_page import watch_page

DOCS = Path(__file__).parents[2] / "docs"
BOOK, PICTURES = DOCS / "pages.md", DOCS / "pictures"
IS_WRITING = bool(os.environ.get("TEACHBACK_WRITE_PICTURES"))
DESK = {"width": 1200, "height": 800}
PHONE = {"width": 390, "height": 800}
MOST_BYTES = 200_000


@pytest.fixture(scope="module")
def sample_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The sample desk after it has learned, with colleagues."""
    home = tmp_path_factory.mktemp("pictures") / "home"
    assert run_teachback("demo", "--only-story", home=home).returncode == 0
    seed_home(home, "browser/seed_pictures.py")
    with start_server("web", home) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return PICTURES if IS_WRITING else tmp_path


def test_every_page_has_a_picture_that_loads_without_a_complaint(
    browser: Browser, sample_server: RunningServer, folder: Path
) -> None:
    folder.mkdir(exist_ok=True)
    known_cookies: dict[str, list[object]] = {}
    for shown in SHOWN:
        context = browser.new_context(
            viewport=PHONE if shown.is_phone else DESK,  # type: ignore[arg-type]
            color_scheme="dark" if shown.is_dark else "light",
            reduced_motion="reduce",
            locale="en-GB",
        )
        watched = watch_page(context.new_page(), sample_server.address, known_cookies)  # type: ignore[arg-type]
        if shown.by:
            watched.sign_in(shown.by)
        watched.open(shown.path)
        _come_to(watched.page, shown)
        picture = watched.page.screenshot(path=folder / f"{shown.name}.png", animations="disabled", caret="hide")
        assert len(picture) < MOST_BYTES, f"{shown.name} is too large for a picture in the docs"
        assert watched.complaints == [], shown.name
        context.close()


def _come_to(page: Page, shown: Shown) -> None:
    if shown.link:
        page.locator(shown.link).first.click()
        page.wait_for_load_state("networkidle")
    if shown.presses:
        expect(page.locator(".desk.is-live")).to_be_visible()
    for key in shown.presses:
        page.wait_for_timeout(300)  # the desk ignores what comes within a quarter of a second
        page.keyboard.press(key)
    expect(page.locator("h1").first).to_be_visible()


def test_the_book_shows_every_page() -> None:
    shown = {urlsplit(one.path).path for one in SHOWN}
    pages = {path.replace("/workflows/support-inbox", HERE) for path, _ in PAGES}
    assert pages - shown == set()


def test_the_book_is_as_the_pages_are() -> None:
    text = _write_book()
    if IS_WRITING:
        BOOK.write_text(text, encoding="utf-8")
    assert BOOK.read_text(encoding="utf-8") == text, "Run `make pictures`."
    assert {path.stem for path in PICTURES.glob("*.png")} == {one.name for one in SHOWN}


def _write_book() -> str:
    lines = [
        "# The pages",
        "",
        "Taken by `make pictures` from the sample desk, whose messages and people are sample data that we wrote.",
    ]
    for one in SHOWN:
        lines += ["", f"## {one.title}", "", one.says, "", f"![{one.title}](pictures/{one.name}.png)"]
    return "\n".join(lines) + "\n"
