"""Watches the audits of jobs that skipped review, and takes autonomy back the moment that they speak against it."""

from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from teachback.spelled_share import spell_share
from teachback.vocabulary import ReviewVerdict, RoutingKind
from teachback_server.improvements.candidates import require_unmoved
from teachback_server.improvements.models import GuardRecord
from teachback_server.jobs.actions import next_job_number
from teachback_server.people.actor import SYSTEM
from teachback_server.releases.actions import take_autonomy_back
from teachback_server.releases.queries import LiveState
from teachback_server.reviews.models import Review
from teachback_server.statistics.audit_guard import GuardState, advance_guard, is_alarm
from teachback_server.workflows.models import Workflow
from teachback_server.workflows.turns import take_turn


def watch_audits(workflow: Workflow, live: LiveState, *, now: datetime) -> bool:
    """Feed the guard with audits since its last look; returns whether it raised the alarm and took autonomy back.

    Audits of other releases never count, and of two workers that read the same audits only one feeds the guard.
    """
    if not live.is_autonomy_on:
        return False
    record, _ = GuardRecord.objects.get_or_create(release=live.release)
    unread_audits = (
        Review.objects.filter(
            workflow=workflow, job__release=live.release, job__routing=RoutingKind.AUDIT, pk__gt=record.last_review_id
        )
        .order_by("pk")
        .values_list("pk", "verdict")
    )
    audits = list(unread_audits)
    if not audits:
        return False
    limit = live.document.approval.error_limit or workflow.error_limit
    guard = GuardState(**record.state) if record.state else GuardState(limit=limit)
    for _, verdict in audits:
        guard = advance_guard(guard, verdict != ReviewVerdict.ACCEPTED)
    has_alarm = is_alarm(guard)
    with transaction.atomic():
        take_turn(workflow.pk)
        standing = set(unread_audits.all())
        if not standing.issuperset(audits):
            return False  # somebody took a decision back meanwhile; the next look counts without it
        unread = GuardRecord.objects.filter(pk=record.pk, last_review_id=record.last_review_id, audits=record.audits)
        has_read = unread.update(
            last_review_id=audits[-1][0],
            audits=guard.audits,
            errors=guard.errors,
            state=asdict(guard),
            alarmed_at=now if has_alarm else None,
        )
        if has_read and has_alarm:
            require_unmoved(live)
            why = f"{guard.errors} of {guard.audits} audited jobs were wrong; the limit is {spell_share(limit)}"
            take_autonomy_back(SYSTEM, workflow, from_job=next_job_number(workflow), why=why, at=now)
    return bool(has_read) and has_alarm
