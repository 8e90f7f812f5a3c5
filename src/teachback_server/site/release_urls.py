"""Addresses of releases."""

from django.urls import path

from teachback_server.site import release_pages

urlpatterns = [
    path("workflows/<slug:workflow_name>/releases", release_pages.list_all, name="releases"),
    path("workflows/<slug:workflow_name>/releases/<int:number>", release_pages.show, name="release"),
    path("workflows/<slug:workflow_name>/releases/<int:number>/return", release_pages.return_to, name="release-return"),
]
