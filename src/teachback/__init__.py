"""Teachback for the program that does the work: record its jobs, work under the newest release, wait for people.

    import teachback

    desk = teachback.workflow("support-desk")

    def triage(ticket): …

    result = desk.run(triage, ticket, id=ticket["id"])
    if result.may_be_used: …

Set TEACHBACK_URL and TEACHBACK_KEY, or call `configure`. Without them everything runs and nothing is sent.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

# Loaded when they are first asked for: the server imports the pure modules alone, and an agent starts sooner.
_HOMES = {
    "Decision": ("teachback.reviewed", "Decision"),
    "Delivery": ("teachback.wire.delivery", "Delivery"),
    "Example": ("teachback.known_release", "Example"),
    "HandedBack": ("teachback.hand_backs", "HandedBack"),
    "Job": ("teachback.jobs", "Job"),
    "JobResult": ("teachback.job_results", "JobResult"),
    "Redact": ("teachback.configuration", "Redact"),
    "Release": ("teachback.known_release", "Release"),
    "ReviewMessage": ("teachback.webhooks", "ReviewMessage"),
    "Routing": ("teachback.routing", "Routing"),
    "Step": ("teachback.steps", "Step"),
    "WebhookRefused": ("teachback.webhooks", "WebhookRefused"),
    "Workflow": ("teachback.workflows", "Workflow"),
    "carry_job": ("teachback.current", "carry_job"),
    "configure": ("teachback.public_calls", "configure"),
    "current_job": ("teachback.jobs", "find_job_in_progress"),
    "delivery": ("teachback.public_calls", "delivery"),
    "flush": ("teachback.public_calls", "flush"),
    "hand_back": ("teachback.hand_backs", "hand_back"),
    "instrument": ("teachback.public_calls", "instrument"),
    "outcome": ("teachback.public_calls", "outcome"),
    "read_webhook": ("teachback.webhooks", "read_webhook"),
    "step": ("teachback.steps", "step"),
    "tool": ("teachback.tools", "tool"),
    "workflow": ("teachback.public_calls", "workflow"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"teachback has no {name!r}")
    module, attribute = _HOMES[name]
    value: object = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
