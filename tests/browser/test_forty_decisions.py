"""Forty decisions of every kind before lunch: with keys only, with the mouse, and with a thumb on a phone."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Response, expect

from servers import RunningServer, seed_home, start_server
from watched_page import WatchedPage, watch_page

JOBS = 40
HANDED_BACK = 7
FIELDS = ("queue", "order_number", "amount", "due", "tags", "customer.name")
POLICY = "default-src 'none'"


class Hands(Protocol):
    """The ways in which a person can act at the desk."""

    def accept(self) -> None: ...
    def correct(self, field: str) -> None: ...
    def fill_in(self) -> None: ...
    def reject(self) -> None: ...
    def escalate(self) -> None: ...
    def skip(self) -> None: ...
    def undo(self) -> None: ...


@dataclass(frozen=True)
class Keys:
    """Keys alone: the mouse is never touched."""

    page: Page

    def _press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def _go_to(self, name: str) -> None:
        self._press("e")
        for _ in range(30):
            if self.page.evaluate("() => document.activeElement.name") == f"field.{name}":
                return
            self._press("Tab")
        raise AssertionError(f"Tab never reaches {name}.")

    def accept(self) -> None:
        self._press("a")

    def correct(self, field: str) -> None:
        self._go_to(field)
        if field == "queue":
            self._press("ArrowDown")
        elif field == "due":
            self.page.keyboard.type("04152026")
        else:
            self._press("Control+a")
            self.page.keyboard.type(TYPED[field])
        self._press("Control+Enter", "1")

    def fill_in(self) -> None:
        self._go_to("queue")
        self._press("ArrowDown", "ArrowDown", "Control+Enter", "1")  # the first is "nothing"

    def reject(self) -> None:
        self._press("r", "h", "2")

    def escalate(self) -> None:
        self._press("x", "3")

    def skip(self) -> None:
        self._press("s")

    def undo(self) -> None:
        self._press("u")


@dataclass(frozen=True)
class Pointer:
    """A mouse, or a finger: what is typed goes into a field that was pointed at."""

    page: Page
    is_touch: bool = False

    def _point(self, at: Locator) -> None:
        if self.is_touch:
            at.tap()
        else:
            at.click()

    def _button(self, name: str) -> None:
        self._point(self.page.get_by_role("button", name=name).first)

    def _reason(self, place: int) -> None:
        self._point(self.page.locator(".reason").nth(place))

    def _choose(self, value: str) -> None:
        self._point(self.page.locator(f"[name='field.queue'][value='{value}']"))

    def accept(self) -> None:
        self._button("Accept")

    def correct(self, field: str) -> None:
        if field == "queue":
            self._choose("shipping")
        else:
            control = self.page.locator(f"[name='field.{field}']")
            self._point(control)
            control.fill("2026-04-15" if field == "due" else TYPED[field])
        self._button("Save edit")
        self._reason(0)

    def fill_in(self) -> None:
        self._choose("shipping")
        self._button("Save edit")
        self._reason(0)

    def reject(self) -> None:
        self._button("Reject")
        self._point(self.page.get_by_label("It would happen again"))
        self._reason(1)

    def escalate(self) -> None:
        self._button("Escalate")
        self._reason(2)

    def skip(self) -> None:
        self._button("Skip")

    def undo(self) -> None:
        self._button("Undo")


TYPED = {"order_number": "B99 with words", "amount": "12.5", "tags": "old", "customer.name": "Anna"}
MEANT: dict[str, object] = {
    "queue": "shipping",
    "order_number": "B99 with words",
    "amount": 12.5,
    "due": "2026-04-15",
    "tags": ["old"],
    "customer.name": {"name": "Anna"},
}


@pytest.fixture(scope="module")
def forty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("forty") / "home"
    seed_home(home, "browser/seed_forty.py", "keys", "mouse", "phone")
    return home


@pytest.fixture(scope="module")
def forty_server(forty_home: Path) -> Iterator[RunningServer]:
    """A server with forty jobs for each way of deciding them."""
    with start_server("web", forty_home) as running:
        yield running


@pytest.fixture
def way(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """The browser of a desk or of a phone."""
    is_phone = request.node.callspec.params["name"] == "phone"
    size = {"width": 390, "height": 844} if is_phone else {"width": 1280, "height": 860}
    context = browser.new_context(viewport=size, has_touch=is_phone, is_mobile=is_phone, locale="en-US")  # type: ignore[arg-type]
    yield context
    context.close()


@pytest.mark.parametrize("name", ["keys", "mouse", "phone"])
def test_forty_decisions_of_every_kind_are_stored_as_they_were_made(
    forty_server: RunningServer, forty_home: Path, way: BrowserContext, name: str
) -> None:
    page = way.new_page()
    watched = watch_page(page, forty_server.address, {})
    without_policy: list[str] = []

    def look_at(answer: Response) -> None:
        if POLICY not in answer.headers.get("content-security-policy", "") and "/static/" not in answer.url:
            without_policy.append(answer.url)

    page.on("response", look_at)
    watched.sign_in("bob")
    watched.open(f"/workflows/{name}/review")
    expect(page.locator(".desk.is-live")).to_be_visible()
    hands: Hands = Keys(page) if name == "keys" else Pointer(page, is_touch=name == "phone")
    expected = _decide_all(watched, hands)
    stored = _read_stored(forty_home, name)
    assert stored == expected
    assert len(stored) == JOBS
    assert {verdict for verdict, *_ in stored.values()} == {"accepted", "corrected", "rejected", "escalated"}
    assert watched.complaints == []
    assert without_policy == []


def _decide_all(watched: WatchedPage, hands: Hands) -> dict[int, tuple[object, ...]]:
    """Decide until nothing waits; returns what was meant for each job: verdict, output, reason's place, recurrence."""
    page, heading = watched.page, watched.page.get_by_role("heading", level=1)
    meant: dict[int, tuple[object, ...]] = {}
    done = skipped = 0
    to_undo = {5, 21}
    while done < JOBS:
        text = heading.inner_text()
        number = int(text.removeprefix("Job "))
        page.wait_for_timeout(300)  # the desk ignores what comes within a quarter of a second
        if done == 10 and not skipped:
            skipped = number
            hands.skip()
            expect(heading).not_to_have_text(text)
            continue
        meant[number] = _decide_one(hands, number)
        done += 1
        if done == JOBS - 1 and skipped:
            expect(page.get_by_text("No job waits").or_(page.get_by_text("Nothing else waits"))).to_be_visible()
            page.get_by_role("button", name="Show").first.click()
            skipped = 0
        elif done < JOBS:
            expect(heading).not_to_have_text(text)
            expect(heading).to_be_focused()
        if done in to_undo:
            to_undo.remove(done)
            expect(page.locator("#desk-said")).to_contain_text(f"Job {number} ")
            hands.undo()
            expect(heading).to_have_text(text)
            done -= 1
    expect(page.get_by_text("No job waits").or_(page.get_by_text("Nothing else waits"))).to_be_visible()
    return meant


def _decide_one(hands: Hands, number: int) -> tuple[object, ...]:
    if number % HANDED_BACK == 0:
        hands.fill_in()
        return "corrected", {"queue": "shipping"}, 0, True
    given: dict[str, object] = {
        "queue": "billing",
        "order_number": f"A{number}",
        "amount": 10,
        "due": "2026-03-01",
        "tags": ["new"],
        "customer": {"name": "Ann"},
    }
    match number % 9:
        case 0 | 1 | 2:
            hands.accept()
            return "accepted", given, None, None
        case 3:
            hands.reject()
            return "rejected", None, 1, False
        case 4 if number % 2:
            hands.escalate()
            return "escalated", None, 2, None
        case rest:
            field = FIELDS[(number + rest) % len(FIELDS)]
            hands.correct(field)
            return "corrected", {**given, field.split(".")[0]: MEANT[field]}, 0, True


def _read_stored(home: Path, name: str) -> dict[int, tuple[object, ...]]:
    with sqlite3.connect(f"file:{home / 'state.sqlite3'}?mode=ro", uri=True) as tables:
        rows = tables.execute(
            "SELECT j.number, r.verdict, r.output, s.position, r.would_recur"
            " FROM review r JOIN job j ON j.id = r.job_id JOIN workflow w ON w.id = r.workflow_id"
            " LEFT JOIN reason s ON s.id = r.reason_id WHERE w.name = ?",
            [name],
        ).fetchall()
    first = min((position for _, _, _, position, _ in rows if position is not None), default=0)
    return {
        number: (
            verdict,
            json.loads(output) if output else None,
            None if position is None else position - first,
            None if recurs is None else bool(recurs),
        )
        for number, verdict, output, position, recurs in rows
    }
