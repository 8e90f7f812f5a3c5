"""Tables of layer 1: the boundary of each workflow, its reasons, who has which role in it, and its API keys."""

from django.db import models

from teachback_server.people.models import User


class Workflow(models.Model):
    """One recurring kind of work with its boundary."""

    name = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    input_schema = models.JSONField()
    output_schema = models.JSONField()
    finished_means = models.TextField(blank=True)
    hands_back_when = models.TextField(blank=True)
    next_step = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="owned_workflows")
    error_limit = models.FloatField(default=0.05)  # the share of wrong results among jobs that skip review
    certainty = models.FloatField(default=0.90)  # how sure a certificate of autonomy must be
    hand_back_cost = models.FloatField(default=0.5)  # of a hand-back, where a wrong answer costs 1
    observed_share = models.FloatField(
        default=0.10
    )  # of the jobs that were used before we saw them, offered for review
    salt = models.CharField(max_length=32)  # of the hashes that split cases and draw audits
    created_at = models.DateTimeField()

    class Meta:
        db_table = "workflow"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(error_limit__gt=0, error_limit__lt=1, certainty__gt=0.5, certainty__lt=1)
                & models.Q(hand_back_cost__gte=0, hand_back_cost__lte=1)
                & models.Q(observed_share__gt=0, observed_share__lte=1),
                name="workflow_limits_are_shares",
            )
        ]

    def __str__(self) -> str:
        return self.title


class Reason(models.Model):
    """One entry of a workflow's own short list of why an output is changed."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="reasons")
    code = models.SlugField(max_length=60)
    label = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField()
    is_offered = models.BooleanField(default=True)  # one taken off the list stays for what was decided with it

    class Meta:
        db_table = "reason"
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["workflow", "code"], name="reason_code_once_per_workflow")]


class Membership(models.Model):
    """The role of one person in one workflow."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10)  # see access.Role

    class Meta:
        db_table = "membership"
        constraints = [models.UniqueConstraint(fields=["user", "workflow"], name="one_role_per_person_and_workflow")]


class WorkflowName(models.Model):
    """What traces call a workflow: spans with this value in this attribute belong to it."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="names_in_traces")
    attribute = models.CharField(max_length=60)  # such as service.name
    value = models.CharField(max_length=200)

    class Meta:
        db_table = "workflow_name"
        constraints = [models.UniqueConstraint(fields=["attribute", "value"], name="name_in_traces_of_one_workflow")]


class ApiKey(models.Model):
    """A key for one workflow with one scope; for traces, also one for all workflows. Only its hash is kept."""

    workflow = models.ForeignKey(Workflow, null=True, on_delete=models.CASCADE, related_name="api_keys")
    scope = models.CharField(max_length=20)  # see access.Scope
    label = models.CharField(max_length=60, blank=True)  # what its maker calls it: the program that has it
    prefix = models.CharField(max_length=12)  # shown to people, so that they can tell keys apart
    key_hash = models.CharField(max_length=64, unique=True)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    last_used_on = models.DateField(null=True)  # in UTC; to the day, so that not every call writes

    class Meta:
        db_table = "api_key"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(workflow__isnull=False) | models.Q(scope="traces"),
                name="only_keys_for_traces_open_all_workflows",
            )
        ]
