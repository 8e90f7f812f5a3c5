"""Fills a fresh data folder with a workflow whose jobs came as traces, and with traces that belong to no workflow."""

import django

django.setup()

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status  # noqa: E402

from builders import make_house  # noqa: E402 — tables need django.setup first
from otlp_requests import asked, make_request, make_span  # noqa: E402
from teachback_server.jobs.intake.digest import Digester  # noqa: E402
from teachback_server.jobs.intake.inbox import keep_request  # noqa: E402
from teachback_server.jobs.open_store import open_trace_store  # noqa: E402
from teachback_server.jobs.otlp.request import take_request  # noqa: E402
from teachback_server.people.actions import choose_password, make_user  # noqa: E402
from teachback_server.people.actor import SYSTEM  # noqa: E402

PASSWORD = "four words in a row"
STEPS = 2000
STEPS_OF_AN_ORDER = 25


def make_long_trace() -> list[Span]:
    """One agent that works through many orders: two thousand steps on three levels, one of which failed."""
    spans = [make_span(1, 1, name="sort the orders", seconds=STEPS, attributes=asked("Sort the orders of today."))]
    order = 1
    for n in range(2, STEPS + 1):
        is_order = n % STEPS_OF_AN_ORDER == 2
        order = n if is_order else order
        name, parent = (f"order {n}", 1) if is_order else (f"look up {n}", order)
        seconds = STEPS_OF_AN_ORDER if is_order else 1.0
        spans.append(make_span(1, n, parent=parent, name=name, start_seconds=n, seconds=seconds))
    spans[3].status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message="The order service is away."))
    spans[2].attributes.extend(make_span(1, 1, attributes=asked("Order <b>3</b>", "Found it.")).attributes)
    return spans


def send(workflow_id: int, spans: list[Span], *, service: str = "") -> None:
    """Keep a request as the endpoint would."""
    body = make_request(spans, service=service).SerializeToString()
    keep_request(workflow_id, "tb_seed", body, take_request(body, is_json=False))


house = make_house()
for person in (house.alice, house.bob):
    choose_password(person, PASSWORD)
make_user(SYSTEM, "ada", password=PASSWORD, is_administrator=True)
send(house.workflow.pk, make_long_trace())
send(house.workflow.pk, [make_span(2, 1, name="answer", attributes=asked("Where is my parcel?"))])
send(house.workflow.pk, [make_span(3, 1), Span(name="a span without ids")])
send(0, [make_span(4, 1, name="quote", attributes=asked("What does a bicycle cost?"))], service="quotes")
digester = Digester(open_trace_store())
while digester.digest_some():
    pass
