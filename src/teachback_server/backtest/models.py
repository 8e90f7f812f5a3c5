"""Tables of backtests: uploaded files, their way through the loop, and what the answer key knows."""

from django.db import models

from teachback_server.jobs.models import Job
from teachback_server.people.models import User
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
    figures = models.JSONField(null=True)  # see figures.measure_run; written once, when the run is done
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


class HistoryUpload(models.Model):
    """A file of finished work that a person uploaded, until it becomes a backtest and as long as that needs it."""

    token = models.CharField(max_length=32, unique=True)  # names its folder and its address
    uploaded_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    file_name = models.CharField(max_length=300)
    size_bytes = models.PositiveBigIntegerField()
    state = models.CharField(max_length=12)  # see reading.UploadState
    message = models.TextField(blank=True)  # why the file, or what its person said of it, cannot be used as it is
    input_columns = models.JSONField(default=list)
    output_columns = models.JSONField(default=list)
    reading = models.JSONField(null=True)  # see reading.FileReading
    run = models.OneToOneField(BacktestRun, null=True, on_delete=models.CASCADE, related_name="upload")
    uploaded_at = models.DateTimeField()

    class Meta:
        db_table = "history_upload"
