"""Addresses of the guided first month."""

from django.urls import path

from teachback_server.site import start_pages

urlpatterns = [
    path("start-here", start_pages.start_here, name="start-here"),
    path("workflows/<slug:workflow_name>/first-month", start_pages.first_month, name="first-month"),
]
