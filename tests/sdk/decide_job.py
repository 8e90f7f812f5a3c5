"""Decides the job with the id given as a person would: corrects it to another queue."""

import sys

import django

django.setup()

from builders import actor, correct  # noqa: E402 — tables need django.setup first
from teachback_server.jobs.models import Job  # noqa: E402
from teachback_server.people.models import User  # noqa: E402

correct(actor(User.objects.get(username="bob")), [Job.objects.get(external_id=sys.argv[1])], {"queue": "returns"})
