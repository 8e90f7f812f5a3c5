"""The desk as a person uses it: keys, the next job at once, and nothing typed is ever lost."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import pytest
from playwright.sync_api import Browser, Cookie, Locator, Page, Route, expect

from servers import RunningServer, seed_home, start_server
from watched_page import WatchedPage, watch_page

DESKS = (
    "keys", "hasty", "edit", "reasons", "lost-save", "draft", "wrong-value", "two-tabs", "no-script", "legend",
    "phone", "last", "signed-out", "marks", "undo", "undo-edit", "undo-last", "drafts-apart",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One workflow's desk in a browser, with three waiting jobs at first."""

    watched: WatchedPage
    name: str

    @property
    def page(self) -> Page:
        return self.watched.page

    @property
    def heading(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    @property
    def said(self) -> Locator:
        return self.page.locator("#desk-said")

    @property
    def order_number(self) -> Locator:
        return self.page.get_by_label("Order number")

    def open(self) -> None:
        self.watched.open(f"/workflows/{self.name}/review")
        expect(self.page.locator(".desk.is-live")).to_be_visible()

    def wait(self) -> None:
        """Until a decision counts: the desk ignores what comes within a quarter of a second after a job appears."""
        self.page.wait_for_timeout(300)

    def press(self, *keys: str) -> None:
        self.wait()
        for key in keys:
            self.page.keyboard.press(key)

    def decisions(self) -> dict[str, str]:
        """What the list of jobs says about each job."""
        self.watched.open(f"/workflows/{self.name}/jobs")
        rows = self.page.locator("tbody tr").all()
        return {row.locator("td").first.inner_text(): row.locator("td").nth(4).inner_text() for row in rows}


@pytest.fixture(scope="module")
def desk_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with one small workflow for each test of this file."""
    home = tmp_path_factory.mktemp("desks") / "home"
    seed_home(home, "browser/seed_desks.py", *DESKS)
    with start_server("web", home) as running:
        yield running


@pytest.fixture(scope="module")
def desk_cookies() -> dict[str, list[Cookie]]:
    """Bob's session at this server."""
    return {}


@pytest.fixture
def open_desk(desk_server: RunningServer, page: Page, desk_cookies: dict[str, list[Cookie]]) -> Iterator["OpenDesk"]:
    """Opens a workflow's desk with Bob in front of it; the browser may complain only of what a test forgives."""
    watched = watch_page(page, desk_server.address, desk_cookies)
    forgiven: list[str] = []

    def open_it(name: str, *, forgives: str = "") -> Desk:
        forgiven.append(forgives)
        watched.sign_in("bob")
        desk = Desk(watched=watched, name=name)
        desk.open()
        return desk

    yield open_it
    assert [said for said in watched.complaints if not (forgiven[0] and re.search(forgiven[0], said))] == []


class OpenDesk(Protocol):
    """What the fixture gives a test."""

    def __call__(self, name: str, *, forgives: str = "") -> Desk: ...


def test_a_key_accepts_and_the_next_job_is_there_with_the_focus_on_its_heading(open_desk: OpenDesk) -> None:
    desk = open_desk("keys")
    expect(desk.heading).to_have_text("Job 1")
    desk.press("a")
    expect(desk.heading).to_have_text("Job 2")
    expect(desk.heading).to_be_focused()
    expect(desk.said).to_contain_text("Job 1 accepted. It was here because: Everything is reviewed")
    expect(desk.page.locator(".tally")).to_contain_text("2")
    desk.press("s")
    expect(desk.heading).to_have_text("Job 3")
    expect(desk.said).to_contain_text("Job 2 is left for others")
    assert desk.decisions() == {"3": "waits", "2": "waits", "1": "Accepted"}


def test_a_key_that_is_held_or_comes_too_soon_decides_nothing(open_desk: OpenDesk) -> None:
    desk = open_desk("hasty")
    desk.wait()
    shown = desk.page.evaluate(
        """() => {
            const shown = () => document.querySelector("[data-job]").dataset.job + " "
                + document.querySelector(".desk").classList.contains("is-waiting");
            const press = (repeat) => {
                document.dispatchEvent(new KeyboardEvent("keydown", { key: "a", repeat }));
                return shown();
            };
            return [press(true), press(false), press(false)];
        }"""
    )
    assert shown == ["1 false", "2 false", "2 false"]
    expect(desk.said).to_contain_text("Job 1 accepted")
    assert desk.decisions() == {"3": "waits", "2": "waits", "1": "Accepted"}


def test_an_edit_shows_its_words_and_is_saved_with_a_reason(open_desk: OpenDesk) -> None:
    desk = open_desk("edit")
    desk.press("e")
    desk.order_number.fill("A1 and ahrsx")  # letters that are keys elsewhere
    expect(desk.page.locator("[data-field='field.order_number'] ins")).to_have_text(" and ahrsx")
    expect(desk.page.get_by_text("You changed: Order number")).to_be_visible()
    desk.press("Control+Enter")
    expect(desk.page.get_by_text("Changed because")).to_be_visible()
    expect(desk.page.get_by_text("Suggested: Wrong value")).to_be_visible()
    desk.press("1")
    expect(desk.heading).to_have_text("Job 2")
    expect(desk.said).to_contain_text("Job 1 corrected (order_number)")
    assert desk.decisions()["1"] == "Corrected"


def test_rejecting_and_escalating_take_two_keys(open_desk: OpenDesk) -> None:
    desk = open_desk("reasons")
    desk.press("r")
    expect(desk.page.get_by_text("Rejected because")).to_be_visible()
    desk.press("Escape")
    expect(desk.page.get_by_text("Rejected because")).to_be_hidden()
    desk.press("r", "h", "6")
    expect(desk.heading).to_have_text("Job 2")
    desk.press("x", "8")
    expect(desk.heading).to_have_text("Job 3")
    desk.wait()
    desk.page.get_by_role("button", name="Reject").click()
    desk.page.get_by_text("Other", exact=True).click()
    expect(desk.page.get_by_text("Nothing else waits").or_(desk.page.get_by_text("No job waits"))).to_be_visible()
    assert desk.decisions() == {"3": "Rejected", "2": "Escalated", "1": "Rejected"}


def test_a_save_that_fails_puts_the_job_back_with_everything_that_was_typed(open_desk: OpenDesk) -> None:
    desk = open_desk("lost-save", forgives="Failed to load resource|ERR_FAILED")

    def lose(route: Route) -> None:
        route.abort()

    desk.page.route("**/review/1", lose)
    desk.order_number.fill("A9")
    desk.press("Control+Enter", "1")
    expect(desk.page.get_by_role("alert")).to_contain_text("Not saved. Teachback did not answer.")
    expect(desk.heading).to_have_text("Job 1")
    expect(desk.order_number).to_have_value("A9")
    desk.page.unroute("**/review/1")
    desk.press("Control+Enter")
    expect(desk.heading).to_have_text("Job 2")
    expect(desk.said).to_contain_text("Job 1 corrected")
    assert desk.decisions()["1"] == "Corrected"


def test_what_was_typed_is_there_again_after_a_reload(open_desk: OpenDesk) -> None:
    desk = open_desk("draft")
    desk.order_number.fill("A7")
    desk.page.get_by_label("returns").check()
    desk.open()
    expect(desk.heading).to_have_text("Job 1")
    expect(desk.order_number).to_have_value("A7")
    expect(desk.page.get_by_label("returns")).to_be_checked()
    expect(desk.said).to_contain_text("Your draft")
    desk.page.get_by_role("button", name="Put it back").click()
    expect(desk.order_number).to_have_value("A1")
    desk.open()
    expect(desk.order_number).to_have_value("A1")


def test_whoever_signs_in_next_in_the_same_tab_gets_no_draft_of_the_one_before(open_desk: OpenDesk) -> None:
    desk = open_desk("drafts-apart")
    desk.order_number.fill("A7")
    desk.page.context.clear_cookies()
    desk.watched.sign_in("alice")
    desk.open()
    desk.order_number.fill("A8")
    names = desk.page.evaluate("() => Object.keys(sessionStorage).filter((name) => name.startsWith('desk '))")
    assert len({name.split()[1] for name in names}) == len(names) == 2
    desk.page.context.clear_cookies()
    desk.watched.sign_in("bob")
    desk.open()
    expect(desk.order_number).to_have_value("A7")


def test_a_value_that_cannot_be_saved_is_said_at_its_field(open_desk: OpenDesk) -> None:
    desk = open_desk("wrong-value", forgives="422")
    desk.page.evaluate(
        """() => {
            const radio = document.querySelector("[value=returns]");
            radio.value = "nowhere";
            radio.click();
        }"""
    )
    desk.press("Control+Enter", "1")
    expect(desk.page.locator("[data-field='field.queue'] [data-error]")).to_contain_text("not one of the choices")
    expect(desk.heading).to_have_text("Job 1")
    expect(desk.said).to_contain_text("Job 1 is not saved")


def test_a_job_decided_in_another_tab_is_not_decided_again_and_the_text_stays(open_desk: OpenDesk) -> None:
    desk = open_desk("two-tabs", forgives="409")
    second = desk.page.context.new_page()
    second.goto(desk.page.url)
    expect(second.get_by_role("heading", level=1)).to_have_text("Job 1")
    second.wait_for_timeout(300)
    second.keyboard.press("a")
    expect(second.locator("#desk-said")).to_contain_text("Job 1 accepted")
    desk.order_number.fill("my long text")
    desk.press("Control+Enter", "1")
    expect(desk.page.get_by_role("alert")).to_contain_text("This job was decided before")
    expect(desk.order_number).to_have_value("my long text")
    assert desk.decisions()["1"] == "Accepted"


def test_without_any_script_plain_forms_do_the_same(
    open_desk: OpenDesk, browser: Browser, desk_cookies: dict[str, list[Cookie]]
) -> None:
    desk = open_desk("no-script")
    with browser.new_context(java_script_enabled=False) as context:
        context.add_cookies(desk_cookies["bob"])  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(desk.page.url)
        page.get_by_label("Order number").fill("A5")
        page.get_by_label("Order number").press("Enter")  # must not decide anything
        expect(page.get_by_label("Order number")).to_have_value("A5")
        page.get_by_role("button", name="Save edit").click()
        expect(page.get_by_role("alert")).to_contain_text("Say why")
        expect(page.get_by_label("Order number")).to_have_value("A5")
        page.get_by_label("Wrong value").check()
        page.get_by_role("button", name="Save edit").click()
        expect(page.get_by_text("Job 1 corrected (order_number). It was here because")).to_be_visible()
        page.get_by_role("button", name="Accept").click()
        page.get_by_role("button", name="Skip").click()
        expect(page.get_by_text("You skipped 1 job.")).to_be_visible()
    assert desk.decisions() == {"3": "waits", "2": "Accepted", "1": "Corrected"}


def test_single_keys_are_listed_and_can_be_switched_off_for_good(open_desk: OpenDesk) -> None:
    desk = open_desk("legend")
    desk.press("?")
    legend = desk.page.get_by_role("dialog", name="Keys")
    expect(legend).to_be_visible()
    expect(legend).to_contain_text("Undo")
    desk.press("a")
    legend.get_by_label("Use single keys").uncheck()
    legend.get_by_role("button", name="Close").click()
    desk.press("a")
    desk.open()
    desk.press("a", "s")
    expect(desk.heading).to_have_text("Job 1")
    desk.page.get_by_role("button", name="Accept").click()
    expect(desk.heading).to_have_text("Job 2")


def test_on_a_phone_everything_is_within_reach_of_a_thumb(open_desk: OpenDesk) -> None:
    desk = open_desk("phone")
    desk.page.set_viewport_size({"width": 390, "height": 844})
    desk.open()
    desk.wait()
    desk.page.get_by_role("button", name="Reject").click()
    expect(desk.page.get_by_text("Rejected because")).to_be_visible()
    assert desk.page.evaluate("() => document.documentElement.scrollWidth") <= 390
    for name in ("Accept", "Edit", "Reject", "Escalate"):
        box = desk.page.get_by_role("button", name=name).bounding_box()
        assert box is not None
        assert box["height"] >= 48
        assert box["y"] + box["height"] <= 844


def test_after_the_last_job_the_page_says_what_was_decided_and_that_nothing_waits(open_desk: OpenDesk) -> None:
    desk = open_desk("last")
    for number in (1, 2, 3):
        expect(desk.heading).to_have_text(f"Job {number}")
        desk.press("a")
    expect(desk.page.get_by_text("No job waits for a decision")).to_be_visible()
    expect(desk.page.locator("#messages")).to_contain_text("Job 3 accepted")


def test_whoever_was_signed_out_is_told_so_and_keeps_what_they_typed(open_desk: OpenDesk) -> None:
    desk = open_desk("signed-out", forgives="40[13]")
    desk.order_number.fill("A6")
    cookies = desk.page.context.cookies()
    desk.page.context.clear_cookies(name="sessionid")
    desk.press("Control+Enter", "1")
    expect(desk.page.get_by_role("alert")).to_contain_text("You are signed out")
    expect(desk.order_number).to_have_value("A6")
    desk.page.context.add_cookies(cookies)  # type: ignore[arg-type]
    desk.press("Control+Enter")
    expect(desk.heading).to_have_text("Job 2")


def test_a_key_says_whether_it_would_happen_again_and_steps_can_be_marked(open_desk: OpenDesk) -> None:
    desk = open_desk("marks")
    desk.press("h")
    expect(desk.said).to_have_text("It would not happen again.")
    desk.press("g")
    expect(desk.said).to_have_text("This agent records no steps.")
    desk.open()
    expect(desk.said).to_contain_text("Your draft")
    desk.press("a")
    expect(desk.heading).to_have_text("Job 2")


def test_a_key_takes_decisions_back_one_after_the_other(open_desk: OpenDesk) -> None:
    desk = open_desk("undo", forgives="409")
    desk.press("a")
    expect(desk.heading).to_have_text("Job 2")
    desk.press("r", "2")
    expect(desk.heading).to_have_text("Job 3")
    desk.press("u")
    expect(desk.heading).to_have_text("Job 2")
    expect(desk.heading).to_be_focused()
    expect(desk.said).to_contain_text("Your decision on job 2 is taken back")
    expect(desk.page.locator(".tally")).to_contain_text("2")
    desk.wait()
    desk.page.get_by_role("button", name="Undo").click()
    expect(desk.heading).to_have_text("Job 1")
    desk.press("u")
    expect(desk.said).to_contain_text("There is nothing to undo")
    for number in (1, 2, 3):
        expect(desk.heading).to_have_text(f"Job {number}")
        desk.press("x", "2")
    expect(desk.page.get_by_text("No job waits for a decision")).to_be_visible()
    assert desk.decisions() == {"3": "Escalated", "2": "Escalated", "1": "Escalated"}


def test_an_edit_that_was_taken_back_is_still_there_and_asks_for_its_reason_again(open_desk: OpenDesk) -> None:
    desk = open_desk("undo-edit")
    desk.order_number.fill("A8")
    desk.press("Control+Enter", "1")
    expect(desk.heading).to_have_text("Job 2")
    desk.press("Escape", "u")
    expect(desk.heading).to_have_text("Job 1")
    expect(desk.order_number).to_have_value("A8")
    desk.open()
    expect(desk.order_number).to_have_value("A8")
    desk.press("Control+Enter", "1")
    expect(desk.said).to_contain_text("Job 1 corrected")
    assert desk.decisions()["1"] == "Corrected"


def test_the_last_decision_can_be_taken_back_when_nothing_waits_and_the_session_is_summed_up(
    open_desk: OpenDesk,
) -> None:
    desk = open_desk("undo-last")
    for number in (1, 2, 3):
        expect(desk.heading).to_have_text(f"Job {number}")
        desk.press("a")
    session = desk.page.get_by_role("region", name="Your session")
    expect(session).to_contain_text("Decisions3")
    session.get_by_role("button", name="Undo my last decision").click()
    expect(desk.heading).to_have_text("Job 3")
    expect(desk.page.locator("#messages")).to_contain_text("is taken back")
    desk.page.get_by_role("link", name="Stop here").click()
    expect(desk.page.get_by_role("region", name="Your session")).to_contain_text("Decisions2")
    desk.page.get_by_role("link", name="Go on").click()
    expect(desk.heading).to_have_text("Job 3")
