"""Tables of results: how often work ended alike, counted once per block of jobs, so that a page adds up few rows."""

from django.db import models

from teachback_server.releases.models import Release
from teachback_server.workflows.models import Workflow


class TallyCursor(models.Model):
    """How far the tallies of one workflow have read; what came later is counted when a page asks."""

    workflow = models.OneToOneField(Workflow, on_delete=models.CASCADE, primary_key=True, related_name="+")
    last_job_id = models.BigIntegerField(default=0)
    last_review_id = models.BigIntegerField(default=0)
    last_outcome_id = models.BigIntegerField(default=0)

    class Meta:
        db_table = "tally_cursor"


class JobTally(models.Model):
    """How many jobs of one slice ended alike, and what they cost together."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+", db_index=False)
    until_id = models.BigIntegerField()  # the last job of the block, so that a reader can leave newer blocks out
    slice = models.PositiveIntegerField()  # jobs 1 to 250 are slice 0, and so on
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="+", db_index=False)
    month = models.CharField(max_length=7)  # in which the jobs ended, as 2024-05
    status = models.CharField(max_length=20)
    routing = models.CharField(max_length=10)
    probability = models.FloatField()  # of review, as recorded at routing
    jobs = models.PositiveIntegerField()
    tokens = models.BigIntegerField()
    cost_usd = models.FloatField()

    class Meta:
        db_table = "job_tally"
        indexes = [models.Index(fields=["workflow", "slice"], name="job_tally_by_slice")]


class ReviewTally(models.Model):
    """How many jobs of one slice were decided alike, and how long people took for them together."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+", db_index=False)
    until_id = models.BigIntegerField()  # the last review of the block
    slice = models.PositiveIntegerField()  # of the jobs
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="+", db_index=False)
    month = models.CharField(max_length=7)
    status = models.CharField(max_length=20)
    routing = models.CharField(max_length=10)
    probability = models.FloatField()
    verdict = models.CharField(max_length=10)
    jobs = models.PositiveIntegerField()
    seconds = models.FloatField()  # that people spent
    timed = models.PositiveIntegerField()  # decisions of which the seconds are known

    class Meta:
        db_table = "review_tally"
        indexes = [models.Index(fields=["workflow", "slice"], name="review_tally_by_slice")]


class ReasonTally(models.Model):
    """How often people gave one reason in a block of reviews, for jobs that ended alike."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")
    until_id = models.BigIntegerField()
    status = models.CharField(max_length=20)
    routing = models.CharField(max_length=10)
    probability = models.FloatField()
    reason_code = models.CharField(max_length=60)
    jobs = models.PositiveIntegerField()

    class Meta:
        db_table = "reason_tally"


class OutcomeTally(models.Model):
    """By how much a block of later words changed the number of jobs that were used or not."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")
    until_id = models.BigIntegerField()  # the last outcome of the block
    routing = models.CharField(max_length=10)
    is_used = models.BooleanField()
    jobs = models.IntegerField()  # negative where a newer word took an older one back
    worth_usd = models.FloatField()

    class Meta:
        db_table = "outcome_tally"
