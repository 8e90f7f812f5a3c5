from django.db import migrations

from teachback_server.people.append_only import forbid_rewriting


class Migration(migrations.Migration):
    dependencies = [("people", "0001_first_tables")]
    operations = [
        forbid_rewriting("audit_event"),
    ]
