"""The declared rule of every page and API route within a workflow: the role, or the key's scope, that it needs."""

from collections.abc import Callable, Sequence
from typing import Concatenate, TypeAlias, cast

from django.http import Http404, HttpResponseBase

from teachback_server.people.page_access import Declared, PageRequest, guard
from teachback_server.workflows.access import Role, find_role, require_role, visible_workflows
from teachback_server.workflows.models import Workflow

WORKFLOW_ARGUMENT = "workflow_name"


class WorkflowRequest(PageRequest):
    """The request as a page of a workflow sees it: who acts, in which workflow, in which role."""

    workflow: Workflow
    role: Role


WorkflowView: TypeAlias = Callable[Concatenate[WorkflowRequest, ...], HttpResponseBase]


def workflow_page(role: Role, *, methods: Sequence[str] = ("GET",)) -> Callable[[WorkflowView], Declared]:
    """Declare the role that a page needs in the workflow that its address names as `<slug:workflow_name>`.

    The view gets a `WorkflowRequest` and the other parts of its address, not the name. Who may not see the workflow
    gets "not found", so that a name is not given away; whose role is too low is told which role is needed.
    """

    def check(request: PageRequest, kwargs: dict[str, object]) -> None:
        workflow = visible_workflows(request.actor).filter(name=kwargs.pop(WORKFLOW_ARGUMENT)).first()
        held = find_role(request.actor, workflow.pk) if workflow else None
        if workflow is None or held is None:
            raise Http404("There is no such workflow, or you have no role in it.")
        here = cast(WorkflowRequest, request)
        here.workflow, here.role = workflow, held
        require_role(request.actor, workflow.pk, role)

    return guard(f"workflow {role.value}", check, methods=methods)
