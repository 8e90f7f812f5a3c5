"""Addresses of the pages that span rooms."""

from django.urls import path

from teachback_server.site import pages, trail_pages

urlpatterns = [
    path("", pages.home, name="home"),
    path("appearance", pages.appearance, name="appearance"),
    path("trail", trail_pages.whole_trail, name="trail"),
    path("trail.json", trail_pages.whole_trail_json, name="trail-json"),
    path("workflows/<slug:workflow_name>/trail", trail_pages.workflow_trail, name="workflow-trail"),
    path("workflows/<slug:workflow_name>/trail.json", trail_pages.workflow_trail_json, name="workflow-trail-json"),
]
