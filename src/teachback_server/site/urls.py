"""Addresses of the pages that span rooms."""

from django.urls import path

from teachback_server.site import pages

urlpatterns = [
    path("", pages.home, name="home"),
    path("appearance", pages.appearance, name="appearance"),
]
