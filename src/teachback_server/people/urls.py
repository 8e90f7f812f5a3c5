"""Addresses of the account pages."""

from django.urls import path

from teachback_server.people import account_pages, forgotten_pages, pages, people_pages

urlpatterns = [
    path("sign-in", pages.sign_in, name="sign-in"),
    path("sign-in/link/<str:token>", pages.sign_in_by_link, name="sign-in-link"),
    path("sign-in/forgotten", forgotten_pages.forgotten, name="sign-in-forgotten"),
    path("sign-out", pages.sign_out, name="sign-out"),
    path("account", account_pages.account, name="account"),
    path("account/sessions/others/end", account_pages.end_other_sessions, name="account-end-other-sessions"),
    path("account/sessions/<str:session_id>/end", account_pages.end_session, name="account-end-session"),
    path("people", people_pages.people, name="people"),
    path("people/<int:user_id>/link", people_pages.make_link, name="people-make-link"),
    path("people/<int:user_id>/deactivate", people_pages.deactivate, name="people-deactivate"),
    path("people/<int:user_id>/activate", people_pages.activate, name="people-activate"),
]
