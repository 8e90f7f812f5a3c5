"""Addresses of patterns and of what is proposed from them."""

from django.urls import path

from teachback_server.improvements import pages

urlpatterns = [
    path("workflows/<slug:workflow_name>/stuck", pages.stuck, name="stuck"),
    path("workflows/<slug:workflow_name>/patterns/<int:pattern_id>", pages.show_pattern, name="pattern"),
    path("workflows/<slug:workflow_name>/patterns/<int:pattern_id>/save", pages.save_pattern, name="pattern-save"),
    path(
        "workflows/<slug:workflow_name>/patterns/<int:pattern_id>/propose/<slug:kind>",
        pages.propose,
        name="pattern-propose",
    ),
]
