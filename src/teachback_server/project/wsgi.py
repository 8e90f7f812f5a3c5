"""The WSGI entry point that `teachback web` serves."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from teachback_server.project.request_body import releasing_body

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teachback_server.project.settings")
application = releasing_body(get_wsgi_application())
_ = get_resolver().url_patterns  # loads all pages now, while the tables are prepared, instead of at the first request
