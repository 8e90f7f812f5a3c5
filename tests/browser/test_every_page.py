"""Every page in a real browser: no error, no breach of the policy, nothing fetched from elsewhere, fits a phone."""

import pytest
from playwright.sync_api import expect

from page_walk import DESK, PAGES, PHONE
from watched_page import WatchedPage


@pytest.mark.parametrize(("path", "name"), PAGES)
def test_a_page_loads_without_a_complaint_and_fits_desk_and_phone(watched: WatchedPage, path: str, name: str) -> None:
    watched.sign_in(name)
    for size in (DESK, PHONE):
        watched.page.set_viewport_size(size)
        watched.open(path)
        expect(watched.page.locator("h1").first).to_be_visible()
        width = watched.page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= size["width"], f"{path} is {width} wide on a screen of {size['width']}"
    assert watched.complaints == []


def test_the_watch_notices_a_breach_of_the_policy(watched: WatchedPage) -> None:
    watched.open("/sign-in")
    watched.page.evaluate("() => { document.body.setAttribute('style', 'color: red'); }")
    watched.page.evaluate("() => fetch('http://127.0.0.2:9/').catch(() => null)")
    assert any("style" in complaint for complaint in watched.complaints)
    assert any("Content Security Policy" in complaint for complaint in watched.complaints)


def test_dark_is_switched_without_a_reload_and_remembered(watched: WatchedPage) -> None:
    watched.page.emulate_media(color_scheme="light")
    watched.sign_in("alice")
    watched.page.evaluate("() => { window.isSamePage = true; }")
    watched.page.locator("header").get_by_role("button", name="Dark").click()
    expect(watched.page.locator("html")).to_have_attribute("data-theme", "dark")
    assert watched.page.evaluate("() => window.isSamePage")
    background = "() => getComputedStyle(document.documentElement).backgroundColor"
    dark = watched.page.evaluate(background)
    watched.open("/account")
    assert watched.page.evaluate(background) == dark
    watched.page.locator("header").get_by_role("button", name="Light").click()
    assert watched.page.evaluate(background) != dark


def test_the_keyboard_reaches_the_page_past_the_navigation(watched: WatchedPage) -> None:
    watched.sign_in("alice")
    watched.page.keyboard.press("Tab")
    expect(watched.page.get_by_text("Skip to the page")).to_be_focused()
    watched.page.keyboard.press("Enter")
    expect(watched.page.locator("main")).to_be_focused()


def test_somebody_signs_out_and_the_way_back_shows_nothing(watched: WatchedPage) -> None:
    watched.sign_in("charlie")  # whose session no other test uses
    watched.open("/account")
    watched.page.get_by_role("button", name="Sign out").click()
    expect(watched.page.get_by_role("heading", name="Sign in")).to_be_visible()
    watched.page.go_back()
    expect(watched.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_an_administrator_adds_a_person_and_the_link_lets_them_in(watched: WatchedPage) -> None:
    watched.sign_in("ada")
    watched.open("/account")
    watched.page.get_by_role("link", name="People").click()
    watched.page.get_by_label("User name").fill("carl")
    watched.page.get_by_role("button", name="Add the person").click()
    link = watched.page.get_by_label("One-time link").input_value()
    watched.page.context.clear_cookies()
    watched.page.goto(link)
    watched.page.get_by_label("New password").fill("four plain words here")
    watched.page.get_by_role("button", name="Save it and go in").click()
    expect(watched.page.get_by_role("link", name="carl")).to_be_visible()
    assert watched.complaints == []


def test_on_a_phone_the_tab_of_this_page_and_the_name_of_the_workflow_are_in_sight(watched: WatchedPage) -> None:
    watched.sign_in("alice")
    watched.page.set_viewport_size(PHONE)
    watched.open("/workflows/support-inbox/settings")
    expect(watched.page.locator(".tabs .place")).to_be_in_viewport()
    expect(watched.page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.9)
