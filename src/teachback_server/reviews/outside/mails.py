"""Mails about what waits: who wants them, and sending them once a day, tried again while the mail server is away."""

import smtplib
import ssl
from collections.abc import Collection, Sequence
from datetime import datetime

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from teachback_server.people.actions import actor_of
from teachback_server.people.actor import Actor
from teachback_server.people.models import User
from teachback_server.people.public_address import find_public_address, list_missing_settings
from teachback_server.people.queries import find_mail_address
from teachback_server.reviews.models import MailWish
from teachback_server.reviews.outside.mail_digest import (
    MAILS_PATH,
    Digest,
    WaitingWork,
    find_waiting_work,
    write_digest,
)
from teachback_server.workflows.access import Role, find_role, visible_workflows
from teachback_server.workflows.models import Workflow

_SENT_AT_ONCE = 50  # in one round; the next one comes soon


def list_decided_workflows(user: User) -> list[Workflow]:
    """The workflows in which a person decides jobs, by title."""
    actor = actor_of(user)
    seen = visible_workflows(actor).order_by("title", "name")
    return [workflow for workflow in seen if _decides(actor, workflow.pk)]


def wish_for_mails(user: User, workflows: Collection[Workflow], *, hour: int) -> None:
    """Let a person have mails about these workflows and no others, from an hour of the day (UTC) on."""
    may = {workflow.pk for workflow in list_decided_workflows(user)}
    wanted = [workflow for workflow in workflows if workflow.pk in may]
    with transaction.atomic():
        MailWish.objects.filter(user=user).exclude(workflow__in=wanted).delete()
        for workflow in wanted:
            MailWish.objects.update_or_create(user=user, workflow=workflow, defaults={"hour": hour, "problem": ""})


def see_to_mails(now: datetime | None = None) -> int:
    """Send the mails that are due; returns how many went out. Does nothing where mails are not set up."""
    if list_missing_settings():
        return 0
    now = now or timezone.now()
    sent = 0
    for user, wishes in _list_due(now):
        work = _find_work(user, wishes, now)
        if not work or not _take(wishes, now):
            continue
        try:
            _send(user, write_digest(user.get_username(), work))
        except (OSError, ValueError) as problem:  # smtplib's own are OSErrors
            is_about_address = isinstance(problem, smtplib.SMTPRecipientsRefused | ValueError)
            _note_failure(wishes, _in_words(problem), is_over=is_about_address)
            if not is_about_address:
                break  # the server is away for everybody
        else:
            MailWish.objects.filter(pk__in=[wish.pk for wish in wishes]).update(problem="")
            sent += 1
        if sent >= _SENT_AT_ONCE:
            break
    return sent


def _list_due(now: datetime) -> list[tuple[User, list[MailWish]]]:
    """People with an address who have had no mail today and whose hour has come, with what they wish for."""
    today = now.date()
    open_today = Q(last_sent_on=None) | Q(last_sent_on__lt=today)
    due = MailWish.objects.filter(open_today, hour__lte=now.hour, user__is_active=True)
    had_one = MailWish.objects.filter(last_sent_on__gte=today).values("user_id")
    by_user: dict[int, list[MailWish]] = {}
    for wish in due.exclude(user__in=had_one).select_related("user", "workflow").order_by("user_id", "pk"):
        by_user.setdefault(wish.user_id, []).append(wish)
    return [(wishes[0].user, wishes) for wishes in by_user.values() if find_mail_address(wishes[0].user)]


def _decides(actor: Actor, workflow_id: int) -> bool:
    return find_role(actor, workflow_id) not in (None, Role.VIEWER)


def _find_work(user: User, wishes: Sequence[MailWish], now: datetime) -> list[WaitingWork]:
    actor = actor_of(user)
    allowed = [wish.workflow for wish in wishes if _decides(actor, wish.workflow_id)]
    found = [find_waiting_work(workflow, user.pk, now=now) for workflow in allowed]
    return [work for work in found if work is not None]


def _take(wishes: Sequence[MailWish], now: datetime) -> bool:
    """Take today's mail from other workers. One that is killed over it costs one mail, and none is sent twice."""
    open_today = Q(last_sent_on=None) | Q(last_sent_on__lt=now.date())
    rows = MailWish.objects.filter(open_today, pk__in=[wish.pk for wish in wishes])
    return rows.update(last_sent_on=now.date()) == len(wishes)


def _send(user: User, digest: Digest) -> None:
    mail = EmailMultiAlternatives(
        subject=digest.subject,
        body=digest.text,
        to=[find_mail_address(user)],
        headers={
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{find_public_address(MAILS_PATH)}>",
        },
    )
    mail.attach_alternative(digest.html, "text/html")
    mail.send()


def _note_failure(wishes: Sequence[MailWish], problem: str, *, is_over: bool) -> None:
    """Say what went wrong. Unless it is over for today, the mail is tried again in the next round."""
    for wish in wishes:  # each was sent last on a day of its own
        values = {"problem": problem} if is_over else {"problem": problem, "last_sent_on": wish.last_sent_on}
        MailWish.objects.filter(pk=wish.pk).update(**values)


def _in_words(problem: Exception) -> str:
    """What went wrong, without anything that a server said: it may repeat a name or a password."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused | ValueError):
        return "The mail server does not take your address. Is it right? The next try is tomorrow."
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        return "The mail server does not take the name and password of this server. Tell an administrator."
    if isinstance(problem, smtplib.SMTPSenderRefused):
        return "The mail server lets nobody send from the address in TEACHBACK_MAIL_FROM. Tell an administrator."
    if isinstance(problem, smtplib.SMTPNotSupportedError):
        return "The mail server does not encrypt, so nothing was sent to it. Tell an administrator."
    if isinstance(problem, smtplib.SMTPResponseException):
        return f"The mail server refused the mail (code {problem.smtp_code}). It is tried again every minute."
    if isinstance(problem, ssl.SSLError):
        return "The connection to the mail server could not be secured. Tell an administrator."
    if isinstance(problem, TimeoutError):
        return "The mail server did not answer in time. It is tried again every minute."
    return f"The mail server could not be reached ({type(problem).__name__}). It is tried again every minute."
