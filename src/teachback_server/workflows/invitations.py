"""Invitations: somebody gets a role in a workflow, and a link to come in by where they have never been here."""

from dataclasses import dataclass

from django.db import transaction

from teachback_server.people.actions import (
    activate_user,
    deactivate_user,
    make_one_time_link,
    make_user,
)
from teachback_server.people.actor import Actor
from teachback_server.people.audit import Act, record_act
from teachback_server.people.models import User
from teachback_server.workflows.access import Role, require_role
from teachback_server.workflows.actions import give_role, take_role
from teachback_server.workflows.models import Membership, Workflow


class NobodyOfThisName(ValueError):
    """Nobody signs in with this name, and only an administrator adds people. Ask one to invite this person."""


class AlreadyHere(ValueError):
    """This person has signed in before, so there is no invitation to withdraw. Remove them instead."""


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """Who was invited, and the token of the link that lets them in."""

    user: User
    token: str | None  # None for somebody who signs in already: they need no link


def invite_person(actor: Actor, workflow: Workflow, username: str, role: Role) -> Invitation:
    """Give somebody a role in a workflow; an administrator also adds whoever is new and gets a link for them.

    Nobody ever gets a link to the account of somebody who has signed in. Raises NobodyOfThisName, UserNameTaken for
    somebody who left, LastOwnerStays, and django's ValidationError for a name that cannot be.
    """
    require_role(actor, workflow.pk, Role.OWNER)
    with transaction.atomic():
        user = _find_or_add(actor, username)
        give_role(actor, workflow, user, role)
        if user.last_login is not None or not _may_add(actor):
            return Invitation(user=user, token=None)
        record_act(actor, Act.PERSON_INVITED, f"{user.username} as {role}", workflow_id=workflow.pk)
        return Invitation(user=user, token=make_one_time_link(actor, user, chooses_password=True))


def withdraw_invitation(actor: Actor, workflow: Workflow, user: User) -> None:
    """Take back the role of somebody who has not been here yet.

    Where an administrator does it and the person has no other role, their account and its links open nothing any more.
    Raises AlreadyHere, LastOwnerStays.
    """
    require_role(actor, workflow.pk, Role.OWNER)
    if user.last_login is not None:
        raise AlreadyHere(f"{user.username} has signed in already. Remove them instead.")
    with transaction.atomic():
        take_role(actor, workflow, user)
        record_act(actor, Act.INVITATION_WITHDRAWN, user.username, workflow_id=workflow.pk)
        if _may_add(actor) and not user.is_administrator and not Membership.objects.filter(user=user).exists():
            deactivate_user(actor, user)


def _find_or_add(actor: Actor, username: str) -> User:
    known = User.objects.filter(username__iexact=username).first()
    if known is not None and known.is_active:
        return known
    if not _may_add(actor):
        raise NobodyOfThisName(f"Nobody signs in as '{username}'. Ask an administrator to invite this person here.")
    if known is not None and known.last_login is None:
        activate_user(actor, known)  # an invitation that was withdrawn and is now made again
        return known
    return make_user(actor, username)


def _may_add(actor: Actor) -> bool:
    return actor.is_administrator or actor.is_system
