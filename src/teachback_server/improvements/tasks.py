"""Background work of layer 5: the loop's next step after people decided something."""

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks import task

from teachback_server.improvements.models import LearningState
from teachback_server.reviews.models import Review
from teachback_server.workflows.models import Workflow

_ROOMS = "teachback_server"


@task()
def advance_workflow_now(workflow_id: int) -> None:
    """Let the loop of one workflow take the steps that the evidence allows; harmless to run again."""
    workflow = Workflow.objects.filter(pk=workflow_id).first()
    if workflow is None:
        return
    # By their names, because whoever asks for this task must not load agents and statistics with it.
    advance_workflow = import_string(f"{_ROOMS}.improvements.actions.advance_workflow")
    open_releases = import_string(f"{_ROOMS}.agents.open_releases.OpenReleases")
    advance_workflow(workflow, open_releases(settings.MODELS_FOLDER), now=timezone.now())


def list_workflows_to_advance() -> list[int]:
    """The ids of workflows in which people have decided something that the loop has not read yet."""
    read = dict(LearningState.objects.values_list("workflow_id", "last_review_id"))
    reviews = Review.objects.filter(workflow=OuterRef("pk")).order_by("-pk")
    newest = Workflow.objects.annotate(newest=Subquery(reviews.values("pk")[:1])).values_list("pk", "newest")
    return [pk for pk, review_id in newest if review_id is not None and review_id > read.get(pk, 0)]
