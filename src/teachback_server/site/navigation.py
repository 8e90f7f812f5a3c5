"""What every page shows at its top: the tabs, which of them is open, and how much waits behind them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from teachback_server.jobs.models import Job
from teachback_server.reviews.agreement.waiting import seconds_for
from teachback_server.reviews.skill_queries import decidable_by
from teachback_server.site.appearance import find_theme
from teachback_server.workflows.access import Role
from teachback_server.workflows.models import Workflow

COUNTED_AT_MOST = 1000


@dataclass(frozen=True, kw_only=True)
class Tab:
    """One link at the top of every page."""

    label: str
    address: str
    is_current: bool
    count: str = ""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a tab leads: the name of its address, and of those that lie behind it."""

    label: str
    name: str
    within: tuple[str, ...] = ()
    is_for_owners: bool = False  # of the workflow; outside of one, for administrators

    def holds(self, url_name: str) -> bool:
        """Whether an address of this name lies in this place."""
        return any(url_name == name or url_name.startswith(f"{name}-") for name in (self.name, *self.within))


EVERYWHERE = (
    Place(label="Home", name="home"),
    Place(label="Start here", name="start-here", within=("first-month",)),
    Place(label="Intake", name="intake", is_for_owners=True),
)
IN_A_WORKFLOW = (
    Place(label="Review", name="review"),
    Place(label="Jobs", name="jobs", within=("job",)),
    Place(label="Where it gets stuck", name="stuck", within=("pattern",)),
    Place(label="Changes", name="changes", within=("change",)),
    Place(label="Releases", name="releases", within=("release",)),
    Place(label="Results", name="results", within=("backtest",)),
    Place(label="Autonomy", name="autonomy"),
    Place(label="Intake", name="workflow-intake", is_for_owners=True),
    Place(label="Settings", name="settings", within=("workflow-trail",)),
)


def navigation(request: HttpRequest) -> dict[str, object]:
    """Context of the base template; says nothing of workflows to somebody who has not signed in."""
    workflow: Workflow | None = getattr(request, "workflow", None)
    is_known = hasattr(request, "user") and request.user.is_authenticated
    return {
        "theme": find_theme(request),
        "nav_everywhere": _tabs(request, EVERYWHERE) if is_known else (),
        "nav_workflow": workflow,
        "nav_workflow_tabs": _tabs(request, IN_A_WORKFLOW, workflow) if workflow else (),
    }


def _tabs(request: HttpRequest, places: Sequence[Place], workflow: Workflow | None = None) -> tuple[Tab, ...]:
    match = request.resolver_match
    url_name = (match.url_name if match else None) or ""
    may_own = _may_own(request, workflow)
    counts = {"review": _count_waiting(request, workflow)} if workflow else {}
    return tuple(
        Tab(label=place.label, address=address, is_current=place.holds(url_name), count=counts.get(place.name, ""))
        for place in places
        if (may_own or not place.is_for_owners) and (address := _find_address(place, workflow)) is not None
    )


def _may_own(request: HttpRequest, workflow: Workflow | None) -> bool:
    """Whether somebody owns the workflow or, outside of one, administers the installation."""
    if workflow is not None:
        return getattr(request, "role", None) == Role.OWNER
    return bool(getattr(request.user, "is_administrator", False))


def _find_address(place: Place, workflow: Workflow | None) -> str | None:
    try:
        return reverse(place.name, kwargs={"workflow_name": workflow.name} if workflow else None)
    except NoReverseMatch:
        return None


def _count_waiting(request: HttpRequest, workflow: Workflow) -> str:
    """How much waits for somebody, of the first thousand. Each page shows it, so it is cheap.

    What takes a skill that they lack does not count. What they are to decide again counts like all else, or the count
    would tell.
    """
    all_waiting = Job.objects.filter(workflow=workflow, is_waiting=True)
    waiting = all_waiting[:COUNTED_AT_MOST].count()
    able = decidable_by(workflow.pk, request.user.pk)
    first = all_waiting.order_by("number").values("pk")[:COUNTED_AT_MOST]
    theirs = Job.objects.filter(able, pk__in=first).count() if able else waiting
    if waiting < COUNTED_AT_MOST and getattr(request, "role", Role.VIEWER) != Role.VIEWER:
        theirs += seconds_for(workflow, request.user.pk or 0)[: COUNTED_AT_MOST - waiting].count()
    if not theirs:
        return ""
    return f"{min(theirs, COUNTED_AT_MOST - 1)}+" if waiting >= COUNTED_AT_MOST else str(theirs)
