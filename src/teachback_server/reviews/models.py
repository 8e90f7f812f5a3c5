"""Tables of layer 3: claims on waiting jobs, decisions, what was changed field by field, and what was taken back."""

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

    class Meta:
        db_table = "review_terms"


class QueuePlace(models.Model):
    """What an owner said about one waiting job: how urgent it is, until when, and for whom. Gone once it is decided."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="place")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")
    priority = models.SmallIntegerField(default=0)  # see queue_order.Priority
    due_at = models.DateTimeField(null=True)  # null: as the terms of the workflow say
    assignee = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")  # null: anybody

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
