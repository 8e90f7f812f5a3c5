"""Background work of layer 5: the loop's next step after people decided something."""

from django.conf import settings
from django.utils import timezone
from django_tasks import task

from teachback_server.agents.open_releases import OpenReleases
from teachback_server.improvements.actions import advance_workflow
from teachback_server.workflows.models import Workflow


@task()
def advance_workflow_now(workflow_id: int) -> None:
    """Let the loop of one workflow take the steps that the evidence allows; harmless to run again."""
    workflow = Workflow.objects.filter(pk=workflow_id).first()
    if workflow is not None:
        advance_workflow(workflow, OpenReleases(settings.MODELS_FOLDER), now=timezone.now())
