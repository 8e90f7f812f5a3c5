"""Every address of the product with the rule that it declares, for the tests that walk them all."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter
from ninja import Router
from ninja.constants import NOT_SET
from ninja.operation import Operation

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


@dataclass(frozen=True, kw_only=True)
class ApiRoute:
    """One operation of the API."""

    pattern: str
    method: str
    rules: tuple[str | None, ...]  # of each way to prove who one is; None: it declares none

    def as_row(self) -> tuple[str, str, str]:
        """Its pattern, its method, and what it asks for."""
        return f"/api/v1{self.pattern}", self.method, " or ".join(rule or "nothing" for rule in self.rules)

    def address(self, workflow_name: str) -> str:
        """Where it answers for a workflow, with "x" for whatever else it names."""
        filled = self.pattern.replace("{workflow_name}", workflow_name)
        return "/api/v1" + re.sub(r"\{int:\w+\}", "1", re.sub(r"\{\w+\}", "x", filled))


def list_api_routes() -> list[ApiRoute]:
    """All operations of the API."""
    return [
        ApiRoute(
            pattern=f"{prefix}{pattern}",
            method=method,
            rules=tuple(getattr(access, "declared_rule", None) for access in _list_accesses(router, operation)),
        )
        for prefix, router in api._routers
        for pattern, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    ]


def _list_accesses(router: Router, operation: Operation) -> Sequence[object]:
    if operation.auth_callbacks:
        return operation.auth_callbacks
    if isinstance(router.auth, list | tuple):
        return router.auth
    return [] if router.auth is NOT_SET else [router.auth]


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
        names_more=bool(set(converters) - {"workflow_name"}),
    )


def _kind(whole: str, name: str) -> str:
    before = whole.split(f"{name}>")[0]
    return before[before.rindex("<") + 1 :]
