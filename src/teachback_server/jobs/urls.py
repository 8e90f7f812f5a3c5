"""Addresses at which somebody says something about a job, and of the steps of its trace."""

from django.urls import path

from teachback_server.jobs import pages, trace_pages
from teachback_server.jobs.intake.endpoint import make_endpoint

urlpatterns = [
    path("v1/traces", make_endpoint(), name="take-traces"),
    path("workflows/<slug:workflow_name>/jobs/<int:number>/outcome", pages.say_used, name="job-outcome"),
    path("workflows/<slug:workflow_name>/jobs/<int:number>/steps", trace_pages.show_steps, name="job-steps"),
    path(
        "workflows/<slug:workflow_name>/jobs/<int:number>/steps/<slug:span_id>", trace_pages.show_step, name="job-step"
    ),
]
