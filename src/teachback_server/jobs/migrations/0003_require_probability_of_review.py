from django.db import migrations, models

from teachback.vocabulary import JobStatus


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0002_keep_history_append_only"),
        ("releases", "0002_keep_history_append_only"),
        ("workflows", "0002_reasons_can_be_retired"),
    ]
    operations = [
        migrations.RemoveConstraint(model_name="job", name="job_that_ended_has_its_routing"),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(status=JobStatus.RUNNING)
                | (
                    models.Q(review_probability__isnull=False, review_probability__gt=0, review_probability__lte=1)
                    & ~models.Q(routing="")
                    & ~models.Q(routing_reason="")
                ),
                name="job_that_ended_has_its_routing",
            ),
        ),
    ]
