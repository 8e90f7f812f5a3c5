"""Every address of the product with the rule that it declares, for the tests that walk them all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter
from ninja.operation import PathView

from teachback_server.project.api import api


@dataclass(frozen=True, kw_only=True)
class Route:
    """One address of a page."""

    pattern: str
    rule: str | None  # None: it declares none
    method: str
    address: str  # with the workflow of the test house, and 1 or "x" for whatever else it names
    names_more: bool  # than the workflow


def list_pages() -> list[Route]:
    """All addresses outside of the API."""
    return [
        route for route in walk_patterns(get_resolver().url_patterns, "") if not route.pattern.startswith("api/v1/")
    ]


def list_api_views() -> list[tuple[str, PathView]]:
    """All paths of the API with what answers there."""
    return [
        (f"{prefix}{path}", view) for prefix, router in api._routers for path, view in router.path_operations.items()
    ]


def walk_patterns(patterns: Sequence[URLPattern | URLResolver], before: str) -> Iterator[Route]:
    """Every route below some patterns."""
    for pattern in patterns:
        here = f"{before}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from walk_patterns(pattern.url_patterns, here)
        else:
            yield _route(pattern, here)


def _route(pattern: URLPattern, whole: str) -> Route:
    address = whole
    converters = pattern.pattern.converters
    for name, converter in converters.items():
        filled = "support-inbox" if name == "workflow_name" else "1" if isinstance(converter, IntConverter) else "x"
        address = address.replace(f"<{_kind(whole, name)}{name}>", filled)
    return Route(
        pattern=whole,
        rule=getattr(pattern.callback, "declared_rule", None),
        method=getattr(pattern.callback, "declared_methods", ("GET",))[0],
        address=f"/{address}",
        names_more=set(converters) > {"workflow_name"},
    )


def _kind(whole: str, name: str) -> str:
    before = whole.split(f"{name}>")[0]
    return before[before.rindex("<") + 1 :]
