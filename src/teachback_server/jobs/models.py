"""Tables of layer 2: jobs with their routing, the facts of their steps, and what the next step said later."""

from django.db import models

from teachback.vocabulary import JobStatus
from teachback_server.releases.models import Release
from teachback_server.workflows.models import Workflow


class Job(models.Model):
    """One piece of work: what came in, what came out, under which release, and what was decided about it at its end."""

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="jobs")
    number = models.PositiveIntegerField()  # counts from 1 within the workflow, in order of arrival
    external_id = models.CharField(max_length=200)
    trace_id = models.CharField(max_length=32, blank=True)  # under which the trace store has its steps
    span_id = models.CharField(max_length=16, blank=True)  # of the step that is the whole job; empty: no step is
    group = models.CharField(max_length=200)  # jobs of one group are not independent
    is_test_case = models.BooleanField()  # falls, if reviewed, on the gate side of the split
    source = models.CharField(max_length=20)  # agent, import, elsewhere or backtest
    input = models.JSONField()
    draft = models.JSONField(null=True)  # what a machine had proposed before we saw the job, where the history says it
    draft_confidence = models.FloatField(null=True)
    output = models.JSONField(null=True)
    status = models.CharField(max_length=20)
    hand_back_reason = models.CharField(max_length=500, blank=True)
    confidence = models.FloatField(null=True)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="jobs")
    routing = models.CharField(max_length=10, blank=True)
    routing_reason = models.CharField(max_length=300, blank=True)
    review_probability = models.FloatField(null=True)
    is_waiting = models.BooleanField(default=False)  # for a person's decision
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    duration_ms = models.FloatField(default=0)
    tokens = models.PositiveIntegerField(default=0)
    cost_usd = models.FloatField(default=0)

    class Meta:
        db_table = "job"
        constraints = [
            models.UniqueConstraint(fields=["workflow", "number"], name="job_number_once_per_workflow"),
            models.UniqueConstraint(fields=["workflow", "external_id"], name="job_external_id_once_per_workflow"),
            models.CheckConstraint(
                condition=models.Q(status=JobStatus.RUNNING)
                | (
                    # A comparison with NULL is not false, and a constraint refuses only what is false.
                    models.Q(review_probability__isnull=False, review_probability__gt=0, review_probability__lte=1)
                    & ~models.Q(routing="")
                    & ~models.Q(routing_reason="")
                ),
                name="job_that_ended_has_its_routing",
            ),
        ]
        indexes = [
            models.Index(fields=["workflow", "number"], condition=models.Q(is_waiting=True), name="job_waiting"),
            models.Index(fields=["release", "routing"], name="job_by_release_and_routing"),
            models.Index(fields=["workflow", "trace_id"], name="job_by_trace"),
        ]


class Step(models.Model):
    """The table of `trace_store.StepRow` in SQL databases. Steps are read and written through the trace store alone."""

    pk = models.CompositePrimaryKey("workflow_id", "trace_id", "span_id")  # its prefix finds the steps of a trace
    workflow_id = models.BigIntegerField()
    trace_id = models.CharField(max_length=32)
    span_id = models.CharField(max_length=16)
    parent_id = models.CharField(max_length=16)
    request_id = models.BigIntegerField()
    name = models.TextField()
    kind = models.CharField(max_length=20)
    is_error = models.BooleanField()
    is_stuck = models.BooleanField()
    model = models.TextField()
    started_ns = models.BigIntegerField()
    duration_ms = models.FloatField()
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    cost_usd = models.FloatField()
    convention = models.TextField()
    detail = models.TextField()

    class Meta:
        db_table = "step"


class Outcome(models.Model):
    """Later word from the next step about a job: used or not, and its worth. Append-only; the newest counts."""

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="outcomes")
    is_used = models.BooleanField()
    worth_usd = models.FloatField(null=True)
    note = models.CharField(max_length=500, blank=True)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        db_table = "outcome"
