"""Messages that go out: made once for each decision, tried again with growing pauses, delivered or given up."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from teachback.webhooks import sign_webhook
from teachback_server.jobs.models import Job
from teachback_server.people.public_address import find_public_address
from teachback_server.reviews.claims import COUNTED_AT_MOST
from teachback_server.reviews.described_job import describe_decided_job
from teachback_server.reviews.models import Message, MessageTarget, Review
from teachback_server.reviews.outside.addresses import TargetRefused, find_destination, resolve_by_system
from teachback_server.reviews.outside.posting import Posted, post
from teachback_server.workflows.models import Workflow

WEBHOOK, SLACK = "webhook", "slack"
SETTLES_AFTER = timedelta(seconds=10)  # until then a decision is easily taken back
PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (10, 30, 120, 600, 1800, 3600, 7200, 21600, 21600, 21600, 21600)
)
_MADE_AT_ONCE = 200
_SENT_AT_ONCE = 40
_OF_ONE_TARGET = 10
_SENDERS = 4
_TAKEN_FOR = timedelta(minutes=3)  # longer than a target's messages can take


def see_to_messages() -> int:
    """Make the messages that are due and try to send those that wait; returns how many were tried."""
    now = timezone.now()
    for target in MessageTarget.objects.filter(stopped_at=None).select_related("workflow"):
        if target.kind == WEBHOOK:
            _make_decision_messages(target, now)
        else:
            _make_daily_message(target, now)
    return send_due_messages(now)


def send_due_messages(now: datetime) -> int:
    """Try all messages that are due, those of one target one after the other and those of others beside them."""
    due = Message.objects.filter(next_try_at__lte=now, target__stopped_at=None).select_related("target")
    by_target: dict[int, list[Message]] = {}
    for message in due.order_by("next_try_at", "pk")[:_SENT_AT_ONCE]:
        of_target = by_target.setdefault(message.target_id, [])
        if len(of_target) < _OF_ONE_TARGET and _take(message, now):
            of_target.append(message)
    if not by_target:
        return 0
    with ThreadPoolExecutor(_SENDERS) as pool:  # these threads only talk to receivers, never to the database
        tried = [pair for pairs in pool.map(_try_in_order, by_target.values()) for pair in pairs]
    for message, posted in tried:
        _note(message, posted)
    done = {message.pk for message, _ in tried}
    left = [message.pk for of_target in by_target.values() for message in of_target if message.pk not in done]
    Message.objects.filter(pk__in=left).update(next_try_at=now + PAUSES[0])
    return len(tried)


def make_test_message(target: MessageTarget) -> Message:
    """A message by which the receiver can be tried out; its job is nobody's."""
    job = {"id": "test", "is_final": False, "final_output": None, "review": None}
    body: dict[str, object] = {"type": "test", "workflow": target.workflow.name, "job": job}
    if target.kind == SLACK:
        body = {"text": f"A test of {_escape(target.workflow.title)} from Teachback."}
    return _make(target, f"msg_{uuid4().hex}", "a test", body, timezone.now())


def _make_decision_messages(target: MessageTarget, now: datetime) -> None:
    """One message for each decision since the last, in their order; a decision that is young holds up later ones."""
    newer = Review.objects.filter(workflow=target.workflow, pk__gt=target.from_review_id).order_by("pk")
    rows = list(newer.select_related("job", "job__workflow", "job__release")[:_MADE_AT_ONCE])
    settled = _take_settled(rows, now)
    if not settled:
        return
    with transaction.atomic():
        for review in settled:
            job = describe_decided_job(review.job)
            body = {"type": "review.decided", "workflow": target.workflow.name, "job": job}
            about = f"job {review.job.number}: {review.verdict}"
            _make(target, f"msg_{target.pk}_{review.pk}", about, body, now)
        MessageTarget.objects.filter(pk=target.pk).update(from_review_id=settled[-1].pk)


def _take_settled(rows: Sequence[Review], now: datetime) -> list[Review]:
    settled = []
    for review in rows:
        if review.decided_at > now - SETTLES_AFTER:
            break
        settled.append(review)
    return settled


def _make_daily_message(target: MessageTarget, now: datetime) -> None:
    """Once a day, if anything waits: how much, and since when."""
    name = f"day_{target.pk}_{now.date().isoformat()}"
    if Message.objects.filter(message_id=name).exists():
        return
    text = describe_queue(target.workflow, now)
    if text:
        block = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
        _make(target, name, "what waits", {"text": text, "blocks": [block]}, now)


def describe_queue(workflow: Workflow, now: datetime) -> str:
    """What waits in a workflow as a line in Slack's format; empty where nothing does."""
    waiting = Job.objects.filter(workflow=workflow, is_waiting=True)
    count = waiting[:COUNTED_AT_MOST].count()
    if not count:
        return ""
    oldest = waiting.order_by("number")[:1].aggregate(at=Min("started_at"))["at"] or now
    hours = max(0, int((now - oldest).total_seconds() // 3600))
    since = f"{hours // 24} days" if hours >= 48 else f"{hours} hours" if hours > 1 else "less than 2 hours"
    many = f"{COUNTED_AT_MOST} or more jobs wait" if count >= COUNTED_AT_MOST else f"{count} jobs wait"
    title = f"*{_escape(workflow.title)}*"
    desk = find_public_address(f"/workflows/{workflow.name}/review")
    link = f" <{desk}|Review>" if desk else ""
    return f"{title}: {many if count > 1 else '1 job waits'} for a decision, the oldest for {since}.{link}"


def _escape(text: str) -> str:
    """Slack reads these three as its own marks."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _make(target: MessageTarget, message_id: str, about: str, body: Mapping[str, object], now: datetime) -> Message:
    return Message.objects.create(
        target=target, message_id=message_id, about=about[:200], body=json.dumps(body), made_at=now, next_try_at=now
    )


def _try_in_order(messages: Sequence[Message]) -> list[tuple[Message, Posted]]:
    """Stop at the first that fails: the target is likely to be away, and the order is kept."""
    tried = []
    for message in messages:
        posted = _try(message)
        tried.append((message, posted))
        if not posted.is_delivered:
            break
    return tried


def _try(message: Message) -> Posted:
    target, body = message.target, message.body.encode()
    try:
        destination = find_destination(target.url, settings.PRIVATE_TARGETS, resolve_by_system)
    except TargetRefused as refusal:
        return Posted(is_delivered=False, answer=str(refusal)[:300])
    headers = {"Content-Type": "application/json"}
    if target.kind == WEBHOOK:
        at_seconds = int(timezone.now().timestamp())
        headers |= sign_webhook(body, message_id=message.message_id, at_seconds=at_seconds, secret=target.secret)
    return post(destination, body, headers)


def _take(message: Message, now: datetime) -> bool:
    """Take a message from other workers for a while; whoever is killed over it leaves it to the next."""
    same = Message.objects.filter(pk=message.pk, next_try_at=message.next_try_at)
    return bool(same.update(next_try_at=now + _TAKEN_FOR))


def _note(message: Message, posted: Posted) -> None:
    now, tries = timezone.now(), message.tries + 1
    next_try = None if posted.is_delivered or tries > len(PAUSES) else now + PAUSES[tries - 1]
    Message.objects.filter(pk=message.pk).update(
        tries=tries,
        answer=posted.answer[:300],
        delivered_at=now if posted.is_delivered else None,
        next_try_at=next_try,
    )
