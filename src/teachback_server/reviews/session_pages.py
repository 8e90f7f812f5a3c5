"""The page of a session: what its person decided since their last long break, and the way back to the desk."""

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from teachback_server.reviews.sessions import find_session, with_agreement
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page


@workflow_page(Role.REVIEWER)
def show_session(request: WorkflowRequest) -> HttpResponseBase:
    """A person's own session; nobody else sees it."""
    session = find_session(request.actor, request.workflow, now=timezone.now())
    session = with_agreement(session, request.actor, request.workflow)
    return render(request, "reviews/session_page.html", {"session": session})
