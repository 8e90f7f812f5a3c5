"""Addresses of changes and of what people decide about them."""

from django.urls import path

from teachback_server.site import change_pages

urlpatterns = [
    path("workflows/<slug:workflow_name>/changes", change_pages.list_all, name="changes"),
    path("workflows/<slug:workflow_name>/changes/<int:change_id>", change_pages.show, name="change"),
    path("workflows/<slug:workflow_name>/changes/<int:change_id>/test", change_pages.test, name="change-test"),
    path("workflows/<slug:workflow_name>/changes/<int:change_id>/accept", change_pages.accept, name="change-accept"),
    path("workflows/<slug:workflow_name>/changes/<int:change_id>/decline", change_pages.decline, name="change-decline"),
    path("workflows/<slug:workflow_name>/changes/<int:change_id>/assign", change_pages.assign, name="change-assign"),
]
