"""Tables of layer 3: claims, decisions and what they changed, second reviews, skills, links and messages."""

from django.db import models

from teachback_server.jobs.models import Job
from teachback_server.people.models import User
from teachback_server.workflows.models import Reason, Workflow


class Claim(models.Model):
    """A person's short lease on a waiting job: others see it and cannot decide it."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "claim"


class Skip(models.Model):
    """A job that one person does not want to see now; others still do."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    at = models.DateTimeField()

    class Meta:
        db_table = "skip"
        constraints = [models.UniqueConstraint(fields=["job", "user"], name="skip_once_per_person")]


class ReviewTerms(models.Model):
    """What an owner expects of the decisions in a workflow."""

    workflow = models.OneToOneField(Workflow, on_delete=models.CASCADE, primary_key=True, related_name="review_terms")
    decide_within_hours = models.PositiveIntegerField(null=True)  # of a job's end; null: whenever
    second_share = models.FloatField(default=0.03)  # of the decisions, repeated blind by another person
    planted_share = models.FloatField(default=0.02)  # of the jobs at the desk that are known answers
    escalate_after_hours = models.PositiveIntegerField(null=True)  # once a job is overdue; null: never
    escalate_to = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        db_table = "review_terms"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(second_share__gte=0, second_share__lte=1, planted_share__gte=0)
                & models.Q(planted_share__lte=0.5),
                name="review_terms_are_shares",
            )
        ]


class QueuePlace(models.Model):
    """What an owner said about one waiting job: how urgent it is, until when, and for whom. Gone once it is decided."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="place")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")
    priority = models.SmallIntegerField(default=0)  # see queue_order.Priority
    due_at = models.DateTimeField(null=True)  # null: as the terms of the workflow say
    assignee = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")  # null: anybody
    escalated_at = models.DateTimeField(null=True)  # when it went to the person who sees to overdue jobs

    class Meta:
        db_table = "queue_place"


class Review(models.Model):
    """One person's decision on one job, as long as it stands.

    The database refuses to change a row, to decide a job twice, and to delete a row that no retraction keeps.
    """

    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="review")
    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=10)
    reason = models.ForeignKey(Reason, null=True, on_delete=models.PROTECT)
    note = models.CharField(max_length=1000, blank=True)
    output = models.JSONField(null=True)  # what the person stood behind; null where they rejected or escalated
    would_recur = models.BooleanField(null=True)
    stuck_step = models.CharField(max_length=200, blank=True)
    seconds = models.FloatField(null=True)  # that the person spent
    reviewer_name = models.CharField(max_length=200)
    reviewer = models.ForeignKey(User, null=True, on_delete=models.PROTECT)
    decided_at = models.DateTimeField()
    idempotency_key = models.CharField(max_length=80, unique=True)

    class Meta:
        db_table = "review"
        indexes = [
            models.Index(fields=["workflow", "id"], name="review_by_workflow"),
            models.Index(fields=["workflow", "verdict", "reason", "job"], name="review_list"),
            models.Index(fields=["workflow", "reviewer", "id"], name="review_by_person"),
        ]


class Correction(models.Model):
    """One field's change in a review. Append-only like its review."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="corrections")
    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="corrections")
    field = models.CharField(max_length=200)
    kind = models.CharField(max_length=30)
    from_value = models.JSONField(null=True)
    to_value = models.JSONField(null=True)
    reason_code = models.CharField(max_length=60, blank=True)

    class Meta:
        db_table = "correction"
        indexes = [models.Index(fields=["workflow", "id"], name="correction_by_workflow")]


class Retraction(models.Model):
    """A decision that its person took back, whole: its row in `review` and its corrections are gone, this one stays.

    So whoever reads reviews, corrections or cases sees only what stands, without having to know of this table.
    """

    review_id = models.BigIntegerField(unique=True)  # that the decision had; never given to another
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="retractions")
    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="retractions")
    verdict = models.CharField(max_length=10)
    reason_code = models.CharField(max_length=60, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    output = models.JSONField(null=True)
    corrections = models.JSONField()  # a list of field, kind, from and to
    would_recur = models.BooleanField(null=True)
    stuck_step = models.CharField(max_length=200, blank=True)
    seconds = models.FloatField(null=True)
    reviewer_name = models.CharField(max_length=200)
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT)
    decided_at = models.DateTimeField()
    idempotency_key = models.CharField(max_length=80, unique=True)
    retracted_at = models.DateTimeField()

    class Meta:
        db_table = "retraction"
        indexes = [models.Index(fields=["workflow", "reviewer", "review_id"], name="retraction_by_person")]


class ReasonEvent(models.Model):
    """One step in the history of a workflow's reasons. Append-only."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="reason_events")
    code = models.CharField(max_length=60)
    kind = models.CharField(max_length=10)  # see reasons.ReasonEventKind
    old_label = models.CharField(max_length=100, blank=True)
    new_label = models.CharField(max_length=100)
    into_code = models.CharField(max_length=60, blank=True)  # of the reason that a merged one counts as from now on
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        db_table = "reason_event"


class ReasonMove(models.Model):
    """A decision that is counted under another reason than the one given with it; the decision itself never changes."""

    review = models.OneToOneField(Review, on_delete=models.CASCADE, primary_key=True, related_name="moved")
    reason = models.ForeignKey(Reason, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "reason_move"


class BulkAccept(models.Model):
    """One act by which a person, who had accepted one job, accepted others that are equal to it. Append-only.

    An undo takes back the reviews of all its members; the act and its members stay on record.
    """

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="+")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="+")  # the one that the person had looked at
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    jobs = models.PositiveIntegerField()  # accepted by it
    asked_again = models.PositiveIntegerField()  # of those, how many somebody else decides once more
    idempotency_key = models.CharField(max_length=80, unique=True)

    class Meta:
        db_table = "bulk_accept"
        indexes = [models.Index(fields=["workflow", "id"], name="bulk_accept_by_workflow")]


class BulkMember(models.Model):
    """A decision that was made without looking at its job, as the job equals one that was looked at. Append-only."""

    review_id = models.BigIntegerField(primary_key=True)  # that the decision had, if it was taken back
    bulk = models.ForeignKey(BulkAccept, on_delete=models.PROTECT, related_name="members")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "bulk_member"


class SecondReview(models.Model):
    """A job that was decided and is decided again, blind, by a person who has not decided it: asked for, then given.

    The kinds: a second review at a set share, a third where the two differ, a planted one whose answer is known.
    """

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="second_reviews")
    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)  # second, third or planted
    for_user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")  # null: anybody else
    asked_at = models.DateTimeField()
    probability = models.FloatField()  # with which it was drawn, so that rates can be weighted
    is_waiting = models.BooleanField(default=True)
    verdict = models.CharField(max_length=10, blank=True)
    reason = models.ForeignKey(Reason, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=1000, blank=True)
    output = models.JSONField(null=True)
    corrections = models.JSONField(null=True)  # a list of field, kind, from and to
    would_recur = models.BooleanField(null=True)
    stuck_step = models.CharField(max_length=200, blank=True)
    seconds = models.FloatField(null=True)
    reviewer_name = models.CharField(max_length=200, blank=True)
    reviewer = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    idempotency_key = models.CharField(max_length=80, null=True, unique=True)  # null while it waits

    class Meta:
        db_table = "second_review"
        constraints = [
            models.UniqueConstraint(
                fields=["job", "kind"], condition=~models.Q(kind="planted"), name="second_review_once_per_kind"
            ),
            models.UniqueConstraint(
                fields=["job", "for_user"], condition=models.Q(kind="planted"), name="planted_once_per_person"
            ),
            models.CheckConstraint(
                condition=models.Q(is_waiting=True) | (~models.Q(verdict="") & models.Q(decided_at__isnull=False)),
                name="second_review_waits_or_is_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["workflow", "id"], condition=models.Q(is_waiting=True), name="second_review_waiting"),
            models.Index(fields=["workflow", "reviewer", "id"], name="second_review_by_person"),
        ]


class KnownAnswer(models.Model):
    """A decided job whose answer the owner vouches for: it may be planted before those who never saw it."""

    job = models.OneToOneField(Job, on_delete=models.PROTECT, primary_key=True, related_name="known_answer")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        db_table = "known_answer"


class LearningFreeze(models.Model):
    """A time in which nothing new was learned, as the people who teach did not agree enough."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="learning_freezes")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    alpha = models.FloatField()  # Krippendorff's, when it began
    low = models.FloatField()
    jobs = models.PositiveIntegerField()  # decided by two people
    ended_by = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "learning_freeze"
        constraints = [
            models.UniqueConstraint(
                fields=["workflow"], condition=models.Q(ended_at=None), name="one_learning_freeze_at_a_time"
            )
        ]


class Skill(models.Model):
    """What somebody must be able to do who decides jobs of one kind: those whose input has this value in this field."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="skills")
    label = models.CharField(max_length=100)
    field = models.CharField(max_length=200)  # of the input, dotted
    value = models.CharField(max_length=200)
    holders = models.ManyToManyField(User, related_name="skills", db_table="skill_holder")

    class Meta:
        db_table = "skill"
        constraints = [
            models.UniqueConstraint(fields=["workflow", "label"], name="skill_label_once_per_workflow"),
            models.UniqueConstraint(fields=["workflow", "field", "value"], name="skill_once_per_kind"),
        ]


class ReviewLink(models.Model):
    """A link by which somebody without an account decides one job, or says whether it was used. Works once."""

    token_hash = models.CharField(max_length=64, unique=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="review_links")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=10)  # review or outcome
    for_name = models.CharField(max_length=200)  # whom it was made for: the decision bears this name
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "review_link"
        indexes = [models.Index(fields=["workflow", "id"], name="review_link_by_workflow")]


class MessageTarget(models.Model):
    """Where a workflow's news are sent: a signed webhook, or a channel that takes Slack's format."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="message_targets")
    kind = models.CharField(max_length=10)  # webhook or slack
    url = models.CharField(max_length=2000)
    secret = models.CharField(max_length=80)  # signs what is sent, so it cannot be kept as a hash
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    from_review_id = models.BigIntegerField(default=0)  # decisions up to this one are not sent
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "message_target"


class Message(models.Model):
    """One message to one target: waits, is tried again, and is delivered or given up."""

    target = models.ForeignKey(MessageTarget, on_delete=models.CASCADE, related_name="sent")
    message_id = models.CharField(max_length=80, unique=True)  # the same at each try, so that a receiver can tell
    about = models.CharField(max_length=200)
    body = models.TextField()
    made_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)  # null: delivered or given up
    delivered_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=300, blank=True)  # to the last try, in words

    class Meta:
        db_table = "message"
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(next_try_at__isnull=False), name="message_to_send"),
            models.Index(fields=["target", "id"], name="message_by_target"),
        ]


class MailWish(models.Model):
    """That a person wants a mail about what waits for them in a workflow, at most one a day."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="mail_wishes")
    hour = models.PositiveSmallIntegerField()  # of the day in UTC, from which on it is sent
    last_sent_on = models.DateField(null=True)
    problem = models.CharField(max_length=300, blank=True)  # why the last try failed, in words; empty once one went out

    class Meta:
        db_table = "mail_wish"
        constraints = [
            models.UniqueConstraint(fields=["user", "workflow"], name="one_mail_wish_per_workflow"),
            models.CheckConstraint(condition=models.Q(hour__lte=23), name="mail_wish_has_an_hour"),
        ]
