"""Addresses of patterns and of what is proposed from them."""

from django.urls import path, re_path

from teachback_server.improvements import pages

urlpatterns = [
    path("workflows/<slug:workflow_name>/stuck", pages.stuck, name="stuck"),
    path("workflows/<slug:workflow_name>/patterns/<int:pattern_id>", pages.show_pattern, name="pattern"),
    path("workflows/<slug:workflow_name>/patterns/<int:pattern_id>/save", pages.save_pattern, name="pattern-save"),
    re_path(
        r"^workflows/(?P<workflow_name>[-\w]+)/patterns/(?P<pattern_id>[0-9]+)/propose/(?P<kind>instruction|rule|check)$",
        pages.propose,
        name="pattern-propose",
    ),
]
