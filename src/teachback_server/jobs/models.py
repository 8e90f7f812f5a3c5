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
    provenance = models.JSONField(null=True)  # where the agent says it took each value from; see provenance.py

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
            models.Index(  # those that may equal one that was just decided
                fields=["workflow", "group", "number"], condition=models.Q(is_waiting=True), name="job_waiting_by_group"
            ),
            models.Index(fields=["workflow", "number"], condition=models.Q(source="import"), name="job_imported"),
            models.Index(fields=["release", "routing"], name="job_by_release_and_routing"),
            models.Index(fields=["workflow", "trace_id"], name="job_by_trace"),
            models.Index(  # all that the list is narrowed by, so that it is looked through without opening a job
                fields=["workflow", "number", "status", "routing", "source", "release", "is_waiting", "started_at"],
                name="job_list",
            ),
        ]


class Attachment(models.Model):
    """A document that belongs to a job; its bytes are a file in the data folder, named by their hash."""

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="attachments")
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=50)  # as its bytes say, not as its sender did
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        db_table = "attachment"
        constraints = [models.UniqueConstraint(fields=["job", "name"], name="attachment_name_once_per_job")]


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


class TraceRequest(models.Model):
    """One export request as it came, without the spans that were refused: the inbox, and the record of its traces."""

    workflow_id = models.BigIntegerField()  # 0: came with a key of the installation, for any workflow
    key_prefix = models.CharField(max_length=12)
    received_at = models.DateTimeField()
    body = models.BinaryField()  # protobuf, compressed with zstandard
    spans = models.PositiveIntegerField()
    refused = models.PositiveIntegerField()
    cut = models.PositiveIntegerField()  # attributes that were longer than what is kept
    digested_at = models.DateTimeField(null=True)
    is_counted = models.BooleanField(default=False)  # in the tallies: a second digest counts nothing again
    has_homeless = models.BooleanField(default=False)  # some of its spans belong to no workflow yet

    class Meta:
        db_table = "trace_request"
        indexes = [
            models.Index(fields=["id"], condition=models.Q(digested_at=None), name="trace_request_to_digest"),
            models.Index(fields=["id"], condition=models.Q(has_homeless=True), name="trace_request_homeless"),
            models.Index(fields=["received_at"], name="trace_request_by_time"),
            models.Index(fields=["workflow_id", "id"], name="trace_request_by_workflow"),
        ]


class QuarantinedSpan(models.Model):
    """A span that could not be taken or read, with the reason, for people to look at."""

    request_id = models.BigIntegerField()
    position = models.PositiveIntegerField()  # among those of its request
    workflow_id = models.BigIntegerField()  # 0: of no workflow
    at = models.DateTimeField()
    name = models.CharField(max_length=200)
    reason = models.CharField(max_length=500)
    sample = models.TextField()  # the beginning of what came

    class Meta:
        db_table = "quarantined_span"
        constraints = [
            models.UniqueConstraint(fields=["request_id", "position"], name="quarantined_span_once_per_request")
        ]
        indexes = [models.Index(fields=["workflow_id", "id"], name="quarantined_span_by_workflow")]


class IntakeTally(models.Model):
    """How often something happened at the intake within an hour."""

    workflow_id = models.BigIntegerField()  # 0: of no workflow
    hour = models.DateTimeField()
    kind = models.CharField(max_length=20)  # see intake.tallies.TallyKind
    name = models.CharField(max_length=200)  # what it happened to, where that is worth telling apart
    count = models.BigIntegerField()

    class Meta:
        db_table = "intake_tally"
        constraints = [
            models.UniqueConstraint(fields=["workflow_id", "hour", "kind", "name"], name="intake_tally_once_per_hour")
        ]
        indexes = [models.Index(fields=["hour", "kind"], name="intake_tally_by_hour")]


class RootToCome(models.Model):
    """A trace whose job is not there yet, as its root has not arrived. After a while it is taken without one."""

    pk = models.CompositePrimaryKey("workflow_id", "trace_id")
    workflow_id = models.BigIntegerField()
    trace_id = models.CharField(max_length=32)
    seen_at = models.DateTimeField()  # when the newest of its spans came

    class Meta:
        db_table = "root_to_come"
        indexes = [models.Index(fields=["seen_at"], name="root_to_come_by_time")]


class SpanFeedback(models.Model):
    """What somebody said about a job in a span; the reviews room takes decisions from here, by its own cursor."""

    workflow_id = models.BigIntegerField()
    trace_id = models.CharField(max_length=32)  # of the feedback itself
    span_id = models.CharField(max_length=16)
    position = models.PositiveIntegerField()
    about_trace_id = models.CharField(max_length=32)
    about_span_id = models.CharField(max_length=16, blank=True)
    name = models.CharField(max_length=200)
    annotator = models.CharField(max_length=10)  # person, model or code
    verdict = models.CharField(max_length=20, blank=True)
    is_used = models.BooleanField(null=True)
    score = models.FloatField(null=True)
    label = models.CharField(max_length=200)
    explanation = models.TextField()
    at = models.DateTimeField()
    is_taken = models.BooleanField(default=False)  # became a review or an outcome

    class Meta:
        db_table = "span_feedback"
        constraints = [
            models.UniqueConstraint(
                fields=["workflow_id", "trace_id", "span_id", "position"], name="span_feedback_once_per_span"
            )
        ]
        indexes = [
            models.Index(fields=["workflow_id", "about_trace_id"], name="span_feedback_by_job"),
            models.Index(fields=["id"], condition=models.Q(is_taken=False), name="span_feedback_to_take"),
        ]


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
