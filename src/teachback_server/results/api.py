"""The JSON twins of the Results page and the Autonomy page."""

from django.http import HttpRequest
from ninja import Router

from teachback_server.results.autonomy import Autonomy, read_autonomy
from teachback_server.results.queries import Results, read_results
from teachback_server.workflows.access import Scope
from teachback_server.workflows.key_access import KeyAccess, KeyHolder

router = Router(tags=["results"], auth=KeyAccess(Scope.READ))


class KeyedRequest(HttpRequest):
    """A request that came in with a key."""

    auth: KeyHolder


@router.get("/workflows/{workflow_name}/results", response=Results, summary="How the work went")
def get_results(request: KeyedRequest, workflow_name: str) -> Results:
    """Rates over all jobs, reviewed or not, with their bands; curve, reasons, flow, and the account of claims."""
    return read_results(request.auth.workflow)


@router.get("/workflows/{workflow_name}/autonomy", response=Autonomy, summary="What skips review, and why it may")
def get_autonomy(request: KeyedRequest, workflow_name: str) -> Autonomy:
    """What was certified and what audits have shown since, and what more evidence would allow."""
    return read_autonomy(request.auth.workflow)
