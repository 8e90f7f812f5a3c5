from django.db import migrations

from teachback_server.people.append_only import forbid_rewriting

# The one thing that may happen to an example: its job is deleted, and it is emptied and marked, once and for good.
BECOMES_TOMBSTONE = """
    OLD.tombstoned_at IS NULL AND NEW.tombstoned_at IS NOT NULL
    AND NEW.id = OLD.id
    AND NEW.workflow_id = OLD.workflow_id
    AND NEW.content_hash = OLD.content_hash
    AND NEW.source_job_id = OLD.source_job_id
    AND (CAST(NEW.input AS TEXT) = CAST(OLD.input AS TEXT) OR CAST(NEW.input AS TEXT) = '{}')
    AND (CAST(NEW.output AS TEXT) = CAST(OLD.output AS TEXT) OR CAST(NEW.output AS TEXT) = '{}')
"""


class Migration(migrations.Migration):
    dependencies = [("releases", "0002_keep_history_append_only")]
    operations = [
        forbid_rewriting("example_list"),
        forbid_rewriting("example", except_when=BECOMES_TOMBSTONE),
    ]
