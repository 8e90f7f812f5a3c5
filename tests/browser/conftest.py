"""A real server on a folder of its own, Debian's Chromium, and a watch on what the browser complains about.

Django's live server cannot be used: it empties the tables after each test, and the history tables refuse that.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Cookie, Page, expect

from servers import RunningServer, seed_home, start_server
from watched_page import WatchedPage, watch_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=30_000)  # a busy machine is no failure

# Playwright keeps an event loop running in this thread, and Django would refuse its tables to every later test.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder; it all needs a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Debian's Chromium, quiet."""
    if CHROMIUM is None:
        reason = "Chromium is not on this machine: install the package chromium."
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return {"executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The pages of the house of `builders`, served by the real product."""
    home = tmp_path_factory.mktemp("browser") / "home"
    seed_home(home, "browser/seed_home.py")
    with start_server("web", home) as running:
        yield running


@pytest.fixture(scope="session")
def known_cookies() -> dict[str, list[Cookie]]:
    """The sessions of those who signed in already, so that each does it once."""
    return {}


@pytest.fixture
def watched(server: RunningServer, page: Page, known_cookies: dict[str, list[Cookie]]) -> WatchedPage:
    """A page that notes errors in the console, breaches of the policy, and requests to anywhere else."""
    return watch_page(page, server.address, known_cookies)
