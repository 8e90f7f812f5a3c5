"""Tables of releases: immutable bundles, the examples that they name, which one is live, and their history."""

from django.db import models

from teachback_server.workflows.models import Workflow


class Example(models.Model):
    """A reviewed job from which agents may learn, kept once by its content."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE)
    content_hash = models.CharField(max_length=32)
    input = models.JSONField()
    output = models.JSONField()
    source_job_id = models.BigIntegerField()  # plain: this room knows no jobs
    tombstoned_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "example"
        constraints = [models.UniqueConstraint(fields=["workflow", "content_hash"], name="example_once_per_workflow")]


class ExampleList(models.Model):
    """A list of example hashes that releases share, kept once by its content."""

    content_hash = models.CharField(max_length=32, primary_key=True)
    count = models.PositiveIntegerField()
    members = models.BinaryField()  # zlib of the 32-digit hashes, sorted, one after the other

    class Meta:
        db_table = "example_list"


class Release(models.Model):
    """An immutable bundle of all levers, numbered per workflow. The database refuses to change or delete a row."""

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="releases")
    number = models.PositiveIntegerField()
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT)
    lever = models.CharField(max_length=20, blank=True)  # empty for release 1
    change = models.CharField(max_length=300)  # in words, what differs from the parent
    document = models.JSONField()  # all levers but the examples, which are in the list
    example_list = models.ForeignKey(ExampleList, on_delete=models.PROTECT)
    content_hash = models.CharField(max_length=32)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "release"
        constraints = [models.UniqueConstraint(fields=["workflow", "number"], name="release_number_once_per_workflow")]

    def __str__(self) -> str:
        return f"release {self.number}"


class LiveRelease(models.Model):
    """The pointer to the release that a workflow runs under now, and whether its autonomy is on."""

    workflow = models.OneToOneField(Workflow, on_delete=models.CASCADE, related_name="live", primary_key=True)
    release = models.ForeignKey(Release, on_delete=models.PROTECT)
    is_autonomy_on = models.BooleanField(default=False)
    since_at = models.DateTimeField()
    from_job = models.PositiveIntegerField(default=1)  # the number of the first job under it
    earning = models.ForeignKey(Release, null=True, on_delete=models.PROTECT, related_name="+")  # in the shadow

    class Meta:
        db_table = "live_release"


class ReleaseEvent(models.Model):
    """What happened to a release: made, put live, rolled back to, autonomy taken back. Append-only."""

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="release_events")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=30)  # see actions.ReleaseEventKind
    from_job = models.PositiveIntegerField()  # the number of the next job at that moment
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    why = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "release_event"
        indexes = [models.Index(fields=["workflow", "id"], name="release_event_by_workflow")]
