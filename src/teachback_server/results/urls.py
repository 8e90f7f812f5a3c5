"""Addresses of results and autonomy."""

from django.urls import path

from teachback_server.results import pages, preview_pages, reason_pages, undo_pages

_HERE = "workflows/<slug:workflow_name>"

urlpatterns = [
    path(f"{_HERE}/results", pages.results, name="results"),
    path(f"{_HERE}/results/<slug:kind>-<slug:width>.svg", pages.result_chart, name="results-chart"),
    path(f"{_HERE}/review/undo", undo_pages.undo, name="review-undo"),
    path(f"{_HERE}/reasons", reason_pages.show_reasons, name="results-reasons"),
    path(f"{_HERE}/reasons/new", reason_pages.make, name="results-reason-make"),
    path(f"{_HERE}/reasons/<slug:code>/rename", reason_pages.rename, name="results-reason-rename"),
    path(f"{_HERE}/reasons/<slug:code>/merge", reason_pages.merge, name="results-reason-merge"),
    path(f"{_HERE}/autonomy", pages.autonomy, name="autonomy"),
    path(f"{_HERE}/autonomy/<slug:kind>-<slug:width>.svg", pages.autonomy_chart, name="autonomy-chart"),
    path(f"{_HERE}/autonomy/preview", preview_pages.show_preview, name="autonomy-preview"),
    path(f"{_HERE}/autonomy/take-back", pages.take_back, name="autonomy-take-back"),
]
