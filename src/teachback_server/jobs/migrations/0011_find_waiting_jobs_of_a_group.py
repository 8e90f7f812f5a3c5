from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0010_provenance_and_attachments")]
    operations = [
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                fields=["workflow", "group", "number"],
                condition=models.Q(is_waiting=True),
                name="job_waiting_by_group",
            ),
        ),
    ]
