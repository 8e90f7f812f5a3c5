"""Fills a fresh data folder with one small workflow for each name given, so that tests of the desk share no jobs."""

import sys

import django

django.setup()

from builders import actor, boundary_named, make_house, record_jobs  # noqa: E402 — tables need django.setup first
from teachback_server.people.actions import choose_password  # noqa: E402
from teachback_server.releases.actions import open_workflow  # noqa: E402
from teachback_server.workflows.access import Role  # noqa: E402
from teachback_server.workflows.actions import give_role  # noqa: E402

house = make_house()
for person in (house.alice, house.bob):
    choose_password(person, "four words in a row")
for name in sys.argv[1:]:
    workflow, _ = open_workflow(actor(house.alice), boundary_named(name))
    give_role(actor(house.alice), workflow, house.bob, Role.REVIEWER)
    record_jobs(workflow, [{"queue": "billing", "order_number": f"A{number}"} for number in (1, 2, 3)])
