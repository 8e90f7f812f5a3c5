"""Teachback for the program that does the work: record its jobs, work under the newest release, wait for people.

    import teachback

    desk = teachback.workflow("support-desk")

    def triage(ticket): …

    result = desk.run(triage, ticket, id=ticket["id"])
    if result.may_be_used: …

Set TEACHBACK_URL and TEACHBACK_KEY, or call `configure`. Without them everything runs and nothing is sent.
"""

from teachback.configuration import Redact
from teachback.current import carry_job
from teachback.hand_backs import HandedBack, hand_back
from teachback.job_results import JobResult
from teachback.jobs import Job
from teachback.jobs import find_job_in_progress as current_job
from teachback.known_release import Example, Release
from teachback.public_calls import configure, delivery, flush, instrument, outcome, workflow
from teachback.reviewed import Decision
from teachback.routing import Routing
from teachback.steps import Step, step
from teachback.tools import tool
from teachback.webhooks import ReviewMessage, WebhookRefused, read_webhook
from teachback.wire.delivery import Delivery
from teachback.workflows import Workflow

__version__ = "0.1.0"

__all__ = [
    "Decision",
    "Delivery",
    "Example",
    "HandedBack",
    "Job",
    "JobResult",
    "Redact",
    "Release",
    "ReviewMessage",
    "Routing",
    "Step",
    "WebhookRefused",
    "Workflow",
    "carry_job",
    "configure",
    "current_job",
    "delivery",
    "flush",
    "hand_back",
    "instrument",
    "outcome",
    "read_webhook",
    "step",
    "tool",
    "workflow",
]
