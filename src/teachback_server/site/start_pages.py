"""Start here: a guided first month, from picking a workflow to looking at it each week."""

from django.http import HttpResponse
from django.shortcuts import render

from teachback_server.backtest.forms import UploadForm
from teachback_server.backtest.queries import list_open_uploads
from teachback_server.people.page_access import Access, PageRequest, page
from teachback_server.people.public_address import spell_address
from teachback_server.site.first_month import find_first_month, list_first_months, write_curl_example
from teachback_server.workflows.access import Role
from teachback_server.workflows.page_access import WorkflowRequest, workflow_page


@page(Access.SIGNED_IN)
def start_here(request: PageRequest) -> HttpResponse:
    """What to do first, and for each workflow what to do next."""
    context = {
        "months": list_first_months(request.actor),
        "uploads": list_open_uploads(request.actor),
        "form": UploadForm(),
    }
    return render(request, "site/start_here.html", context)


@workflow_page(Role.VIEWER)
def first_month(request: WorkflowRequest) -> HttpResponse:
    """The first month of one workflow, step by step."""
    address = spell_address(request, "/").rstrip("/")
    context = {
        "month": find_first_month(request.workflow),
        "curl": write_curl_example(request.workflow, address),
        "is_owner": request.role is Role.OWNER,
    }
    return render(request, "site/first_month.html", context)
