"""A link to choose a new password by, mailed to somebody who forgot theirs; whoever asks learns nothing of anybody."""

from datetime import timedelta

from django.core.mail import EmailMessage
from django.utils import timezone

from teachback_server.people.actions import make_one_time_link
from teachback_server.people.actor import SYSTEM
from teachback_server.people.models import OneTimeLink, User
from teachback_server.people.public_address import find_public_address, list_missing_settings
from teachback_server.people.queries import find_mail_address, find_person
from teachback_server.people.tasks import mail_password_link_now
from teachback_server.people.throttle import begin_try

LASTS = timedelta(hours=1)
_MOST_OPEN = 3  # links of one person, so that nobody fills their mailbox
_NOBODY = 0
# Written out, as looking addresses up would load all pages into the worker.
_LINK_PATH = "/sign-in/link/"


def ask_for_password_link(username: str, network_address: str) -> None:
    """Have a link mailed to somebody, if there is somebody of this name with a mail address. Raises MustWait.

    The mail is sent by the worker, whether or not there is anybody, so that not even the time taken tells.
    """
    begin_try(f"forgotten by {username}", f"forgotten, from {network_address}")
    user = User.objects.filter(username__iexact=username.strip(), is_active=True).first()
    mail_password_link_now.enqueue(user.pk if user else _NOBODY)


def mail_password_link(user_id: int) -> bool:
    """Mail a person a link to choose a new password by; False where that cannot be, or they have some already.

    The password until now counts until they choose. Raises OSError where the mail server does not take it.
    """
    user = find_person(user_id)
    address = find_mail_address(user) if user else ""
    if user is None or not address or list_missing_settings() or _has_enough(user):
        return False
    token = make_one_time_link(SYSTEM, user, chooses_password=True, lasts=LASTS)
    name = user.get_username()
    EmailMessage(
        subject="A new password for Teachback",
        body=(
            f"Hello {name},\n\nsomebody, most likely you, asked for a new password for your user name {name}. Choose "
            f"one here within an hour:\n\n{find_public_address(_LINK_PATH + token)}\n\nIf it was not you, do nothing: "
            "your password until now still counts. Give this link to nobody.\n"
        ),
        to=[address],
        headers={"Auto-Submitted": "auto-generated"},
    ).send()
    return True


def _has_enough(user: User) -> bool:
    # Links that an administrator hands out last longer and do not count here.
    open_ones = OneTimeLink.objects.filter(user=user, used_at=None, expires_at__gt=timezone.now())
    return open_ones.filter(expires_at__lte=timezone.now() + LASTS).count() >= _MOST_OPEN
