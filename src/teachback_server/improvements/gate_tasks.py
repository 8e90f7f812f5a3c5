"""Background work that a person asked for: a proposed change goes through its gate."""

from django.conf import settings
from django.utils.module_loading import import_string
from django_tasks import task

from teachback_server.improvements.candidates import ChangeState
from teachback_server.improvements.models import Change
from teachback_server.people.actions import actor_of
from teachback_server.people.models import User
from teachback_server.reviews.agreement.freezing import find_freeze

_ROOMS = "teachback_server"


@task()
def test_change_now(change_id: int, user_id: int) -> None:
    """Take one proposal through its gate on behalf of a person; harmless to run again, as it is judged once."""
    change = Change.objects.filter(pk=change_id, state=ChangeState.PROPOSED).select_related("workflow").first()
    user = User.objects.filter(pk=user_id).first()
    if change is None or user is None or find_freeze(change.workflow) is not None:
        return
    # By their names, because the page that asks for this task must not load agents and statistics with it.
    test_change = import_string(f"{_ROOMS}.improvements.actions.test_change")
    open_releases = import_string(f"{_ROOMS}.agents.open_releases.OpenReleases")
    test_change(actor_of(user), change, open_releases(settings.MODELS_FOLDER))
