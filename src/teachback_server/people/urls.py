"""Addresses of the account pages."""

from django.urls import path

from teachback_server.people import pages

urlpatterns = [
    path("sign-in", pages.sign_in, name="sign-in"),
    path("sign-in/link/<str:token>", pages.sign_in_by_link, name="sign-in-link"),
    path("sign-out", pages.sign_out, name="sign-out"),
    path("account", pages.account, name="account"),
]
