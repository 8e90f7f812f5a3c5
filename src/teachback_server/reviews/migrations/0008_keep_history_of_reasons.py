from django.db import migrations

from teachback_server.people.append_only import forbid_rewriting


class Migration(migrations.Migration):
    dependencies = [("reviews", "0007_reasons_have_a_history")]
    operations = [forbid_rewriting("reason_event")]
