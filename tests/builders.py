"""People, workflows and jobs that tests of every room share: Alice owns, Bob reviews, Charlie works elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.auth.hashers import make_password

from teachback.json_types import JsonObject
from teachback.vocabulary import JobStatus, ReviewVerdict
from teachback_server.agents.protocol import AgentResult
from teachback_server.jobs.actions import Arrival, JobSource, record_ended_jobs
from teachback_server.jobs.models import Job
from teachback_server.people.actor import SYSTEM, Actor
from teachback_server.people.models import User
from teachback_server.releases.actions import open_workflow
from teachback_server.releases.models import Release
from teachback_server.releases.queries import get_live_state
from teachback_server.reviews.actions import Decision, decide_reviews
from teachback_server.reviews.models import Review
from teachback_server.workflows.access import Role
from teachback_server.workflows.actions import give_role
from teachback_server.workflows.boundary import Boundary
from teachback_server.workflows.models import Workflow

MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

SUPPORT_INBOX = Boundary(
    name="support-inbox",
    title="Support inbox",
    input_schema={"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    output_schema={
        "type": "object",
        "properties": {
            "queue": {"type": "string", "enum": ["billing", "delivery", "returns"]},
            "order_number": {"type": "string", "x-teachback-source": "text"},
        },
        "required": ["queue"],
    },
    finished_means="The queue is right.",
)


@dataclass(frozen=True, kw_only=True)
class House:
    """Two workflows and the people in them. Alice owns `workflow`, Bob reviews in it; Charlie owns only `elsewhere`."""

    alice: User
    bob: User
    charlie: User
    workflow: Workflow
    release: Release
    elsewhere: Workflow

    @property
    def owner(self) -> Actor:
        """Alice, as one who acts."""
        return actor(self.alice)

    @property
    def reviewer(self) -> Actor:
        """Bob, as one who acts."""
        return actor(self.bob)

    @property
    def stranger(self) -> Actor:
        """Charlie, as one who acts."""
        return actor(self.charlie)


def make_house() -> House:
    """Everyone, and the two workflows with their first releases."""
    alice, bob, charlie = (make_person(name) for name in ("alice", "bob", "charlie"))
    workflow, release = open_workflow(actor(alice), SUPPORT_INBOX, salt="salt", at=MORNING)
    give_role(actor(alice), workflow, bob, Role.REVIEWER)
    elsewhere, _ = open_workflow(actor(charlie), boundary_named("elsewhere"), salt="salt", at=MORNING)
    return House(alice=alice, bob=bob, charlie=charlie, workflow=workflow, release=release, elsewhere=elsewhere)


def make_person(name: str, *, is_administrator: bool = False) -> User:
    """A person who may sign in; use `client.force_login`, as no password is set."""
    return User.objects.create(username=name, is_administrator=is_administrator, password=make_password(None))


def actor(user: User) -> Actor:
    """A person as one who acts."""
    return Actor(name=user.username, user_id=user.pk, is_administrator=user.is_administrator)


def boundary_named(name: str) -> Boundary:
    """The support inbox under another name."""
    return Boundary(
        name=name,
        title=name.capitalize(),
        input_schema=SUPPORT_INBOX.input_schema,
        output_schema=SUPPORT_INBOX.output_schema,
    )


def record_jobs(
    workflow: Workflow, outputs: Sequence[JsonObject | None], *, first_id: int = 1, confidence: float | None = 0.6
) -> list[Job]:
    """Record jobs that ended under the live release; one without an output was handed back."""
    arrivals = [
        Arrival(
            external_id=f"job-{number}",
            input={"text": f"Message {number}: where is my order A{number}?"},
            at=MORNING + timedelta(minutes=number),
        )
        for number in range(first_id, first_id + len(outputs))
    ]
    results = [
        AgentResult(status=JobStatus.HANDED_BACK, hand_back_reason="No field was sure enough.")
        if output is None
        else AgentResult(status=JobStatus.FINISHED, output=output, confidence=confidence)
        for output in outputs
    ]
    return record_ended_jobs(SYSTEM, workflow, get_live_state(workflow), arrivals, results, source=JobSource.AGENT)


def accept(by: Actor, jobs: Sequence[Job]) -> list[Review]:
    """Accept jobs."""
    return _decide(by, jobs, ReviewVerdict.ACCEPTED, None, "")


def correct(by: Actor, jobs: Sequence[Job], output: JsonObject, *, reason: str = "wrong_choice") -> list[Review]:
    """Correct jobs, all to the same output."""
    return _decide(by, jobs, ReviewVerdict.CORRECTED, output, reason)


def _decide(
    by: Actor, jobs: Sequence[Job], verdict: ReviewVerdict, output: JsonObject | None, reason: str
) -> list[Review]:
    decisions = [
        Decision(
            job=job,
            verdict=verdict,
            idempotency_key=f"test:{job.pk}",
            output=output,
            reason_code=reason,
            would_recur=True if reason else None,
            seconds=11.0,
            decided_at=job.finished_at,
        )
        for job in jobs
    ]
    return decide_reviews(by, jobs[0].workflow, decisions) if decisions else []
