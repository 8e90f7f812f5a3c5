"""Addresses of the Settings page and of its acts."""

from django.urls import path

from teachback_server.workflows import pages

urlpatterns = [
    path("workflows/<slug:workflow_name>/settings", pages.settings, name="settings"),
    path("workflows/<slug:workflow_name>/settings/people", pages.give, name="settings-give-role"),
    path("workflows/<slug:workflow_name>/settings/people/<int:user_id>/remove", pages.take, name="settings-take-role"),
    path(
        "workflows/<slug:workflow_name>/settings/people/<int:user_id>/answers",
        pages.answer_for,
        name="settings-name-owner",
    ),
    path(
        "workflows/<slug:workflow_name>/settings/people/<int:user_id>/withdraw",
        pages.withdraw,
        name="settings-withdraw-invitation",
    ),
    path("workflows/<slug:workflow_name>/settings/keys", pages.make, name="settings-make-key"),
    path("workflows/<slug:workflow_name>/settings/keys/<int:key_id>/revoke", pages.revoke, name="settings-revoke-key"),
]
