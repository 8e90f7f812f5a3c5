"""Addresses at which somebody says something about a job."""

from django.urls import path

from teachback_server.jobs import pages

urlpatterns = [
    path("workflows/<slug:workflow_name>/jobs/<int:number>/outcome", pages.say_used, name="job-outcome"),
]
