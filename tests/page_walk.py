"""The pages and the sizes of screen in which tests look at every page."""

from site_routes import list_pages
from teachback_server.people.page_access import Access

PHONE = {"width": 390, "height": 800}
DESK = {"width": 1280, "height": 860}
PAGES = sorted(
    {
        (route.address, "ada" if route.rule == Access.ADMINISTRATOR else "alice")
        for route in list_pages()
        if route.method == "GET" and not route.names_more and not route.address.endswith((".json", ".csv"))
    }
)
