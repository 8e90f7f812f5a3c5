"""Addresses of the way from a file to a backtest, and of the run."""

from django.urls import path

from teachback_server.backtest import pages, upload_pages

urlpatterns = [
    path("start-here/upload", upload_pages.upload, name="start-here-upload"),
    path("start-here/files/<slug:token>", upload_pages.show_file, name="start-here-file"),
    path("start-here/files/<slug:token>/columns", upload_pages.show_columns, name="start-here-file-columns"),
    path("start-here/files/<slug:token>/refused", upload_pages.download_refused, name="start-here-file-refused"),
    path("start-here/files/<slug:token>/discard", upload_pages.discard, name="start-here-file-discard"),
    path("start-here/files/<slug:token>/read", upload_pages.read_once_more, name="start-here-file-read"),
    path("workflows/<slug:workflow_name>/backtest", pages.show_run, name="backtest"),
    path("workflows/<slug:workflow_name>/backtest/files/<str:name>", pages.download, name="backtest-file"),
    path("workflows/<slug:workflow_name>/backtest/go-on", pages.go_on, name="backtest-go-on"),
]
