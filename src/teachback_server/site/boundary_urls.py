"""Addresses at which a workflow is made by hand and its boundary edited."""

from django.urls import path

from teachback_server.site import boundary_pages

urlpatterns = [
    path("workflows/new", boundary_pages.new_workflow, name="workflow-new"),
    path("workflows/<slug:workflow_name>/settings/boundary", boundary_pages.edit_boundary, name="settings-boundary"),
]
