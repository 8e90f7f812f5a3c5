"""Tables of people: who may sign in, one-time links, and the append-only trail of what everyone did."""

from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Lower


class User(AbstractUser):
    """A person. The user name is an e-mail address or, on a single machine, a short name."""

    is_administrator = models.BooleanField(default=False)

    class Meta:
        db_table = "user"
        constraints = [models.UniqueConstraint(Lower("username"), name="user_name_once_whatever_its_capitals")]


class OneTimeLink(models.Model):
    """A sign-in link that works once, until a time. Only the hash of its token is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    chooses_password = models.BooleanField(default=False)  # whoever comes in by it first chooses a new password

    class Meta:
        db_table = "one_time_link"


class SignedInSession(AbstractBaseSession):
    """Somebody's session in one browser; see sessions.py. A visitor who has not signed in has one without a user."""

    user_id = models.BigIntegerField(null=True, db_index=True)  # plain: Django writes the session, not us
    device = models.CharField(max_length=60)
    started_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)

    class Meta(AbstractBaseSession.Meta):
        db_table = "signed_in_session"


class FailedTries(models.Model):
    """How many tries to sign in failed in a row, for one name or from one address."""

    key = models.CharField(max_length=64, unique=True)  # a hash, see throttle.py
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "failed_tries"


class AuditEvent(models.Model):
    """One act: who, when, on what and why. The database refuses to change or delete a row."""

    at = models.DateTimeField()
    actor_name = models.CharField(max_length=200)
    actor_user_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=60)
    workflow_id = models.BigIntegerField(null=True)  # plain: this room knows no workflows
    subject = models.CharField(max_length=200)
    details = models.JSONField(default=dict)

    class Meta:
        db_table = "audit_event"
        indexes = [
            models.Index(fields=["workflow_id", "-id"], name="audit_by_workflow"),
            models.Index(fields=["at"], name="audit_by_day"),
        ]
