"""The JSON call that leads from a release back to the jobs behind it."""

from dataclasses import asdict

from ninja import Router
from ninja.errors import HttpError

from teachback_server.releases.api import KeyedRequest
from teachback_server.site.lineage import find_release_lineage
from teachback_server.workflows.access import Scope
from teachback_server.workflows.key_access import KeyAccess

router = Router(tags=["releases"])


@router.get(
    "/workflows/{workflow_name}/releases/{number}/lineage",
    auth=KeyAccess(Scope.READ),
    response=dict[str, object],
    summary="Where a release came from",
)
def get_release_lineage(request: KeyedRequest, workflow_name: str, number: int) -> dict[str, object]:
    """From a release to its verdict, its change, the patterns behind it, their corrections, and the jobs."""
    lineage = find_release_lineage(request.auth.workflow, number)
    if lineage is None:
        raise HttpError(404, f"There is no release {number} in '{workflow_name}'. The live one names its number.")
    return asdict(lineage)
