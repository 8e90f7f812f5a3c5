"""What every room's tests share: a temporary data folder, named before Django starts, and Ann, Bob and their friends."""

import atexit
import os
import shutil
import tempfile

import django

HOME = tempfile.mkdtemp(prefix="teachback-tests-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ["TEACHBACK_HOME"] = HOME
os.environ["DJANGO_SETTINGS_MODULE"] = "teachback_server.project.settings"
django.setup()  # here, as the conftest files of the rooms import tables
