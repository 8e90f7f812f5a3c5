"""The boundary form in a real browser: fields come and go without the page jumping, and nothing typed is lost."""

from playwright.sync_api import expect

from watched_page import WatchedPage


def test_fields_are_added_and_removed_in_place_and_what_was_typed_stays(watched: WatchedPage) -> None:
    watched.sign_in("alice")
    watched.open("/workflows/new")
    page = watched.page
    page.get_by_label("Title").fill("Invoices")
    output = page.get_by_role("region", name="What a finished job hands over")
    output.get_by_label("Name").fill("supplier")
    page.evaluate("() => { window.isSamePage = true; }")
    output.get_by_role("button", name="Add a field").click()
    expect(output.get_by_label("Name")).to_have_count(2)
    expect(page.get_by_label("Title")).to_have_value("Invoices")
    expect(output.get_by_label("Name").first).to_have_value("supplier")
    output.get_by_label("Name").nth(1).fill("amount")
    output.get_by_role("button", name="Remove field supplier").click()
    expect(output.get_by_label("Name")).to_have_count(1)
    expect(output.get_by_label("Name")).to_have_value("amount")
    assert page.evaluate("() => window.isSamePage"), "the page was loaded anew"
    assert watched.complaints == []


def test_values_are_asked_for_only_where_there_is_a_choice(watched: WatchedPage) -> None:
    watched.sign_in("alice")
    watched.open("/workflows/new")
    output = watched.page.get_by_role("region", name="What a finished job hands over")
    values = output.get_by_label("Values to choose from")
    expect(values).to_be_hidden()
    output.get_by_label("Kind").select_option("choice")
    expect(values).to_be_visible()


def test_mistakes_are_said_at_their_fields_and_mended_there(watched: WatchedPage) -> None:
    watched.sign_in("alice")
    watched.open("/workflows/new")
    page = watched.page
    page.get_by_role("button", name="Make the workflow").click()
    expect(page.get_by_text("Give the work a title")).to_be_visible()
    expect(page.get_by_label("Title")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Title").fill("Parcel questions")
    page.get_by_role("region", name="What comes in").get_by_label("Name").fill("text")
    page.get_by_role("region", name="What a finished job hands over").get_by_label("Name").fill("answer")
    page.get_by_role("button", name="Make the workflow").click()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    expect(page.get_by_text("parcel-questions").first).to_be_visible()
