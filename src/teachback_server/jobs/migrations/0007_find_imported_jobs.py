from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0006_list_jobs_by_what_they_are_narrowed_by")]
    operations = [
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["workflow", "number"], condition=models.Q(source="import"), name="job_imported"),
        ),
    ]
