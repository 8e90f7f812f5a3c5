"""Tables of layer 5: patterns of corrections, proposed changes, and the guard that watches autonomy."""

from django.db import models

from teachback_server.evals.models import Gate
from teachback_server.people.models import User
from teachback_server.releases.models import Release
from teachback_server.reviews.models import Correction
from teachback_server.workflows.models import Workflow


class Pattern(models.Model):
    """Corrections of one structure that keep coming back."""

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="patterns")
    key = models.CharField(max_length=400)  # the structure: field, kind, from, to, reason, step
    title = models.CharField(max_length=300)
    field = models.CharField(max_length=200)
    kind = models.CharField(max_length=30)
    reason_code = models.CharField(max_length=60, blank=True)
    stuck_step = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12)
    cause = models.CharField(max_length=20)
    cause_evidence = models.CharField(max_length=500, blank=True)
    cause_said_by = models.CharField(max_length=200, blank=True)  # a person, whom no evidence overrules
    count = models.PositiveIntegerField(default=0)
    first_job = models.PositiveIntegerField()  # numbers of jobs
    last_job = models.PositiveIntegerField()
    first_review = models.PositiveIntegerField()  # counted from 1 over the reviews of the workflow
    last_review = models.PositiveIntegerField()
    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    due_on = models.DateField(null=True)

    class Meta:
        db_table = "pattern"
        constraints = [models.UniqueConstraint(fields=["workflow", "key"], name="pattern_once_per_workflow")]


class PatternCorrection(models.Model):
    """Which correction belongs to which pattern; one pattern each."""

    correction = models.OneToOneField(Correction, on_delete=models.PROTECT, primary_key=True, related_name="membership")
    pattern = models.ForeignKey(Pattern, on_delete=models.PROTECT, related_name="memberships")

    class Meta:
        db_table = "pattern_correction"


class Change(models.Model):
    """A proposed difference to one lever of a release, with the patterns behind it."""

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="changes")
    lever = models.CharField(max_length=20)
    title = models.CharField(max_length=300)
    why = models.TextField(blank=True)  # in the words of whoever proposed it
    state = models.CharField(max_length=12)  # see candidates.ChangeState
    edit = models.JSONField(default=dict)  # what a person wants to differ; see edits.Edit
    candidate = models.OneToOneField(Release, null=True, on_delete=models.PROTECT, related_name="made_by_change")
    gate = models.OneToOneField(Gate, null=True, on_delete=models.PROTECT, related_name="change")
    patterns = models.ManyToManyField(Pattern, related_name="changes")
    proposed_by = models.CharField(max_length=200)
    proposed_at = models.DateTimeField()
    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    due_on = models.DateField(null=True)

    class Meta:
        db_table = "change"


class LearningState(models.Model):
    """Where the loop of one workflow stands: how far it has read what people decided, and what it decided itself."""

    workflow = models.OneToOneField(Workflow, on_delete=models.CASCADE, primary_key=True)
    last_review_id = models.BigIntegerField(default=0)
    reviews = models.PositiveIntegerField(default=0)  # read so far
    judged_through = models.PositiveIntegerField(default=0)  # number of the last job that a gate has looked at
    last_try_examples = models.PositiveIntegerField(default=0)  # of the last candidate, whatever it became
    earning = models.ForeignKey(
        Release, null=True, on_delete=models.PROTECT, related_name="+"
    )  # autonomy, or planning to
    earning_from_job = models.PositiveIntegerField(default=0)  # number of the first job that may judge it
    earning_plan = models.JSONField(null=True)  # see earning.EarningPlan; null: nothing is likely to pass yet
    earning_terms = models.CharField(max_length=32, blank=True)  # hash of the boundary and limits that it was made for
    patterns_weighed_at = models.PositiveIntegerField(
        default=0
    )  # reviews read when states and causes were last weighed

    class Meta:
        db_table = "learning_state"


class GuardRecord(models.Model):
    """The audit guard of one certified release: its evidence so far, and when it raised the alarm."""

    release = models.OneToOneField(Release, on_delete=models.PROTECT, primary_key=True, related_name="guard")
    last_review_id = models.BigIntegerField(default=0)
    audits = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    state = models.JSONField(default=dict)  # of the e-process
    alarmed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "guard_record"
