"""What an owner may do about messages: say where they go, stop that, try it out, send one again."""

import base64
import secrets

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.reviews.models import Message, MessageTarget, Review
from teachback_server.reviews.outside.addresses import TargetRefused, find_destination, resolve_by_system
from teachback_server.reviews.outside.messages import SLACK, WEBHOOK, make_test_message
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.models import Workflow

MOST_TARGETS = 10
_SECRET_BYTES = 32


def add_target(actor: Actor, workflow: Workflow, *, kind: str, url: str) -> MessageTarget:
    """Send news of a workflow somewhere from now on. Its secret is shown once. Raises TargetRefused."""
    require_role(actor, workflow.pk, Role.OWNER)
    if kind not in (WEBHOOK, SLACK):
        raise TargetRefused("Choose a webhook or a channel.")
    find_destination(url, settings.PRIVATE_TARGETS, resolve_by_system)
    with transaction.atomic():
        if MessageTarget.objects.filter(workflow=workflow, stopped_at=None).count() >= MOST_TARGETS:
            raise TargetRefused(f"There are {MOST_TARGETS} already. Stop one first.")
        newest = Review.objects.filter(workflow=workflow).order_by("-pk").values_list("pk", flat=True).first()
        target = MessageTarget.objects.create(
            workflow=workflow,
            kind=kind,
            url=url,
            secret="whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode(),
            made_by=actor.name[:200],
            made_at=timezone.now(),
            from_review_id=newest or 0,
        )
        record_act(actor, Act.MESSAGES_TARGETED, f"{kind} {_host(url)}", workflow_id=workflow.pk)
    return target


def stop_target(actor: Actor, target: MessageTarget) -> None:
    """Send nothing there any more; what waited is given up."""
    require_role(actor, target.workflow_id, Role.OWNER)
    with transaction.atomic():
        MessageTarget.objects.filter(pk=target.pk, stopped_at=None).update(stopped_at=timezone.now(), secret="")
        Message.objects.filter(target=target, next_try_at__isnull=False).update(next_try_at=None)
        record_act(actor, Act.MESSAGES_STOPPED, f"{target.kind} {_host(target.url)}", workflow_id=target.workflow_id)


def send_test(actor: Actor, target: MessageTarget) -> Message:
    """Make a message that tries the receiver out; it goes out with the next round."""
    require_role(actor, target.workflow_id, Role.OWNER)
    return make_test_message(target)


def send_again(actor: Actor, message: Message) -> None:
    """Try a message anew that was given up or delivered; its id stays, so that the receiver can tell."""
    require_role(actor, message.target.workflow_id, Role.OWNER)
    Message.objects.filter(pk=message.pk).update(next_try_at=timezone.now(), tries=0)


def _host(url: str) -> str:
    """Only this much of an address is told in the trail: what follows may be a secret, as it is in Slack's."""
    return url.split("/")[2] if url.count("/") > 1 else url
