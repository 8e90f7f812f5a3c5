"""What may happen to people: they are added, get a one-time link, choose a password, leave, and come back."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils import timezone

from teachback_server.people.actor import Actor, PermissionMissing
from teachback_server.people.audit import Act, record_act
from teachback_server.people.models import OneTimeLink, User
from teachback_server.people.queries import find_mail_address
from teachback_server.people.sessions import end_session, end_sessions
from teachback_server.people.throttle import begin_try, note_failure, note_success

FIRST_ADMINISTRATOR = "admin"
LINK_LASTS = timedelta(hours=24)


class UserNameTaken(ValueError):
    """Somebody has this user name already. Choose another one."""


class MustStayActive(ValueError):
    """Nobody deactivates themselves or the last administrator. Let another administrator do it."""


class LinkNotValid(ValueError):
    """This link was used already, or its time is over. Ask an administrator for a new one."""


def make_user(actor: Actor, username: str, *, password: str | None = None, is_administrator: bool = False) -> User:
    """Add a person. Without a password they sign in by one-time links. Raises UserNameTaken."""
    _require_administrator(actor)
    if password is not None:
        validate_password(password)
    with transaction.atomic():
        _refuse_taken_name(username)
        user = User(username=username, is_administrator=is_administrator)
        user.set_password(password)
        user.full_clean()
        user.save()
        record_act(actor, Act.USER_MADE, username, details={"is_administrator": is_administrator})
    return user


def find_or_make_administrator(actor: Actor) -> User:
    """The first administrator; at the very first start, a new one without a password."""
    known = User.objects.filter(is_administrator=True, is_active=True).order_by("pk").first()
    return known or make_user(actor, FIRST_ADMINISTRATOR, is_administrator=True)


def deactivate_user(actor: Actor, user: User) -> None:
    """Let a person in no more: their sessions and unused links end, and all that they did stays under their name.

    Raises MustStayActive for oneself and for the last administrator.
    """
    _require_administrator(actor)
    with transaction.atomic():
        if user.pk == actor.user_id:
            raise MustStayActive("You cannot deactivate yourself. Let another administrator do it.")
        others = User.objects.filter(is_administrator=True, is_active=True).exclude(pk=user.pk)
        if user.is_administrator and not others.exists():
            raise MustStayActive(f"{user.username} is the last administrator. Add another one first.")
        if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
            return
        OneTimeLink.objects.filter(user=user, used_at=None).update(used_at=timezone.now())
        end_sessions(user.pk)  # or they would come to life again with the person
        record_act(actor, Act.USER_DEACTIVATED, user.username)


def activate_user(actor: Actor, user: User) -> None:
    """Let a person in again, with the roles that they had; they sign in anew."""
    _require_administrator(actor)
    with transaction.atomic():
        if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
            record_act(actor, Act.USER_ACTIVATED, user.username)


def make_one_time_link(
    actor: Actor,
    user: User,
    *,
    chooses_password: bool = False,
    lasts: timedelta = LINK_LASTS,
    at: datetime | None = None,
) -> str:
    """Make a link that signs a person in once, within a day if nothing else is said. Returns its token, kept nowhere.

    With `chooses_password` they choose a new password first; the old one counts until then.
    """
    _require_administrator(actor)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        OneTimeLink.objects.create(
            user=user,
            token_hash=_hash(token),
            expires_at=(at or timezone.now()) + lasts,
            chooses_password=chooses_password,
        )
        record_act(actor, Act.LINK_MADE, user.username)
    return token


def find_link(token: str, *, at: datetime | None = None) -> OneTimeLink | None:
    """The link of a token, with whom it would sign in, if it is still good; does not spend it."""
    links = OneTimeLink.objects.filter(
        token_hash=_hash(token), used_at=None, expires_at__gt=at or timezone.now(), user__is_active=True
    )
    return links.select_related("user").first()


def use_one_time_link(token: str, *, password: str | None = None, at: datetime | None = None) -> User:
    """Spend a link and return whom it signs in. Of two who use it at once only one succeeds. Raises LinkNotValid.

    A link to choose a password by needs the `password`; django's ValidationError says that it is too easy to guess,
    and the link stays good.
    """
    now = at or timezone.now()
    with transaction.atomic():
        link = find_link(token, at=now)
        if link is None or not OneTimeLink.objects.filter(pk=link.pk, used_at=None).update(used_at=now):
            raise LinkNotValid("This link was used already, or its time is over. Ask an administrator for a new one.")
        if link.chooses_password:
            choose_password(link.user, password or "")
        record_act(actor_of(link.user), Act.SIGNED_IN, link.user.username, details={"by": "one-time link"})
    return link.user


def check_password(username: str, password: str, address: str) -> User | None:
    """Whose name and password these are; None where they do not belong together. Raises MustWait."""
    tried = begin_try(username, address)
    found = authenticate(username=username, password=password)
    if not isinstance(found, User):
        note_failure(tried)
        return None
    note_success(tried)
    return found


def record_sign_in(user: User) -> None:
    """Note in the trail that a person signed in with their password."""
    with transaction.atomic():
        record_act(actor_of(user), Act.SIGNED_IN, user.username, details={"by": "password"})


def choose_password(user: User, password: str, *, keep_session: str | None = None) -> None:
    """Set a person's own password; their unused links and their sessions end, but the one of the key `keep_session`.

    Raises django's ValidationError where the password is too easy to guess.
    """
    validate_password(password, user)
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        OneTimeLink.objects.filter(user=user, used_at=None).update(used_at=timezone.now())
        end_sessions(user.pk, but=keep_session)
        record_act(actor_of(user), Act.PASSWORD_CHOSEN, user.username)


def choose_mail_address(user: User, address: str) -> None:
    """Say where mails to oneself go. Nobody signs in by it."""
    if address == find_mail_address(user):
        return
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(email="" if address == user.username else address)
        record_act(actor_of(user), Act.MAIL_ADDRESS_CHOSEN, user.username)


def sign_out_elsewhere(user: User, session_id: str) -> bool:
    """End one of a person's own sessions. False where it had ended before."""
    with transaction.atomic():
        device = end_session(user.pk, session_id)
        if device is not None:
            record_act(actor_of(user), Act.SESSION_ENDED, user.username, details={"device": device})
    return device is not None


def sign_out_everywhere_else(user: User, this_session: str | None) -> int:
    """End all of a person's own sessions but one. Returns how many there were."""
    with transaction.atomic():
        ended = end_sessions(user.pk, but=this_session)
        if ended:
            record_act(actor_of(user), Act.SESSION_ENDED, user.username, details={"sessions": ended})
    return ended


def actor_of(user: User) -> Actor:
    """The person as one who acts."""
    return Actor(name=user.get_username(), user_id=user.pk, is_administrator=user.is_administrator)


def _require_administrator(actor: Actor) -> None:
    if not (actor.is_system or actor.is_administrator):
        raise PermissionMissing("Only an administrator says who may sign in, and makes links. Ask one of them.")


def _refuse_taken_name(username: str) -> None:
    # The database ignores the capitals of English letters only.
    wanted = username.casefold()
    for taken, is_active in User.objects.values_list("username", "is_active"):
        if taken.casefold() == wanted:
            remedy = "Choose another one." if is_active else "They left: activate them again, or choose another one."
            raise UserNameTaken(f"Somebody has the user name '{taken}' already. {remedy}")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
