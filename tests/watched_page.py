"""A page in a browser that notes everything that goes wrong or out while it is used."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Cookie, Page, Request

PASSWORD = "four words in a row"


@dataclass(kw_only=True)
class WatchedPage:
    """A page, and everything that went wrong or out while it was used."""

    page: Page
    address: str
    known_cookies: dict[str, list[Cookie]]  # of everyone who signed in before, in this or another test
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Open one of our pages and wait until nothing is loading any more."""
        self.page.goto(f"{self.address}{path}", wait_until="networkidle")

    def sign_in(self, name: str) -> None:
        """Sign in with the password that everyone in the house has; a second time, with the cookies of the first."""
        if name in self.known_cookies:
            self.page.context.add_cookies(self.known_cookies[name])  # type: ignore[arg-type]  # as it gave them
            self.open("/")
            return
        self.open("/sign-in")
        self.page.get_by_label("User name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{self.address}/")
        self.known_cookies[name] = self.page.context.cookies()


def watch_page(page: Page, address: str, known_cookies: dict[str, list[Cookie]]) -> WatchedPage:
    """Watch a page of the server at an address: errors, breaches of the policy, and requests to anywhere else."""
    watched = WatchedPage(page=page, address=address, known_cookies=known_cookies)

    def note_message(said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            watched.complaints.append(f"{said.type}: {said.text}")

    def note_request(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and f"{parts.scheme}://{parts.netloc}" != address:
            watched.complaints.append(f"request off the machine: {request.url}")

    page.on("console", note_message)
    page.on("pageerror", lambda error: watched.complaints.append(f"script: {error}"))
    page.on("request", note_request)
    return watched
