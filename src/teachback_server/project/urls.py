"""All addresses: each room brings its own."""

from django.urls import URLPattern, URLResolver, include, path

from teachback_server.project.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("", include("teachback_server.people.urls")),
    path("", include("teachback_server.site.urls")),
    path("", include("teachback_server.site.boundary_urls")),
    path("", include("teachback_server.site.start_urls")),
    path("", include("teachback_server.backtest.urls")),
    path("", include("teachback_server.workflows.urls")),
    path("", include("teachback_server.jobs.urls")),
    path("", include("teachback_server.reviews.urls")),
    path("", include("teachback_server.site.job_urls")),
    path("", include("teachback_server.site.release_urls")),
    path("", include("teachback_server.site.change_urls")),
    path("", include("teachback_server.improvements.urls")),
    path("", include("teachback_server.results.urls")),
]
