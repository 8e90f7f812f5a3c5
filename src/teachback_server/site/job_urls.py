"""Addresses of one job."""

from django.urls import path

from teachback_server.site import job_page

urlpatterns = [
    path("workflows/<slug:workflow_name>/jobs/<int:number>", job_page.show_job, name="job"),
    path("workflows/<slug:workflow_name>/jobs/<int:number>/lineage.json", job_page.show_lineage, name="job-lineage"),
]
