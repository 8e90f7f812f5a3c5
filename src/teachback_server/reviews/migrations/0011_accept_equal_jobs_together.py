import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from teachback_server.people.append_only import forbid_rewriting


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0011_find_waiting_jobs_of_a_group'),
        ('reviews', '0010_mails_say_why_they_failed'),
        ('workflows', '0004_name_keys_and_note_their_last_use'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BulkAccept',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('jobs', models.PositiveIntegerField()),
                ('asked_again', models.PositiveIntegerField()),
                ('idempotency_key', models.CharField(max_length=80, unique=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='jobs.job')),
                ('workflow', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='workflows.workflow')),
            ],
            options={
                'db_table': 'bulk_accept',
            },
        ),
        migrations.CreateModel(
            name='BulkMember',
            fields=[
                ('review_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('bulk', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='members', to='reviews.bulkaccept')),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='jobs.job')),
            ],
            options={
                'db_table': 'bulk_member',
            },
        ),
        migrations.AddIndex(
            model_name='bulkaccept',
            index=models.Index(fields=['workflow', 'id'], name='bulk_accept_by_workflow'),
        ),
        forbid_rewriting('bulk_accept'),
        forbid_rewriting('bulk_member'),
    ]
