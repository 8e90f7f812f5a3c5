"""All addresses: each room brings its own."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("teachback_server.people.urls")),
    path("", include("teachback_server.site.urls")),
]
