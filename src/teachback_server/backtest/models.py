"""Tables of backtests: a file of history on its way through the loop, and what its answer key knows."""

from django.db import models

from teachback_server.jobs.models import Job
from teachback_server.workflows.models import Workflow


class BacktestRun(models.Model):
    """One file going through the loop of one workflow. Where it stands is the number of jobs that have an outcome."""

    workflow = models.OneToOneField(Workflow, on_delete=models.CASCADE, related_name="backtest")
    file_name = models.CharField(max_length=300)
    file_hash = models.CharField(max_length=64)
    settings = models.JSONField()  # mapping, seed, review, agent
    total = models.PositiveIntegerField()
    refused = models.PositiveIntegerField()
    state = models.CharField(max_length=12)  # running, done or failed
    message = models.CharField(max_length=500, blank=True)
    cpu_seconds = models.FloatField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "backtest_run"


class KeyedJob(models.Model):
    """What the answer key says about one job, reviewed or not; the loop itself never reads it."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True)
    run = models.ForeignKey(BacktestRun, on_delete=models.CASCADE, related_name="keyed_jobs")
    outcome = models.CharField(max_length=12)  # right, wrong or handed_back
    fields = models.JSONField()  # per field: 1 found right, 2 proposed wrong, 4 missed (sums)

    class Meta:
        db_table = "keyed_job"
