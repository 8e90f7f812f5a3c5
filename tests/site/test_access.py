"""Every route declares who may use it, and lets in exactly those."""

import os
import re
from pathlib import Path

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from access_table import AccessTable, list_api_rows
from builders import House
from site_routes import ApiRoute, Route, list_api_routes, list_pages, walk_patterns
from teachback_server.people.models import User
from teachback_server.people.page_access import Access
from teachback_server.project.api import api
from teachback_server.workflows.access import Role, Scope
from teachback_server.workflows.actions import hash_key, make_key, revoke_key
from teachback_server.workflows.models import ApiKey

pytestmark = pytest.mark.django_db(databases=["default", "traces"])

TABLE = Path(__file__).parents[2] / "docs" / "permissions.md"
WRITE_TABLE_TO = "TEACHBACK_ACCESS_TABLE"
ROLES = [role.value for role in Role]
PAGE_RULES = {*(access.value for access in Access), *(f"workflow {role}" for role in Role)}
EVERYTHING = list_pages()
FOR_PROGRAMS = [route for route in EVERYTHING if (route.rule or "").startswith("key ")]
PAGES = [route for route in EVERYTHING if route not in FOR_PROGRAMS]
API_ROUTES = list_api_routes()
IN_A_WORKFLOW = [route for route in PAGES if "workflow_name" in route.pattern]
ELSEWHERE = [route for route in PAGES if "workflow_name" not in route.pattern]


def scopes_of(rule: str) -> set[Scope]:
    """The scopes that a rule for keys names. Raises ValueError for another rule."""
    return {Scope(name) for name in rule.removeprefix("key ").split(" or ")}


def by_pattern(route: Route | ApiRoute) -> str:
    return route.pattern


@pytest.mark.parametrize("route", PAGES, ids=by_pattern)
def test_every_page_declares_its_rule(route: Route) -> None:
    assert route.rule in PAGE_RULES, f"/{route.pattern} does not say who may open it: use @page or @workflow_page."


@pytest.mark.parametrize("route", IN_A_WORKFLOW, ids=by_pattern)
def test_every_page_within_a_workflow_asks_for_a_role_there(route: Route) -> None:
    assert (route.rule or "").startswith("workflow ")


@pytest.mark.parametrize("route", API_ROUTES, ids=by_pattern)
def test_every_api_route_asks_for_a_key_with_a_scope(route: ApiRoute) -> None:
    assert route.rules, f"{route.pattern} lets anybody in: give it, or its router, auth=KeyAccess(…)"
    assert all(rule is not None and scopes_of(rule) for rule in route.rules)
    assert "{workflow_name}" in route.pattern, f"{route.pattern} must name the workflow that its key is for"


@pytest.mark.parametrize("route", FOR_PROGRAMS, ids=by_pattern)
def test_an_address_outside_of_the_api_that_asks_for_a_key_opens_for_no_person(
    route: Route, cast: dict[str, User | None]
) -> None:
    assert scopes_of(route.rule or "")
    for person in cast.values():
        client = Client()
        if person is not None:
            client.force_login(person)
        assert client.generic(route.method, route.address, data=b"x").status_code == 401


def test_traces_are_all_that_programs_send_outside_of_the_api() -> None:
    assert [route.pattern for route in FOR_PROGRAMS] == ["v1/traces"]


def test_the_api_answers_nowhere_else() -> None:
    addresses = {pattern.name for pattern in api.urls[0]}
    assert len(API_ROUTES) >= 1
    assert addresses - {"openapi-json", "api-root"} == {
        pattern.name for pattern in api.urls[0] if "workflow_name" in str(pattern.pattern)
    }


@pytest.mark.parametrize("route", API_ROUTES, ids=by_pattern)
def test_an_api_route_opens_for_a_key_of_its_scope_and_workflow_alone(route: ApiRoute, house: House) -> None:
    scopes = {scope for rule in route.rules for scope in scopes_of(rule or "")}
    right = [make_key(house.owner, house.workflow, scope) for scope in scopes]
    revoked = make_key(house.owner, house.workflow, min(scopes))
    revoke_key(house.owner, ApiKey.objects.get(key_hash=hash_key(revoked)))
    wrong = [
        None,
        "tb_made-up",
        revoked,
        *(make_key(house.owner, house.workflow, scope) for scope in set(Scope) - scopes),
        *(make_key(house.stranger, house.elsewhere, scope) for scope in scopes),
    ]
    for key in wrong:
        assert call(route, house.workflow.name, key) == 401
    for key in right:
        assert call(route, house.workflow.name, key) not in (401, 403)


def call(route: ApiRoute, workflow_name: str, key: str | None) -> int:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    address = route.address(workflow_name)
    return (
        Client().generic(route.method, address, data="{}", content_type="application/json", headers=headers).status_code
    )


def ask(route: Route, person: User | None) -> int:
    """How a page answers a person: 401 stands for being sent to sign in."""
    client = Client()
    if person is not None:
        client.force_login(person)
    answer = client.generic(route.method, route.address)
    if answer.status_code == 302 and answer["Location"].startswith("/sign-in"):
        return 401
    return answer.status_code


def ask_apart(route: Route, person: User | None) -> int:
    """As `ask`, and what it did is taken back, so that everyone meets the same house."""
    with transaction.atomic():
        answer = ask(route, person)
        transaction.set_rollback(True)
    return answer


def note(table: AccessTable, route: Route, answers: dict[str, int]) -> None:
    for name, status in answers.items():
        table.note(route.pattern, route.method, route.rule or "", name, status)


@pytest.mark.parametrize("route", IN_A_WORKFLOW, ids=by_pattern)
def test_a_page_of_a_workflow_opens_for_its_role_and_no_lower_one(
    route: Route, cast: dict[str, User | None], access_table: AccessTable
) -> None:
    needed = ROLES.index((route.rule or "").removeprefix("workflow "))
    answers = {name: ask_apart(route, person) for name, person in cast.items()}
    note(access_table, route, answers)
    assert answers["nobody"] == 401
    assert answers["stranger"] == answers["reviewer of another workflow"] == 404
    for rank, role in enumerate(ROLES):
        answer = answers[role]
        if rank < needed:
            assert answer == 403, f"a {role} may not open /{route.pattern}"
        else:
            assert answer not in (401, 403), f"a {role} may open /{route.pattern}"
    assert answers["administrator"] not in (401, 403)


@pytest.mark.parametrize("route", ELSEWHERE, ids=by_pattern)
def test_a_page_outside_of_workflows_opens_for_whom_it_says(
    route: Route, cast: dict[str, User | None], access_table: AccessTable
) -> None:
    answers = {name: ask_apart(route, person) for name, person in cast.items()}
    note(access_table, route, answers)
    assert (answers.pop("nobody") == 401) == (route.rule != Access.PUBLIC)
    for name, answer in answers.items():
        is_let_in = route.rule != Access.ADMINISTRATOR or name == "administrator"
        if route.pattern != "sign-out":  # which sends everyone to sign in, as it should
            assert (answer not in (401, 403)) == is_let_in, f"{name} at /{route.pattern}"


@pytest.mark.parametrize(
    "route", [route for route in IN_A_WORKFLOW if route.method == "GET" and not route.names_more], ids=by_pattern
)
def test_every_page_of_a_new_workflow_can_be_opened(route: Route, cast: dict[str, User | None]) -> None:
    assert ask(route, cast["owner"]) == 200


def test_a_workflow_that_one_may_not_see_looks_like_one_that_does_not_exist(client: Client, house: House) -> None:
    client.force_login(house.charlie)
    there, nowhere = (
        re.sub(r"(csrfmiddlewaretoken. value=.|X-CSRFToken.: .)\w+", "", client.get(address).content.decode())
        for address in ("/workflows/support-inbox/settings", "/workflows/neverthere-so/settings")
    )
    assert there.replace("support-inbox", "NAME") == nowhere.replace("neverthere-so", "NAME")


def test_a_route_without_a_rule_would_be_found() -> None:
    bare = path("bare", lambda request: HttpResponse("anybody"))
    assert [route.rule for route in walk_patterns([bare], "")] == [None]


def test_whoever_has_too_low_a_role_is_told_which_one_is_needed(client: Client, cast: dict[str, User | None]) -> None:
    client.force_login(cast["viewer"])
    answer = client.get("/workflows/support-inbox/review")
    assert answer.status_code == 403
    assert "needs the role reviewer" in answer.content.decode()


def test_a_piece_of_a_page_sends_the_whole_page_to_sign_in(client: Client, house: House) -> None:
    answer = client.get("/workflows/support-inbox/review", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/sign-in")


def test_no_page_of_a_workflow_is_kept_by_the_browser_or_a_proxy(client: Client, house: House) -> None:
    client.force_login(house.alice)
    assert "no-store" in client.get("/workflows/support-inbox/settings")["Cache-Control"]


@pytest.mark.skipif(WRITE_TABLE_TO in os.environ, reason="the table is being written")
def test_the_table_in_the_docs_says_what_was_found(access_table: AccessTable) -> None:
    rows = set(TABLE.read_text(encoding="utf-8").splitlines())
    found = [*access_table.list_rows(), *list_api_rows([route.as_row() for route in API_ROUTES])]
    assert [row for row in found if row not in rows] == [], "Run `make permissions`, and look at what it changed."
    assert sum(row.startswith("| `/") for row in rows) == len(PAGES) + len(API_ROUTES)
