"""Reads of workflows: the boundary as a value, the people in a workflow, and its API keys."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from teachback_server.people.models import OneTimeLink, User
from teachback_server.workflows.access import Role, Scope
from teachback_server.workflows.boundary import Boundary, ReasonOption
from teachback_server.workflows.models import ApiKey, Membership, Reason, Workflow

EXPIRES_SOON = timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class Member:
    """A person with a role in a workflow."""

    user_id: int
    username: str
    role: Role
    is_answerable: bool  # the one owner who answers for the work
    is_last_owner: bool
    is_awaited: bool  # invited, and has not been here yet
    link_ends_at: datetime | None  # of the newest good link of somebody who is awaited


@dataclass(frozen=True, kw_only=True)
class KeyEntry:
    """An API key as its list shows it; the key itself is known to nobody here."""

    key_id: int
    prefix: str
    scope: Scope
    label: str
    created_by: str
    created_at: datetime
    revoked_at: datetime | None
    expires_at: datetime | None  # None: never
    last_used_on: date | None  # None: never
    is_expired: bool
    expires_soon: bool

    @property
    def opens_something(self) -> bool:
        """Whether a program can still use it."""
        return self.revoked_at is None and not self.is_expired


def get_boundary(workflow: Workflow) -> Boundary:
    """The boundary of a workflow with the reasons that it offers now."""
    return Boundary(
        name=workflow.name,
        title=workflow.title,
        input_schema=workflow.input_schema,
        output_schema=workflow.output_schema,
        finished_means=workflow.finished_means,
        hands_back_when=workflow.hands_back_when,
        next_step=workflow.next_step,
        error_limit=workflow.error_limit,
        certainty=workflow.certainty,
        hand_back_cost=workflow.hand_back_cost,
        observed_share=workflow.observed_share,
        reasons=list_offered_reasons(workflow),
    )


def list_offered_reasons(workflow: Workflow) -> tuple[ReasonOption, ...]:
    """The reasons that a reviewer may choose from now, in the owner's order."""
    reasons = Reason.objects.filter(workflow=workflow, is_offered=True).order_by("position")
    return tuple(ReasonOption(code=reason.code, label=reason.label) for reason in reasons)


def list_members(workflow: Workflow) -> tuple[Member, ...]:
    """Everyone with a role in a workflow, highest role first."""
    memberships = list(Membership.objects.filter(workflow=workflow).select_related("user"))
    owners = sum(membership.role == Role.OWNER for membership in memberships)
    rank = {role: position for position, role in enumerate(Role)}
    ends_of_links = _find_ends_of_links([one.user_id for one in memberships if one.user.last_login is None])
    return tuple(
        Member(
            user_id=membership.user_id,
            username=membership.user.username,
            role=Role(membership.role),
            is_answerable=membership.user_id == workflow.owner_id,
            is_last_owner=membership.role == Role.OWNER and owners == 1,
            is_awaited=membership.user.last_login is None,
            link_ends_at=ends_of_links.get(membership.user_id),
        )
        for membership in sorted(memberships, key=lambda one: (-rank[Role(one.role)], one.user.username))
    )


def find_member(workflow: Workflow, user_id: int) -> User | None:
    """A person who has a role in a workflow."""
    membership = Membership.objects.filter(workflow=workflow, user_id=user_id).select_related("user").first()
    return membership.user if membership else None


def list_keys(workflow: Workflow | None) -> tuple[KeyEntry, ...]:
    """The API keys of a workflow, or those for all of them; first those that open something, the newest first."""
    keys = ApiKey.objects.filter(workflow=workflow).order_by("-pk")
    now = timezone.now()
    return tuple(sorted((_key_entry(key, now) for key in keys), key=lambda entry: not entry.opens_something))


def find_key(workflow: Workflow | None, key_id: int) -> ApiKey | None:
    """An API key of this workflow, or one for all of them."""
    return ApiKey.objects.filter(workflow=workflow, pk=key_id).first()


def _find_ends_of_links(user_ids: list[int]) -> dict[int, datetime]:
    if not user_ids:
        return {}
    links = OneTimeLink.objects.filter(user_id__in=user_ids, used_at=None, expires_at__gt=timezone.now())
    return dict(links.order_by("expires_at").values_list("user_id", "expires_at"))


def _key_entry(key: ApiKey, now: datetime) -> KeyEntry:
    is_expired = key.expires_at is not None and key.expires_at <= now
    return KeyEntry(
        key_id=key.pk,
        prefix=key.prefix,
        scope=Scope(key.scope),
        label=key.label,
        created_by=key.created_by,
        created_at=key.created_at,
        revoked_at=key.revoked_at,
        expires_at=key.expires_at,
        last_used_on=key.last_used_on,
        is_expired=is_expired,
        expires_soon=key.expires_at is not None and not is_expired and key.expires_at - now <= EXPIRES_SOON,
    )
