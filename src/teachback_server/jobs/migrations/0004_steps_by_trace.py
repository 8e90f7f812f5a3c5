from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0003_require_probability_of_review")]
    operations = [
        migrations.DeleteModel(name="Step"),
        migrations.CreateModel(
            name="Step",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workflow_id",
                        "trace_id",
                        "span_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workflow_id", models.BigIntegerField()),
                ("trace_id", models.CharField(max_length=32)),
                ("span_id", models.CharField(max_length=16)),
                ("parent_id", models.CharField(max_length=16)),
                ("request_id", models.BigIntegerField()),
                ("name", models.TextField()),
                ("kind", models.CharField(max_length=20)),
                ("is_error", models.BooleanField()),
                ("is_stuck", models.BooleanField()),
                ("model", models.TextField()),
                ("started_ns", models.BigIntegerField()),
                ("duration_ms", models.FloatField()),
                ("input_tokens", models.BigIntegerField()),
                ("output_tokens", models.BigIntegerField()),
                ("cost_usd", models.FloatField()),
                ("convention", models.TextField()),
                ("detail", models.TextField()),
            ],
            options={"db_table": "step"},
        ),
        migrations.AddField(
            model_name="job", name="trace_id", field=models.CharField(blank=True, default="", max_length=32),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="job", name="span_id", field=models.CharField(blank=True, default="", max_length=16),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="job", index=models.Index(fields=["workflow", "trace_id"], name="job_by_trace"),
        ),
    ]
