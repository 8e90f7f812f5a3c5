"""Tables of layer 4: reviewed jobs kept as cases, runs of a release over them, and the verdicts of gates."""

from django.db import models

from teachback_server.jobs.models import Job
from teachback_server.releases.models import Release
from teachback_server.workflows.models import Workflow


class Gate(models.Model):
    """The statistical test of one candidate release against the one it would replace. Append-only."""

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="gates")
    base = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    candidate = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="gates")
    lever = models.CharField(max_length=20)
    verdict = models.CharField(max_length=20)
    cases = models.PositiveIntegerField()
    report = models.JSONField()  # the figures behind the verdict
    judged_at = models.DateTimeField()

    class Meta:
        db_table = "gate"


class Case(models.Model):
    """A reviewed job kept as a test. A gate case is spent by one verdict and is practice from then on."""

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="cases")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="case")
    split = models.CharField(max_length=10)  # see split.Split
    group = models.CharField(max_length=200)
    expected = models.JSONField(null=True)  # null where the person rejected or escalated: wrong, but no answer known
    was_right = models.BooleanField()  # the result of the job itself, under the release that it ran under
    review_probability = models.FloatField()
    is_critical = models.BooleanField(default=False)
    spent_by = models.ForeignKey(Gate, null=True, on_delete=models.PROTECT, related_name="spent_cases")
    taught = models.ForeignKey(Release, null=True, on_delete=models.PROTECT, related_name="taught_by")  # the first one

    class Meta:
        db_table = "case"
        indexes = [
            models.Index(fields=["workflow", "split", "spent_by"], name="case_by_use"),
            models.Index(fields=["workflow", "group"], name="case_by_group"),
        ]


class EvalRun(models.Model):
    """A release run over cases."""

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="eval_runs")
    gate = models.ForeignKey(Gate, null=True, on_delete=models.PROTECT, related_name="eval_runs")
    at = models.DateTimeField()

    class Meta:
        db_table = "eval_run"


class CaseResult(models.Model):
    """What a release made of one case in a run."""

    run = models.ForeignKey(EvalRun, on_delete=models.PROTECT, related_name="results")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="results")
    status = models.CharField(max_length=20)
    is_right = models.BooleanField()
    confidence = models.FloatField(null=True)

    class Meta:
        db_table = "case_result"
        constraints = [models.UniqueConstraint(fields=["run", "case"], name="case_once_per_run")]
