"""Addresses at which somebody says something about a job, of the steps of its trace, and of the intake of traces."""

from django.urls import path

from teachback_server.jobs import document_pages, intake_pages, pages, trace_pages
from teachback_server.jobs.intake.endpoint import make_endpoint

urlpatterns = [
    path("v1/traces", make_endpoint(), name="take-traces"),
    path("intake", intake_pages.show_intake, name="intake"),
    path("intake/quarantine", intake_pages.show_quarantine, name="intake-quarantine"),
    path("intake/again", intake_pages.read_again, name="intake-again"),
    path("intake/keys", intake_pages.add_key, name="intake-make-key"),
    path("intake/keys/<int:key_id>/revoke", intake_pages.revoke, name="intake-revoke-key"),
    path("intake/name", intake_pages.name_traces, name="intake-name"),
    path("intake/workflow", intake_pages.open_workflow, name="intake-workflow"),
    path("workflows/<slug:workflow_name>/intake", intake_pages.show_workflow_intake, name="workflow-intake"),
    path("workflows/<slug:workflow_name>/intake/name", intake_pages.take_name, name="workflow-intake-name"),
    path(
        "workflows/<slug:workflow_name>/intake/quarantine",
        intake_pages.show_workflow_quarantine,
        name="workflow-intake-quarantine",
    ),
    path("workflows/<slug:workflow_name>/jobs/<int:number>/outcome", pages.say_used, name="job-outcome"),
    path(
        "workflows/<slug:workflow_name>/jobs/<int:number>/documents/<int:attachment_id>",
        document_pages.show_document,
        name="job-document",
    ),
    path(
        "workflows/<slug:workflow_name>/jobs/<int:number>/documents/<int:attachment_id>/pages/<int:page>",
        document_pages.show_document_page,
        name="job-document-page",
    ),
    path("workflows/<slug:workflow_name>/jobs/<int:number>/steps", trace_pages.show_steps, name="job-steps"),
    path(
        "workflows/<slug:workflow_name>/jobs/<int:number>/steps/<slug:span_id>", trace_pages.show_step, name="job-step"
    ),
]
