"""Fills a fresh data folder with a workflow of forty jobs for each name given, with a field of every kind."""

import sys
from datetime import timedelta

import django

django.setup()

from builders import MORNING, actor, make_house  # noqa: E402 — tables need django.setup first
from teachback.json_types import JsonObject  # noqa: E402
from teachback.vocabulary import JobStatus  # noqa: E402
from teachback_server.agents.protocol import AgentResult  # noqa: E402
from teachback_server.jobs.actions import Arrival, JobSource, record_ended_jobs  # noqa: E402
from teachback_server.people.actions import choose_password  # noqa: E402
from teachback_server.people.actor import SYSTEM  # noqa: E402
from teachback_server.releases.actions import open_workflow  # noqa: E402
from teachback_server.releases.queries import get_live_state  # noqa: E402
from teachback_server.workflows.access import Role  # noqa: E402
from teachback_server.workflows.actions import give_role  # noqa: E402
from teachback_server.workflows.boundary import Boundary  # noqa: E402

TEXT: JsonObject = {"type": "string"}
INPUT: JsonObject = {"type": "object", "properties": {"text": TEXT}}
OUTPUT: JsonObject = {
    "type": "object",
    "required": ["queue"],
    "properties": {
        "queue": {"type": "string", "enum": ["billing", "shipping", "other"]},
        "order_number": TEXT,
        "amount": {"type": "number"},
        "due": {"type": "string", "format": "date"},
        "tags": {"type": "array", "items": TEXT},
        "customer": {"type": "object", "properties": {"name": TEXT}},
    },
}
HANDED_BACK = 7  # every so many jobs

house = make_house()
for person in (house.alice, house.bob):
    choose_password(person, "four words in a row")
for name in sys.argv[1:]:
    boundary = Boundary(name=name, title=name.capitalize(), input_schema=INPUT, output_schema=OUTPUT)
    workflow, _ = open_workflow(actor(house.alice), boundary)
    give_role(actor(house.alice), workflow, house.bob, Role.REVIEWER)
    numbers = range(1, 41)
    record_ended_jobs(
        SYSTEM,
        workflow,
        get_live_state(workflow),
        [
            Arrival(external_id=f"job-{n}", input={"text": f"Order A{n}"}, at=MORNING + timedelta(minutes=n))
            for n in numbers
        ],
        [
            AgentResult(status=JobStatus.HANDED_BACK, hand_back_reason="Not sure which queue.")
            if n % HANDED_BACK == 0
            else AgentResult(
                status=JobStatus.FINISHED,
                output={
                    "queue": "billing",
                    "order_number": f"A{n}",
                    "amount": 10,
                    "due": "2026-03-01",
                    "tags": ["new"],
                    "customer": {"name": "Ann"},
                },
                confidence=0.5,
            )
            for n in numbers
        ],
        source=JobSource.AGENT,
    )
