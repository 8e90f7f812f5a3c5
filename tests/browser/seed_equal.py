"""Fills a fresh data folder with a workflow for each name given: eight waiting jobs, of which six are equal."""

import sys

import django

django.setup()

from builders import MORNING, actor, boundary_named, make_house, record_jobs  # noqa: E402 — after django.setup
from teachback.vocabulary import JobStatus  # noqa: E402
from teachback_server.agents.protocol import AgentResult  # noqa: E402
from teachback_server.jobs.actions import Arrival, JobSource, record_ended_jobs  # noqa: E402
from teachback_server.people.actions import choose_password  # noqa: E402
from teachback_server.people.actor import SYSTEM  # noqa: E402
from teachback_server.releases.actions import open_workflow  # noqa: E402
from teachback_server.releases.queries import get_live_state  # noqa: E402
from teachback_server.reviews.agreement.terms import set_shares  # noqa: E402
from teachback_server.workflows.access import Role  # noqa: E402
from teachback_server.workflows.actions import give_role  # noqa: E402

TEXT = "Hello, where is my parcel? It was to come on Monday. Order A1, thank you."

house = make_house()
for person in (house.alice, house.bob):
    choose_password(person, "four words in a row")
for name in sys.argv[1:]:
    workflow, _ = open_workflow(actor(house.alice), boundary_named(name))
    give_role(actor(house.alice), workflow, house.bob, Role.REVIEWER)
    set_shares(actor(house.alice), workflow, second=0, planted=0)
    arrivals = [Arrival(external_id=f"mail-{number}", input={"text": TEXT}, at=MORNING) for number in range(1, 7)]
    output = {"queue": "delivery", "order_number": "A1"}
    results = [AgentResult(status=JobStatus.FINISHED, output=output, confidence=0.6)] * len(arrivals)
    record_ended_jobs(SYSTEM, workflow, get_live_state(workflow), arrivals, results, source=JobSource.ELSEWHERE)
    record_jobs(workflow, [{"queue": "billing", "order_number": f"A{number}"} for number in (7, 8)], first_id=7)
