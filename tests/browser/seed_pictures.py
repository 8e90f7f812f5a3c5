"""Adds to the sample desk what the demo alone does not have: colleagues, jobs decided by two, a trace, a message."""

import django

django.setup()

from django.conf import settings  # noqa: E402 — tables need django.setup first

from builders import actor, make_person  # noqa: E402
from otlp_requests import asked, make_request, make_span  # noqa: E402
from shown_pages import WORKFLOW  # noqa: E402
from teachback.vocabulary import JobStatus, ReviewVerdict  # noqa: E402
from teachback_server.agents.protocol import AgentResult  # noqa: E402
from teachback_server.jobs.actions import Arrival, JobSource, record_ended_jobs  # noqa: E402
from teachback_server.jobs.intake.digest import Digester  # noqa: E402
from teachback_server.jobs.intake.inbox import keep_request  # noqa: E402
from teachback_server.jobs.models import Job  # noqa: E402
from teachback_server.jobs.open_store import open_trace_store  # noqa: E402
from teachback_server.jobs.otlp.request import take_request  # noqa: E402
from teachback_server.people.actions import choose_password, find_or_make_administrator  # noqa: E402
from teachback_server.people.actor import SYSTEM, Actor  # noqa: E402
from teachback_server.releases.queries import get_live_state  # noqa: E402
from teachback_server.reviews.actions import Decision  # noqa: E402
from teachback_server.reviews.agreement.deciding import decide_at_desk  # noqa: E402
from teachback_server.reviews.agreement.terms import set_shares  # noqa: E402
from teachback_server.reviews.models import Review  # noqa: E402
from teachback_server.reviews.outside.targets import add_target  # noqa: E402
from teachback_server.reviews.skills import add_skill  # noqa: E402
from teachback_server.workflows.access import Role  # noqa: E402
from teachback_server.workflows.actions import give_role  # noqa: E402
from teachback_server.workflows.models import Workflow  # noqa: E402

PASSWORD = "four words in a row"
DECIDED_TWICE = 60
SLIPS = {"bea": 11, "carl": 7}  # every so many jobs somebody overlooks what is wrong

administrator = find_or_make_administrator(SYSTEM)
workflow = Workflow.objects.get(name=WORKFLOW)
owner = actor(administrator)
people = {name: make_person(name) for name in SLIPS}
for person in (administrator, *people.values()):
    choose_password(person, PASSWORD)
for person in people.values():
    give_role(owner, workflow, person, Role.REVIEWER)


def decide(by: Actor, job: Job, right: Review, place: int) -> None:
    """As the sample says, or an acceptance that overlooks what is wrong."""
    is_right = right.output == job.output or place % SLIPS[by.name] == 0
    decision = Decision(
        job=job,
        verdict=ReviewVerdict.ACCEPTED if is_right else ReviewVerdict.CORRECTED,
        output=None if is_right else right.output,
        reason_code="" if is_right else "wrong_choice",
        idempotency_key=f"{by.name}-{job.number}",
        seconds=8 + place % 5,
    )
    decide_at_desk(by, decision)


set_shares(owner, workflow, second=1, planted=0)
drafted = Review.objects.filter(workflow=workflow, job__output__isnull=False).select_related("job")
seen = [
    *drafted.filter(verdict=ReviewVerdict.CORRECTED)[: DECIDED_TWICE // 2],
    *drafted.filter(verdict=ReviewVerdict.ACCEPTED)[: DECIDED_TWICE // 2],
]
again = record_ended_jobs(
    SYSTEM,
    workflow,
    get_live_state(workflow),
    [Arrival(external_id=f"again-{one.job.external_id}", input=one.job.input) for one in seen],
    [AgentResult(status=JobStatus.FINISHED, output=one.job.output, confidence=0.6) for one in seen],
    source=JobSource.AGENT,
)
for place, (job, right) in enumerate(zip(again, seen, strict=True), start=1):
    for person in sorted(people.values(), key=lambda one: (place + one.pk) % 2):  # each is the first as often
        decide(actor(person), Job.objects.get(pk=job.pk), right, place)
set_shares(owner, workflow, second=0.05, planted=0.02)

foreign = [("fr", "Où est mon colis 54-3310 ?"), ("nl", "Waar blijft mijn bestelling 54-3311?")] * 3
record_ended_jobs(
    SYSTEM,
    workflow,
    get_live_state(workflow),
    [
        Arrival(external_id=f"abroad-{place}", input={"message": said, "language": language})
        for place, (language, said) in enumerate(foreign)
    ],
    [AgentResult(status=JobStatus.FINISHED, output=seen[0].job.output, confidence=0.4)] * len(foreign),
    source=JobSource.AGENT,
)
add_skill(owner, workflow, label="Reads French", field="language", value="fr", holders=[people["bea"], administrator])
add_skill(owner, workflow, label="Reads Dutch", field="language", value="nl")

settings.PRIVATE_TARGETS = ["192.0.2.10"]
add_target(owner, workflow, kind="webhook", url="http://192.0.2.10/decisions")

spans = [make_span(1, 1, name="answer a customer", seconds=4, attributes=asked("Where is my parcel?", "On its way."))]
spans += [make_span(1, 2, parent=1, name="look up the order", start_seconds=0.2, seconds=1)]
spans += [make_span(1, 3, parent=1, name="chat sample-model", start_seconds=1.4, seconds=2)]
body = make_request(spans, service="").SerializeToString()
keep_request(workflow.pk, "tb_seed", body, take_request(body, is_json=False))
body = make_request([make_span(4, 1, name="quote", attributes=asked("What does a bicycle cost?"))], service="quotes")
keep_request(0, "tb_seed", body.SerializeToString(), take_request(body.SerializeToString(), is_json=False))
digester = Digester(open_trace_store())
while digester.digest_some():
    pass
