from django.db import migrations

from teachback_server.people.append_only import forbid_rewriting

# The one thing that may happen to an example: its job is deleted, and it is emptied and marked, once and for good.
BECOMES_TOMBSTONE = """
    OLD.tombstoned_at IS NULL AND NEW.tombstoned_at IS NOT NULL
    AND NEW.id IS OLD.id
    AND NEW.workflow_id IS OLD.workflow_id
    AND NEW.content_hash IS OLD.content_hash
    AND NEW.source_job_id IS OLD.source_job_id
    AND (NEW.input IS OLD.input OR NEW.input IS '{}')
    AND (NEW.output IS OLD.output OR NEW.output IS '{}')
"""


class Migration(migrations.Migration):
    dependencies = [("releases", "0002_keep_history_append_only")]
    operations = [
        forbid_rewriting("example_list"),
        forbid_rewriting("example", except_when=BECOMES_TOMBSTONE),
    ]
