"""The WSGI entry point that `teachback web` serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teachback_server.project.settings")
application = get_wsgi_application()
