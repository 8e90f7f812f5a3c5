"""What every test shares: a temporary data folder, named before Django starts."""

import atexit
import os
import shutil
import tempfile

import django
from django.conf import settings

HOME = tempfile.mkdtemp(prefix="teachback-tests-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ["TEACHBACK_HOME"] = HOME
os.environ["DJANGO_SETTINGS_MODULE"] = "teachback_server.project.settings"
if settings.DATABASES["traces"]["ENGINE"] != "django.db.backends.sqlite3":
    # On PostgreSQL both are one database in two schemas, which the test runner would take for one and the same.
    settings.DATABASES["traces"].setdefault("TEST", {})["NAME"] = "test_traces"
django.setup()  # here, as the conftest files of the rooms import tables
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a slow one would slow every test
